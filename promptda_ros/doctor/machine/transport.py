# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether large images pass between processes: shared memory, and how each process was started."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
import shutil

from promptda_ros.dds_environment import (
    missing_malloc,
    missing_transport,
    refused_shared_memory,
    segment_bytes,
    SHARED_MEMORY,
    uses_fast_dds,
)
from promptda_ros.doctor.finding import ERROR, Finding, Sound, WARNING
from promptda_ros.doctor.machine.leftovers import leftovers
from promptda_ros.share import share_folder

MIB = 1 << 20
WHY = 'images arrive late or not at all, so that few or none get depth'


@dataclass(frozen=True)
class Process:
    """A process that sends or takes images, and its environment as far as it can be read."""

    name: str
    environ: Mapping[str, str] | None


class TransportCheck:
    """Looks at this process and at those on the topics of the cameras.

    `own` is the environment as the launch files would complete it.
    """

    def __init__(
        self,
        own: Mapping[str, str],
        others: Sequence[Process],
        *,
        free_bytes: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free,
        shared_memory: Path = SHARED_MEMORY,
    ) -> None:
        self._processes = [Process('a node that a launch file starts here', own), *others]
        self._own = own
        self._free_bytes = free_bytes
        self._shared_memory = shared_memory

    def look(self) -> Iterator[Finding | Sound]:
        """Look at each environment, then at the memory that all share."""
        domain = self._own.get('ROS_DOMAIN_ID') or '0'
        what = f'ROS_DOMAIN_ID {domain}, {_middleware(self._own)}: others must have the same'
        yield Sound('ros', what)
        for process in self._processes:
            if process.environ is None:
                what = f'{process.name} runs on another machine or as another user: not looked at'
                yield Sound('transport', what)
            else:
                yield _of_environment(process.name, process.environ)
        if uses_fast_dds(self._own):
            yield self._of_shared_memory()

    def _of_shared_memory(self) -> Finding | Sound:
        needed = segment_bytes(share_folder())
        try:
            free = self._free_bytes(self._shared_memory)
            found = f'{self._shared_memory} has {free // MIB} MiB free'
        except OSError as error:
            free, found = 0, f'{self._shared_memory} cannot be used ({error.strerror})'
        left = sum(leftovers(self._shared_memory).values()) // MIB
        if left:
            found += f'; killed processes left {left} MiB there: fastdds shm clean'
        if free >= needed:
            return Sound('shared_memory', found)
        return Finding(
            'shared_memory',
            ERROR,
            f'{found}, and Fast DDS takes {needed // MIB} MiB in each process',
            WHY,
            'end other programs or remove what killed ones left there; in a container: '
            'docker run --shm-size=1g, or --ipc=host',
        )


def _of_environment(name: str, environ: Mapping[str, str]) -> Finding | Sound:
    for problem in (missing_transport(environ), refused_shared_memory(environ)):
        if problem:
            return Finding.of_sentence('transport', WARNING, f'{name}: {problem}', WHY)
    missing = missing_malloc(environ)
    malloc = f'without {missing[0]}, which costs time' if missing else 'with the malloc settings'
    return Sound('transport', f'{name}: {_middleware(environ)} set up for large images, {malloc}')


def _middleware(environ: Mapping[str, str]) -> str:
    return environ.get('RMW_IMPLEMENTATION') or 'Fast DDS'
