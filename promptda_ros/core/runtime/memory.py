# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Memory that torch keeps for itself goes back to the device."""

from __future__ import annotations

import gc

import torch


def free_unused_memory() -> None:
    """Give the device back what no tensor uses; other programs may need it."""
    gc.collect()  # errors hold tensors in cycles
    torch.cuda.empty_cache()  # nothing where CUDA is not in use
