# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How long the stages of recent frames took; safe between threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import threading
import time

# What happens to a frame, in order; the first two on the executor, the rest on the worker.
STAGES = (
    'listen',
    'pair',
    'hand_over',
    'read',
    'prepare',
    'infer',
    'restore',
    'build',
    'publish',
)
RECENT = 512


@dataclass(frozen=True)
class Spread:
    """How recent values lie."""

    p50: float
    p99: float


class StageTimes:
    """Durations of the stages of recent frames, in milliseconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._recent_ms = {stage: deque[float](maxlen=RECENT) for stage in STAGES}

    @contextmanager
    def time(self, stage: str) -> Iterator[None]:
        """Time the body of a `with`; a body that raises is not counted."""
        start = time.perf_counter()
        yield
        self.add(stage, (time.perf_counter() - start) * 1e3)

    def add(self, stage: str, duration_ms: float) -> None:
        """Count a duration that was measured elsewhere."""
        with self._lock:
            self._recent_ms[stage].append(duration_ms)

    def lately_ms(self, *stages: str, count: int) -> float:
        """Return the sum of the medians of each stage's last `count`; 0 before so many ran."""
        with self._lock:
            last_ms = [list(self._recent_ms[stage])[-count:] for stage in stages]
        if any(len(values) < count for values in last_ms):
            return 0.0
        return sum(spread_of(sorted(values)).p50 for values in last_ms)

    def snapshot(self) -> dict[str, Spread]:
        """Return the spread of every stage that ran."""
        with self._lock:
            recent_ms = {stage: sorted(values) for stage, values in self._recent_ms.items()}
        return {stage: spread_of(values) for stage, values in recent_ms.items() if values}


def spread_of(ordered: list[float]) -> Spread:
    """Return median and 99th percentile (nearest rank) of sorted values."""
    last = len(ordered) - 1
    return Spread(p50=ordered[round(0.5 * last)], p99=ordered[round(0.99 * last)])
