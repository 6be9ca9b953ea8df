# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A worker on a Ray cluster: what it checks before any work, and the work."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
import socket

from promptda_ros import __version__
from promptda_ros.bags.processing.inputs import InputFiles
from promptda_ros.bags.processing.unit import Outcome, Unit
from promptda_ros.bags.runs.work import attempt, Ending, Work
from promptda_ros.core.errors import ExitCode, PromptdaError
from promptda_ros.process import let_threads_sleep


class UnusableWorker(PromptdaError):
    """A worker that would give other results, or none; the text names it."""

    exit_code = ExitCode.MODEL_OR_DEVICE


class Worker:
    """An actor: a process somewhere in the cluster."""

    def __init__(self, work: Work) -> None:
        let_threads_sleep()  # before torch is imported
        self._work = work

    def start(self, version: str, mark: Path, sizes: Mapping[Path, int]) -> Ending | None:
        """Check that its machine sees what the first one sees, and load the network."""
        ending: Ending | None = attempt(self._start, version, mark, sizes)
        return ending

    def process(self, unit: Unit) -> Outcome | Ending:
        """Work on a recording."""
        outcome: Outcome | Ending = attempt(self._work.process, unit, self._model, _say_nothing)
        return outcome

    def _start(self, version: str, mark: Path, sizes: Mapping[Path, int]) -> None:
        host = socket.gethostname()
        if version != __version__:
            raise UnusableWorker(
                f'the worker on {host} has promptda_ros {__version__} and this machine {version}: '
                'install the same version everywhere'
            )
        for path, size in sizes.items():
            seen = size_of(path)
            if seen != size:
                what = f'{seen} bytes' if seen is not None else 'nothing'
                raise _unshared(host, f'{path} ({size} bytes here, {what} there)')
        if not mark.exists():
            raise _unshared(host, f'the folder of the results, {mark.parent}')
        self._model = self._work.load()


def _say_nothing(done: int, of: int) -> None:
    """Hear of pairs: actors answer once."""


def size_of(path: Path) -> int | None:
    """Return how many bytes a recording has; None: it is not there."""
    try:
        return InputFiles.of(path).size
    except (PromptdaError, OSError):
        return None


def _unshared(host: str, what: str) -> UnusableWorker:
    return UnusableWorker(
        f'the worker on {host} does not see {what}: all machines need the recordings and --out '
        'under the same paths, for example on a shared file system'
    )
