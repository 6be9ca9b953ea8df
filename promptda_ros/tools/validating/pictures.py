# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What was measured of a rig, as pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
import io

import cv2
import numpy as np
from PIL import Image

from promptda_ros.core.frame import ByteImage, FloatImage
from promptda_ros.core.geometry.enlarge import enlarge_nearest
from promptda_ros.core.picture import colourise
from promptda_ros.rig.report import RigReport

WIDTH_PX, QUALITY = 480, 85
SHOWN_PERCENT = 1, 99  # of both depths; what lies beyond takes the colour of the end
BOX_COLOUR = 255, 255, 255
CHART = 640, 150  # units of the drawing
MARGIN = 8


def pictures_of(report: RigReport) -> dict[str, bytes]:
    """Return image, depths and lasting errors as WebP by their captions."""
    shown, size = report.shown, report.shown.image.shape[:2]
    depths = {'sensor depth': shown.sensor_m}
    shapes = {'sensor, distance from its plane': shown.sensor_shape_m}
    if shown.depth_m is not None and shown.depth_shape_m is not None:
        depths['published depth'] = shown.depth_m
        shapes['published depth, distance from its plane'] = shown.depth_shape_m
    near_m, far_m = _range_m([*depths.values()])
    most_m = max(1e-4, *(_most(shape_m) for shape_m in shapes.values()))
    found = {'image and the box that was measured': _with_box(shown.image, report)}
    for name, depth_m in depths.items():
        coloured = colourise(depth_m, near_m=near_m, far_m=far_m)
        found[f'{name}, {near_m:.2f} m (red) to {far_m:.2f} m (blue)'] = _with_box(
            _enlarged(coloured, size), report
        )
    for name, shape_m in shapes.items():
        span = f'{most_m * 1e3:.1f} mm'
        found[f'{name}: {span} nearer (blue) to {span} farther (red)'] = _diverging(
            shape_m, most_m
        )
    return {caption: _webp(pixels) for caption, pixels in found.items()}


def chart_of(lines: Mapping[str, Sequence[float]], expect_m: float | None) -> str:
    """Return the distances of every frame as SVG, each line in the class of its name."""
    values = [value for line in lines.values() for value in line]
    if expect_m is not None:
        values.append(expect_m)
    low_m, high_m = min(values), max(values)
    span_m = max(high_m - low_m, 1e-3)
    width, height = CHART

    def up(value_m: float) -> float:
        return MARGIN + (height - 2 * MARGIN) * (1 - (value_m - low_m) / span_m)

    drawn = ''.join(
        f'<polyline class="{name}" points="{_points(line, width, up)}"/>'
        for name, line in lines.items()
    )
    if expect_m is not None:
        drawn += f'<line class="expected" x1="0" x2="{width}" y1="{up(expect_m):.1f}" '
        drawn += f'y2="{up(expect_m):.1f}"/>'
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="Distance by frame">{drawn}'
        f'</svg><p class="range">{low_m:.4f} m to {high_m:.4f} m, first frame to last</p>'
    )


def _points(line: Sequence[float], width: int, up: Callable[[float], float]) -> str:
    step = width / max(1, len(line) - 1)
    return ' '.join(f'{number * step:.1f},{up(value):.1f}' for number, value in enumerate(line))


def _range_m(depths_m: Sequence[FloatImage]) -> tuple[float, float]:
    known = np.concatenate([depth_m[np.isfinite(depth_m)] for depth_m in depths_m])
    near_m, far_m = np.percentile(known, SHOWN_PERCENT) if len(known) else (0.0, 1.0)
    return float(near_m), float(far_m)


def _most(values: FloatImage) -> float:
    known = np.abs(values[np.isfinite(values)])
    return float(np.percentile(known, 98)) if len(known) else 0.0


def _enlarged(pixels: ByteImage, size: tuple[int, ...]) -> ByteImage:
    planes = [enlarge_nearest(pixels[..., plane].astype(np.float32), size) for plane in range(3)]
    return np.stack(planes, axis=-1).astype(np.uint8)


def _with_box(pixels: ByteImage, report: RigReport) -> ByteImage:
    box, drawn = report.box, np.ascontiguousarray(pixels).copy()
    corner = box.left + box.width - 1, box.top + box.height - 1
    thickness = max(1, drawn.shape[1] // 320)
    cv2.rectangle(drawn, (box.left, box.top), corner, BOX_COLOUR, thickness)
    return drawn


def _diverging(values_m: FloatImage, most_m: float) -> ByteImage:
    """Return blue below zero, white at it, red above; unknown is black."""
    known = np.isfinite(values_m)
    share = np.clip(np.where(known, values_m, 0.0) / most_m, -1.0, 1.0)
    rest = 1.0 - np.abs(share)
    red, blue = np.where(share > 0, 1.0, rest), np.where(share < 0, 1.0, rest)
    pixels = np.stack([red, rest, blue], axis=-1) * 255
    pixels[~known] = 0
    return pixels.astype(np.uint8)


def _webp(pixels: ByteImage) -> bytes:
    still, stream = Image.fromarray(pixels), io.BytesIO()
    height = max(1, round(WIDTH_PX * pixels.shape[0] / pixels.shape[1]))
    is_small = pixels.shape[1] < WIDTH_PX
    way = Image.Resampling.NEAREST if is_small else Image.Resampling.BOX
    still.resize((WIDTH_PX, height), way).save(stream, 'WEBP', quality=QUALITY)
    return stream.getvalue()
