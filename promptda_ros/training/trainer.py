# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Takes a network through all steps of a recipe; stopped at any time, it goes on where it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
import time

import torch
from torch.utils.data import DataLoader
from tqdm import tqdm

from promptda_ros.training.examples import Batch, Batches, Example, Source
from promptda_ros.training.history import History
from promptda_ros.training.judge import judge
from promptda_ros.training.loss import training_loss
from promptda_ros.training.recipe import Recipe
from promptda_ros.training.schedule import learning_rate
from promptda_ros.training.state import State

BEST = 'best'
LOSS_EVERY = 50


@dataclass(frozen=True)
class Machine:
    """What a run may use of the machine."""

    device: torch.device
    dtype: torch.dtype = torch.float32  # of the products in a step; weights stay in float32
    workers: int = 1  # processes that make batches


@dataclass
class Trainer:
    """A run: its recipe, its state, where examples come from, and who judges."""

    recipe: Recipe
    state: State
    source: Source
    validation: Mapping[str, Sequence[Example]]  # by sensor
    folder: Path
    machine: Machine

    def run(self) -> None:
        """Take every step that is left; always leave a checkpoint behind."""
        history = History(self.folder, self.state.step)
        if self.state.step == 0:
            self._judge(history)
        try:
            self._take_steps(history)
        finally:
            self.state.save(self.folder)

    def _take_steps(self, history: History) -> None:
        recipe, state = self.recipe, self.state
        losses: list[float] = []
        progress = tqdm(self._batches(), total=recipe.steps, initial=state.step, unit='step')
        for batch in progress:
            losses.append(self._step(batch))
            if state.step % LOSS_EVERY == 0 or state.step == recipe.steps:
                history.add_loss(state.step, sum(losses) / len(losses))
                progress.set_postfix(loss=f'{losses[-1]:.4f}', best=f'{state.best_score:.3f}')
                losses.clear()
            if state.step % recipe.evaluate_every == 0 or state.step == recipe.steps:
                self._judge(history)
            if state.step % recipe.save_every == 0:
                state.save(self.folder)

    def _batches(self) -> DataLoader[Batch]:
        return DataLoader(
            Batches(self.recipe, self.source),  # type: ignore[arg-type]
            batch_size=None,
            sampler=range(self.state.step, self.recipe.steps),
            num_workers=self.machine.workers,
            prefetch_factor=4 if self.machine.workers else None,
        )

    def _step(self, batch: Batch) -> float:
        begun_sec = time.monotonic()
        state, wanted = self.state, self.recipe.optimisation
        for group in state.optimizer.param_groups:
            group['lr'] = learning_rate(self.recipe, state.step)
        loss = self._loss(batch)
        state.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(state.network.parameters(), wanted.clip_norm)
        state.optimizer.step()
        state.average.update_parameters(state.network)
        state.step += 1
        state.seconds += time.monotonic() - begun_sec
        return float(loss.detach())

    def _loss(self, batch: Batch) -> torch.Tensor:
        device, dtype = self.machine.device, self.machine.dtype
        prompt_m = batch.prompt_m.to(device)
        with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
            output = self.state.network(
                pixel_values=batch.pixels.to(device), prompt_depth=prompt_m
            )
        return training_loss(
            output.predicted_depth,
            prompt_m,
            batch.truth_m.to(device),
            edge_weight=self.recipe.optimisation.edge_weight,
        )

    def _judge(self, history: History) -> None:
        """Judge the averaged weights; keep them if they are the best so far."""
        state = self.state
        verdicts = [
            judge(state.averaged, sensor, examples) for sensor, examples in self.validation.items()
        ]
        for verdict in verdicts:
            tqdm.write(f'step {state.step} {verdict.describe()}')
        history.add_verdicts(state.step, verdicts)
        score = sum(verdict.score for verdict in verdicts) / len(verdicts)
        if score < state.best_score:
            state.best_score, state.best_step = score, state.step
            state.averaged.save_pretrained(self.folder / BEST)
