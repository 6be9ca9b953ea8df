# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The sizes at which a frame is worked on, decided once for each size of image and depth."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from promptda_ros.core.frame import BadFrame
from promptda_ros.core.geometry.aspect import require_same_view
from promptda_ros.core.runtime.resolution import PIXELS_OF_RESOLUTION, scale_to

Size = tuple[int, ...]  # (height, width)


@dataclass(frozen=True)
class FrameSizes:
    """The sizes (height, width) at which the stages work."""

    network: tuple[int, int]
    held: tuple[int, int]  # at which depth is held at the sensor


@lru_cache(maxsize=64)  # sizes, devices and resolutions are few
def sizes_of(
    image: Size, depth: Size, *, patch_px: int, resolution: str, held_pixels: int
) -> FrameSizes:
    """Decide the sizes for frames of an image and depth of these sizes.

    Raises:
        BadFrame: the two can't show the same view, or the image is smaller than one patch.
    """
    require_same_view(image, depth)
    network = network_size(image, patch_px=patch_px, resolution=resolution)
    scale = scale_to(held_pixels, image[0], image[1])
    held = max(1, round(image[0] * scale)), max(1, round(image[1] * scale))
    return FrameSizes(network, held)


def network_size(image: Size, *, patch_px: int, resolution: str) -> tuple[int, int]:
    """Return (height, width) for the network: aspect kept, whole patches, never enlarged.

    Raises:
        BadFrame: the image is smaller than one patch.
    """
    height, width = image
    if min(height, width) < patch_px:
        raise BadFrame(
            'image_size',
            f'image {width}x{height} is smaller than a {patch_px} px patch of the network; '
            'let the driver send larger images',
        )
    scale = scale_to(PIXELS_OF_RESOLUTION[resolution], height, width)
    rows, columns = (
        max(1, min(round(side * scale / patch_px), side // patch_px)) for side in (height, width)
    )
    return rows * patch_px, columns * patch_px
