# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Draw the pictures of docs/sensors.md: every simulated sensor against exact depth.

Headless: MUJOCO_GL=egl python docs/draw_sensors.py
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import cv2
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from promptda_ros.lab.sim.cell import views_of
from promptda_ros.lab.sim.sensors import DepthSensor, SENSORS
from promptda_ros.lab.sim.view import RenderedView

FOLDER = Path(__file__).parent / 'images' / 'sensors'
SCENES = range(1, 13)  # scenes to train on, not those to judge by
VIEWS_PER_SCENE = 3
WORST_SHOWN_M = 0.04
RANGES_M = np.linspace(0.3, 2.1, 13)
FEWEST_PIXELS = 600  # of an object worth showing
FEWEST = 10  # cells that a point of the curve stands for
MM = 1000

Depths = NDArray[np.float32]


def main() -> None:
    """Render the views once and draw one picture per sensor."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    views = [
        view
        for seed in SCENES
        for view in views_of(seed, count=VIEWS_PER_SCENE, width=336, height=252)
    ]
    for name, sensor in SENSORS.items():
        draw(FOLDER / f'{name}.png', sensor, views)


def draw(path: Path, sensor: DepthSensor, views: Sequence[RenderedView]) -> None:
    """Show one view as seen, measured and missed; below, the errors on all views."""
    exact = [exact_m(sensor, view) for view in views]
    measured = [sensor.measure(view, np.random.default_rng(i)) for i, view in enumerate(views)]
    figure = Figure(figsize=(9, 4.1), dpi=100, layout='constrained')
    canvas = FigureCanvasAgg(figure)
    above, below = figure.subfigures(2, 1, height_ratios=(1.1, 1))
    pictures = above.subplots(1, 4)
    number = fullest(views)
    shown = views[number]
    pictures[0].imshow(shown.image)
    pictures[0].set_title('colour', fontsize=8)
    scale = LogNorm(*(float(value) for value in np.percentile(shown.depth_m, (1, 99))))
    ratio = sensor.columns / sensor.rows * shown.depth_m.shape[0] / shown.depth_m.shape[1]
    for axis, title, depth_m, aspect in (
        (pictures[1], 'exact', shown.depth_m, 1.0),
        (pictures[2], 'measured', measured[number], ratio),
    ):
        axis.imshow(depth_m, cmap='turbo_r', norm=scale, interpolation='nearest', aspect=aspect)
        axis.set_title(title, fontsize=8)
    _draw_errors(pictures[3], measured[number] - exact[number], ratio)
    for axis in pictures:
        axis.set_facecolor('black')  # unknown
        axis.set_xticks([])
        axis.set_yticks([])
    all_exact_m = np.concatenate([depth_m.ravel() for depth_m in exact])
    all_measured_m = np.concatenate([depth_m.ravel() for depth_m in measured])
    histogram, curve = below.subplots(1, 2)
    _draw_histogram(histogram, all_measured_m - all_exact_m)
    _draw_curve(curve, all_measured_m - all_exact_m, all_exact_m)
    canvas.draw()
    # A palette makes the files a third of the size.
    Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3]).quantize(160).save(path)


def fullest(views: Sequence[RenderedView]) -> int:
    """Return the number of the view with the most objects of some size."""
    counts = [np.unique(view.instance_ids, return_counts=True)[1] for view in views]
    return int(np.argmax([np.count_nonzero(count > FEWEST_PIXELS) for count in counts]))


def exact_m(sensor: DepthSensor, view: RenderedView) -> Depths:
    """Give what an exact sensor would report: the first surface at the centre of every cell."""
    size = sensor.columns, sensor.rows
    return np.asarray(cv2.resize(view.depth_m, size, interpolation=cv2.INTER_NEAREST_EXACT))


def _draw_errors(axis: Axes, error_m: Depths, aspect: float) -> None:
    limit = WORST_SHOWN_M * MM
    picture = axis.imshow(
        error_m * MM, cmap='RdBu', vmin=-limit, vmax=limit, interpolation='nearest', aspect=aspect
    )
    axis.set_title('measured - exact', fontsize=8)
    bar = axis.figure.colorbar(picture, ax=axis, shrink=0.6)
    bar.set_label('mm', fontsize=7)
    bar.ax.tick_params(labelsize=7)


def _draw_histogram(axis: Axes, error_m: Depths) -> None:
    limit = WORST_SHOWN_M * MM
    known = error_m[np.isfinite(error_m)] * MM
    beyond = np.mean(np.abs(known) > limit)
    axis.hist(known, bins=80, range=(-limit, limit), density=True, color='tab:blue')
    axis.set_yscale('log')
    axis.minorticks_off()
    axis.set_xlabel('error, mm', fontsize=8)
    axis.set_ylabel('density, log', fontsize=8)
    axis.set_title(f'{beyond:.1%} beyond, {np.isnan(error_m).mean():.1%} unknown', fontsize=8)
    axis.tick_params(labelsize=7)


def _draw_curve(axis: Axes, error_m: Depths, true_m: Depths) -> None:
    """Draw the middle and the worst tenth of errors over the range, and how much is unknown."""
    middle_m = 0.5 * (RANGES_M[1:] + RANGES_M[:-1])
    bins = [error_m[(true_m >= near) & (true_m < far)] for near, far in pairwise(RANGES_M)]
    for percent, style in ((50, '-'), (90, '--')):
        level = [_percentile(np.abs(errors), percent) * MM for errors in bins]
        label = f'|error|, {percent} % below'
        axis.semilogy(middle_m, level, style, color='tab:blue', label=label)
    axis.set_xlabel('range, m', fontsize=8)
    axis.set_ylabel('mm', fontsize=8)
    axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.yaxis.set_major_formatter(StrMethodFormatter('{x:g}'))
    axis.yaxis.set_minor_formatter(NullFormatter())
    unknown = axis.twinx()
    share = [100 * np.isnan(errors).mean() if errors.size else np.nan for errors in bins]
    unknown.plot(middle_m, share, ':', color='tab:red')
    unknown.set_ylim(0, 100)
    unknown.set_ylabel('unknown, %', fontsize=8, color='tab:red')
    axis.legend(fontsize=7, loc='upper left')
    for one in (axis, unknown):
        one.tick_params(labelsize=7)


def _percentile(errors_m: Depths, percent: float) -> float:
    known_m = errors_m[np.isfinite(errors_m)]
    return float(np.percentile(known_m, percent)) if known_m.size >= FEWEST else float('nan')


if __name__ == '__main__':
    main()
