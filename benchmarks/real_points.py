# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Judges the points of real frames at the full size of their sensor: in the air, flat, steady.

    python -m benchmarks.real_points redwood_rgbd --focal 525

* Points more than 2 cm from every value of the sensor within 3 pixels, where there is one, and
  what the filter of flying pixels leaves of them.
* The same for prompts of three sizes, and how many points the filter finds and removes wrongly.
* Distance of the points of the largest plane from it, 95 % of them: where the sensor sees it, and
  in the holes and shadows inside of it.
* Error in the outer 3 % of the picture against the rest, beside bilinear's, for prompts of 64x48.
* Mean change from frame to frame of one picture whose prompt of 64x48 has 1 % of new noise.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch

from benchmarks.results import Cell, Results, Table
from promptda_ros.core.cloud.flying_pixels import find_flying
from promptda_ros.core.estimator import Estimator
from promptda_ros.core.frame import FloatImage, Mask
from promptda_ros.core.settings import build, model_setting
from promptda_ros.core.settings.depth import OutputSettings
from promptda_ros.core.settings.schema import Settings
from promptda_ros.lab.evaluation.methods import (
    Bilinear,
    FullResolution,
    NetworkMethod,
    NetworkOnVideo,
)
from promptda_ros.lab.evaluation.readers import find_frames
from promptda_ros.lab.evaluation.readers.files import evenly, FileReader, FrameFiles
from promptda_ros.lab.evaluation.readers.noisy import NoisyReader
from promptda_ros.lab.evaluation.sample import Sample
from promptda_ros.model import load_model
from promptda_ros.tools.arguments import add_model

OFF_M, REACH_PX = 0.02, 3
ON_PLANE_M = 0.02  # of a sensor's point, while the plane is sought
AROUND_PLANE_M = 0.05  # so near to the plane the sensor sees the plane
TRIES = 300
BORDER = 0.03
SIZE = 48, 64
SIZES = {'64x48': SIZE, '160x120': (120, 160), '256x192': (192, 256)}
NOISE = 0.01

Points = np.ndarray  # (N, 3)
Method = Callable[[Sample], FloatImage]


@dataclass(frozen=True)
class Plane:
    """The largest plane that the sensor sees."""

    normal: np.ndarray  # (3,)
    offset_m: float

    def distance_m(self, points_m: Points) -> np.ndarray:
        """Return how far points are from it."""
        return np.asarray(np.abs(points_m @ self.normal - self.offset_m))

    @classmethod
    def of(cls, points_m: Points, rng: np.random.Generator) -> Plane:
        """Find the plane with most of these points, then fit it to them."""
        planes = [cls.through(points_m[rng.choice(len(points_m), 3)]) for _ in range(TRIES)]
        near = max((each.distance_m(points_m) < ON_PLANE_M for each in planes), key=np.sum)
        centre = points_m[near].mean(axis=0)
        normal = np.linalg.svd(points_m[near] - centre, full_matrices=False)[2][2]
        return cls(normal, float(normal @ centre))

    @classmethod
    def through(cls, corners_m: Points) -> Plane:
        """Lay a plane through three points."""
        normal = np.cross(corners_m[1] - corners_m[0], corners_m[2] - corners_m[0])
        normal = normal / max(1e-12, float(np.linalg.norm(normal)))
        return cls(normal, float(normal @ corners_m[0]))


def main() -> None:
    """Print a table of each kind."""
    arguments = _parser().parse_args()
    settings = build({model_setting(arguments.model): arguments.model, 'engine': 'torch'})
    estimator = load_model(settings).estimator
    frames = [
        each
        for folder in arguments.folders
        for each in evenly(find_frames(folder, reader='auto'), arguments.frames)
    ]
    methods = {'ours': _network(estimator, settings, settings.output)}
    if estimator.anchor is not None:
        alone = replace(settings.output, anchor='off')
        methods['without anchor'] = _network(estimator, settings, alone)
    tables = [
        _points_table(frames, methods, arguments.focal, settings),
        _filter_table(frames, methods['ours'], settings.output.edge_step),
        _border_table(frames, methods, settings),
        _flicker_table(frames, estimator, settings, arguments.draws),
    ]
    about = f'{arguments.model}, {len(frames)} frames, focal length {arguments.focal:g} px.'
    Results('Points of real frames', tables, about).report(arguments.out)


def _network(estimator: Estimator, settings: Settings, output: OutputSettings) -> Method:
    network = NetworkMethod(replace(settings, output=output), 'ours', estimator)
    return lambda sample: network(sample.image, sample.sensor_depth_m)


def _points_table(
    frames: list[FrameFiles], methods: dict[str, Method], focal_px: float, settings: Settings
) -> Table:
    full = [FileReader([each], None).read(each) for each in frames]
    sensor = FullResolution(settings)
    every: dict[str, Method] = {
        'sensor, holes filled': lambda sample: sensor(sample.image, sample.sensor_depth_m),
        **methods,
    }
    rows = []
    for name, method in every.items():
        figures = [
            _judge_points(method(each), each.truth_m, focal_px, settings.output.edge_step)
            for each in full
        ]
        off, kept, removed, on_plane_m, in_holes_m = np.nanmean(figures, axis=0)
        rows.append(
            [
                name,
                f'{off:.2%}',
                f'{kept:.2%}',
                f'{removed:.2%}',
                f'{1e3 * on_plane_m:.1f}',
                f'{1e3 * in_holes_m:.1f}',
            ]
        )
    columns = (
        'depth',
        'over 2 cm off',
        'after the filter',
        'removed by the filter',
        '95 % from the plane, mm',
        'in its holes, mm',
    )
    return Table('Full size', columns, rows)


def _judge_points(
    depth_m: FloatImage, sensor_m: FloatImage, focal_px: float, edge_step: float
) -> tuple[float, ...]:
    off_m = _off_sensor(depth_m, sensor_m)
    near = np.isfinite(off_m)
    flying = find_flying(torch.from_numpy(depth_m), edge_step=edge_step).numpy()
    known = np.isfinite(sensor_m)
    points_m, sensor_points_m = (_lift(each, focal_px) for each in (depth_m, sensor_m))
    plane = Plane.of(sensor_points_m[known][::20], np.random.default_rng(0))
    seen = np.zeros(known.shape, np.bool_)
    seen[known] = plane.distance_m(sensor_points_m[known]) < AROUND_PLANE_M
    answered = np.isfinite(depth_m)
    parts = seen & answered, _closed(seen) & ~known & answered
    on_plane_m, in_holes_m = (
        float(np.quantile(plane.distance_m(points_m[part]), 0.95)) if part.any() else np.nan
        for part in parts
    )
    return (
        float(np.mean(off_m[near] > OFF_M)),
        float(np.mean(off_m[near & ~flying] > OFF_M)),
        float(flying.mean()),
        on_plane_m,
        in_holes_m,
    )


def _off_sensor(depth_m: FloatImage, sensor_m: FloatImage) -> FloatImage:
    """Return the least distance (H, W) to a sensor's value within reach; infinite: none there."""
    height, width = sensor_m.shape
    padded_m = np.pad(sensor_m, REACH_PX, constant_values=np.nan)
    off_m = np.full(sensor_m.shape, np.inf, np.float32)
    for y in range(2 * REACH_PX + 1):
        for x in range(2 * REACH_PX + 1):
            off_m = np.fmin(off_m, np.abs(depth_m - padded_m[y : y + height, x : x + width]))
    return off_m


def _closed(seen: Mask) -> Mask:
    """Add the holes and shadows inside of the plane, where ridges rise."""
    kernel = np.ones((21, 21), np.uint8)
    closed: Mask = cv2.morphologyEx(seen.astype(np.uint8), cv2.MORPH_CLOSE, kernel) > 0
    return closed


def _lift(depth_m: FloatImage, focal_px: float) -> np.ndarray:
    rows, columns = np.indices(depth_m.shape)
    height, width = depth_m.shape
    aside, down = (columns - (width - 1) / 2) / focal_px, (rows - (height - 1) / 2) / focal_px
    return np.stack((aside * depth_m, down * depth_m, depth_m), axis=-1)


def _filter_table(frames: list[FrameFiles], method: Method, edge_step: float) -> Table:
    rows: list[list[Cell]] = []
    for title, size in SIZES.items():
        counts = np.zeros(4)
        for each in frames:
            sample = FileReader([each], size).read(each)
            counts += _judge_filter(method(sample), sample.truth_m, edge_step)
        judged, off, removed, found = counts
        shares = off / judged, removed / judged, found / removed, found / off
        rows.append([title, *(f'{share:.1%}' for share in shares)])
    columns = ('prompt', 'over 2 cm off', 'removed', 'removed that were off', 'off that it finds')
    return Table('Flying pixels', columns, rows)


def _judge_filter(depth_m: FloatImage, sensor_m: FloatImage, edge_step: float) -> np.ndarray:
    """Count pixels near a sensor's value: all, those off, those removed, those of both."""
    off_m = _off_sensor(depth_m, sensor_m)
    near = np.isfinite(off_m)
    off = near & (off_m > OFF_M)
    removed = near & find_flying(torch.from_numpy(depth_m), edge_step=edge_step).numpy()
    return np.array([mask.sum() for mask in (near, off, removed, off & removed)])


def _border_table(
    frames: list[FrameFiles], methods: dict[str, Method], settings: Settings
) -> Table:
    bilinear = Bilinear(settings)
    rows: list[list[Cell]] = []
    for name, method in methods.items():
        ratios = []
        for each in frames:
            sample = FileReader([each], SIZE).read(each)
            base_m = bilinear(sample.image, sample.sensor_depth_m)
            ratios.append(
                [_ratio(method(sample), base_m, sample.truth_m, part) for part in (1, 0)]
            )
        border, inside = np.nanmean(ratios, axis=0)
        rows.append([name, border, inside, border / inside])
    columns = ('depth', 'outer 3 %, x bilinear', 'inside, x bilinear', 'ratio')
    return Table('Border, prompts of 64x48', columns, rows)


def _ratio(depth_m: FloatImage, base_m: FloatImage, truth_m: FloatImage, part: int) -> float:
    """Return the error as a share of bilinear's, at the border (1) or inside (0)."""
    height, width = truth_m.shape
    tall, wide = round(BORDER * height), round(BORDER * width)
    at_border = np.ones(truth_m.shape, np.bool_)
    at_border[tall:-tall, wide:-wide] = False
    judged = (at_border == bool(part)) & np.isfinite(truth_m) & np.isfinite(depth_m)
    error_m, base_error_m = (np.abs(each - truth_m)[judged] for each in (depth_m, base_m))
    return float(error_m.mean() / base_error_m.mean()) if judged.any() else np.nan


def _flicker_table(
    frames: list[FrameFiles], estimator: Estimator, settings: Settings, draws: int
) -> Table:
    first = frames[0]
    samples = [
        next(iter(NoisyReader(FileReader([first], SIZE), NOISE, seed=seed)))
        for seed in range(draws)
    ]
    network = NetworkMethod(settings, 'ours', estimator)
    video = NetworkOnVideo(network)
    bilinear = Bilinear(settings)
    every: dict[str, Method] = {
        'sensor, bilinear': lambda sample: bilinear(sample.image, sample.sensor_depth_m),
        'ours, frame by frame': lambda sample: network(sample.image, sample.sensor_depth_m),
        'ours, smoothed over time': lambda sample: video(sample.image, sample.sensor_depth_m),
    }
    rows: list[list[Cell]] = [
        [name, 1e3 * _mean_change(map(method, samples))] for name, method in every.items()
    ]
    return Table(
        f'Flicker of {first.sensor} {first.name}, {draws} draws of noise',
        ('depth', 'mean change, mm'),
        rows,
    )


def _mean_change(depths_m: Iterator[FloatImage]) -> float:
    before_m = next(depths_m)
    changes = []
    for depth_m in depths_m:
        changes.append(np.nanmean(np.abs(depth_m - before_m)))
        before_m = depth_m
    return float(np.mean(changes))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('folders', type=Path, nargs='+')
    parser.add_argument('--focal', type=float, default=525.0, help='focal length, pixels')
    parser.add_argument('--frames', type=int, default=5, help='of every folder')
    parser.add_argument('--draws', type=int, default=30)
    add_model(parser)
    parser.add_argument('--out', type=Path, default=Path('benchmark_output/real_points.json'))
    return parser


if __name__ == '__main__':
    main()
