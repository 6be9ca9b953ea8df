# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The sizes at which a frame is worked on, decided once for each size of image and depth."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from promptda_ros.core.frame import BadFrame, Size
from promptda_ros.core.geometry.aspect import require_same_view
from promptda_ros.core.runtime.resolution import PIXELS_OF_RESOLUTION, scale_to

# Depth is held at the size of the output up to these: 848x480 on a CPU, 1920x1080 on a GPU.
HELD_PIXELS, HELD_PIXELS_ON_GPU = 410_000, 2_080_000


@dataclass(frozen=True)
class FrameSizes:
    """The sizes (height, width) at which the stages work."""

    network: tuple[int, int]
    held: tuple[int, int]  # at which depth is held at the sensor
    output: tuple[int, int]  # of the depth that is published


@lru_cache(maxsize=64)  # sizes, devices and resolutions are few
def sizes_of(
    image: Size, depth: Size, patch_px: int, resolution: str, output: str, device_type: str
) -> FrameSizes:
    """Decide the sizes for frames of an image and depth of these sizes.

    resolution and output: the settings model.resolution and output.resolution.

    Raises:
        BadFrame: the two can't show the same view, or the image is smaller than one patch.
    """
    require_same_view(image, depth)
    network = network_size(image, patch_px, resolution)
    height, width = network if output == 'network' else image
    scale = scale_to(HELD_PIXELS if device_type == 'cpu' else HELD_PIXELS_ON_GPU, height, width)
    held = max(1, round(height * scale)), max(1, round(width * scale))
    return FrameSizes(network, held, (height, width))


def network_size(image: Size, patch_px: int, resolution: str) -> tuple[int, int]:
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
