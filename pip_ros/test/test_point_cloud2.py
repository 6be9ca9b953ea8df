# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The calls we make of sensor_msgs_py, against the stand-in or the real package."""

from __future__ import annotations

import array

import numpy as np
import pytest

point_cloud2 = pytest.importorskip('sensor_msgs_py.point_cloud2', reason='needs sensor_msgs_py')
sensor_msgs = pytest.importorskip('sensor_msgs.msg', reason='needs sensor_msgs')
std_msgs = pytest.importorskip('std_msgs.msg', reason='needs std_msgs')

FLOAT32 = sensor_msgs.PointField.FLOAT32
UINT16 = sensor_msgs.PointField.UINT16


def field(name, offset, datatype=FLOAT32, count=1):
    """Shorten the making of fields."""
    return sensor_msgs.PointField(name=name, offset=offset, datatype=datatype, count=count)


XYZ = [field('x', 0), field('y', 4), field('z', 8)]


@pytest.fixture
def header():
    return std_msgs.Header(frame_id='camera')


@pytest.fixture
def xyz_m():
    """Five points (5, 3), the third unknown."""
    points = np.arange(15, dtype=np.float32).reshape(5, 3)
    points[2] = np.nan
    return points


def test_points_survive_the_way_there_and_back(header, xyz_m):
    cloud = point_cloud2.create_cloud(header, XYZ, xyz_m)

    assert (cloud.height, cloud.width, cloud.point_step, cloud.row_step) == (1, 5, 12, 60)
    assert not cloud.is_dense
    assert cloud.header.frame_id == 'camera'
    np.testing.assert_array_equal(point_cloud2.read_points_numpy(cloud), xyz_m)
    assert point_cloud2.read_points(cloud).dtype.names == ('x', 'y', 'z')


def test_points_may_be_tuples(header):
    cloud = point_cloud2.create_cloud_xyz32(header, [(1, 2, 3), (4, 5, 6)])

    np.testing.assert_array_equal(point_cloud2.read_points_numpy(cloud), [[1, 2, 3], [4, 5, 6]])


def test_padding_between_points_is_kept_and_skipped(header, xyz_m):
    cloud = point_cloud2.create_cloud(header, XYZ, xyz_m, point_step=32)

    assert cloud.point_step == 32
    assert len(cloud.data) == 5 * 32
    np.testing.assert_array_equal(point_cloud2.read_points_numpy(cloud), xyz_m)


def test_fields_of_several_types_and_counts_are_read(header):
    fields = [field('x', 0), field('', 4, UINT16), field('normal', 8, count=2)]
    dtype = point_cloud2.dtype_from_fields(fields, point_step=16)
    points = np.array([(1.5, 7, 0.25, 0.5)], dtype=dtype)

    returned = point_cloud2.read_points(
        point_cloud2.create_cloud(header, fields, points, point_step=16)
    )

    assert returned.dtype.names == ('x', 'unnamed_field_1', 'normal_0', 'normal_1')
    assert returned[0].tolist() == (1.5, 7, 0.25, 0.5)


def test_chosen_fields_come_in_the_order_asked(header, xyz_m):
    cloud = point_cloud2.create_cloud(header, XYZ, xyz_m)

    returned = point_cloud2.read_points_numpy(cloud, field_names=['z', 'x'])

    np.testing.assert_array_equal(returned, xyz_m[:, [2, 0]])
    with pytest.raises(AssertionError):
        point_cloud2.read_points(cloud, field_names=['intensity'])


def test_unknown_points_are_skipped_on_demand(header, xyz_m):
    cloud = point_cloud2.create_cloud(header, XYZ, xyz_m)

    returned = point_cloud2.read_points_numpy(cloud, skip_nans=True)

    np.testing.assert_array_equal(returned, xyz_m[[0, 1, 3, 4]])


def test_points_come_as_named_tuples(header, xyz_m):
    cloud = point_cloud2.create_cloud(header, XYZ, xyz_m)

    points = point_cloud2.read_points_list(cloud, field_names=('y', 'x'), skip_nans=True)

    assert [(point.x, point.y) for point in points] == [(0, 1), (3, 4), (9, 10), (12, 13)]
    assert points[0]._fields == ('y', 'x')


def test_single_points_are_read_by_number(header, xyz_m):
    cloud = point_cloud2.create_cloud(header, XYZ, xyz_m)

    np.testing.assert_array_equal(point_cloud2.read_points_numpy(cloud, uvs=[4, 0]), xyz_m[[4, 0]])


def test_big_endian_clouds_are_swapped(header, xyz_m):
    cloud = point_cloud2.create_cloud(header, XYZ, xyz_m)
    cloud.is_bigendian = True
    cloud.data = array.array('B', xyz_m.astype('>f4').tobytes())

    np.testing.assert_array_equal(point_cloud2.read_points_numpy(cloud), xyz_m)


def test_organised_arrays_arrive_with_width_and_height_swapped(header):
    """This is why the node builds its organised clouds itself."""
    organised = np.zeros((480, 640, 3), np.float32)

    cloud = point_cloud2.create_cloud(header, XYZ, organised)

    assert (cloud.height, cloud.width) == (640, 480)
    read_back = point_cloud2.read_points(cloud, reshape_organized_cloud=True)
    assert read_back.shape == (480, 640)


def test_mixed_number_types_need_structured_points(header):
    mixed = [field('x', 0), field('ring', 4, UINT16)]
    cloud = point_cloud2.create_cloud(
        header, mixed, np.zeros(2, point_cloud2.dtype_from_fields(mixed))
    )

    with pytest.raises(AssertionError):
        point_cloud2.create_cloud(header, mixed, np.zeros((2, 2), np.float32))
    with pytest.raises(AssertionError):
        point_cloud2.read_points_numpy(cloud)
