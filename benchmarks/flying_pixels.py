# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Counts what the filter of flying pixels removes, on held-out scenes of the cell.

A point is good when a visible surface is within 1 cm of it in space. It flies when it is farther
from every one and between the nearest and the farthest surface within 5 pixels; what is farther
off without floating between two surfaces is wrong, but no filter of pixels can see it.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator
import os
import zlib

os.environ.setdefault('MUJOCO_GL', 'egl')  # MuJoCo reads it once, when imported

import cv2
import numpy as np
import torch

from promptda_ros.core.cloud.flying_pixels import find_flying
from promptda_ros.core.estimator import Estimator
from promptda_ros.core.frame import BadFrame, FloatImage, Frame, Mask
from promptda_ros.core.settings import build, model_setting
from promptda_ros.core.settings.schema import Settings
from promptda_ros.lab.evaluation.methods import in_shape_of
from promptda_ros.lab.sim.cell import held_out_views
from promptda_ros.lab.sim.sensors import SENSORS
from promptda_ros.lab.sim.view import RenderedView
from promptda_ros.model import load_model
from promptda_ros.tools.arguments import add_model

OFF_M = 0.01
REACH_PX = 5
FINER = 3  # the exact surface is interpolated to so many times the pixels
LARGEST_STEP = 1.08  # ratio of the depths of neighbours that one surface joins


def main() -> None:
    """Run the benchmark."""
    arguments = _parser().parse_args()
    settings = build({model_setting(arguments.model): arguments.model, 'device': arguments.device})
    estimator = load_model(settings).estimator
    edge_step = settings.output.edge_step
    counts: defaultdict[str, list[np.ndarray]] = defaultdict(list)
    for number, view in enumerate(held_out_views(arguments.views)):
        nearest = Surface(view)
        for name, depth_m in _depths(view, number, estimator, settings):
            good, flying = nearest.judge(depth_m)
            removed = find_flying(torch.from_numpy(depth_m), edge_step=edge_step).numpy()
            judged = [flying, flying & removed, good, good & removed]
            counts[name].append(np.array([mask.sum() for mask in judged]))
    print('| depth | flying of all | flying removed | good removed |')
    print('|---|---|---|---|')
    for name, rows in counts.items():
        flying, caught, good, lost = np.sum(rows, axis=0)
        of_all = flying / (len(rows) * view.depth_m.size)
        print(f'| {name} | {of_all:.1%} | {caught / flying:.1%} | {lost / good:.2%} |')


class Surface:
    """The visible surfaces of a view as points, dense enough to measure a centimetre from."""

    def __init__(self, view: RenderedView) -> None:
        self._view = view
        points_m = _finer(view).astype(np.float32)
        self._tree = cv2.flann.Index(points_m, {'algorithm': 4, 'leaf_max_size': 16})

    def judge(self, depth_m: FloatImage) -> tuple[Mask, Mask]:
        """Mark the good and the flying pixels (H, W)."""
        known = np.isfinite(depth_m)
        rows, columns = np.nonzero(known)
        points_m = _lift(self._view.matrix, columns, rows, depth_m[known]).astype(np.float32)
        _, squared = self._tree.knnSearch(points_m, 1, params={'checks': -1})
        off = np.zeros(depth_m.shape, np.bool_)
        off[known] = np.sqrt(squared[:, 0]) > OFF_M
        window = np.ones((2 * REACH_PX + 1,) * 2, np.uint8)
        nearest_m = cv2.erode(self._view.depth_m, window)
        farthest_m = cv2.dilate(self._view.depth_m, window)
        between = (depth_m > nearest_m + OFF_M) & (depth_m < farthest_m - OFF_M)
        return known & ~off, off & between


def _depths(
    view: RenderedView, number: int, estimator: Estimator, settings: Settings
) -> Iterator[tuple[str, FloatImage]]:
    """Yield exact depth smeared by one pixel, then what the network makes of every sensor."""
    yield 'exact, subsampled by 2 and interpolated bilinearly', _smeared(view.depth_m)
    for name, sensor in SENSORS.items():
        rng = np.random.default_rng((0, number, zlib.crc32(name.encode())))
        sensor_m = in_shape_of(view.image, sensor.measure(view, rng))
        frame = Frame(stamp_ns=0, frame_id='', image=view.image, sensor_depth_m=sensor_m)
        try:
            yield name, estimator.estimate(frame, settings.prompt, settings.output).depth_m
        except BadFrame as error:
            print(f'view {number}, {name}: {error}')


def _smeared(depth_m: FloatImage) -> FloatImage:
    """Keep every second pixel of every second row and interpolate the others."""
    height, width = depth_m.shape
    double = np.array([[2, 0, 0], [0, 2, 0]], np.float32)
    border = cv2.BORDER_REPLICATE
    smeared_m = cv2.warpAffine(depth_m[::2, ::2], double, (width, height), borderMode=border)
    return np.asarray(smeared_m)


def _finer(view: RenderedView) -> np.ndarray:
    """Return points (N, 3) of the surfaces, also between the pixels that show one surface."""
    height, width = view.depth_m.shape
    rows, columns = np.mgrid[0 : (height - 1) * FINER + 1, 0 : (width - 1) * FINER + 1] / FINER
    top, left = (
        np.minimum(rows.astype(int), height - 2),
        np.minimum(columns.astype(int), width - 2),
    )
    down, right = rows - top, columns - left
    corners = [(top + i, left + j) for i in (0, 1) for j in (0, 1)]
    inverse = np.stack([1 / view.depth_m[corner] for corner in corners])
    ids = np.stack([view.instance_ids[corner] for corner in corners])
    weights = np.stack(
        ((1 - down) * (1 - right), (1 - down) * right, down * (1 - right), down * right)
    )
    depth_m = 1 / (weights * inverse).sum(axis=0)  # 1 / depth of a plane is linear
    joined = (ids == ids[0]).all(axis=0)
    joined &= inverse.max(axis=0) < LARGEST_STEP * inverse.min(axis=0)
    between = _lift(view.matrix, columns[joined], rows[joined], depth_m[joined])
    all_rows, all_columns = np.mgrid[0:height, 0:width]
    pixels = _lift(view.matrix, all_columns.ravel(), all_rows.ravel(), view.depth_m.ravel())
    return np.concatenate((between, pixels))


def _lift(matrix: np.ndarray, columns: np.ndarray, rows: np.ndarray, z: np.ndarray) -> np.ndarray:
    x = (columns - matrix[0, 2]) / matrix[0, 0] * z
    y = (rows - matrix[1, 2]) / matrix[1, 1] * z
    return np.stack((x, y, z), axis=1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    add_model(parser)
    parser.add_argument('--device', default='cpu')
    parser.add_argument('--views', type=int, default=20)
    return parser


if __name__ == '__main__':
    main()
