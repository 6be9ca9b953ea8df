# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Rendered frames -> what the network trains on: picture, conditioned prompt, exact depth."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
import torch
from torch import Tensor

from promptda_ros.core.prompt import condition
from promptda_ros.core.settings import PromptSettings
from promptda_ros.sim.sensor import DepthSensor, PhoneLidar, TimeOfFlight

Image = NDArray[np.uint8]  # (H, W, 3) RGB
Depth = NDArray[np.float32]  # (H, W) metres

DEPTH_STEP_M = 1e-4  # of the stored uint16
MEAN = np.array([0.485, 0.456, 0.406], np.float32)
STD = np.array([0.229, 0.224, 0.225], np.float32)
SENSORS: dict[str, DepthSensor] = {'phone LiDAR': PhoneLidar(), 'time of flight': TimeOfFlight()}


@dataclass(frozen=True)
class Sample:
    """One picture for the network."""

    pixels: Depth  # (3, H, W) normalised
    prompt_m: Depth  # (1, h, w) without holes
    depth_m: Depth  # (H, W) exact


@dataclass(frozen=True)
class Batch:
    """Samples of equal shapes."""

    pixels: Tensor  # (B, 3, H, W)
    prompt_m: Tensor  # (B, 1, h, w)
    depth_m: Tensor  # (B, H, W)


class Frames:
    """All frames of a folder that render_frames.py wrote."""

    def __init__(self, folder: Path) -> None:
        parts = [np.load(path) for path in sorted(folder.glob('frames_???????.npz'))]
        if not parts:
            raise SystemExit(f'{folder} holds no frames; make them with training/render_frames.py')
        self._images = np.concatenate([part['image'] for part in parts])
        self._counts = np.concatenate([part['depth'] for part in parts])

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: int) -> tuple[Image, Depth]:
        """Return the picture and its exact depth."""
        return self._images[index], (self._counts[index] * DEPTH_STEP_M).astype(np.float32)


class Batches:
    """Batches by step; the step alone decides what is in one, so that runs resume exactly."""

    def __init__(self, frames: Frames, *, seed: int, batch: int, size: tuple[int, int]) -> None:
        self._frames, self._seed, self._batch, self._size = frames, seed, batch, size

    def __getitem__(self, step: int) -> Batch:
        """Make a batch of one kind of sensor, so that shapes agree."""
        samples = [
            self._sample(np.random.default_rng((self._seed, step, i)), lidar=step % 2 == 0)
            for i in range(self._batch)
        ]
        return Batch(
            *(
                torch.from_numpy(np.stack([getattr(sample, field.name) for sample in samples]))
                for field in fields(Sample)
            )
        )

    def _sample(self, rng: np.random.Generator, *, lidar: bool) -> Sample:
        """Crop, flip, measure, spoil picture and prompt a little."""
        whole, whole_m = self._frames[int(rng.integers(len(self._frames)))]
        image, depth_m = _crop(whole, whole_m, self._size, rng)
        share = len(image) / len(whole)
        sensor = _random_lidar(share, rng) if lidar else _random_time_of_flight(share, rng)
        measured_m = sensor.measure(_shift(depth_m, rng), image, rng)
        return to_sample(_recolour(image, rng), _spoil(measured_m, rng), depth_m)


def held_out_samples(frames: Frames, sensor: DepthSensor, seed: int) -> list[Sample]:
    """Measure every frame once, as the product would see it."""
    samples = []
    for index in range(len(frames)):
        image, depth_m = frames[index]
        rng = np.random.default_rng((seed, index))
        samples.append(to_sample(image, sensor.measure(depth_m, image, rng), depth_m))
    return samples


def to_sample(image: Image, measured_m: Depth, depth_m: Depth) -> Sample:
    """Condition the measurement and normalise the picture as the node does."""
    prompt = condition(measured_m, PromptSettings())
    pixels = (image.astype(np.float32) / 255 - MEAN) / STD
    return Sample(np.ascontiguousarray(pixels.transpose(2, 0, 1)), prompt.depth_m[None], depth_m)


def _crop(
    image: Image, depth_m: Depth, size: tuple[int, int], rng: np.random.Generator
) -> tuple[Image, Depth]:
    top, left = (
        int(rng.integers(have - want + 1)) for have, want in zip(depth_m.shape, size, strict=True)
    )
    window = slice(top, top + size[0]), slice(left, left + size[1])
    image, depth_m = image[window], depth_m[window]
    if rng.random() < 0.5:
        image, depth_m = image[:, ::-1], depth_m[:, ::-1]
    if rng.random() < 0.2:
        image, depth_m = image[::-1], depth_m[::-1]
    return np.ascontiguousarray(image), np.ascontiguousarray(depth_m)


def _random_lidar(share: float, rng: np.random.Generator) -> DepthSensor:
    """Choose the quality of a sensor; `share` of its full height lies in the crop."""
    lidar = PhoneLidar(noise_ratio=float(rng.uniform(0.001, 0.008)))
    return replace(lidar, rows=round(192 * share), columns=round(256 * share))


def _random_time_of_flight(share: float, rng: np.random.Generator) -> DepthSensor:
    """Choose the quality of a sensor; `share` of its full height lies in the crop."""
    return TimeOfFlight(
        rows=round(48 * share),
        columns=round(64 * share),
        noise_m=float(rng.uniform(0.0, 0.004)),
        noise_per_m=float(rng.uniform(0.0, 0.008)),
        edge_loss=float(rng.uniform(0, 0.9)),
        dropout_share=float(rng.uniform(0, 0.08)),
    )


def _shift(depth_m: Depth, rng: np.random.Generator) -> Depth:
    """Register the sensor badly now and then, by up to two pixels of the picture."""
    if rng.random() < 0.7:
        return depth_m
    move = np.float32([[1, 0, rng.uniform(-2, 2)], [0, 1, rng.uniform(-2, 2)]])
    size = depth_m.shape[::-1]
    return cv2.warpAffine(
        depth_m, move, size, flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE
    ).astype(np.float32)


def _spoil(measured_m: Depth, rng: np.random.Generator) -> Depth:
    """Cut large holes into one prompt in four, add stray pixels to one in ten."""
    measured_m = measured_m.copy()
    if rng.random() < 0.25:
        coarse = rng.random((int(rng.integers(4, 12)),) * 2).astype(np.float32)
        cloud = cv2.resize(coarse, measured_m.shape[::-1], interpolation=cv2.INTER_CUBIC)
        measured_m[cloud > np.quantile(cloud, 1 - rng.uniform(0, 0.5))] = np.nan
    if rng.random() < 0.1:
        stray = rng.random(measured_m.shape) < 0.003
        measured_m[stray] *= rng.uniform(0.7, 1.3, int(stray.sum())).astype(np.float32)
    return measured_m


def _recolour(image: Image, rng: np.random.Generator) -> Image:
    """Change exposure, contrast and tint; blur or sharpen, and add the camera's noise."""
    picture = image.astype(np.float32) / 255
    picture = picture ** rng.uniform(0.7, 1.4) * rng.uniform(0.7, 1.4) * rng.uniform(0.9, 1.1, 3)
    if rng.random() < 0.3:
        soft = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 1.0))
        picture = soft if rng.random() < 0.7 else 2 * picture - soft
    picture += rng.uniform(0, 0.03) * rng.standard_normal(picture.shape, np.float32)
    return (np.clip(picture, 0, 1) * 255).astype(np.uint8)
