# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Clocks of image and depth, told by the motion before a board (F4)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from promptda_ros.rig.clock_offset import ClockOffset, ClockOffsetMeter
from promptda_ros.rig.motion import place_of
from promptda_ros.rig.plane import fit_plane, Rays
from promptda_ros.rig.region import Box
from promptda_ros.rig.sight import Unmeasured
from test.rig.board import CAMERA, panning, Pose, Rig, still, to_and_fro

FRAMES = 40
SIZE = (CAMERA.height, CAMERA.width)
WINDOW = Box.central(SIZE).window(SIZE, SIZE)
RAYS = Rays.of(CAMERA, SIZE, WINDOW)


def measure(rig: Rig, numbers: list[int] | None = None) -> ClockOffset | Unmeasured:
    """Return what some frames of a rig tell."""
    meter = ClockOffsetMeter()
    for number in range(FRAMES) if numbers is None else numbers:
        frame = rig.frame(number)
        place = place_of(fit_plane(frame.sensor_depth_m[WINDOW], RAYS), RAYS)
        meter.add(frame, frame.image[WINDOW], place)
    return meter.result()


@pytest.mark.parametrize(
    ('path', 'motion'), [(to_and_fro, 'nearer'), (panning, 'sideways')], ids=['nearer', 'turning']
)
@pytest.mark.parametrize('lag_sec', [0.08, -0.05])
def test_a_sown_offset_is_found_within_a_fifth(path: Callable[[float], Pose], motion, lag_sec):
    found = measure(Rig(path=path, lag_sec=lag_sec))
    assert found.sec == pytest.approx(lag_sec, rel=0.2)
    assert abs(found.sec - lag_sec) < 4 * found.error_sec + 0.002
    assert found.motion == motion


def test_frames_that_are_missing_do_not_move_it():
    numbers = [number for number in range(55) if number % 7 and not 20 < number < 24]
    found = measure(Rig(path=to_and_fro, lag_sec=0.08), numbers)
    assert found.sec == pytest.approx(0.08, rel=0.2)


def test_a_camera_at_rest_tells_nothing():
    assert measure(Rig(path=still), [*range(20)]) == Unmeasured('the camera does not move')


def test_slow_frames_tell_nothing():
    rig = Rig(path=to_and_fro, period_sec=0.5)
    assert 'frames/s are too few' in measure(rig, [*range(20)]).why


def test_a_bare_board_tells_nothing():
    rig = Rig(path=to_and_fro, texture=np.full((64, 64), 0.5, np.float32), half_m=2.0)
    assert 'it needs texture' in measure(rig, [*range(20)]).why


def test_motions_that_have_nothing_to_do_with_each_other_tell_nothing():
    """The depth is that of another time."""
    meter, rig = ClockOffsetMeter(), Rig(path=to_and_fro)
    for number in range(FRAMES):
        frame = rig.frame(number)
        _, other_m = rig.look(to_and_fro(3.7 * number))
        place = place_of(fit_plane(other_m[WINDOW], RAYS), RAYS)
        meter.add(frame, frame.image[WINDOW], place)
    assert isinstance(meter.result(), Unmeasured)
