# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A table seen from straight above, with what a test puts on it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from promptda_ros.lab.grasping.workspace import Workspace

HEIGHT_M = 0.6  # of the camera
SIZE = 240, 320
FOCAL_PX = 300.0
MATRIX = np.array([[FOCAL_PX, 0, 159.5], [0, FOCAL_PX, 119.5], [0, 0, 1]])

Heights = Callable[[np.ndarray, np.ndarray], np.ndarray]


def seen_from_above(*things: Heights) -> np.ndarray:
    """Return depth (H, W) of things, each a height in metres at x, y of the table."""
    rows, columns = np.indices(SIZE, np.float32)
    across, down = (columns - MATRIX[0, 2]) / FOCAL_PX, (rows - MATRIX[1, 2]) / FOCAL_PX
    heights = np.zeros(SIZE)
    for thing in things:
        for _ in range(4):  # where the ray meets the top
            there = HEIGHT_M - heights
            heights = np.maximum(heights, thing(across * there, -down * there))
    return (HEIGHT_M - heights).astype(np.float32)


def block(size_m: tuple[float, float], height_m: float, *, yaw_rad: float = 0.0) -> Heights:
    """Stand a block in the middle, its sides turned about z."""

    def height(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        along = np.cos(yaw_rad) * x + np.sin(yaw_rad) * y
        aside = np.cos(yaw_rad) * y - np.sin(yaw_rad) * x
        inside = (np.abs(along) < 0.5 * size_m[0]) & (np.abs(aside) < 0.5 * size_m[1])
        return np.where(inside, height_m, 0.0)

    return height


def below() -> Workspace:
    """Return the table under the camera."""
    table_from_camera = np.diag([1.0, -1.0, -1.0, 1.0])
    table_from_camera[2, 3] = HEIGHT_M
    return Workspace(table_from_camera, np.array([0.25, 0.2]))
