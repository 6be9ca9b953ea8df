# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether pictures of two sizes can show the same view: the one rule for all of them."""

from __future__ import annotations

from promptda_ros.core.frame import BadFrame, Size

ASPECT_TOLERANCE = 0.02


def same_aspect(picture: Size, grid: Size) -> bool:
    """Return whether a grid has the aspect ratio of a picture to 2 %; sizes are (height, width).

    A small grid can't match that of the picture more exactly than to half a pixel of its own.
    """
    (height, width), (rows, columns) = picture, grid
    mismatch = abs((width * rows) / (height * columns) - 1.0)
    off_px = mismatch * min(rows, columns)
    return mismatch <= ASPECT_TOLERANCE or off_px <= 0.5


def require_same_view(image_size: Size, depth_size: Size) -> None:
    """Refuse depth whose aspect ratio shows that it can't cover the image's field of view.

    Sizes are (height, width).

    Raises:
        BadFrame: the aspect ratios differ.
    """
    if same_aspect(image_size, depth_size):
        return
    (image_height, image_width), (height, width) = image_size, depth_size
    raise BadFrame(
        'depth_aspect',
        f'depth {width}x{height} does not match the aspect ratio of the image '
        f'{image_width}x{image_height}: it is not registered to colour, output would be shifted; '
        'use the aligned depth topic of the camera driver (RealSense: align_depth.enable:=true)',
    )
