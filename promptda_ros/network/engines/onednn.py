# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Products by oneDNN on the CPU, where torch would take MKL."""

from __future__ import annotations

import platform

import torch
from torch import nn, Tensor


class OneDnnLinear(nn.Linear):
    """A linear map for inference in float32 on the CPU.

    MKL, which torch takes for it, runs at half the rate of oneDNN on processors of AMD.
    """

    def forward(self, values: Tensor) -> Tensor:
        """Map values (..., in) to (..., out)."""
        if torch.jit.is_tracing():  # type: ignore[attr-defined, no-untyped-call]
            return super().forward(values)  # other engines don't know the operator
        mapped: Tensor = torch.ops.mkldnn._linear_pointwise(  # noqa: SLF001 (no public name)
            values, self.weight, self.bias, 'none', [], ''
        )
        return mapped


def use_onednn(network: nn.Module) -> None:
    """Let the linear maps in float32 on an x86 CPU take oneDNN, where torch has the operator."""
    known = platform.machine() in ('x86_64', 'AMD64')  # not tried on others
    if not known or not hasattr(torch.ops.mkldnn, '_linear_pointwise'):
        return
    for module in network.modules():
        if type(module) is nn.Linear:
            weight = module.weight
            if weight.device.type == 'cpu' and weight.dtype == torch.float32:
                module.__class__ = OneDnnLinear
