# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A camera over the cleared table of the simulated cell: sown faults are found within a fifth."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import os

import numpy as np
import pytest

os.environ.setdefault('MUJOCO_GL', 'egl')
pytest.importorskip('mujoco', reason='the simulator is an optional extra: mujoco')

from promptda_ros.core.frame import Frame, Intrinsics
from promptda_ros.lab.sim.camera import PinholeCamera, Pose, TableCamera
from promptda_ros.lab.sim.scene import HIDDEN_GROUP, make_scene
from promptda_ros.lab.sim.sensors.structured_light import StructuredLight
from promptda_ros.lab.sim.view import FIRST_OBJECT, RenderedView
from promptda_ros.rig.meter import RigMeter
from promptda_ros.rig.report import RigReport
from promptda_ros.rig.sight import Sight

SEED = 5  # a small table, high above the floor
HEIGHT, WIDTH, SHIFT_PX = 240, 320, 3
SENSOR = StructuredLight(rows=120, columns=160)
PERIOD_NS = 40_000_000
LATE = 2  # frames, 80 ms
BIAS_M = 0.015
ABOVE_M = 1.1
Look = Callable[[float], RenderedView]


@pytest.fixture(scope='module')
def look() -> Iterator[Look]:
    """Return what renders the table, cleared of all objects, from above at any time."""
    scene = make_scene(SEED)
    scene.model.geom_group[scene.instance_of_geom >= FIRST_OBJECT] = HIDDEN_GROUP
    camera = TableCamera(scene, PinholeCamera(WIDTH + SHIFT_PX, HEIGHT))

    def at(time_sec: float) -> RenderedView:
        up_m = ABOVE_M + 0.1 * np.sin(2.5 * time_sec) * np.cos(0.9 * time_sec + 0.4)
        return camera.look(Pose(np.array([0.1, -0.05, up_m]), np.array([0.02, 0.0, 0.0])))

    yield at
    camera.close()


def frame_of(view: RenderedView, seen_by_sensor: RenderedView, number: int, left: int) -> Frame:
    """Return a frame whose image begins so many pixels to the right of its depth."""
    image = view.window(0, left, HEIGHT, WIDTH)
    sensor = seen_by_sensor.window(0, 0, HEIGHT, WIDTH)
    (fx, _, cx), (_, fy, cy), _ = image.matrix
    return Frame(
        stamp_ns=number * PERIOD_NS,
        frame_id='camera',
        image=image.image,
        sensor_depth_m=SENSOR.measure(sensor, np.random.default_rng(number)),
        intrinsics=Intrinsics(WIDTH, HEIGHT, fx, fy, cx, cy),
        sensor_stamp_ns=number * PERIOD_NS,
    )


def measure(frames: list[Frame], *, bias_m: float = 0.0) -> RigReport:
    """Return what frames tell, whose camera is as far above the table as it was put."""
    meter = RigMeter(expect_m=ABOVE_M)
    for frame in frames:
        frame.sensor_depth_m[:] += bias_m
        meter.add(Sight(frame))
    return meter.result()


def test_sown_bias_and_shift_are_found_within_a_fifth(look):
    view = look(0.0)
    frames = [frame_of(view, view, number, SHIFT_PX) for number in range(10)]
    report = measure(frames, bias_m=BIAS_M)
    assert report.sensor_bias_m == pytest.approx(BIAS_M, rel=0.2)
    assert report.shift.across_px == pytest.approx(SHIFT_PX, rel=0.2)
    assert report.shift.down_px == pytest.approx(0.0, abs=0.2 * SHIFT_PX)


def test_a_sown_offset_is_found_within_a_fifth(look):
    views = [look(number * PERIOD_NS / 1e9) for number in range(42)]
    frames = [
        frame_of(view, before, number, 0)
        for number, (before, view) in enumerate(zip(views, views[LATE:], strict=False))
    ]
    report = measure(frames)
    assert report.moved
    assert report.offset.sec == pytest.approx(LATE * PERIOD_NS / 1e9, rel=0.2)
