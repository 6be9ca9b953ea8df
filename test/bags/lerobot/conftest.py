# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Frames and episodes for data sets."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from promptda_ros.core.frame import Depth, Frame
from promptda_ros.core.frame_outputs import FrameOutputs
from promptda_ros.core.prompt.prompt import condition
from promptda_ros.core.settings.depth import PromptSettings
from promptda_ros.core.settings.schema import Settings

BEGIN_NS = 1_700_000_000_123_456_789


@pytest.fixture
def make_frame() -> Callable[..., FrameOutputs]:
    """Make a frame of random pixels and of depth with holes and with no round millimetres."""

    def make(sec: float, size: tuple[int, int] = (24, 32)) -> FrameOutputs:
        random = np.random.default_rng(abs(round(sec * 1e6)))
        height, width = size
        image = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
        sensor_m = random.uniform(0.3, 4.0, (height // 2, width // 2)).astype(np.float32)
        prompt = condition(sensor_m, PromptSettings())
        sensor_m[0, :4] = np.nan, np.inf, -np.inf, 40.0
        depth_m = random.uniform(0.3, 4.0, (height, width)).astype(np.float32)
        depth_m[2:5, 3:6] = np.nan
        depth = Depth(depth_m, prompt, saturated=np.zeros((12, 16), np.bool_))
        frame = Frame(BEGIN_NS + round(sec * 1e9), 'optical', image, sensor_m)
        return FrameOutputs(frame, depth, Settings())

    return make


@pytest.fixture
def write_episode(make_frame: Any) -> Callable[..., list[FrameOutputs]]:
    """Write an episode as the engine does, of frames at these seconds; return the frames."""
    sink = pytest.importorskip('promptda_ros.bags.lerobot.sink')

    def write(
        out: Path, name: str, seconds: Iterable[float], task: str = 'pick', **given: Any
    ) -> list[FrameOutputs]:
        folder = out / 'episodes' / name
        folder.mkdir(parents=True)
        frames = [make_frame(sec, **given) for sec in seconds]
        episode = sink.LeRobotSink(folder, task)
        for each in frames:
            episode.frame('', each.frame.stamp_ns, each)
        episode.close()
        return frames

    return write
