# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A held-out scene of the cell as a robot that picks looks at it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from promptda_ros.lab.grasping.grasp import Floats
from promptda_ros.lab.sim.camera import PinholeCamera, Pose, TableCamera
from promptda_ros.lab.sim.motion import is_free
from promptda_ros.lab.sim.scene import HELD_OUT_SEED, make_scene, Scene
from promptda_ros.lab.sim.things.shapes import FAMILIES
from promptda_ros.lab.sim.view import RenderedView

SCENES_PER_SEED = 100_000
SIZE = 480, 640  # (height, width)
FOV_X_DEG = 60.0
AWAY_M, RISE_DEG = (0.45, 0.75), (55.0, 85.0)  # of the camera, from what it looks at
TRIES = 30
OPTICAL_FROM_GL = np.diag([1.0, -1.0, -1.0])


@dataclass(frozen=True, eq=False)
class GraspStage:
    """One scene, where the camera stands, and what it sees."""

    number: int
    scene: Scene
    table_from_camera: Floats  # (4, 4) from the optical frame
    view: RenderedView


def make_stage(seed: int, number: int) -> GraspStage:
    """Build a scene that no network was trained on, and render it once for all sensors."""
    scene = make_scene(HELD_OUT_SEED + SCENES_PER_SEED * seed + number, tuple(FAMILIES))
    pose = _pose(np.random.default_rng((seed, number, 5)), scene)
    height, width = SIZE
    camera = TableCamera(scene, PinholeCamera.from_fov_x(width, height, np.deg2rad(FOV_X_DEG)))
    try:
        view = camera.look(pose)
    finally:
        camera.close()
    return GraspStage(number, scene, table_from_camera(pose), view)


def table_from_camera(pose: Pose) -> Floats:
    """Return where the optical frame of a camera is (4, 4): x right, y down, z forward."""
    matrix = np.eye(4)
    matrix[:3, :3] = pose.table_from_gl @ OPTICAL_FROM_GL
    matrix[:3, 3] = pose.eye_m
    return matrix


def _pose(rng: np.random.Generator, scene: Scene) -> Pose:
    """Look down at the middle of the table or into the bin, from somewhere free."""
    for _ in range(TRIES):
        target = np.array([*rng.uniform(-0.25, 0.25, 2) * scene.support.half_m, 0.03])
        turn, rise = rng.uniform(0, 2 * np.pi), np.deg2rad(rng.uniform(*RISE_DEG))
        ahead = np.array([np.cos(turn) * np.cos(rise), np.sin(turn) * np.cos(rise), np.sin(rise)])
        pose = Pose(target + rng.uniform(*AWAY_M) * ahead, target, float(rng.normal(0, 0.1)))
        if is_free(pose.eye_m, scene):
            return pose
    return pose
