# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pictures for people: image, sensor depth, our depth, how far that is from the truth, clouds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import math
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
import numpy as np

from promptda_ros.core.frame import ByteImage, FloatImage

COLUMNS = 3
PANEL_INCHES = (4.2, 3.1)
DEPTH_COLOURS = 'turbo_r'  # near is red, as in core.picture
ERROR_COLOURS = 'magma'


@dataclass(frozen=True)
class Panel:
    """One picture of depth or error in metres."""

    title: str
    values_m: FloatImage
    colours: str
    scale: Normalize

    def draw(self, figure: Figure, axis: Axes) -> None:
        """Draw the values with a colour bar."""
        axis.set_facecolor('black')  # unknown
        picture = axis.imshow(
            self.values_m, cmap=self.colours, norm=self.scale, interpolation='nearest'
        )
        bar = figure.colorbar(picture, ax=axis, shrink=0.85, label='m', format='%.2f')
        bar.ax.yaxis.set_minor_formatter('{x:.1f}')
        bar.ax.tick_params(which='both', labelsize=7)


@dataclass(frozen=True)
class Picture:
    """One picture in its own colours."""

    title: str
    image: ByteImage  # (H, W, 3) RGB

    def draw(self, _figure: Figure, axis: Axes) -> None:
        """Draw it as it is."""
        axis.imshow(self.image)


def save_figure(
    path: Path, image: ByteImage, panels: Sequence[Panel | Picture], *, title: str
) -> None:
    """Write the image and the panels, three in a row, depth and errors with colour bars."""
    shown = [Picture('image', image), *panels]
    rows = math.ceil(len(shown) / COLUMNS)
    across, down = PANEL_INCHES
    figure = Figure(figsize=(across * COLUMNS, down * rows), layout='constrained')
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=11)
    axes: list[Axes] = list(figure.subplots(rows, COLUMNS, squeeze=False).flat)
    for axis in axes:
        axis.set_xticks([])
        axis.set_yticks([])
    for axis, panel in zip(axes, shown, strict=False):
        axis.set_title(panel.title, fontsize=10)
        panel.draw(figure, axis)
    figure.savefig(path, dpi=110)


def depth_panels(*titled: tuple[str, FloatImage]) -> list[Panel]:
    """Return panels of depth on one scale, that of the last picture.

    Logarithmic: a step of 1 cm matters more on the table than on the wall behind it.
    """
    low_m, high_m = (float(value) for value in np.nanpercentile(titled[-1][1], (0.5, 99.5)))
    scale = LogNorm(low_m, max(high_m, low_m * 1.01))
    return [Panel(title, values_m, DEPTH_COLOURS, scale) for title, values_m in titled]


def error_panels(*titled: tuple[str, FloatImage]) -> list[Panel]:
    """Return panels of errors on one scale, that of the largest."""
    high_m = max(float(np.nanpercentile(values_m, 98)) for _, values_m in titled)
    scale = Normalize(0.0, max(high_m, 1e-3))
    return [Panel(title, values_m, ERROR_COLOURS, scale) for title, values_m in titled]
