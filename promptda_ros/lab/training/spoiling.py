# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Augmentation: what cameras, mounts and drivers do to images and prompts."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from promptda_ros.lab.training.recipe import Spoiling

Image = NDArray[np.uint8]  # (H, W, 3) RGB
Depth = NDArray[np.float32]  # (h, w) metres, NaN unknown
Floats = NDArray[np.float32]
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
    """Change exposure and colours; blur or sharpen, add the camera's noise, compress."""
    picture: Floats = image.astype(np.float32) / np.float32(255)
    if rng.random() < 0.85:
        picture = _coloured(_exposed(picture, rng), rng)
    picture = _focused(picture, rng)
    if rng.random() < 0.5:
        noise = rng.standard_normal(picture.shape, np.float32)
        picture = picture + np.float32(rng.uniform(0, spoiling.picture_noise)) * noise
    pixels = np.asarray(np.clip(picture, 0, 1) * 255, np.uint8)
    return _compressed(pixels, rng) if rng.random() < 0.3 else pixels


def _exposed(picture: Floats, rng: np.random.Generator) -> Floats:
    gain = rng.uniform(0.55, 1.5) * rng.uniform(
        0.82, 1.18, 3
    )  # of the exposure and of each colour
    return np.asarray(picture ** np.float32(rng.uniform(0.6, 1.6)) * gain.astype(np.float32))


def _coloured(picture: Floats, rng: np.random.Generator) -> Floats:
    """Change the saturation; sometimes exchange channels."""
    least = 0.0 if rng.random() < 0.15 else 0.4
    grey = picture.mean(axis=2, keepdims=True)
    coloured = grey + (picture - grey) * np.float32(rng.uniform(least, 1.6))
    if rng.random() < 0.3:
        coloured = coloured[..., rng.permutation(3)]
    return np.asarray(np.clip(coloured, 0, 1), np.float32)


def _focused(picture: Floats, rng: np.random.Generator) -> Floats:
    """Defocus some images, add motion blur to some, sharpen some."""
    chance = rng.random()
    if chance < 0.25:
        return np.asarray(cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 1.6)))
    if chance < 0.35:
        return np.asarray(cv2.filter2D(picture, -1, _motion(rng)))
    if chance < 0.45:
        return np.asarray(1.8 * picture - 0.8 * cv2.GaussianBlur(picture, (0, 0), 1.0))
    return picture


def _motion(rng: np.random.Generator) -> Floats:
    """Return the kernel of a straight motion of some pixels."""
    reach, angle = int(rng.integers(2, 5)), rng.uniform(0, np.pi)
    kernel = np.zeros((9, 9), np.float32)
    for along in np.linspace(-reach, reach, 19):
        kernel[round(4 + along * np.sin(angle)), round(4 + along * np.cos(angle))] = 1
    return np.asarray(kernel / kernel.sum(), np.float32)


def _compressed(pixels: Image, rng: np.random.Generator) -> Image:
    quality = int(rng.integers(35, 95))
    _, jpeg = cv2.imencode('.jpg', pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), np.uint8)


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
