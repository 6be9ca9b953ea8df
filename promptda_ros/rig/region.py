# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The part of a picture in which a rig is judged."""

from __future__ import annotations

from typing import NamedTuple

from promptda_ros.core.frame import Size
from promptda_ros.rig.sight import NotMeasurable

CENTRAL_SHARE = 0.5  # of either side


class Box(NamedTuple):
    """A box in pixels of the image."""

    left: int
    top: int
    width: int
    height: int

    @classmethod
    def central(cls, image: Size) -> Box:
        """Return the middle of an image (H, W)."""
        height, width = (max(1, round(CENTRAL_SHARE * side)) for side in image)
        return cls((image[1] - width) // 2, (image[0] - height) // 2, width, height)

    def require_within(self, image: Size) -> None:
        """Refuse an image (H, W) that does not contain the box.

        Raises:
            NotMeasurable: it does not.
        """
        right, bottom = self.left + self.width, self.top + self.height
        if right > image[1] or bottom > image[0]:
            raise NotMeasurable(
                f'--roi ends at {right},{bottom}, outside the image of {image[1]}x{image[0]}; '
                'give LEFT,TOP,WIDTH,HEIGHT in pixels of the image'
            )

    def window(self, image: Size, size: Size) -> tuple[slice, slice]:
        """Return the box as rows and columns of a map (h, w) of the same view (H, W)."""
        down, across = size[0] / image[0], size[1] / image[1]
        return (
            _span(self.top, self.height, down),
            _span(self.left, self.width, across),
        )


def _span(first: int, count: int, scale: float) -> slice:
    """Return the pixels whose centres are in a span of larger or smaller ones."""
    start = round(first * scale)
    return slice(start, max(start + 1, round((first + count) * scale)))
