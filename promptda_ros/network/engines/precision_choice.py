# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The fastest precision that gives the depth of float32, found by trying at the start."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from promptda_ros.core.estimator import Estimator
from promptda_ros.core.runtime.memory import free_unused_memory
from promptda_ros.core.self_check import Difference, SelfCheck
from promptda_ros.network.engines.precision import FP32, Precision

CPU = torch.device('cpu')

Make = Callable[[Precision, torch.device], Estimator]


@dataclass(frozen=True)
class Choice:
    """An estimator, how its network runs, and how far that is from float32 on the CPU."""

    estimator: Estimator
    precision: Precision
    difference: Difference | None  # None: it is float32 on the CPU
    note: str  # what was refused, or that nothing is exact; empty: the first step is used


def choose_precision(make: Make, steps: Sequence[Precision], device: torch.device) -> Choice:
    """Try the steps in their order; the last one is taken in any case.

    Raises:
        BadFrame: the network gives no depth.
    """
    if device == CPU and steps[0].is_exact:
        return Choice(make(steps[0], device), steps[0], None, '')
    check = SelfCheck(make(FP32, CPU))
    refused = ''
    for step in steps:
        estimator = make(step, device)
        difference = check.compare(estimator)
        if difference.is_small:
            note = f'{refused}: {step.name} is used, which is slower' if refused else ''
            return Choice(estimator, step, difference, note)
        refused = (
            refused or f'{step.name} on {device} differs from float32 on the CPU: {difference}'
        )
        if step is not steps[-1]:
            del estimator  # a small card has no memory for two
            free_unused_memory()
    return Choice(
        estimator,
        step,
        difference,
        f'{refused}, and so does {step.name}: {difference}; look for a newer driver or build of '
        'torch, or set device:=cpu',
    )
