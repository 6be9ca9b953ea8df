# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether the fast path says what the plain network says in float32."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from benchmarks.gpu_suite import engines
from benchmarks.gpu_suite.networks import Size

TRIALS = 3
NEAR_M = 4.0
MAXIMUM_MM, MEAN_MM = 2.0, 0.3
# Of random weights nobody knows how large errors are in millimetres. There the plain network in
# the fast path's number format is the measure.
SHARE_OF_PLAIN = 2.0
ROUNDING_MM = 0.05


@dataclass(frozen=True)
class Errors:
    """How far depths (nearer than 4 m) are from those of the plain network in float32."""

    maximum_mm: float
    mean_mm: float
    is_complete: bool  # every pixel was written anew, in every trial

    def within(self, plain: Errors, *, real: bool) -> bool:
        """Tell whether the fast path may be used."""
        if not self.is_complete:
            return False
        if real:
            return self.maximum_mm <= MAXIMUM_MM and self.mean_mm <= MEAN_MM
        pairs = ((self.maximum_mm, plain.maximum_mm), (self.mean_mm, plain.mean_mm))
        return all(own <= SHARE_OF_PLAIN * other + ROUNDING_MM for own, other in pairs)


def compare(
    make: Callable[[engines.Batch], engines.Work],
    reference: Callable[[engines.Batch], engines.Work],
    *,
    size: Size,
    count: int,
    seed: int,
) -> Errors:
    """Run both on fresh inputs; what the last run wrote is poisoned before the next one.

    A run that answers with an older result, or leaves pixels out, then answers with NaN.
    """
    random = np.random.default_rng(seed)
    off_mm = []
    last_m: torch.Tensor | None = None
    for _ in range(TRIALS):
        batch = engines.random_batch(random, count, size)
        work = make(batch)
        if last_m is not None:
            with torch.inference_mode():
                last_m.fill_(torch.nan)
        last_m = work()
        with exact_products():
            exact_m = reference(batch)().float()
        off_mm.append(1e3 * (last_m.float() - exact_m).abs()[exact_m < NEAR_M].cpu())
    all_mm = torch.cat(off_mm)
    return Errors(float(all_mm.max()), float(all_mm.mean()), bool(all_mm.isfinite().all()))


@contextmanager
def exact_products() -> Iterator[None]:
    """Keep CUDA from rounding the factors of float32 products to 10 bits."""
    backends: tuple[Any, ...] = (torch.backends.cuda.matmul, torch.backends.cudnn)
    before = [backend.allow_tf32 for backend in backends]
    for backend in backends:
        backend.allow_tf32 = False
    try:
        yield
    finally:
        for backend, allowed in zip(backends, before, strict=True):
            backend.allow_tf32 = allowed
