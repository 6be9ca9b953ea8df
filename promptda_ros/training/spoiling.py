# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What cameras, mounts and drivers do to pictures and prompts, done on purpose while training."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from promptda_ros.training.recipe import Spoiling

Image = NDArray[np.uint8]  # (H, W, 3) RGB
Depth = NDArray[np.float32]  # (h, w) metres, NaN unknown
Mask = NDArray[np.bool_]


def spoil_prompt(depth_m: Depth, spoiling: Spoiling, rng: np.random.Generator) -> Depth:
    """Cut holes of a random shape into some prompts, put outliers into others."""
    depth_m = depth_m.copy()
    if rng.random() < spoiling.holes_share:
        share = float(rng.uniform(0, spoiling.holes_at_most))
        depth_m[cut_holes(depth_m.shape, share, rng)] = np.nan
    if rng.random() < spoiling.outliers_share:
        stray = rng.random(depth_m.shape) < rng.uniform(0, 0.006)
        depth_m[stray] *= rng.uniform(0.6, 1.4, int(stray.sum())).astype(np.float32)
    return depth_m


def spoil_image(image: Image, spoiling: Spoiling, rng: np.random.Generator) -> Image:
    """Change exposure, contrast and tint; blur or sharpen, and add the camera's noise."""
    picture = image.astype(np.float32) / 255
    tint = rng.uniform(0.9, 1.1, 3).astype(np.float32)
    picture = picture ** np.float32(rng.uniform(0.7, 1.4)) * np.float32(rng.uniform(0.7, 1.4))
    picture *= tint
    if rng.random() < 0.3:
        soft = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 1.0))
        picture = soft if rng.random() < 0.7 else 2 * picture - soft
    noise = rng.standard_normal(picture.shape, np.float32)
    picture += np.float32(rng.uniform(0, spoiling.picture_noise)) * noise
    return np.asarray(np.clip(picture, 0, 1) * 255, np.uint8)


def cut_holes(shape: tuple[int, ...], share: float, rng: np.random.Generator) -> Mask:
    """Mark about this share of the pixels in holes of one kind."""
    make = HOLES[rng.integers(len(HOLES))]
    return make((shape[0], shape[1]), share, rng)


def cut_blobs(shape: tuple[int, int], share: float, rng: np.random.Generator) -> Mask:
    """Mark `share` of the pixels in smooth blobs of one random size."""
    cells = int(rng.integers(4, 12))
    coarse = rng.random((cells, cells)).astype(np.float32)
    cloud = cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    return np.asarray(cloud > np.quantile(cloud, 1 - share))


def _speckle(shape: tuple[int, int], share: float, rng: np.random.Generator) -> Mask:
    return np.asarray(rng.random(shape) < share)


def _box(shape: tuple[int, int], share: float, rng: np.random.Generator) -> Mask:
    aspect = rng.uniform(0.5, 2.0)
    sides = np.sqrt(share * np.array([aspect, 1 / aspect]))
    height, width = np.clip(np.rint(sides * shape), 0, shape).astype(int)
    top, left = rng.integers(shape[0] - height + 1), rng.integers(shape[1] - width + 1)
    mask = np.zeros(shape, np.bool_)
    mask[top : top + height, left : left + width] = True
    return mask


def _border(shape: tuple[int, int], share: float, rng: np.random.Generator) -> Mask:
    """Blank one side, as where the sensor sees less than the camera."""
    mask = np.zeros(shape, np.bool_)
    side = int(rng.integers(4))
    turned = np.rot90(mask, side)  # a view: what is written to it stands in the mask
    turned[: round(share * turned.shape[0])] = True
    return mask


def _stripes(shape: tuple[int, int], share: float, rng: np.random.Generator) -> Mask:
    period = rng.uniform(4, 16)
    across = np.arange(max(shape)) + rng.uniform(0, period)
    lost = across % period < share * period
    if rng.random() < 0.5:
        return np.broadcast_to(lost[: shape[0], None], shape)
    return np.broadcast_to(lost[None, : shape[1]], shape)


HOLES: tuple[Callable[[tuple[int, int], float, np.random.Generator], Mask], ...] = (
    cut_blobs,
    cut_blobs,
    _speckle,
    _box,
    _border,
    _stripes,
)
