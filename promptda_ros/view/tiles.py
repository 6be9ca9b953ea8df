# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The pictures of a page: what they show, and how they get there."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files

import cv2
import numpy as np

from promptda_ros.core.frame import ByteImage, FloatImage
from promptda_ros.view.colours import (
    Scale,
    uncertainty_colours,
    UNCERTAINTY_M,
    validity_colours,
)
from promptda_ros.view.moment import Moment, UNCERTAINTY, VALIDITY
from promptda_ros.view.probe import Probe

NAMES = ('image', 'sensor', 'depth', 'trust')
LONGEST_SIDE = 480  # pixels of a tile; what is smaller stays as it is
QUALITY = 90
NOTHING = np.full((3, 4, 3), 24, np.uint8)
MARK = '#ff2fd0'


@dataclass(frozen=True, eq=False)
class Tile:
    """One picture with its caption."""

    name: str  # one of NAMES
    caption: str
    picture: ByteImage  # (h, w, 3) RGB


def tiles_of(moment: Moment, scale: Scale, *, trust: str) -> list[Tile]:
    """Return the four tiles of a moment; `trust` is the layer of the last."""
    frame = moment.frame
    rows, columns = frame.sensor_depth_m.shape
    height, width = moment.size
    depth = Tile('depth', 'our depth: none yet', NOTHING)
    if moment.depth_m is not None:
        depth = Tile('depth', f'our depth, {_ends(scale)}', scale.colours(moment.depth_m))
    return [
        Tile('image', f'image, {width}x{height}', frame.image),
        Tile(
            'sensor',
            f'sensor depth, {columns}x{rows}',
            scale.colours(_known(frame.sensor_depth_m)),
        ),
        depth,
        _trust_tile(moment, trust),
    ]


def _known(depth_m: FloatImage) -> FloatImage:
    return np.where(np.isfinite(depth_m), depth_m, np.float32(np.nan))


def _ends(scale: Scale) -> str:
    return f'red {scale.near_m:.2f} m to blue {scale.far_m:.2f} m'


def _trust_tile(moment: Moment, layer: str) -> Tile:
    if layer == UNCERTAINTY and moment.uncertainty_m is not None:
        caption = f'uncertainty, blue 0 to red {UNCERTAINTY_M * 1e3:.0f} mm'
        return Tile('trust', caption, uncertainty_colours(moment.uncertainty_m))
    if layer == VALIDITY and moment.validity is not None:
        caption = 'validity: green measured, blue filled, orange predicted'
        return Tile('trust', caption, validity_colours(moment.validity))
    return Tile('trust', f'{layer}: none yet', NOTHING)


def host_html() -> str:
    """Return the frame of the tiles."""
    return _resource('tiles.html')


def feed_html(tile: Tile, size: tuple[int, int], marks: Sequence[Probe]) -> str:
    """Return what puts a picture and marks on a view (H, W) into its tile."""
    rows, columns = size
    values = {
        'source': _data_url(_shrunk(tile.picture)),
        'caption': escape(tile.caption),
        'columns': str(columns),
        'rows': str(rows),
        'marks': escape(_marks_svg(marks, columns)),
        'tile': tile.name,
    }
    text = _resource('feed.html')
    for name, value in values.items():
        text = text.replace('{' + name + '}', value)
    return text


def _resource(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding='utf-8')


def _shrunk(picture: ByteImage) -> ByteImage:
    height, width = picture.shape[:2]
    share = LONGEST_SIDE / max(height, width)
    if share >= 1.0:
        return picture
    size = round(width * share), round(height * share)
    # Nearest: between two surfaces, or beside unknown pixels, a mean is the colour of neither.
    shrunk: ByteImage = cv2.resize(picture, size, interpolation=cv2.INTER_NEAREST)
    return shrunk


def _data_url(picture: ByteImage) -> str:
    bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    _, encoded = cv2.imencode('.jpg', bgr, (cv2.IMWRITE_JPEG_QUALITY, QUALITY))
    return 'data:image/jpeg;base64,' + base64.b64encode(encoded.tobytes()).decode('ascii')


def _marks_svg(marks: Sequence[Probe], columns: int) -> str:
    radius, stroke = columns / 60, columns / 200
    style = f'fill="none" stroke="{MARK}" stroke-width="{stroke:.2f}"'
    centres = [(mark.column + 0.5, mark.row + 0.5) for mark in marks]
    circles = [f'<circle cx="{x}" cy="{y}" r="{radius:.2f}" {style}/>' for x, y in centres]
    if len(centres) == 2:
        (x1, y1), (x2, y2) = centres
        circles.append(f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" {style}/>')
    return ''.join(circles)
