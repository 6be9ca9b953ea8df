# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The state of a run, which a resumed run restores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
import json
import math
from pathlib import Path
from typing import Any, cast

from safetensors import safe_open, SafetensorError
from safetensors.torch import save_file
import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from promptda_ros.core.errors import FileError, PromptdaError
from promptda_ros.core.output_folder import OutputFolder
from promptda_ros.lab.training.anchored import Anchored, Both
from promptda_ros.lab.training.recipe import Optimisation, Recipe
from promptda_ros.network import PromptDepthAnythingForDepthEstimation

Trained = PromptDepthAnythingForDepthEstimation | Anchored

CHECKPOINT = 'last.safetensors'  # tensors and text only, so that opening it can't run code
NETWORK, AVERAGE, OPTIMIZER = 'network', 'average', 'optimizer'


class CheckpointMismatch(PromptdaError, ValueError):
    """A checkpoint that this run cannot resume from; the text says why and what to do."""


@dataclass
class Progress:
    """How far a run has come."""

    step: int = 0
    best_score: float = math.inf
    best_step: int = 0
    seconds: float = 0.0  # spent in steps, over all sessions
    losses: list[float] = field(default_factory=list)  # of the steps since the last row of the log

    def describe(self) -> str:
        """Say whether the run found better weights than it began with."""
        if self.best_step == 0:
            return f'not better than it began: score {self.best_score:.3f} at step 0 is the best'
        return f'best score {self.best_score:.3f} at step {self.best_step}; 1 is bilinear'


@dataclass
class State:
    """A network in training, its averaged weights, and the progress."""

    network: Trained
    average: AveragedModel
    optimizer: torch.optim.Optimizer
    recipe_sha256: str
    init_sha256: str = ''  # of the weights that the run began with; empty: of none
    progress: Progress = field(default_factory=Progress)

    @property
    def averaged(self) -> Trained:
        """Return the network of averaged weights."""
        return cast(Trained, self.average.module)

    def save(self, folder: Path) -> None:
        """Write the checkpoint whole or not at all."""
        tensors = {
            **_named(NETWORK, self.network.state_dict()),
            **_named(AVERAGE, self.average.state_dict()),
            **_named(OPTIMIZER, _flat(self.optimizer.state_dict()['state'])),
        }
        notes = {
            'progress': json.dumps(asdict(self.progress)),
            'recipe_sha256': self.recipe_sha256,
            'init_sha256': self.init_sha256,
        }
        with OutputFolder(folder) as unfinished:
            try:
                save_file(tensors, unfinished / CHECKPOINT, metadata=notes)
            except SafetensorError as error:
                path = folder / CHECKPOINT
                raise FileError(f'{path} cannot be written ({error}); free some space') from None

    def resume(self, folder: Path) -> None:
        """Resume from the checkpoint in a folder, if it has one.

        Raises:
            CheckpointMismatch: the checkpoint is damaged, or of another recipe or beginning.
        """
        path = folder / CHECKPOINT
        if not path.exists():
            return
        tensors, notes = _read(path)
        _require_same(path, 'recipe', notes['recipe_sha256'], self.recipe_sha256)
        _require_same(path, 'network of --init', notes['init_sha256'], self.init_sha256)
        self.network.load_state_dict(_part(tensors, NETWORK))
        self.average.load_state_dict(_part(tensors, AVERAGE))
        self._resume_optimizer(_part(tensors, OPTIMIZER))
        self.progress = Progress(**json.loads(notes['progress']))

    def _resume_optimizer(self, tensors: Mapping[str, Tensor]) -> None:
        parameters = list(self.network.parameters())
        entries: dict[int, dict[str, Tensor]] = {}
        for name, tensor in tensors.items():
            index, _, key = name.partition('.')
            own = parameters[int(index)]
            # In the layout of the parameter: other strides may round otherwise.
            entry = torch.empty_like(own).copy_(tensor) if tensor.shape == own.shape else tensor
            entries.setdefault(int(index), {})[key] = entry
        whole: dict[str, Any] = self.optimizer.state_dict()
        self.optimizer.load_state_dict({**whole, 'state': entries})


def new_state(network: Trained, recipe: Recipe, *, init_sha256: str = '') -> State:
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
            _groups(network, wanted), lr=wanted.rate, weight_decay=wanted.weight_decay
        ),
        recipe_sha256=recipe.sha256,
        init_sha256=init_sha256,
    )


def _groups(network: Trained, wanted: Optimisation) -> list[dict[str, Any]]:
    """Return the weights in their own order, by the share of the rate that they learn at."""
    if not isinstance(network, Both):
        return [{'params': list(network.parameters()), 'share': 1.0}]
    return [
        {'params': list(network.anchor.parameters()), 'share': 1.0},
        {'params': list(network.trained.parameters()), 'share': wanted.network_rate},
    ]


def _flat(state: Mapping[int, Mapping[str, Tensor]]) -> dict[str, Tensor]:
    return {
        f'{index}.{key}': tensor for index, entry in state.items() for key, tensor in entry.items()
    }


def _named(part: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {f'{part}.{name}': tensor.cpu().contiguous() for name, tensor in tensors.items()}


def _part(tensors: Mapping[str, Tensor], part: str) -> dict[str, Tensor]:
    prefix = f'{part}.'
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in tensors.items()
        if name.startswith(prefix)
    }


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    try:
        with safe_open(path, framework='pt') as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            notes = file.metadata() or {}
    except SafetensorError as error:
        raise CheckpointMismatch(
            f'{path} is no complete checkpoint ({error}): delete it to start over, or name '
            'another --out'
        ) from None
    if not notes.keys() >= {'progress', 'recipe_sha256', 'init_sha256'}:
        raise CheckpointMismatch(
            f'{path} has weights but does not say of which run: delete it to start over, or name '
            'another --out'
        )
    return tensors, notes


def _require_same(path: Path, what: str, found: str, wanted: str) -> None:
    if found != wanted:
        raise CheckpointMismatch(
            f'{path} was made with the {what} {found[:8] or "(none)"}, this one is '
            f'{wanted[:8] or "(none)"}: what comes out would match neither; name another --out'
        )
