# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Times what is made of depth, one thing after the other, on a frame of the cell's kind.

The frame has 640x480 pixels and a prompt of 256x192; `--device cuda` runs the
filter of flying pixels there, with the way there and back.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
import time

import cv2
import numpy as np
import torch

from benchmarks.results import Cell, Results, Table
from promptda_ros.core.cloud.flying_pixels import find_flying
from promptda_ros.core.frame import Depth, Frame, Intrinsics, OnDevice
from promptda_ros.core.frame_outputs import FrameOutputs
from promptda_ros.core.prompt.prompt import condition
from promptda_ros.core.restore.trust import contradicting_fraction
from promptda_ros.core.runtime.transfer import download, upload
from promptda_ros.core.settings import build
from promptda_ros.core.settings.depth import PromptSettings

HEIGHT, WIDTH = 480, 640
CAMERA = Intrinsics(width=WIDTH, height=HEIGHT, fx=600.0, fy=600.0, cx=319.5, cy=239.5)
BOX = {'workspace.box_min': [-0.5, -0.5, 0.0], 'workspace.rotation': [0.0, 0.7071, 0.0, 0.7071]}


def main() -> None:
    """Run the benchmark."""
    arguments = _parser().parse_args()
    plain = _scene(torch.device(arguments.device))
    on_device = plain.depth.on_device
    assert on_device is not None

    def result(values: Mapping[str, object] | None = None) -> FrameOutputs:
        return replace(plain, settings=build(values or {}))  # nothing was made of it yet

    rows = {
        'flying pixels': lambda: download(find_flying(on_device.depth_m, edge_step=0.008)),
        'organised cloud': lambda: result().points,
        'organised cloud, filter off': lambda: result({'output.edge_filter': 'off'}).points,
        'organised cloud, box': lambda: result(BOX).points,
        'dense cloud': lambda: result().dense,
        'dense cloud, voxel 5 mm': lambda: result({'output.voxel': 0.005}).dense,
        'dense cloud, stride 2': lambda: result({'output.stride': 2}).dense,
        'cloud with normals': lambda: result().with_normals,
        'all three clouds': lambda: _all_clouds(result()),
        'validity': lambda: result().validity,
        'uncertainty': lambda: result().uncertainty_m,
        'trust gate': lambda: contradicting_fraction(plain.depth, 0.1),
    }
    cv2.setNumThreads(1)
    times_ms: list[list[Cell]] = [
        [name, *_time(make, arguments.repeats)] for name, make in rows.items()
    ]
    columns = ('made of one frame of 640x480', 'median ms', 'least ms')
    settings = f'On {arguments.device}, {arguments.repeats} repetitions.'
    Results('Outputs', [Table('', columns, times_ms)], settings).report(arguments.out)


def _time(make: Callable[[], object], repeats: int) -> tuple[float, float]:
    make()
    taken_ms = []
    for _ in range(repeats):
        begun_sec = time.perf_counter()
        make()
        taken_ms.append(1e3 * (time.perf_counter() - begun_sec))
    return float(np.median(taken_ms)), min(taken_ms)


def _all_clouds(result: FrameOutputs) -> object:
    return result.points, result.dense, result.with_normals


def _scene(device: torch.device) -> FrameOutputs:
    """Make boxes on a slanted table, their edges smeared over a pixel."""
    random = np.random.default_rng(0)
    depth_m = np.repeat(np.linspace(1.4, 0.7, HEIGHT, dtype=np.float32)[:, None], WIDTH, axis=1)
    for top, left in random.integers((0, 0), (HEIGHT - 80, WIDTH - 80), (20, 2)):
        depth_m[top : top + 80, left : left + 80] -= np.float32(random.uniform(0.02, 0.08))
    depth_m = cv2.blur(depth_m, (2, 2))
    sensor_m = cv2.resize(depth_m, (256, 192), interpolation=cv2.INTER_NEAREST)
    sensor_m[random.random(sensor_m.shape) < 0.05] = np.nan
    image = random.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    frame = Frame(1, 'optical', image, sensor_m, intrinsics=CAMERA)
    depth = Depth(
        depth_m,
        condition(sensor_m, PromptSettings()),
        np.zeros((252, 336), np.bool_),
        OnDevice(upload(depth_m, device), upload(image, device)),
    )
    return FrameOutputs(frame, depth, build({}))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('--device', default='cpu')
    parser.add_argument('--repeats', type=int, default=50)
    parser.add_argument('--out', type=Path, default=Path('benchmark_output/clouds.json'))
    return parser


if __name__ == '__main__':
    main()
