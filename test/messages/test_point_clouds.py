# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.messages.point_clouds."""

from __future__ import annotations

import array

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest
from sensor_msgs.msg import PointCloud2, PointField

from promptda_ros.core.frame import BadFrame
from promptda_ros.messages import point_clouds
from promptda_ros.messages.point_clouds import read_points

XYZ_M = np.arange(1, 37, dtype=np.float64).reshape(12, 3) / 8
LIMIT = 1000


def cloud(
    xyz_m: np.ndarray = XYZ_M,
    *,
    kind: str = '<f4',
    offsets: tuple[int, int, int] | None = None,
    point_step: int = 32,
    height: int = 1,
    row_padding: int = 0,
) -> PointCloud2:
    """Pack points (N, 3) with padding around them."""
    size = np.dtype(kind).itemsize
    offsets = offsets or (0, size, 2 * size)
    width = len(xyz_m) // height
    row_step = width * point_step + row_padding
    data = np.full((height, row_step), 0xFF, np.uint8)
    record = np.dtype(
        {'names': list('xyz'), 'formats': [kind] * 3, 'offsets': offsets, 'itemsize': point_step}
    )
    points = np.ndarray((height, width), record, data, strides=(row_step, point_step))
    for name, values in zip('xyz', xyz_m.T, strict=True):
        points[name] = values.reshape(height, width)
    datatype = PointField.FLOAT32 if size == 4 else PointField.FLOAT64
    message = PointCloud2(
        height=height,
        width=width,
        point_step=point_step,
        row_step=row_step,
        is_bigendian=kind.startswith('>'),
        is_dense=True,
        fields=[
            PointField(name=name, offset=offset, datatype=datatype, count=1)
            for name, offset in zip('xyz', offsets, strict=True)
        ],
    )
    message.data = array.array('B', data.tobytes())
    return message


def refusal(message: PointCloud2, *, max_points: int = LIMIT) -> BadFrame:
    with pytest.raises(BadFrame) as refused:
        read_points(message, max_points=max_points)
    return refused.value


@pytest.mark.parametrize('kind', ['<f4', '>f4', '<f8', '>f8'])
@pytest.mark.parametrize('height, row_padding', [(1, 0), (3, 0), (4, 20), (12, 7)])
def test_points_of_any_layout_are_read(kind: str, height: int, row_padding: int):
    """D16: organised or not, padded, of either byte order and precision."""
    message = cloud(kind=kind, height=height, row_padding=row_padding)
    points_m = read_points(message, max_points=LIMIT)
    assert points_m.dtype == np.float32
    np.testing.assert_array_equal(points_m, XYZ_M)


def test_fields_lie_in_any_order_at_any_offset():
    message = cloud(offsets=(21, 2, 9), point_step=25)
    np.testing.assert_array_equal(read_points(message, max_points=LIMIT), XYZ_M)


def test_other_fields_of_any_kind_are_skipped():
    """Fields without count, of unknown type or named twice, as drivers publish them."""
    message = cloud()
    odd = [('intensity', 8, 0), ('tag', 42, 1), ('tag', 2, 1), ('', 0, 3)]
    for name, datatype, count in odd:
        message.fields.append(PointField(name=name, offset=16, datatype=datatype, count=count))
    np.testing.assert_array_equal(read_points(message, max_points=LIMIT), XYZ_M)


@pytest.mark.parametrize('unknown', [np.nan, np.inf, -np.inf])
def test_points_that_are_not_finite_are_left_out_though_is_dense_says_there_are_none(unknown):
    """D4, D6."""
    xyz_m = XYZ_M.copy()
    xyz_m[1, 0] = xyz_m[4, 1] = xyz_m[7, 2] = unknown
    message = cloud(xyz_m)
    assert message.is_dense
    expected = np.delete(XYZ_M, [1, 4, 7], axis=0)
    np.testing.assert_array_equal(read_points(message, max_points=LIMIT), expected)


def test_zeros_of_beams_without_return_are_left_out():
    """D5: they would be points in the sensor itself."""
    xyz_m = XYZ_M.copy()
    xyz_m[3] = 0.0
    points_m = read_points(cloud(xyz_m), max_points=LIMIT)
    np.testing.assert_array_equal(points_m, np.delete(XYZ_M, 3, axis=0))


def test_numbers_beyond_32_bits_are_not_finite():
    xyz_m = XYZ_M.copy()
    xyz_m[3] = 1e300
    points_m = read_points(cloud(xyz_m, kind='<f8'), max_points=LIMIT)
    np.testing.assert_array_equal(points_m, np.delete(XYZ_M, 3, axis=0))


@pytest.mark.parametrize('fill', [np.nan, 0.0])
def test_a_cloud_without_one_point_is_dropped(fill: float):
    """D4."""
    refused = refusal(cloud(np.full((5, 3), fill)))
    assert refused.reason == 'points_empty'
    assert 'none of the 5 points' in str(refused)


def test_an_empty_cloud_is_dropped():
    assert refusal(PointCloud2()).reason == 'points_empty'


def test_too_many_points_are_refused_before_anything_is_allocated():
    """C5: a header alone must not make the node allocate."""
    message = cloud()
    message.height, message.width = 100_000, 100_000
    refused = refusal(message)
    assert refused.reason == 'points_size'
    assert '10000.0 M points > input.max_pixels' in str(refused)


def test_a_cloud_may_have_as_many_points_as_the_limit_and_not_one_more():
    """C5."""
    assert len(read_points(cloud(), max_points=len(XYZ_M))) == len(XYZ_M)
    assert refusal(cloud(), max_points=len(XYZ_M) - 1).reason == 'points_size'


def test_missing_fields_are_named_with_those_that_exist():
    message = cloud()
    message.fields = [*message.fields[:2], PointField(name='ring', offset=12, datatype=4, count=1)]
    refused = refusal(message)
    assert refused.reason == 'points_fields'
    assert 'no field z; their fields: x, y, ring' in str(refused)


def test_whole_numbers_are_refused_because_nobody_says_their_unit():
    message = cloud()
    message.fields[2].datatype = PointField.INT16
    assert 'field z of the points has datatype 3' in str(refusal(message))


@pytest.mark.parametrize(
    'changes, reason',
    [
        ({'point_step': 11}, 'points_step'),
        ({'point_step': 0}, 'points_step'),
        ({'height': 2, 'row_step': 383}, 'points_step'),
        ({'height': 2, 'row_step': 0}, 'points_step'),  # of data that is too short for both
        ({'width': 13}, 'points_data'),
        ({'height': 2}, 'points_data'),
        ({'data': array.array('B')}, 'points_data'),
    ],
)
def test_messages_that_contradict_themselves_are_refused(changes: dict, reason: str):
    """C3, C4: steps and lengths that don't hold the points."""
    message = cloud()
    for name, value in changes.items():
        setattr(message, name, value)
    assert refusal(message).reason == reason


def test_the_step_of_a_single_row_does_not_matter():
    message = cloud()
    message.row_step = 0
    np.testing.assert_array_equal(read_points(message, max_points=LIMIT), XYZ_M)


@pytest.mark.parametrize('row_step', [0, 384])
def test_rows_without_a_step_or_with_that_of_the_whole_cloud_are_packed(row_step: int):
    """K11: where the data is as long as the points there is no doubt."""
    message = cloud(height=3)
    assert message.row_step == 128
    message.row_step = row_step
    np.testing.assert_array_equal(read_points(message, max_points=LIMIT), XYZ_M)


@pytest.mark.parametrize('row_step', [0, 384])
def test_a_step_that_the_length_of_the_data_does_not_bear_out_is_refused(row_step: int):
    message = cloud(height=3)
    message.row_step = row_step
    message.data.extend(bytes(1))
    assert refusal(message).reason in ('points_step', 'points_data')


@pytest.mark.parametrize('scale, expected_m', [(0.0, 1000.0), (1.0, 1000.0), (0.001, 1.0)])
def test_the_unit_of_points_is_that_of_the_setting(scale: float, expected_m: float):
    """K11: clouds in millimetres."""
    points_m = read_points(cloud(1000.0 * XYZ_M), depth_scale=scale, max_points=LIMIT)
    np.testing.assert_allclose(points_m, expected_m * XYZ_M, rtol=1e-6)


@pytest.mark.parametrize('field', ['point_step', 'row_step', 'width', 'height'])
@pytest.mark.parametrize('value', [2**31 - 1, 2**31, 2**32 - 1])
def test_sizes_beyond_any_array_are_refused(field: str, value: int):
    """K9: numpy raises where an item has 2^31 bytes."""
    message = cloud(height=3)
    setattr(message, field, value)
    assert refusal(message, max_points=2**62).reason in ('points_step', 'points_data')


def test_points_are_the_same_wherever_they_are_divided(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(point_clouds, 'POINTS_AT_ONCE', 5)
    for height, padding in ((1, 0), (3, 0), (3, 7), (12, 4)):
        message = cloud(height=height, row_padding=padding)
        np.testing.assert_array_equal(read_points(message, max_points=LIMIT), XYZ_M)


sizes = st.integers(0, 70)


@given(st.binary(max_size=400), sizes, sizes, sizes, st.integers(0, 3), st.integers(0, 255))
def test_no_message_makes_reading_raise_anything_else(
    data: bytes, point_step: int, row_step: int, offset: int, height: int, datatype: int
):
    """J1: whatever the bytes and the numbers are."""
    fields = [
        PointField(name=name, offset=offset, datatype=kind, count=1)
        for name, kind in zip('xyz', (7, 8, datatype), strict=True)
    ]
    message = PointCloud2(
        height=height, width=5, point_step=point_step, row_step=row_step, fields=fields
    )
    message.data = array.array('B', data)
    try:
        points_m = read_points(message, max_points=LIMIT)
    except BadFrame:
        return
    assert np.isfinite(points_m).all()
