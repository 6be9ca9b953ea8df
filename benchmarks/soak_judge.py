# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the samples of a soak say: a row for each node, and what grew, in sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

WARM_UP_SHARE = 0.25  # of the time, in which buffers and caches find their sizes
MOST_MB_PER_HOUR = 1.0
COLUMNS = (
    'node', 'MB at first', 'at the end', 'MB/h', 'shared MB', 'files', 'threads', 'sent',
    'answered', 'p50 ms, first', 'p50 ms, last', 'p99 ms, last', 'rc',
)  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """A node at one moment, and what its cameras saw since the last one."""

    at_sec: float
    node: str
    anon_mb: float
    file_mb: float
    shared_mb: float
    threads: int
    files: int
    sent: int
    latencies_ms: Sequence[float]


def judged(
    samples: Sequence[Sample], codes: Mapping[str, int]
) -> tuple[list[list[Any]], list[str]]:
    """Return a row for each node, and what is wrong in sentences."""
    rows, bad = [], []
    for name, code in codes.items():
        own = [each for each in samples if each.node == name]
        if not own:
            bad.append(f'{name} ended with {code} before the first sample')
            continue
        warm = [each for each in own if each.at_sec >= WARM_UP_SHARE * own[-1].at_sec]
        slope = slope_of(warm)
        files, threads = ([getattr(each, held) for each in warm] for held in ('files', 'threads'))
        third = max(1, len(warm) // 3)
        first, last = (np.concatenate([each.latencies_ms for each in part])
                       for part in (warm[:third], warm[-third:]))  # fmt: skip
        rows.append([
            name, round(warm[0].anon_mb, 1), round(warm[-1].anon_mb, 1), round(slope, 2),
            f'{warm[0].shared_mb:.0f} to {warm[-1].shared_mb:.0f}', span(files), span(threads),
            sum(each.sent for each in own), sum(len(each.latencies_ms) for each in own),
            percentile(first, 50), percentile(last, 50), percentile(last, 99), code,
        ])  # fmt: skip
        if slope > MOST_MB_PER_HOUR:
            bad.append(f'{name}: memory grows by {slope:.2f} MB/h, at most {MOST_MB_PER_HOUR:g}')
        for what, counts in (('files', files), ('threads', threads)):
            # Of most samples: the node opens files of /proc for moments.
            if np.median(counts[-third:]) > np.median(counts[:third]):
                bad.append(f'{name}: {what} became more: {span(counts)}')
        if not (first.size and last.size):
            bad.append(f'{name} answered no frame at first or in the end')
        if code:
            bad.append(f'{name} ended with {code}')
    return rows, bad


def cut_short(samples: Sequence[Sample], nodes: Sequence[str], *, wanted: int) -> list[str]:
    """Tell if samples are missing: a node or the driver ended before the time."""
    counts = Counter(each.node for each in samples)
    return [
        f'{name} has {counts[name]} of {wanted} samples: the run was cut short'
        for name in nodes
        if counts[name] < wanted - 1  # the last one may be due after the end
    ]


def percentile(latencies_ms: NDArray[np.float64], share: float) -> float:
    """Return a percentile, NaN where nothing was answered."""
    return float(np.percentile(latencies_ms, share)) if latencies_ms.size else math.nan


def slope_of(samples: Sequence[Sample]) -> float:
    """Return by how many MB/h the memory of a process of its own grows, by least squares."""
    hours = np.array([each.at_sec / 3600 for each in samples])
    return float(np.polyfit(hours, [each.anon_mb for each in samples], 1)[0])


def span(counts: Sequence[int]) -> str:
    """Return the least and the most of a number, one if it never changed."""
    return ' to '.join(map(str, sorted({min(counts), max(counts)})))
