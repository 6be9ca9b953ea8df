# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Everything that a resumed run must find again."""

from __future__ import annotations

from dataclasses import dataclass
import math
from pathlib import Path

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from promptda_ros.network import PromptDepthAnythingForDepthEstimation
from promptda_ros.training.recipe import Recipe

CHECKPOINT = 'last.pt'


@dataclass
class State:
    """A network on its way, its average, and how far it has come."""

    network: PromptDepthAnythingForDepthEstimation
    average: AveragedModel
    optimizer: torch.optim.Optimizer
    recipe_sha256: str
    step: int = 0
    best_score: float = math.inf
    best_step: int = 0
    seconds: float = 0.0  # spent in steps, over all sessions

    @property
    def averaged(self) -> PromptDepthAnythingForDepthEstimation:
        """Return the network of averaged weights."""
        network: PromptDepthAnythingForDepthEstimation = self.average.module
        return network

    def save(self, folder: Path) -> None:
        """Write the checkpoint whole or not at all."""
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = folder / f'{CHECKPOINT}.unfinished'
        torch.save(
            {
                'network': self.network.state_dict(),
                'average': self.average.state_dict(),
                'optimizer': self.optimizer.state_dict(),
                'recipe_sha256': self.recipe_sha256,
                'progress': [self.step, self.best_score, self.best_step, self.seconds],
            },
            unfinished,
        )
        unfinished.rename(folder / CHECKPOINT)

    def resume(self, folder: Path) -> None:
        """Go on from the checkpoint in a folder, if it has one.

        Raises:
            ValueError: the checkpoint belongs to another recipe.
        """
        path = folder / CHECKPOINT
        if not path.exists():
            return
        saved = torch.load(path, weights_only=True)
        if saved['recipe_sha256'] != self.recipe_sha256:
            raise ValueError(
                f'{path} was made by recipe {saved["recipe_sha256"][:8]}, this one is '
                f'{self.recipe_sha256[:8]}: what comes out would match neither; name another --out'
            )
        self.network.load_state_dict(saved['network'])
        self.average.load_state_dict(saved['average'])
        self.optimizer.load_state_dict(saved['optimizer'])
        self.step, self.best_score, self.best_step, self.seconds = saved['progress']


def new_state(network: PromptDepthAnythingForDepthEstimation, recipe: Recipe) -> State:
    """Begin a run with this network."""
    wanted = recipe.optimisation

    def blend(mean: Tensor, value: Tensor, averaged: Tensor | int) -> Tensor:
        # Early weights are forgotten sooner: the average of few is not held back by the first.
        share = min(wanted.average_decay, (1 + int(averaged)) / (10 + int(averaged)))
        return mean.lerp(value, 1 - share)

    return State(
        network=network,
        average=AveragedModel(network, avg_fn=blend).eval().requires_grad_(False),
        optimizer=torch.optim.AdamW(
            network.parameters(), lr=wanted.rate, weight_decay=wanted.weight_decay
        ),
        recipe_sha256=recipe.sha256,
    )
