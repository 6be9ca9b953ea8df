# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The precision of a folded network, part by part, from fast to exact.

Pixels, the patch embedding, the last convolution and metres are float32 in all of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch


@dataclass(frozen=True)
class Precision:
    """Precision of the parts of a network."""

    name: str
    products: torch.dtype  # of the backbone: matrix products and attention
    tokens: torch.dtype  # of the backbone: the residual stream, and norms
    decoder: torch.dtype
    decoder_tf32: bool = False  # convolutions of the decoder may round operands to 10 bits

    @property
    def is_exact(self) -> bool:
        """Whether every part is float32."""
        return self.products == torch.float32


def throughout(dtype: torch.dtype) -> Precision:
    """Return one format for all parts."""
    return Precision(str(dtype).removeprefix('torch.'), dtype, dtype, dtype)


FP32, FP16, BF16 = map(throughout, (torch.float32, torch.float16, torch.bfloat16))
FP16_TOKENS_FP32 = replace(FP16, name='float16 with float32 tokens', tokens=torch.float32)
FP16_DECODER_FP32 = replace(
    FP16_TOKENS_FP32, name='float16 with float32 tokens and decoder', decoder=torch.float32
)
FP16_DECODER_TF32 = replace(
    FP16_DECODER_FP32, name='float16 with float32 tokens and TF32 decoder', decoder_tf32=True
)

# From fast to exact; the first that gives the depth of float32 is used.
FROM_FP16 = (FP16, FP16_TOKENS_FP32, FP16_DECODER_TF32, FP16_DECODER_FP32, FP32)
STEPS = {'fp16': FROM_FP16, 'bf16': (BF16, FP32), 'fp32': (FP32,)}


def precision_steps(wanted: str, device: torch.device) -> tuple[Precision, ...]:
    """Return what to try for `auto`, `fp32`, `fp16` or `bf16`, from fast to exact."""
    if wanted == 'auto':
        wanted = 'fp16' if device.type == 'cuda' else 'fp32'
    return STEPS[wanted]
