# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Layers of given weights, for inference."""

from __future__ import annotations

import torch
from torch import nn, Tensor


def linear_map(weight: Tensor, bias: Tensor | None) -> nn.Linear:
    """Make a linear map of weights (out, in) and a bias (out)."""
    with torch.device('meta'):
        linear = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
    linear.weight = keep(weight)
    if bias is not None:
        linear.bias = keep(bias)
    return linear


def keep(value: Tensor) -> nn.Parameter:
    """Make a tensor part of a module."""
    return nn.Parameter(value.detach(), requires_grad=False)
