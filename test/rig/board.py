# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A textured board before a wall, and a camera whose faults are known; drawn by NumPy alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from promptda_ros.core.frame import ByteImage, FloatImage, Frame, Intrinsics

CAMERA = Intrinsics(width=320, height=240, fx=280.0, fy=280.0, cx=159.5, cy=119.5)
BEGIN_NS = 1_700_000_000_000_000_000
WALL_M = 0.5  # behind the board
TEXTURE_PX_PER_M = 200.0


@dataclass(frozen=True)
class Pose:
    """Where the camera is, seen from its place square to the board."""

    right_m: float = 0.0
    ahead_m: float = 0.0
    turn_deg: float = 0.0  # to the right


def still(_time_sec: float) -> Pose:
    """Stay."""
    return Pose()


def to_and_fro(time_sec: float) -> Pose:
    """Sway by 10 cm towards the board, not quite periodically."""
    sway = 0.1 * np.sin(2.1 * time_sec) * np.cos(0.8 * time_sec + 0.3) + 0.02 * np.sin(
        5 * time_sec
    )
    return Pose(ahead_m=float(sway), right_m=0.05 * float(np.sin(1.3 * time_sec)))


def panning(time_sec: float) -> Pose:
    """Turn by some degrees."""
    return Pose(turn_deg=float(5 * np.sin(2.1 * time_sec) * np.cos(0.8 * time_sec + 0.3)))


@dataclass(frozen=True)
class Rig:
    """A camera and its depth sensor, with faults."""

    distance_m: float = 1.5
    half_m: float = 0.45  # of the board, to either side; the wall begins behind its edges
    path: Callable[[float], Pose] = still
    bias_m: float = 0.0
    shift_px: tuple[float, float] = (0.0, 0.0)  # of the depth, to the right and down
    lag_sec: float = 0.0  # of the depth
    noise_m: float = 0.002
    period_sec: float = 1 / 20
    tilt_deg: float = 0.0
    texture: npt.NDArray[np.float32] = field(default_factory=lambda: _texture(1))

    def frame(self, number: int) -> Frame:
        """Return a frame of the stream."""
        time_sec = number * self.period_sec
        image, exact_m = self.look(self.path(time_sec))
        if self.lag_sec:
            _, exact_m = self.look(self.path(time_sec - self.lag_sec))
        noise_m = self.noise_m * np.random.default_rng(number).standard_normal(exact_m.shape)
        stamp_ns = BEGIN_NS + round(time_sec * 1e9)
        return Frame(
            stamp_ns=stamp_ns,
            frame_id='camera',
            image=image,
            sensor_depth_m=(self._spoilt(exact_m) + noise_m).astype(np.float32),
            intrinsics=CAMERA,
            sensor_stamp_ns=stamp_ns,
        )

    def _spoilt(self, exact_m: FloatImage) -> FloatImage:
        move = np.float32([[1, 0, self.shift_px[0]], [0, 1, self.shift_px[1]]])
        size = exact_m.shape[::-1]
        moved_m = cv2.warpAffine(
            exact_m, move, size, flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE
        )
        return moved_m + self.bias_m

    def look(self, pose: Pose) -> tuple[ByteImage, FloatImage]:
        """Return the picture (H, W, 3) and its depth (H, W)."""
        turn = np.deg2rad(pose.turn_deg + self.tilt_deg)
        columns, rows = np.meshgrid(np.arange(CAMERA.width), np.arange(CAMERA.height))
        x, y = (columns - CAMERA.cx) / CAMERA.fx, (rows - CAMERA.cy) / CAMERA.fy
        right, ahead = np.cos(turn) * x + np.sin(turn), np.cos(turn) - np.sin(turn) * x
        to_board_m, to_wall_m = (
            (self.distance_m + behind_m - pose.ahead_m) / ahead for behind_m in (0.0, WALL_M)
        )
        board = np.maximum(np.abs(pose.right_m + to_board_m * right), np.abs(to_board_m * y))
        on_board = board < self.half_m
        depth_m = np.where(on_board, to_board_m, to_wall_m)
        u = pose.right_m + depth_m * right + np.where(on_board, 0.0, 3.0)
        grey = cv2.remap(
            self.texture,
            (u * TEXTURE_PX_PER_M % self.texture.shape[1]).astype(np.float32),
            (depth_m * y * TEXTURE_PX_PER_M % self.texture.shape[0]).astype(np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_WRAP,
        )
        grey = np.where(
            on_board, 0.5 * grey + 0.5, 0.4 * grey
        )  # a bright board before a dark wall
        image = np.repeat((255 * grey)[..., None], 3, axis=2).astype(np.uint8)
        return image, depth_m.astype(np.float32)


def _texture(seed: int) -> npt.NDArray[np.float32]:
    noise = np.random.default_rng(seed).random((1024, 1024)).astype(np.float32)
    smooth = sum(cv2.GaussianBlur(noise, (0, 0), sigma) * sigma for sigma in (2.0, 5.0, 12.0))
    return cv2.normalize(smooth, None, 0.0, 1.0, cv2.NORM_MINMAX)
