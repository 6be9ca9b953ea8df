# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Times work on a device: CUDA events where there are any, medians and spreads, a budget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
import time

import numpy as np
import torch

WARM_UP_RUNS = 5
LEAST_RUNS = 10
ENOUGH_SEC = 1.5  # of one measurement


@dataclass(frozen=True)
class Spread:
    """How long the runs took, in milliseconds."""

    median: float
    p5: float
    p95: float
    runs: int


class Budget:
    """What is left of the time for the whole suite."""

    def __init__(self, seconds: float) -> None:
        self._end_sec = time.monotonic() + seconds

    def allows(self, seconds: float) -> bool:
        """Tell whether something that takes this long would still be done in time."""
        return time.monotonic() + seconds < self._end_sec


def measure(work: Callable[[], object], device: torch.device, *, runs: int = 100) -> Spread:
    """Run the work until it was timed often enough, after a warm-up that is not."""
    for _ in range(min(WARM_UP_RUNS, runs)):
        work()
    timed = partial(_time_on_cuda, device) if device.type == 'cuda' else _time_on_cpu
    taken_ms: list[float] = []
    begun_sec = time.monotonic()
    while len(taken_ms) < runs:
        taken_ms += timed(work, min(LEAST_RUNS, runs))
        if time.monotonic() - begun_sec > ENOUGH_SEC:
            break
    median, p5, p95 = (float(np.percentile(taken_ms, percent)) for percent in (50, 5, 95))
    return Spread(median, p5, p95, len(taken_ms))


def peak_tflops(device: torch.device, dtype: torch.dtype, *, side: int) -> float:
    """Return what the device reaches in a large matrix product, in 1e12 operations a second."""
    left, right = torch.randn(2, side, side, device=device).to(dtype)
    fastest_ms = measure(lambda: left @ right, device).p5
    return 2 * side**3 / fastest_ms / 1e9


def _time_on_cuda(device: torch.device, work: Callable[[], object], runs: int) -> list[float]:
    """Time runs one behind the other, without a host that waits in between."""
    stream = torch.cuda.current_stream(device)  # not of the first card, where it is another
    with torch.cuda.device(device):  # which events are of
        events = [torch.cuda.Event(enable_timing=True) for _ in range(runs + 1)]  # type: ignore[no-untyped-call]
    stream.synchronize()
    events[0].record(stream)
    for event in events[1:]:
        work()
        event.record(stream)
    stream.synchronize()
    return [begin.elapsed_time(end) for begin, end in pairwise(events)]


def _time_on_cpu(work: Callable[[], object], runs: int) -> list[float]:
    taken_ms = []
    for _ in range(runs):
        begun_sec = time.perf_counter()
        work()
        taken_ms.append(1e3 * (time.perf_counter() - begun_sec))
    return taken_ms
