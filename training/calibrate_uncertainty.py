# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Chooses the weights of core/restore/trust.py; says how often they hold on other frames.

    python training/calibrate_uncertainty.py --data real_rgbd/tum_fr3_cabinet \\
        --judge real_rgbd/floor_rs redwood_rgbd
    python training/calibrate_uncertainty.py --model vitl --device cuda

The weights are chosen on validation scenes of the cell and on the frames of --data, and judged on
held-out scenes and the frames of --judge. Prompts of several sizes are made of the frames' own
depth, which counts as true. Networks with an anchor are used with and without it: the same
weights serve both. Put the line that it prints into core/restore/trust.py.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
import os
from pathlib import Path

os.environ.setdefault('MUJOCO_GL', 'egl')  # MuJoCo reads it once, when imported

import numpy as np
import numpy.typing as npt
import torch

from promptda_ros.core.estimator import Estimator
from promptda_ros.core.frame import BadFrame, Depth, Frame
from promptda_ros.core.restore.trust import estimate_uncertainty, uncertainty_terms
from promptda_ros.core.settings import build, model_setting
from promptda_ros.core.settings.schema import Settings
from promptda_ros.lab.evaluation.holes import with_holes
from promptda_ros.lab.evaluation.methods import in_shape_of
from promptda_ros.lab.evaluation.readers import find_frames
from promptda_ros.lab.evaluation.readers.cell_reader import measure_view
from promptda_ros.lab.evaluation.readers.files import evenly, FileReader, FrameFiles
from promptda_ros.lab.evaluation.readers.noisy import NoisyReader
from promptda_ros.lab.evaluation.sample import Sample
from promptda_ros.lab.sim.cell import held_out_views, views_of
from promptda_ros.lab.sim.sensors import SENSORS
from promptda_ros.lab.sim.view import RenderedView
from promptda_ros.model import load_model
from promptda_ros.tools.arguments import add_model

VALIDATION_SEED = 900_000
VIEWS_PER_SCENE = 2
WIDTH, HEIGHT = 336, 252
SIZES = {'8x8': (8, 8), '64x48': (48, 64), '160x120': (120, 160), '256x192': (192, 256)}
NOISE, HOLES = 0.01, 0.25
PIXELS_PER_FRAME = 400
QUANTILE = 0.95
TARGET = 0.96  # a little more, since other frames are other frames
LEAST_ERROR_M = 1e-4  # what is nearer to the truth is right
ROUNDS, STEPS = 6, 60

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Errors:
    """Errors of some pixels (N,) of one sensor, and the terms (N, 5) of their uncertainty."""

    error_m: Floats
    terms_m: Floats
    uncertainty_m: Floats


def main() -> None:
    """Print the weights, then what they give on frames not looked at."""
    arguments = _parser().parse_args()
    settings = build({model_setting(arguments.model): arguments.model, 'device': arguments.device})
    estimator = load_model(settings).estimator
    samples = [
        *_cell(validation_views(arguments.views)),
        *_real(arguments.data, arguments.frames),
    ]
    ways = ('auto', 'off') if estimator.anchor is not None else ('auto',)
    seen = measure(samples, estimator, settings, ways)
    weights = tuple(float(f'{weight:.2g}') for weight in choose_weights(list(seen.values())))
    print(f'WEIGHTS = {weights}')
    held_out = [
        *_cell(held_out_views(arguments.views, width=WIDTH, height=HEIGHT)),
        *_real(arguments.judge, arguments.frames),
    ]
    for way in ways:
        print(f'\nFrames not looked at, output.anchor: {way}')
        print_table(measure(held_out, estimator, settings, (way,), weights))


def validation_views(count: int) -> Iterator[RenderedView]:
    """Look at scenes that are neither trained on nor held out."""
    seeds = range(VALIDATION_SEED, VALIDATION_SEED + count)
    views = (
        view
        for seed in seeds
        for view in views_of(seed, count=VIEWS_PER_SCENE, width=WIDTH, height=HEIGHT)
    )
    return islice(views, count)


def _cell(views: Iterable[RenderedView]) -> Iterator[Sample]:
    for number, view in enumerate(views):
        for sensor in SENSORS:
            yield measure_view(view, number, sensor, seed=0)


def _real(folders: Iterable[Path], count: int) -> Iterator[Sample]:
    """Make prompts of several kinds of every frame; those with a sensor's own depth have it."""
    for folder in folders:
        for files in evenly(find_frames(folder, reader='auto'), count):
            for kind, sample in _prompts(files):
                yield replace(sample, sensor=f'{folder.name}, {kind}')


def _prompts(files: FrameFiles) -> Iterator[tuple[str, Sample]]:
    if files.sensor_depth is not None:
        yield 'its sensor', FileReader([files], None).read(files)
        return
    upright = FileReader([files], None).read(files)
    tall = upright.truth_m.shape[0] > upright.truth_m.shape[1]
    yield 'full, 25 % cut', with_holes(upright, HOLES, seed=0)
    for kind, size in SIZES.items():
        reader = FileReader([files], size[::-1] if tall else size)
        sample = reader.read(files)
        yield kind, sample
        if kind == '64x48':
            yield '64x48, 1 % noise', next(iter(NoisyReader(reader, NOISE, seed=0)))
        if kind == '160x120':
            yield '160x120, 25 % cut', with_holes(sample, HOLES, seed=0)


def measure(
    samples: Iterable[Sample],
    estimator: Estimator,
    settings: Settings,
    ways: tuple[str, ...],
    weights: tuple[float, ...] | None = None,
) -> dict[str, Errors]:
    """Return what is known of some pixels of every sensor, for each way of `output.anchor`."""
    rng = np.random.default_rng(0)
    found = defaultdict(list)
    for sample in samples:
        for way, depth in _estimates(sample, estimator, settings, ways):
            known = np.flatnonzero(np.isfinite(depth.depth_m) & np.isfinite(sample.truth_m))
            picked = rng.choice(known, min(PIXELS_PER_FRAME, len(known)), replace=False)
            error_m = np.abs(depth.depth_m - sample.truth_m)
            made = () if weights is None else (estimate_uncertainty(depth, weights),)
            columns = (error_m, *uncertainty_terms(depth).all(), *made)
            found[f'{sample.sensor} {way}'].append(
                np.stack([each.ravel()[picked] for each in columns], axis=1).astype(np.float64)
            )
    joined = {sensor: np.concatenate(parts) for sensor, parts in found.items()}
    return {
        sensor: Errors(rows[:, 0], rows[:, 1:6], rows[:, 6:].ravel())
        for sensor, rows in joined.items()
    }


def _estimates(
    sample: Sample, estimator: Estimator, settings: Settings, ways: tuple[str, ...]
) -> Iterator[tuple[str, Depth]]:
    sensor_m = in_shape_of(sample.image, sample.sensor_depth_m)
    frame = Frame(stamp_ns=0, frame_id='', image=sample.image, sensor_depth_m=sensor_m)
    for way in ways:
        output = replace(settings.output, anchor=way)
        try:
            yield way, estimator.estimate(frame, settings.prompt, output)
        except BadFrame as error:
            print(f'{sample.sensor}, {sample.name}: {error}')


def choose_weights(sensors: list[Errors]) -> Floats:
    """Return the least weights with which twice the uncertainty suffices for every sensor.

    Quantile regression of the logarithm: a factor too much counts the same for every pixel. A
    sensor whose pixels exceed it too often counts for more in the next round, and at the end all
    weights are raised until each has enough.
    """
    error = torch.from_numpy(np.concatenate([each.error_m for each in sensors]))
    terms_m = torch.from_numpy(np.concatenate([each.terms_m for each in sensors]))
    sensor = torch.arange(len(sensors)).repeat_interleave(
        torch.tensor([len(each.error_m) for each in sensors])
    )
    share = 1 / (torch.bincount(sensor)[sensor] * len(sensors))
    log_error = error.clamp(min=LEAST_ERROR_M).log()
    logs = (0.001 / terms_m.mean(0).clamp(min=1e-9)).log().requires_grad_()
    price = torch.full((len(sensors),), QUANTILE / (1 - QUANTILE))
    optimiser = torch.optim.Adam([logs], lr=0.1)
    for round_ in range(ROUNDS):
        optimiser.param_groups[0]['lr'] = 0.1 if round_ < ROUNDS - 2 else 0.03
        for _ in range(STEPS):
            short = log_error - (2 * terms_m @ logs.exp()).log()
            loss = (share * (torch.relu(-short) + price[sensor] * torch.relu(short))).sum()
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        weights = logs.detach().exp().numpy()
        missing = torch.tensor([TARGET - _within(each, weights) for each in sensors])
        price = (price * (12 * missing.clamp(min=-0.03)).exp()).clamp(min=8)
    return weights * max(1.0, max(_scale(each, weights) for each in sensors))


def _within(sensor: Errors, weights: Floats) -> float:
    return float(np.mean(sensor.error_m < 2 * sensor.terms_m @ weights))


def _scale(sensor: Errors, weights: Floats) -> float:
    return float(np.quantile(sensor.error_m / (2 * sensor.terms_m @ weights), TARGET))


def print_table(sensors: dict[str, Errors]) -> None:
    """Print how often it holds, how wide it is, and how well it ranks errors."""
    print(
        '| sensor | median error, mm | median uncertainty, mm | error < 2 x uncertainty '
        '| median of uncertainty / error | error after removing the most uncertain 20 % | oracle |'
    )
    print('|---|---|---|---|---|---|---|')
    for sensor, each in sensors.items():
        error_m, uncertainty_m = each.error_m, each.uncertainty_m
        ratio = np.median(uncertainty_m / np.maximum(error_m, LEAST_ERROR_M))
        surest, best = (_of_surest(error_m, by) for by in (uncertainty_m, error_m))
        print(
            f'| {sensor.rsplit(" ", 1)[0]} | {1e3 * np.median(error_m):.1f} '
            f'| {1e3 * np.median(uncertainty_m):.1f} | {np.mean(error_m < 2 * uncertainty_m):.1%} '
            f'| {ratio:.1f} | {surest:.0%} | {best:.0%} |'
        )


def _of_surest(error_m: Floats, by: Floats) -> float:
    """Return the mean error of the 80 % with the least of this, as a share of that of all."""
    surest = np.argsort(by)[: round(0.8 * len(error_m))]
    return float(error_m[surest].mean() / error_m.mean())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_model(parser)
    parser.add_argument('--device', default='cpu')
    parser.add_argument('--views', type=int, default=24, help='of the cell, for each of the two')
    parser.add_argument(
        '--data', type=Path, nargs='*', default=[], help='real frames to choose on'
    )
    parser.add_argument(
        '--judge', type=Path, nargs='*', default=[], help='real frames to judge on'
    )
    parser.add_argument('--frames', type=int, default=6, help='of every folder')
    return parser


if __name__ == '__main__':
    main()
