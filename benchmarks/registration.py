# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Times how depth of a sensor beside the camera becomes a prompt of 256x192.

Prints a table and writes JSON. The least of many repetitions is what the code takes; where other
programs use the cores, the median says more about them.
"""

from __future__ import annotations

import argparse
import array
from collections.abc import Callable
from functools import partial
from pathlib import Path
import statistics
import time

import numpy as np
from sensor_msgs.msg import PointCloud2, PointField
import torch

from benchmarks.results import Cell, Results, Table
from promptda_ros.core.frame import FloatImage, Intrinsics
from promptda_ros.core.geometry import camera as cameras
from promptda_ros.core.geometry.transform import Transform
from promptda_ros.core.prompt.prompt import complete, find_measured
from promptda_ros.core.registration import register_depth, register_points
from promptda_ros.core.settings.depth import PromptSettings
from promptda_ros.messages.point_clouds import read_points

LARGEST_MS = 8.0  # what a depth image of 640x480 or 50 000 points may take, in the median
MAX_LONG_SIDE = 256
CAMERA = Intrinsics(640, 480, 550.0, 550.0, 319.5, 239.5)
BESIDE = Transform.of((0.05, 0.01, 0.0), (0.01, 0.02, 0.0, 1.0))
SENSORS = {
    'depth 256x192': Intrinsics(256, 192, 210.0, 210.0, 127.5, 95.5),
    'depth 640x480': CAMERA,
    'depth 848x480': Intrinsics(848, 480, 430.0, 430.0, 423.5, 239.5),
    'depth 1280x720': Intrinsics(1280, 720, 900.0, 900.0, 639.5, 359.5),
}
POINTS = 50_000
LINES_APART = 24  # rows of 640x480: a LiDAR of 20 lines


def main() -> None:
    """Run the benchmark."""
    arguments = parse_arguments()
    device = torch.device(arguments.device)
    times_ms = {name: measure(work, arguments.repetitions) for name, work in works(device).items()}
    report(times_ms, arguments)


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--device', default='cpu')
    parser.add_argument('--repetitions', type=int, default=200)
    parser.add_argument('--out', type=Path, default=Path('benchmark_output/registration.json'))
    return parser.parse_args()


def works(device: torch.device) -> dict[str, Callable[[], object]]:
    """Return what is timed, by the name of its row."""
    depth = {name: table_with_box(sensor) for name, sensor in SENSORS.items()}
    rng = np.random.default_rng(0)
    every = points_of(CAMERA, depth['depth 640x480'])
    message = cloud_of(every[rng.choice(len(every), POINTS, replace=False)])
    few = points_of(CAMERA, depth['depth 640x480'], rows_apart=LINES_APART)
    lines_m = register_points(few, CAMERA, BESIDE, max_long_side=MAX_LONG_SIDE)
    found = find_measured(lines_m, PromptSettings(), MAX_LONG_SIDE)

    def draw(points_m: FloatImage) -> FloatImage:
        return register_points(
            points_m, CAMERA, BESIDE, max_long_side=MAX_LONG_SIDE, device=device
        )

    def show(name: str) -> FloatImage:
        return register_depth(
            depth[name], SENSORS[name], CAMERA, BESIDE, max_long_side=MAX_LONG_SIDE, device=device
        )

    return {
        **{name: partial(show, name) for name in SENSORS},
        f'read and draw {POINTS} points': lambda: draw(read_points(message, max_points=POINTS)),
        f'draw lines of {len(few)} points': lambda: draw(few),
        'fill between the lines': lambda: complete(found),
    }


def table_with_box(sensor: Intrinsics) -> FloatImage:
    """Return a table aslant with a box on it and a tenth of the pixels missing."""
    across, down = cameras.rays(sensor)
    depth_m = 1.0 / (1.0 + 0.5 * down + 0.0 * across)
    depth_m[(np.abs(across) < 0.15) & (np.abs(down) < 0.15)] = 0.7
    depth_m[np.random.default_rng(0).random(depth_m.shape) < 0.1] = np.nan
    return depth_m.astype(np.float32)


def points_of(sensor: Intrinsics, depth_m: FloatImage, rows_apart: int = 1) -> FloatImage:
    """Return the measured points (N, 3) of every so many rows."""
    across, down = cameras.rays(sensor)
    xyz_m = np.stack([across * depth_m, down * depth_m, depth_m], axis=-1)[::rows_apart]
    return xyz_m[np.isfinite(xyz_m[..., 0])]


def cloud_of(points_m: FloatImage) -> PointCloud2:
    """Pack points as LiDAR drivers do, with an intensity between."""
    packed = np.zeros((len(points_m), 4), np.float32)
    packed[:, :3] = points_m
    fields = [
        PointField(name=name, offset=4 * index, datatype=PointField.FLOAT32, count=1)
        for index, name in enumerate(('x', 'y', 'z', 'intensity'))
    ]
    message = PointCloud2(height=1, width=len(points_m), point_step=16, fields=fields)
    message.row_step = 16 * len(points_m)
    message.data = array.array('B', packed.tobytes())
    return message


def measure(work: Callable[[], object], repetitions: int) -> list[float]:
    """Return how long every repetition took, in milliseconds."""
    for _ in range(5):
        work()
    times_ms = []
    for _ in range(repetitions):
        start_ns = time.perf_counter_ns()
        work()
        times_ms.append((time.perf_counter_ns() - start_ns) / 1e6)
    return times_ms


def report(times_ms: dict[str, list[float]], arguments: argparse.Namespace) -> None:
    """Print the table and write what was measured."""
    rows: list[list[Cell]] = [
        [name, min(times), statistics.median(times)] for name, times in times_ms.items()
    ]
    Results(
        title='Depth of a sensor beside the camera',
        tables=[Table('', ('to a prompt of 256x192', 'least ms', 'median ms'), rows)],
        settings=f'On {arguments.device}, {arguments.repetitions} repetitions; at most '
        f'{LARGEST_MS:g} ms is asked of 640x480 and of {POINTS} points.',
    ).report(arguments.out)


if __name__ == '__main__':
    main()
