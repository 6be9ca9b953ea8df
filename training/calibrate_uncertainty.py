# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Chooses the weights of core/trust.py and says how often they hold on scenes not looked at.

    python training/calibrate_uncertainty.py
    python training/calibrate_uncertainty.py --model vitl --device cuda

The weights are those with the least uncertainty, in the geometric mean over the pixels, of all on
a grid that make |error| < 2 x uncertainty for 96 % of the pixels of every simulated sensor.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice, product
import os
import zlib

os.environ.setdefault('MUJOCO_GL', 'egl')  # MuJoCo reads it once, when imported

import numpy as np
import numpy.typing as npt

from promptda_ros.core.estimator import Estimator
from promptda_ros.core.frame import BadFrame, Frame
from promptda_ros.core.settings import build, model_setting, Settings
from promptda_ros.core.trust import estimate_uncertainty, uncertainty_terms
from promptda_ros.evaluation.methods import in_shape_of
from promptda_ros.models import load_model
from promptda_ros.sim.cell import held_out_views, views_of
from promptda_ros.sim.sensors import SENSORS
from promptda_ros.sim.view import View

VALIDATION_SEED = 900_000
VIEWS_PER_SCENE = 2
WIDTH, HEIGHT = 336, 252
PIXELS_PER_FRAME = 500
TARGET = 0.96
GRID = (np.geomspace(0.002, 0.02, 13), np.geomspace(0.1, 1.0, 13), np.geomspace(0.3, 5.0, 13))

Floats = npt.NDArray[np.float64]


def main() -> None:
    """Print the weights, then what they give on held-out scenes."""
    arguments = _parser().parse_args()
    settings = build({model_setting(arguments.model): arguments.model, 'device': arguments.device})
    estimator = load_model(settings).estimator
    samples = sample(validation_views(arguments.views), estimator, settings)
    print('weights:', ', '.join(f'{weight:.2g}' for weight in choose_weights(samples)))
    print('core/trust.py as it is, on held-out scenes:')
    held_out = held_out_views(arguments.views, width=WIDTH, height=HEIGHT)
    print('| sensor | error, median mm | uncertainty, median mm | |error| < 2 x uncertainty |')
    print('|---|---|---|---|')
    for sensor, (error_m, uncertainty_m) in judge(held_out, estimator, settings).items():
        within = np.mean(error_m < 2 * uncertainty_m)
        medians = f'{1e3 * np.median(error_m):.1f} | {1e3 * np.median(uncertainty_m):.1f}'
        print(f'| {sensor} | {medians} | {within:.1%} |')


def validation_views(count: int) -> Iterator[View]:
    """Look at scenes that are neither trained on nor held out."""
    seeds = range(VALIDATION_SEED, VALIDATION_SEED + count)
    views = (
        view
        for seed in seeds
        for view in views_of(seed, count=VIEWS_PER_SCENE, width=WIDTH, height=HEIGHT)
    )
    return islice(views, count)


def sample(
    views: Iterable[View], estimator: Estimator, settings: Settings
) -> dict[str, tuple[Floats, Floats]]:
    """Return errors (N,) and terms (N, 3) of some pixels of every sensor."""
    rng = np.random.default_rng(0)
    found = defaultdict(list)
    for sensor, depth, truth_m in _estimates(views, estimator, settings):
        known = np.flatnonzero(np.isfinite(depth.depth_m))
        picked = rng.choice(known, min(PIXELS_PER_FRAME, len(known)), replace=False)
        error_m = np.abs(depth.depth_m - truth_m).ravel()[picked]
        terms_m = [term_m.ravel()[picked] for term_m in uncertainty_terms(depth)]
        found[sensor].append(np.stack((error_m, *terms_m), axis=1).astype(np.float64))
    joined = {sensor: np.concatenate(parts) for sensor, parts in found.items()}
    return {sensor: (columns[:, 0], columns[:, 1:]) for sensor, columns in joined.items()}


def choose_weights(samples: dict[str, tuple[Floats, Floats]]) -> tuple[float, ...]:
    """Return the weights on the grid that are enough for every sensor and no more than needed."""
    best, least = (), np.inf
    for weights in product(*GRID):
        uncertainty_m = {sensor: terms_m @ weights for sensor, (_, terms_m) in samples.items()}
        within = [
            np.mean(error_m < 2 * uncertainty_m[sensor])
            for sensor, (error_m, _) in samples.items()
        ]
        mean = np.mean([np.log(each).mean() for each in uncertainty_m.values()])
        if min(within) >= TARGET and mean < least:
            best, least = tuple(float(weight) for weight in weights), mean
    return best


def judge(
    views: Iterable[View], estimator: Estimator, settings: Settings
) -> dict[str, tuple[Floats, Floats]]:
    """Return errors and uncertainties (N,) of all pixels of every sensor."""
    found = defaultdict(list)
    for sensor, depth, truth_m in _estimates(views, estimator, settings):
        known = np.isfinite(depth.depth_m)
        pair = (np.abs(depth.depth_m - truth_m)[known], estimate_uncertainty(depth)[known])
        found[sensor].append(np.stack(pair))
    joined = {sensor: np.concatenate(parts, axis=1) for sensor, parts in found.items()}
    return {sensor: (pair[0], pair[1]) for sensor, pair in joined.items()}


def _estimates(views, estimator, settings):
    for number, view in enumerate(views):
        for name, sensor in SENSORS.items():
            rng = np.random.default_rng((0, number, zlib.crc32(name.encode())))
            sensor_m = in_shape_of(view.image, sensor.measure(view, rng))
            frame = Frame(stamp_ns=0, frame_id='', image=view.image, sensor_depth_m=sensor_m)
            try:
                depth = estimator.estimate(frame, settings.prompt, settings.output)
            except BadFrame as error:
                print(f'view {number}, {name}: {error}')
                continue
            yield name, depth, view.depth_m


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('--model', default='promptda-tiny')
    parser.add_argument('--device', default='cpu')
    parser.add_argument('--views', type=int, default=30)
    return parser


if __name__ == '__main__':
    main()
