# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Trains a network through all steps of a recipe; a stopped run can be resumed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
import errno
import math
from pathlib import Path
import signal
import time

import torch
from torch.utils.data import DataLoader
from tqdm import tqdm

from promptda_ros.core.errors import ExitCode, PromptdaError
from promptda_ros.lab.training.anchored import answers, Turn
from promptda_ros.lab.training.examples import Batch, Batches, Example, Source, Unreadable
from promptda_ros.lab.training.history import TrainingLog
from promptda_ros.lab.training.judge import judge
from promptda_ros.lab.training.loss import training_loss
from promptda_ros.lab.training.recipe import Recipe
from promptda_ros.lab.training.schedule import learning_rate
from promptda_ros.lab.training.state import State

BEST = 'best'
LOSS_EVERY = 50
LOADER_DEATH = 'DataLoader worker'  # how torch begins to tell of one


class Diverged(PromptdaError, RuntimeError):
    """The loss is not finite; the text says when and what to do."""

    exit_code = ExitCode.INTERNAL


class BadData(PromptdaError):
    """The examples of a batch can't be used; the text says why and what to do."""


class LoaderDied(PromptdaError, RuntimeError):
    """A process that makes batches has died; the text says what to do."""

    exit_code = ExitCode.INTERNAL


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

    def run(self, should_stop: Callable[[], bool]) -> bool:
        """Take every step that is left and tell whether all were taken.

        A checkpoint is written only between whole steps, so that a resumed run equals one that was
        never stopped.

        Raises:
            BadData: examples can't be read; the steps so far are saved.
            Diverged: the loss became NaN or infinite; the last checkpoint stays.
            LoaderDied: a process that makes batches has died; the steps so far are saved.
        """
        progress = self.state.progress
        history = TrainingLog(self.folder, progress.step)
        if progress.step == 0:
            self._judge(history)
        bar = tqdm(self._batches(), total=self.recipe.steps, initial=progress.step, unit='step')
        try:
            for batch in bar:
                if should_stop():
                    break
                progress.losses.append(self._step(batch))
                loss, best = progress.losses[-1], progress.best_score
                bar.set_postfix(loss=f'{loss:.4f}', best=f'{best:.3f}')
                self._note(history)
        except BadData:
            self._keep_steps()
            raise
        except LoaderDied:
            self._keep_steps()
            # One stop may reach every process: between two steps nothing is lost with a loader.
            if not should_stop():
                raise
        self._keep_steps()
        return progress.step == self.recipe.steps

    def _keep_steps(self) -> None:
        if self.state.progress.step > 0:
            self.state.save(self.folder)

    def _note(self, history: TrainingLog) -> None:
        """Log, judge and save when it is time to."""
        recipe, progress = self.recipe, self.state.progress
        step, is_last = progress.step, progress.step == self.recipe.steps
        if is_last or step % LOSS_EVERY == 0:
            history.add_loss(step, sum(progress.losses) / len(progress.losses))
            progress.losses.clear()
        if is_last or step % recipe.evaluate_every == 0:
            self._judge(history)
        if step % recipe.save_every == 0:
            self.state.save(self.folder)

    def _batches(self) -> Iterator[Batch]:
        batches = iter(self._loader())
        # torch tells of a death by an exception wherever the trainer is, also while it saves;
        # asking for the next batch tells of it, too.
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        while True:
            with _deaths_named(self.state.progress.step):
                batch = next(batches, None)
            if batch is None:
                return
            if isinstance(batch, Unreadable):
                raise BadData(batch.sentence)
            yield batch

    def _loader(self) -> DataLoader[Batch | Unreadable]:
        return DataLoader(
            Batches(self.recipe, self.source),  # type: ignore[arg-type]
            batch_size=None,
            sampler=range(self.state.progress.step, self.recipe.steps),
            num_workers=self.machine.workers,
            prefetch_factor=4 if self.machine.workers else None,
            worker_init_fn=_leave_ctrl_c_to_the_trainer,
        )

    def _step(self, batch: Batch) -> float:
        begun_sec = time.monotonic()
        state, wanted = self.state, self.recipe.optimisation
        for group in state.optimizer.param_groups:
            group['lr'] = group['share'] * learning_rate(self.recipe, state.progress.step)
        loss = self._loss(batch)
        value = float(loss.detach())
        self._require_finite(value)
        state.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        for group in state.optimizer.param_groups:
            torch.nn.utils.clip_grad_norm_(group['params'], wanted.clip_norm)
        state.optimizer.step()
        state.average.update_parameters(state.network)
        state.progress.step += 1
        state.progress.seconds += time.monotonic() - begun_sec
        return value

    def _loss(self, batch: Batch) -> torch.Tensor:
        device, dtype = self.machine.device, self.machine.dtype
        wanted, turn = self.recipe.optimisation, Turn.of(self.recipe, self.state.progress.step)
        with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
            found = answers(self.state.network, batch.to(device), turn)
        losses = [
            training_loss(
                one.depth_m.float(),
                one.prompt_m,
                one.truth_m,
                unit=wanted.loss_unit,
                edge_weight=wanted.edge_weight,
            )
            for one in found
        ]
        # No weight has a part in two of them.
        return torch.stack(losses).sum()

    def _require_finite(self, loss: float) -> None:
        if not math.isfinite(loss):
            raise Diverged(
                f'the loss of step {self.state.progress.step} is {loss}, so that every weight '
                f'would be lost: lower optimisation.rate from {self.recipe.optimisation.rate:g} '
                f'and name another --out; {self.folder} keeps the best weights so far'
            )

    def _judge(self, history: TrainingLog) -> None:
        """Judge the averaged weights; keep them if they are the best so far."""
        state, progress = self.state, self.state.progress
        verdicts = [
            judge(state.averaged, sensor, examples, self.recipe.prompt_settings)
            for sensor, examples in self.validation.items()
        ]
        for verdict in verdicts:
            tqdm.write(f'step {progress.step} {verdict.describe()}')
        history.add_verdicts(progress.step, verdicts)
        score = sum(verdict.score for verdict in verdicts) / len(verdicts)
        if score < progress.best_score:
            progress.best_score, progress.best_step = score, progress.step
            state.averaged.save_pretrained(self.folder / BEST)


def _leave_ctrl_c_to_the_trainer(_: int) -> None:
    """Ignore what a terminal sends to all processes; SIGTERM is how Python ends a loader."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _deaths_named(step: int) -> Iterator[None]:
    """Raise LoaderDied for what torch and the pipe to a dead process raise."""
    try:
        yield
    except (RuntimeError, OSError, EOFError) as error:
        if not _tells_of_death(error):
            raise
        resume = f'the same command resumes at step {step}' if step else 'no step was taken'
        raise LoaderDied(
            f'a loader process died, for example because memory ran out: {resume}; '
            'fewer --workers take less memory'
        ) from None


def _tells_of_death(error: Exception) -> bool:
    if isinstance(error, OSError):
        # The socket by which a loader hands over memory is gone with it.
        is_socket_gone = error.errno == errno.ENOENT and error.filename is None
        return isinstance(error, ConnectionError) or is_socket_gone
    return isinstance(error, EOFError) or str(error).startswith(LOADER_DEATH)
