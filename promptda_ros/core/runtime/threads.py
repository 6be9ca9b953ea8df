# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How many threads torch uses for small work on a CPU."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import ctypes
from functools import lru_cache, partial
from pathlib import Path

MAPS = Path('/proc/self/maps')


@contextmanager
def threads(number: int) -> Iterator[None]:
    """Let torch use so many threads for what the calling thread asks of it."""
    openmp = _openmp(MAPS)
    if openmp is None:
        yield
        return
    before = openmp.omp_get_max_threads()
    openmp.omp_set_num_threads(number)
    try:
        yield
    finally:
        openmp.omp_set_num_threads(before)


# Keeps torch to the calling thread, where that can be had for nothing. To wake a second thread
# takes as long as an operation on 640x480 does, and ten times as long where another process has
# its core. torch.set_num_threads would empty the cache of oneDNN, which the network then misses;
# OpenMP itself can be asked.
one_thread = partial(threads, 1)


@lru_cache(maxsize=1)
def _openmp(maps: Path) -> ctypes.CDLL | None:
    """Return the OpenMP library that torch has loaded; None where there is another or none."""
    if not maps.exists():
        return None
    paths = {line.split()[-1] for line in maps.read_text().splitlines() if 'libgomp' in line}
    return ctypes.CDLL(paths.pop()) if len(paths) == 1 else None
