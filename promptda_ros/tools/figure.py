# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pictures for people: image, sensor depth, our depth, and what is known to be true."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
import numpy as np

from promptda_ros.core.frame import ByteImage, FloatImage

PANEL_INCHES = (4.0, 3.0)
COLOURS = 'turbo_r'  # near is red, as in core.picture
ERROR_COLOURS = 'magma'


@dataclass(frozen=True)
class Panel:
    """One picture of a row: depth or error in metres on a scale of its own."""

    title: str
    values_m: FloatImage
    low_m: float
    high_m: float
    colours: str = COLOURS


def save_figure(path: Path, image: ByteImage, panels: list[Panel], *, title: str) -> None:
    """Write the image and the panels side by side, each with a colour bar in metres."""
    across, down = PANEL_INCHES
    figure = Figure(figsize=(across * (1 + len(panels)), down), layout='constrained')
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=10)
    axes: list[Axes] = list(figure.subplots(1, 1 + len(panels), squeeze=False)[0])
    axes[0].imshow(image)
    axes[0].set_title('image', fontsize=9)
    for axis, panel in zip(axes[1:], panels, strict=True):
        _draw(figure, axis, panel)
    for axis in axes:
        axis.set_xticks([])
        axis.set_yticks([])
    figure.savefig(path, dpi=110)


def depth_panels(
    sensor_m: FloatImage, ours_m: FloatImage, exact_m: FloatImage | None = None
) -> list[Panel]:
    """Return the panels of one frame; with exact depth also the error."""
    shown = ours_m if exact_m is None else exact_m
    low_m, high_m = (float(value) for value in np.nanpercentile(shown, (0.5, 99.5)))
    height, width = sensor_m.shape
    panels = [
        Panel(f'sensor depth, {width}x{height}', sensor_m, low_m, high_m),
        Panel('our depth', ours_m, low_m, high_m),
    ]
    if exact_m is None:
        return panels
    error_m = np.abs(ours_m - exact_m)
    high_error_m = max(float(np.nanpercentile(error_m, 99)), 1e-3)
    return [
        *panels,
        Panel('exact depth', exact_m, low_m, high_m),
        Panel('error of our depth', error_m, 0.0, high_error_m, ERROR_COLOURS),
    ]


def _draw(figure: Figure, axis: Axes, panel: Panel) -> None:
    axis.set_title(panel.title, fontsize=9)
    axis.set_facecolor('black')  # unknown
    picture = axis.imshow(
        panel.values_m,
        cmap=panel.colours,
        vmin=panel.low_m,
        vmax=panel.high_m,
        interpolation='nearest',
    )
    bar = figure.colorbar(picture, ax=axis, shrink=0.85)
    bar.set_label('m', fontsize=8)
    bar.ax.tick_params(labelsize=7)
