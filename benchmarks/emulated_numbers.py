# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the number formats of a GPU do to depth, emulated on a CPU.

    python -m benchmarks.emulated_numbers                  the embedded network
    python -m benchmarks.emulated_numbers S B              networks of the published shapes, random

Products and convolutions in half precision have float32 sums and are rounded once, as on tensor
cores; float32 convolutions round their operands to TF32 wherever cuDNN may. The order of sums,
and kernels that round in between, are the card's own: they are not emulated.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
import sys
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from benchmarks.gpu_suite import networks
from promptda_ros.core.estimator import Estimator
from promptda_ros.core.runtime.number_modes import require_exact_numbers, tf32_convolutions
from promptda_ros.core.self_check import SelfCheck
from promptda_ros.core.settings import build
from promptda_ros.model_folders import model_folder
from promptda_ros.network.engines.folded import fold, load_folded
from promptda_ros.network.engines.precision import BF16, FP32, FROM_FP16, Precision
from promptda_ros.network.pixels import IMAGENET_MEAN, IMAGENET_STD

CPU = torch.device('cpu')
HALF = (torch.float16, torch.bfloat16)
DROPPED_BITS = 13  # of the 23 of float32; TF32 keeps 10
CONVOLUTIONS = {functional.conv2d, functional.conv_transpose2d}
# Computed in float32 and rounded once.
SUMS = CONVOLUTIONS | {
    functional.linear,
    functional.scaled_dot_product_attention,
    functional.layer_norm,
    functional.gelu,
    functional.interpolate,
}


class EmulatedNumbers(TorchFunctionMode):
    """Computes on the CPU with the number formats of a GPU."""

    def __torch_function__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """Run one function of torch."""
        kwargs = kwargs or {}
        first = args[0] if args else None
        if function in SUMS and isinstance(first, Tensor):
            if first.dtype in HALF:
                wide = {name: _wide(value) for name, value in kwargs.items()}
                return function(*map(_wide, args), **wide).to(first.dtype)
            if function in CONVOLUTIONS and torch.backends.cudnn.allow_tf32:
                args = (to_tf32(args[0]), to_tf32(args[1]), *args[2:])
        return function(*args, **kwargs)


def to_tf32(values: Tensor) -> Tensor:
    """Round float32 to the 10 bits of TF32, to the nearest, ties to even."""
    bits = values.contiguous().view(torch.int32)
    odd = (bits >> DROPPED_BITS) & 1
    half = (1 << (DROPPED_BITS - 1)) - 1
    return ((bits + half + odd) & -(1 << DROPPED_BITS)).view(torch.float32)


def _wide(value: Any) -> Any:
    return value.float() if isinstance(value, Tensor) and value.dtype in HALF else value


def main() -> int:
    """Print the errors of every step of precision."""
    parser = argparse.ArgumentParser(prog='python -m benchmarks.emulated_numbers')
    parser.add_argument('networks', nargs='*', metavar='S', help='S, B or L')
    require_exact_numbers()
    for name in parser.parse_args().networks or ['embedded']:
        _print_steps(name, _maker(name))
    return 0


def _maker(name: str) -> Callable[[Precision], Estimator]:
    if name == 'embedded':
        folder = model_folder(build({}).model)
        return lambda precision: Estimator(load_folded(folder, precision=precision), device=CPU)
    torch.manual_seed(0)
    plain = networks.make(networks.SHAPES[name])
    numbers = {'image_mean': IMAGENET_MEAN, 'image_std': IMAGENET_STD}
    return lambda precision: Estimator(fold(plain, **numbers, precision=precision), device=CPU)


def _print_steps(name: str, make: Callable[[Precision], Estimator]) -> None:
    check = SelfCheck(make(FP32))
    with EmulatedNumbers():
        for precision in (*FROM_FP16, BF16):
            print(f'{name}, {precision.name}: {check.compare(make(precision))}', flush=True)
        with tf32_convolutions():
            print(f'{name}, float32 with TF32 convolutions: {check.compare(make(FP32))}')


if __name__ == '__main__':
    sys.exit(main())
