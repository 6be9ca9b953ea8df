# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""On which devices the kernels are used: where they were found to compute what torch does."""

from __future__ import annotations

import torch

PROVED: set[torch.device] = set()
PROBLEMS: dict[torch.device, str] = {}  # of those that were asked


def note(device: torch.device, problem: str) -> None:
    """Use kernels on a device from now on, or no longer if there is a problem."""
    PROBLEMS[device] = problem
    (PROVED.discard if problem else PROVED.add)(device)


def describe(device: torch.device) -> str:
    """Say what computes depth and clouds around the network."""
    return 'fused kernels' if device in PROVED else PROBLEMS.get(device, 'torch')
