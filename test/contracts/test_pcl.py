# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""PCL: fields are found by name, type and count, and copied to where its points have them.

Where PCL itself is installed it reads our clouds, too.
"""

from __future__ import annotations

from pathlib import Path
import shutil
import subprocess

import numpy as np
import pytest
from sensor_msgs.msg import PointField

# PointXYZRGB and PointNormal: place of each float in the struct, which is aligned to 16 bytes
POINT_XYZRGB = 32, {'x': 0, 'y': 4, 'z': 8, 'rgb': 16}
POINT_NORMAL = 48, {'x': 0, 'y': 4, 'z': 8, 'normal_x': 16, 'normal_y': 20, 'normal_z': 24}


def copied_by(message, point):
    """Return the points (N, floats) that PCL makes of a message; a missing field stays 0."""
    size, places = point
    rows = np.frombuffer(message.data, np.uint8).reshape(message.height, message.row_step)
    points = rows[:, : message.width * message.point_step].reshape(-1, message.point_step)
    found = np.zeros((len(points), size), np.uint8)
    for name, place in places.items():
        (field,) = (
            each
            for each in message.fields
            if (each.name, each.datatype, each.count) == (name, PointField.FLOAT32, 1)
        )
        found[:, place : place + 4] = points[:, field.offset : field.offset + 4]
    return found.view('<f4')


def flags_of_pcl():
    """Return what a compiler needs for PCL, or skip the test."""
    tool = shutil.which('pkg-config')
    names = ('pcl_common', *(f'pcl_common-1.{minor}' for minor in range(12, 16)))
    for name in names if tool and shutil.which('g++') else ():
        found = subprocess.run(
            [tool, '--cflags', '--libs', name], capture_output=True, text=True, check=False
        )
        if found.returncode == 0:
            return found.stdout.split()
    pytest.skip('needs PCL: apt install libpcl-dev g++ pkg-config')


@pytest.fixture(scope='module')
def pcl(tmp_path_factory):
    """Return what lets PCL read a message as points of a type."""
    flags, folder = flags_of_pcl(), tmp_path_factory.mktemp('pcl')
    source = str(Path(__file__).with_name('read_by_pcl.cpp'))

    def read(message, point, floats):
        program = folder / point
        if not program.exists():
            command = ['g++', f'-DPOINT=pcl::{point}', source, '-o', str(program), *flags]
            subprocess.run(command, check=True)
        numbers = message.height, message.width, message.point_step, message.row_step
        fields = [(each.name, each.offset, each.datatype, each.count) for each in message.fields]
        words = [*numbers, len(fields), *sum(fields, ()), len(message.data)]
        given = ' '.join(map(str, words)).encode() + b'\n' + bytes(message.data)
        done = subprocess.run([str(program)], input=given, capture_output=True, check=True)
        return np.frombuffer(done.stdout, '<f4').reshape(-1, floats), done.stderr.decode()

    return read


def test_pcl_itself_reads_points_and_normals_where_they_are_copied_to(receive, pcl):
    """J3: the same floats, to the last bit, as the copies above; it misses what we do not have."""
    curvature = "Failed to find match for field 'curvature'.\n"
    for cloud, point, (size, places), missed in (
        (receive('points'), 'PointXYZRGB', POINT_XYZRGB, ''),
        (receive('points', output__pcl_layout=True), 'PointXYZRGB', POINT_XYZRGB, ''),
        (receive('points_normals'), 'PointNormal', POINT_NORMAL, curvature),
    ):
        theirs, said = pcl(cloud, point, size // 4)
        assert said == missed
        ours = copied_by(cloud, (size, places))
        columns = [place // 4 for place in places.values()]
        np.testing.assert_array_equal(theirs[:, columns].view('<u4'), ours[:, columns].view('<u4'))


@pytest.mark.parametrize('pcl_layout', [False, True])
def test_points_and_colours_are_those_of_the_scene(receive, scene, pcl_layout):
    """J3: to 0.01 mm, with NaN in the same pixels."""
    found = copied_by(receive('points', output__pcl_layout=pcl_layout), POINT_XYZRGB)
    np.testing.assert_allclose(found[:, :3], scene.points_m.reshape(-1, 3), atol=1e-5)
    bgra = np.ascontiguousarray(found[:, 4]).view(np.uint8).reshape(-1, 4)
    np.testing.assert_array_equal(bgra[:, 2::-1], scene.image.reshape(-1, 3))


def test_the_layout_of_pcl_is_copied_in_one_piece(receive):
    """J3: every field lies where the struct has it, and each point is as long."""
    message = receive('points', output__pcl_layout=True)
    size, places = POINT_XYZRGB
    assert message.point_step == size
    assert {field.name: field.offset for field in message.fields} == places
    whole = np.frombuffer(message.data, '<u4').reshape(-1, size // 4)
    np.testing.assert_array_equal(whole, copied_by(message, POINT_XYZRGB).view('<u4'))


def test_normals_are_of_unit_length_beside_their_points(receive, scene):
    """J3."""
    found = copied_by(receive('points_normals'), POINT_NORMAL)
    np.testing.assert_allclose(np.linalg.norm(found[:, 4:7], axis=1), 1.0, atol=1e-5)
    known_m = scene.points_m[scene.known]
    assert all(
        np.isclose(known_m, point_m, atol=1e-5).all(axis=1).any() for point_m in found[:9, :3]
    )
