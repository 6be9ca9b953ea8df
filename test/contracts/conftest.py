# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Messages of a known scene, as they come off the wire."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from rclpy.serialization import deserialize_message, serialize_message

from promptda_ros.camera.products import make
from promptda_ros.core.frame import Depth, FloatImage, Frame, Intrinsics
from promptda_ros.core.frame_outputs import FrameOutputs
from promptda_ros.core.prompt.prompt import condition
from promptda_ros.core.settings import build
from promptda_ros.core.settings.depth import PromptSettings
from promptda_ros.messages.message_types import ros_types
from promptda_ros.node.outputs import OUTPUTS

HEIGHT, WIDTH = 48, 64
CAMERA = Intrinsics(width=WIDTH, height=HEIGHT, fx=60.0, fy=61.0, cx=31.25, cy=23.75)
STAMP_NS = 1_700_000_000_987_654_321
FRAME_ID = 'camera_color_optical_frame'


@dataclass(frozen=True)
class Scene:
    """What a grasp stack should find again, all (H, W)."""

    depth_m: FloatImage  # NaN in a hole
    image: np.ndarray  # (H, W, 3) RGB
    points_m: np.ndarray  # (H, W, 3)

    @property
    def known(self) -> np.ndarray:
        """Mark the pixels that have a depth."""
        return np.isfinite(self.depth_m)


@pytest.fixture(scope='package')
def scene() -> Scene:
    """Return a box before a slanted table, with a sharp edge and a hole."""
    rows = np.linspace(1.2, 0.8, HEIGHT, dtype=np.float32)
    depth_m = np.repeat(rows[:, None], WIDTH, axis=1)
    depth_m[15:35, 20:45] = 0.6
    depth_m[40:44, 5:12] = np.nan
    image = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    down, across = np.mgrid[0:HEIGHT, 0:WIDTH]
    points_m = np.stack(
        (
            (across - CAMERA.cx) / CAMERA.fx * depth_m,
            (down - CAMERA.cy) / CAMERA.fy * depth_m,
            depth_m,
        ),
        axis=-1,
    )
    return Scene(depth_m, image, points_m)


@pytest.fixture
def receive(scene: Scene) -> Callable[..., Any]:
    """Receive an output of the node, given settings such as `output__voxel=0.01`."""
    sensor_m = np.where(scene.known, scene.depth_m, 1.0).astype(np.float32)
    prompt = condition(sensor_m, PromptSettings())
    depth = Depth(scene.depth_m, prompt, saturated=np.zeros((6, 8), np.bool_))
    frame = Frame(STAMP_NS, FRAME_ID, scene.image, sensor_m, intrinsics=CAMERA)

    def over_the_wire(output: str, **values: object) -> Any:
        settings = build({name.replace('__', '.'): value for name, value in values.items()})
        message = make(output, FrameOutputs(frame, depth, settings), ros_types())
        return deserialize_message(serialize_message(message), OUTPUTS[output])

    return over_the_wire
