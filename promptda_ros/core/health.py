# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether the network gives depth at all: what to do and say when it does not, batch by batch."""

from __future__ import annotations

from collections.abc import Collection
from copy import copy
import time
from typing import Protocol

from promptda_ros.core.runtime.resolution import Resolution

ANSWERED = 'answered'  # the outcome of a frame whose depth is valid
INVALID_IN_A_ROW = 10


class Log(Protocol):
    """Where lines go by how much they matter; the logger of a node is one."""

    def info(self, text: str, /) -> object:
        """Say what is as it should be."""

    def warning(self, text: str, /) -> object:
        """Say what is worse than it should be."""

    def error(self, text: str, /) -> object:
        """Say what keeps the node from its work."""


class NetworkHealth:
    """Follows the outcomes of frames: reasons of drops, or ANSWERED.

    `problem` is why no depth comes and what to do, '' while it comes.
    """

    def __init__(self, resolution: Resolution, log: Log) -> None:
        self.resolution = resolution
        self.problem = ''
        self._log = log
        self._invalid = 0

    def note(self, outcomes: Collection[str]) -> None:
        """Record the outcome of each frame of a batch."""
        resolution = copy(self.resolution)
        if 'out_of_memory' in outcomes:
            resolution.ran_out(time.monotonic())
        elif ANSWERED in outcomes:
            resolution.fitted(time.monotonic())
        if 'model_output' in outcomes:
            self._invalid += 1
        elif ANSWERED in outcomes:
            self._invalid = 0
        if resolution.name != self.resolution.name:
            self._say_resolution(resolution)
        # Frames that were all answered leave none.
        problem = '' if {*outcomes} == {ANSWERED} else self._find_problem(resolution)
        if problem and not self.problem:
            self._log.error(problem)
        elif self.problem and not problem:
            self._log.info('the network gives depth again')
        # Last: whoever reads them on another thread finds the log said.
        self.problem, self.resolution = problem, resolution

    def _say_resolution(self, resolution: Resolution) -> None:
        if resolution.warning:
            fix = 'end other programs on the device, or set model.resolution'
            self._log.warning(f'{resolution.warning}; {fix}')
        else:
            self._log.info(f'resolution {resolution.name} is tried again')

    def _find_problem(self, resolution: Resolution) -> str:
        if resolution.is_stuck:
            name = resolution.name
            smaller = (
                '' if name == 'low' else 'set model.resolution:=auto, which takes what fits, '
            )
            return (
                f'out of memory frame after frame at resolution {name}: {smaller}take a smaller '
                'network (model.name), or end other programs on the device'
            )
        if self._invalid >= INVALID_IN_A_ROW:
            return (
                f'no depth was valid for {self._invalid} batches of frames in a row: set '
                'precision:=fp32, or fetch the model again'
            )
        return ''
