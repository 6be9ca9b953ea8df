# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which kernel torch takes for attention on a GPU, which decides speed and memory."""

from __future__ import annotations

import torch

BACKENDS = {0: 'math', 1: 'flash', 2: 'memory-efficient', 3: 'cuDNN'}
NOT_FUSED = 'math'


def attention_backend(device: torch.device, dtype: torch.dtype) -> str:
    """Name the backend for products of this format; empty on a CPU."""
    if device.type != 'cuda':
        return ''
    query = torch.zeros(1, 2, 64, 64, device=device, dtype=dtype)
    try:
        choice = torch._fused_sdp_choice(query, query, query)  # noqa: SLF001 (the only way to ask)
    except (AttributeError, RuntimeError) as error:
        return f'unknown ({type(error).__name__})'
    return BACKENDS.get(choice, f'number {choice}')


def cudnn_version() -> int | None:
    """Return the version of cuDNN that torch has loaded; None: it has none."""
    version: int | None = torch.backends.cudnn.version()  # type: ignore[no-untyped-call]
    return version


def attention_problem(backend: str) -> str:
    """Say what it costs that nothing is fused; empty: something is."""
    if backend != NOT_FUSED:
        return ''
    return (
        f'torch {torch.__version__} has no fused attention for this GPU: vits holds 181 MB more '
        'a layer at 756x1008, and attention is several times slower; install a build of torch '
        'with flash or memory-efficient attention, or set model.resolution:=low'
    )
