# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A sensor beside the camera gives the depth that the same sensor in its place gives."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
import os

import numpy as np
import pytest

os.environ.setdefault('MUJOCO_GL', 'egl')  # MuJoCo reads it once, when imported
pytest.importorskip('mujoco')

from promptda_ros.core.estimator import Estimator
from promptda_ros.core.frame import FloatImage, Frame, Intrinsics
from promptda_ros.core.geometry import camera
from promptda_ros.core.geometry.transform import IDENTITY, Transform
from promptda_ros.core.registration import register_depth
from promptda_ros.core.settings import build
from promptda_ros.lab.sim.camera import PinholeCamera, TableCamera
from promptda_ros.lab.sim.motion import random_pose
from promptda_ros.lab.sim.scene import HELD_OUT_SEED, make_scene
from promptda_ros.lab.sim.sensors import SENSORS
from promptda_ros.lab.sim.view import RenderedView
from promptda_ros.model import load_model

BASELINE_M = 0.05
SEED = HELD_OUT_SEED + 3
LENS = PinholeCamera(336, 252, np.deg2rad(48.0))
COLOUR = Intrinsics(
    LENS.width, LENS.height, LENS.focal_px, LENS.focal_px, *LENS.matrix[:2, 2].tolist()
)


@pytest.fixture(scope='module')
def views() -> tuple[RenderedView, RenderedView]:
    """What is seen from the camera and from 5 cm to its right."""
    scene = make_scene(SEED)
    pose = random_pose(np.random.default_rng(SEED), scene)
    aside_m = BASELINE_M * pose.table_from_gl[:, 0]
    table = TableCamera(scene, LENS)
    there = replace(pose, eye_m=pose.eye_m + aside_m, target_m=pose.target_m + aside_m)
    seen = table.look(pose), table.look(there)
    table.close()
    return seen


@pytest.fixture(scope='module')
def estimator() -> Estimator:
    return load_model(build({'device': 'cpu', 'engine': 'torch'})).estimator


@pytest.mark.parametrize('name', SENSORS)
def test_depth_is_the_same_whether_the_driver_or_the_node_registers(name, views, estimator):
    """Half of the pixels within 5 mm, or where the sensor is worse, within its own noise."""
    here, there = views
    beside = Transform.of((BASELINE_M, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0))

    def dense_m(view: RenderedView, camera_from_sensor: Transform, seed: int) -> FloatImage:
        measured_m = SENSORS[name].measure(view, np.random.default_rng(seed))
        height, width = measured_m.shape
        sensor = camera.resize(COLOUR, width=width, height=height)
        prompt_m = register_depth(
            measured_m, sensor, COLOUR, camera_from_sensor, max_long_side=256
        )
        frame = Frame(stamp_ns=1, frame_id='', image=here.image, sensor_depth_m=prompt_m)
        settings = build({})
        return estimator.estimate(frame, settings.prompt, settings.output).depth_m

    # One pair of draws tells the noise to a tenth only.
    usual_m, *others_m = (dense_m(here, IDENTITY, seed) for seed in (1, 2, 3, 4))
    registered_m = dense_m(there, beside, 1)
    pairs_m = combinations((usual_m, *others_m), 2)
    noise_m = max(np.nanmedian(np.abs(one_m - other_m)) for one_m, other_m in pairs_m)
    assert np.nanmedian(np.abs(registered_m - usual_m)) <= max(0.005, 1.2 * noise_m)
    error_m, usual_error_m = (
        np.nanmedian(np.abs(each - here.depth_m)) for each in (registered_m, usual_m)
    )
    assert error_m <= usual_error_m + 0.002
