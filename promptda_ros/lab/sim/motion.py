# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where cameras stand and how they move: over the table, or at a robot's wrist."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from promptda_ros.lab.sim.camera import PinholeCamera, Pose
from promptda_ros.lab.sim.scene import Scene

FOV_X_DEG = (40.0, 80.0)  # from left to right
WRIST_M, OVERHEAD_M = (0.25, 0.6), (0.5, 2.0)  # from what is looked at
FREE_M = 0.13  # no object is nearer to the camera
TRIES = 30


def random_lens(rng: np.random.Generator, width: int, height: int) -> PinholeCamera:
    """Choose a horizontal field of view of 40 to 80 degrees."""
    return PinholeCamera.from_fov_x(width, height, float(np.deg2rad(rng.uniform(*FOV_X_DEG))))


def random_pose(rng: np.random.Generator, scene: Scene) -> Pose:
    """Choose a pose at a wrist or overhead, 0.25 to 2 m from its target, clear of everything."""
    poses = (_candidate(rng, scene) for _ in range(TRIES))
    return next((pose for pose in poses if is_free(pose.eye_m, scene)), _above(scene))


def is_free(eye_m: NDArray[np.float64], scene: Scene) -> bool:
    """Return whether a camera fits here: within the room, not in a bin and not at an object."""
    in_room = (np.abs(eye_m[:2]) < scene.room.wall_m - 0.1).all() and (
        0.15 < eye_m[2] < scene.room.ceiling_m - 0.1
    )
    in_bin = (np.abs(eye_m[:2]) < scene.support.half_m + 0.05).all() and (
        eye_m[2] < scene.support.rim_m + 0.05
    )
    objects = object_places(scene)
    near = len(objects) and np.linalg.norm(objects - eye_m, axis=1).min() < FREE_M
    return bool(in_room and not in_bin and not near)


def object_places(scene: Scene) -> NDArray[np.float64]:
    """Return the places (N, 3) of the objects that stayed."""
    places = scene.data.xpos[[instance - 1 for instance in scene.families]]
    return np.asarray(places).reshape(-1, 3)


def _candidate(rng: np.random.Generator, scene: Scene) -> Pose:
    wrist = rng.random() < 0.5
    places = object_places(scene)
    middle = np.array([*rng.uniform(-0.6, 0.6, 2) * scene.support.half_m, 0.03])
    target = places[rng.integers(len(places))] if wrist and len(places) else middle
    # One looks into a bin from above, at a table from anywhere.
    lowest_deg = (45 if scene.support.rim_m > 0.05 else 22) + (0 if wrist else 10)
    rise, turn = np.deg2rad(rng.uniform(lowest_deg, 89)), rng.uniform(0, 2 * np.pi)
    away_m = np.exp(rng.uniform(*np.log(WRIST_M if wrist else OVERHEAD_M)))
    return Pose(
        target + away_m * _direction(turn, rise),
        target,
        float(rng.normal(0, 0.3 if wrist else 0.1)),
    )


def _above(scene: Scene) -> Pose:
    return Pose(np.array([0.0, 0.0, min(1.2, scene.room.ceiling_m - 0.2)]), np.zeros(3))


def _direction(turn_rad: float, rise_rad: float) -> NDArray[np.float64]:
    flat = np.cos(rise_rad)
    return np.array([np.cos(turn_rad) * flat, np.sin(turn_rad) * flat, np.sin(rise_rad)])


def smooth_path(seed: int, times_sec: Sequence[float], scene: Scene) -> list[Pose]:
    """Sway round the table: a pose at every time, the same for a seed whatever the times are.

    Distance, height, side and target are each a sum of slow sines, so that position, speed and
    acceleration have no steps; the camera moves at some 0.1 to 0.3 m/s.
    """
    rng = np.random.default_rng((seed, 2))
    low, high = np.array([(0.5, 0.8), (42, 80)]).T
    away_m, rise_deg = rng.uniform(low, high)
    turn = rng.uniform(0, 2 * np.pi)
    sways = rng.uniform(0.3, 1.0, (6, 2)), rng.uniform(0, 2 * np.pi, (6, 2))
    poses = []
    for time_sec in times_sec:
        sway = np.sin(time_sec * np.array([0.5, 1.1]) * sways[0] + sways[1]).mean(1)  # (6,)
        rise = np.deg2rad(np.clip(rise_deg + 10 * sway[1], 35, 85))
        target = np.array([*0.3 * sway[3:5] * scene.support.half_m, 0.03])
        eye = target + away_m * (1 + 0.25 * sway[0]) * _direction(turn + 0.7 * sway[2], rise)
        poses.append(Pose(eye, target, float(0.08 * sway[5])))
    return poses
