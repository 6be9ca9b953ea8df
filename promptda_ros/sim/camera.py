# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A camera that moves over the table and sees colour and exact depth."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import mujoco
import numpy as np
from numpy.typing import NDArray

from promptda_ros.sim.scene import CAMERA_NAME

UP = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True)
class Lens:
    """An ideal pinhole camera."""

    width: int = 640
    height: int = 480
    fov_y_rad: float = np.deg2rad(50.0)

    @property
    def focal_px(self) -> float:
        """Focal length; the same for x and y."""
        return float(0.5 * self.height / np.tan(0.5 * self.fov_y_rad))

    @property
    def matrix(self) -> NDArray[np.float64]:
        """Camera matrix K (3, 3); pixel centres are whole numbers, as in ROS."""
        centre_x, centre_y = 0.5 * (self.width - 1), 0.5 * (self.height - 1)
        return np.array([[self.focal_px, 0, centre_x], [0, self.focal_px, centre_y], [0, 0, 1]])


@dataclass(frozen=True)
class Pose:
    """Where the camera stands and what it looks at, in the table's frame."""

    eye_m: NDArray[np.float64]  # (3,)
    target_m: NDArray[np.float64]  # (3,)
    roll_rad: float = 0.0

    @property
    def table_from_gl(self) -> NDArray[np.float64]:
        """Rotation (3, 3) whose columns are the camera's right, up and backward axes."""
        back = _unit(self.eye_m - self.target_m)
        # Straight down the world's up is no guide for the picture's up.
        guide = UP if abs(back @ UP) < 0.999 else np.array([0.0, 1.0, 0.0])
        right = _unit(np.cross(guide, back))
        up = np.cross(back, right)
        cos, sin = np.cos(self.roll_rad), np.sin(self.roll_rad)
        return np.stack([cos * right + sin * up, cos * up - sin * right, back], axis=1)


@dataclass(frozen=True)
class View:
    """What the camera saw."""

    image: NDArray[np.uint8]  # (H, W, 3) RGB
    depth_m: NDArray[np.float32]  # (H, W) along the optical axis


class TableCamera:
    """Renders one scene from any pose without a window."""

    def __init__(self, model: mujoco.MjModel, lens: Lens) -> None:
        self.lens = lens
        self._model, self._data = model, mujoco.MjData(model)
        model.camera(CAMERA_NAME).fovy = np.rad2deg(lens.fov_y_rad)
        mujoco.mj_forward(model, self._data)
        self._window = _window(lens.width, lens.height)
        self._window.make_current()
        # Smooth colour takes several samples a pixel, none of them at its centre; depth must not.
        self._colour_context = _off_screen(model, samples=4)
        self._depth_context = _off_screen(model, samples=0)
        self._scene = mujoco.MjvScene(model, maxgeom=2000)
        self._view = mujoco.MjvCamera()
        self._view.type = mujoco.mjtCamera.mjCAMERA_FIXED
        self._view.fixedcamid = model.camera(CAMERA_NAME).id

    def look(self, pose: Pose) -> View:
        """Render colour and exact depth from a pose."""
        camera = self._data.camera(CAMERA_NAME)
        camera.xpos[:] = pose.eye_m
        camera.xmat[:] = pose.table_from_gl.ravel()
        everything = mujoco.mjtCatBit.mjCAT_ALL
        option = mujoco.MjvOption()
        mujoco.mjv_updateScene(
            self._model, self._data, option, None, self._view, everything, self._scene
        )
        size = self.lens.height, self.lens.width
        image, window_depth = np.empty((*size, 3), np.uint8), np.empty(size, np.float32)
        frame = mujoco.MjrRect(0, 0, self.lens.width, self.lens.height)
        self._window.make_current()
        self._scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = True
        _draw(frame, self._scene, self._colour_context)
        mujoco.mjr_readPixels(image, None, frame, self._colour_context)
        self._scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = False
        _draw(frame, self._scene, self._depth_context)
        mujoco.mjr_readPixels(None, window_depth, frame, self._depth_context)
        # OpenGL's first row is the lowest one.
        return View(image[::-1].copy(), self._metres(window_depth[::-1]))

    def close(self) -> None:
        """Free the pictures of this scene on the graphics side."""
        self._window.make_current()
        self._colour_context.free()
        self._depth_context.free()

    def _metres(self, window_depth: NDArray[np.float32]) -> NDArray[np.float32]:
        """Turn OpenGL's 0 (near plane) to 1 (far plane) into metres along the optical axis."""
        extent = self._model.stat.extent
        near_m, far_m = self._model.vis.map.znear * extent, self._model.vis.map.zfar * extent
        return (near_m / (1.0 - window_depth * (1.0 - near_m / far_m))).astype(np.float32)


def _off_screen(model: mujoco.MjModel, *, samples: int) -> mujoco.MjrContext:
    model.vis.quality.offsamples = samples
    return mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100)


def _draw(frame: mujoco.MjrRect, scene: mujoco.MjvScene, context: mujoco.MjrContext) -> None:
    # Which buffer is drawn to is a state of the window, not of the context.
    mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, context)
    mujoco.mjr_render(frame, scene, context)


@lru_cache
def _window(width: int, height: int) -> mujoco.GLContext:
    """Keep one hidden window per size: freeing one ends EGL for the whole process."""
    return mujoco.GLContext(width, height)


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    return vector / np.linalg.norm(vector)  # type: ignore[no-any-return]


def random_pose(rng: np.random.Generator) -> Pose:
    """Stand somewhere over the table, 0.35 to 1.3 m from what is looked at."""
    target = np.array([*rng.uniform(-0.12, 0.12, 2), rng.uniform(0, 0.08)])
    turn, rise = rng.uniform(0, 2 * np.pi), np.deg2rad(rng.uniform(22, 88))
    away = np.array([np.cos(turn) * np.cos(rise), np.sin(turn) * np.cos(rise), np.sin(rise)])
    return Pose(target + rng.uniform(0.35, 1.3) * away, target, float(rng.normal(0, 0.12)))
