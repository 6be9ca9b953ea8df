# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A camera in a scene that renders colour, exact depth and surfaces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import mujoco
import numpy as np
from numpy.typing import NDArray

from promptda_ros.lab.sim.scene import CAMERA_NAME, CLEAR_GROUP, Scene
from promptda_ros.lab.sim.view import RenderedView

UP = np.array([0.0, 0.0, 1.0])
MAX_GEOMS = 4000


@dataclass(frozen=True)
class PinholeCamera:
    """An ideal pinhole camera."""

    width: int = 640
    height: int = 480
    fov_y_rad: float = np.deg2rad(50.0)

    @classmethod
    def from_fov_x(cls, width: int, height: int, fov_x_rad: float) -> PinholeCamera:
        """Make the lens of this horizontal field of view."""
        return cls(width, height, float(2 * np.arctan(height / width * np.tan(0.5 * fov_x_rad))))

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
    """Where the camera stands and what it looks at, in the scene's frame."""

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


@dataclass(frozen=True, eq=False)
class DrawnBox:
    """A box that is drawn into a picture and is no part of the scene."""

    table_from_box: NDArray[np.float64]  # (4, 4)
    half_m: NDArray[np.float64]  # (3,)
    rgba: tuple[float, float, float, float]


class TableCamera:
    """Renders one scene from any pose without a window."""

    def __init__(self, scene: Scene, lens: PinholeCamera) -> None:
        self.lens, self.scene = lens, scene
        model = scene.model
        self._window = _window(lens.width, lens.height)
        self._window.make_current()
        # Smooth colour takes several samples a pixel, none of them at its centre; depth must not.
        self._colour_context = _off_screen(model, lens, samples=4)
        self._exact_context = _bare_off_screen(model, lens)
        self._drawn = mujoco.MjvScene(model, maxgeom=MAX_GEOMS)
        self._view = mujoco.MjvCamera()
        self._view.type = mujoco.mjtCamera.mjCAMERA_FIXED
        self._view.fixedcamid = model.camera(CAMERA_NAME).id

    def look(self, pose: Pose) -> RenderedView:
        """Render everything that a view holds from a pose."""
        self._window.make_current()
        self._aim(pose, with_clear=True)
        image = self._colour()
        geom, depth_m = self._surfaces()
        behind_m = depth_m
        if self.scene.has_clear:
            self._aim(pose, with_clear=False)
            behind_m = self._surfaces()[1]
        return RenderedView(
            image=image,
            depth_m=depth_m,
            behind_m=behind_m,
            instance_ids=self.scene.instance_of_geom[geom],
            gloss=self.scene.gloss_of_geom[geom],
            matrix=self.lens.matrix,
        )

    def photograph(self, pose: Pose, boxes: Sequence[DrawnBox]) -> NDArray[np.uint8]:
        """Render colour alone, with boxes in the scene."""
        self._window.make_current()
        self._aim(pose, with_clear=True)
        for box in boxes:
            mujoco.mjv_initGeom(
                self._drawn.geoms[self._drawn.ngeom],
                mujoco.mjtGeom.mjGEOM_BOX,
                box.half_m,
                box.table_from_box[:3, 3],
                box.table_from_box[:3, :3].ravel(),
                np.array(box.rgba, np.float32),
            )
            self._drawn.ngeom += 1
        return self._colour()

    def close(self) -> None:
        """Free the pictures of this scene on the graphics side."""
        self._window.make_current()
        self._colour_context.free()
        self._exact_context.free()

    def _aim(self, pose: Pose, *, with_clear: bool) -> None:
        model, data = self.scene.model, self.scene.data
        model.camera(CAMERA_NAME).fovy = np.rad2deg(self.lens.fov_y_rad)
        camera = data.camera(CAMERA_NAME)
        camera.xpos[:] = pose.eye_m
        camera.xmat[:] = pose.table_from_gl.ravel()
        option = mujoco.MjvOption()
        option.geomgroup[CLEAR_GROUP] = with_clear
        everything = mujoco.mjtCatBit.mjCAT_ALL
        mujoco.mjv_updateScene(model, data, option, None, self._view, everything, self._drawn)

    def _colour(self) -> NDArray[np.uint8]:
        image = np.empty((self.lens.height, self.lens.width, 3), np.uint8)
        self._draw(self._colour_context, surfaces=False)
        mujoco.mjr_readPixels(image, None, self._frame, self._colour_context)
        return image[::-1].copy()  # OpenGL's first row is the lowest one

    def _surfaces(self) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Render which geom (H, W) every pixel shows and how far away that is."""
        size = self.lens.height, self.lens.width
        colours, window_depth = np.empty((*size, 3), np.uint8), np.empty(size, np.float32)
        self._draw(self._exact_context, surfaces=True)
        mujoco.mjr_readPixels(colours, window_depth, self._frame, self._exact_context)
        numbers = colours[::-1].astype(np.int64) @ (1, 256, 65536) - 1
        geoms = np.zeros(self._drawn.ngeom, np.int64)
        for drawn in self._drawn.geoms[: self._drawn.ngeom]:
            geoms[drawn.segid] = drawn.objid
        return geoms[numbers], self._metres(window_depth[::-1])

    @property
    def _frame(self) -> mujoco.MjrRect:
        return mujoco.MjrRect(0, 0, self.lens.width, self.lens.height)

    def _draw(self, context: mujoco.MjrContext, *, surfaces: bool) -> None:
        flags = self._drawn.flags
        flags[mujoco.mjtRndFlag.mjRND_SHADOW] = not surfaces
        flags[mujoco.mjtRndFlag.mjRND_REFLECTION] = not surfaces
        flags[mujoco.mjtRndFlag.mjRND_SEGMENT] = surfaces
        flags[mujoco.mjtRndFlag.mjRND_IDCOLOR] = surfaces
        # Which buffer is drawn to is a state of the window, not of the context.
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, context)
        mujoco.mjr_render(self._frame, self._drawn, context)

    def _metres(self, window_depth: NDArray[np.float32]) -> NDArray[np.float32]:
        """Turn OpenGL's 0 (near plane) to 1 (far plane) into metres along the optical axis."""
        model = self.scene.model
        extent = model.stat.extent
        near_m, far_m = model.vis.map.znear * extent, model.vis.map.zfar * extent
        return np.asarray(near_m / (1.0 - window_depth * (1.0 - near_m / far_m)), np.float32)


def _off_screen(model: mujoco.MjModel, lens: PinholeCamera, *, samples: int) -> mujoco.MjrContext:
    model.vis.quality.offsamples = samples
    model.vis.global_.offwidth, model.vis.global_.offheight = lens.width, lens.height
    return mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100)


def _bare_off_screen(model: mujoco.MjModel, lens: PinholeCamera) -> mujoco.MjrContext:
    """Make a context without samples and, as it is four times faster, without pictures."""
    width, height = model.tex_width.copy(), model.tex_height.copy()
    model.tex_width[:], model.tex_height[:] = 1, np.where(height > width, 6, 1)  # cubes have six
    context = _off_screen(model, lens, samples=0)
    model.tex_width[:], model.tex_height[:] = width, height
    return context


@cache
def _window(width: int, height: int) -> mujoco.GLContext:
    """Keep one hidden window per size: freeing one ends EGL for the whole process."""
    return mujoco.GLContext(width, height)


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(vector / np.linalg.norm(vector))
