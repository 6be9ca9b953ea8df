# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The process-wide number modes of torch that the accuracy of depth rests on.

torch lets cuDNN round the operands of float32 convolutions to the 10 bits of TF32, and lets
products in half precision add up in half precision. Both are faster and cost millimetres.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch


def require_exact_numbers() -> None:
    """Compute float32 in float32 and add half precision up in float32, in this whole process.

    Call it before the first kernel runs: a captured graph keeps the kernels it was captured with.
    What a program that hosts the node has set is overridden.
    """
    backends = torch.backends
    # What newer versions of torch inherit from; where it is set, older flags alone do not count.
    onednn: Any = backends.mkldnn
    groups: tuple[Any, ...] = (backends, backends.cudnn, onednn, getattr(onednn, 'conv', None))
    for group in groups:
        if hasattr(group, 'fp32_precision'):
            group.fp32_precision = 'ieee'
    # The flags that every supported version accepts.
    torch.set_float32_matmul_precision('highest')
    backends.cuda.matmul.allow_tf32 = False
    backends.cuda.matmul.allow_fp16_reduced_precision_reduction = False
    backends.cuda.matmul.allow_bf16_reduced_precision_reduction = False
    if hasattr(backends.cuda.matmul, 'allow_fp16_accumulation'):  # torch >= 2.7
        backends.cuda.matmul.allow_fp16_accumulation = False
    backends.cudnn.allow_tf32 = False


@contextmanager
def tf32_convolutions() -> Iterator[None]:
    """Let the convolutions of a block round their operands to TF32."""
    torch.backends.cudnn.allow_tf32 = True
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = False


def describe_numbers() -> str:
    """Say which modes hold now, for diagnostics."""
    try:
        allowed = torch.backends.cudnn.allow_tf32 or torch.backends.cuda.matmul.allow_tf32
    except RuntimeError:  # of torch >= 2.9, where another program mixed older and newer flags
        return 'changed by another program'
    return 'TF32 on' if allowed else 'TF32 off'
