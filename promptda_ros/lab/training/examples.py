# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What one step trains on: pictures, the prompts of one sensor, and the depth to be found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
import torch
from torch import Tensor

from promptda_ros.core.errors import PromptdaError
from promptda_ros.core.frame import BadFrame, Prompt
from promptda_ros.core.prompt.prompt import condition
from promptda_ros.core.prompt.sensor_range import find_out_of_range
from promptda_ros.core.settings.depth import PromptSettings
from promptda_ros.lab.training.recipe import Phase, Recipe, Spoiling
from promptda_ros.lab.training.spoiling import spoil_image, spoil_prompt
from promptda_ros.network.pixels import IMAGENET_MEAN, IMAGENET_STD

MEAN, STD = np.array(IMAGENET_MEAN, np.float32), np.array(IMAGENET_STD, np.float32)


@dataclass(frozen=True)
class Example:
    """One picture, what the sensor said and what is true."""

    image: NDArray[np.uint8]  # (H, W, 3) RGB
    sensor_depth_m: NDArray[np.float32]  # (h, w), NaN unknown
    truth_m: NDArray[np.float32]  # (H, W), NaN unknown


@dataclass(frozen=True)
class Batch:
    """Examples as the network takes them."""

    pixels: Tensor  # (B, 3, H, W), normalised
    prompt_m: Tensor  # (B, 1, h, w), without holes
    measured: Tensor  # (B, 1, h, w), 1 where it was
    truth_m: Tensor  # (B, H, W), NaN unknown

    def to(self, device: torch.device) -> Batch:
        """Return the same on a device."""
        return Batch(*(getattr(self, each.name).to(device) for each in fields(self)))


@dataclass(frozen=True)
class Unreadable:
    """Replaces a batch that can't be made; torch would wrap the text of an exception."""

    sentence: str


class Source(Protocol):
    """Where examples come from; all of one call have the same shapes."""

    def examples(self, phase: Phase, rng: np.random.Generator) -> Sequence[Example]:
        """Draw phase.batch examples of phase.height x phase.width."""


class Batches:
    """Batches by step; the step alone decides what is in one, so that runs resume exactly."""

    def __init__(self, recipe: Recipe, source: Source) -> None:
        self._recipe, self._source = recipe, source

    def __len__(self) -> int:
        return self._recipe.steps

    def __getitem__(self, step: int) -> Batch | Unreadable:
        """Make the batch of one step, in a process that only makes batches."""
        try:
            return self._make(step)
        except PromptdaError as error:
            return Unreadable(str(error))

    def _make(self, step: int) -> Batch:
        rng = np.random.default_rng((self._recipe.seed, step))
        examples = self._source.examples(self._recipe.phase_of(step), rng)
        spoilt = [_spoil(one, self._recipe.spoiling, rng) for one in examples]
        return to_batch(spoilt, self._recipe.prompt_settings)


def to_batch(examples: Sequence[Example], settings: PromptSettings) -> Batch:
    """Condition the prompts and normalise the pictures as the node does."""
    pixels = (np.stack([one.image for one in examples]).astype(np.float32) / 255 - MEAN) / STD
    prompts = [condition(one.sensor_depth_m, settings) for one in examples]
    truths_m = [
        _published(one.truth_m, prompt) for one, prompt in zip(examples, prompts, strict=True)
    ]
    measured = np.stack([prompt.measured for prompt in prompts])[:, None]
    return Batch(
        pixels=torch.from_numpy(np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))),
        prompt_m=torch.from_numpy(np.stack([prompt.depth_m for prompt in prompts])[:, None]),
        measured=torch.from_numpy(measured.astype(np.float32)),
        truth_m=torch.from_numpy(np.stack(truths_m)),
    )


def is_usable(sensor_depth_m: NDArray[np.float32]) -> bool:
    """Return whether the node would run the network on this measurement."""
    try:
        condition(sensor_depth_m, PromptSettings())
    except BadFrame:
        return False
    return True


def _published(truth_m: NDArray[np.float32], prompt: Prompt) -> NDArray[np.float32]:
    """Remove exact depth where the node publishes NaN whatever the network predicts."""
    out_of_range = find_out_of_range(prompt, truth_m.shape)
    return truth_m if out_of_range is None else np.where(out_of_range, np.float32(np.nan), truth_m)


def _spoil(example: Example, spoiling: Spoiling, rng: np.random.Generator) -> Example:
    spoilt_m = spoil_prompt(example.sensor_depth_m, spoiling, rng)
    return Example(
        image=spoil_image(example.image, spoiling, rng),
        sensor_depth_m=spoilt_m if is_usable(spoilt_m) else example.sensor_depth_m,
        truth_m=example.truth_m,
    )
