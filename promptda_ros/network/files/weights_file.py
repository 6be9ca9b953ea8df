# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""safetensors files: tensors as plain bytes, nothing to execute; errors say what came instead."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load, save
import torch
from torch import Tensor

from promptda_ros.network.files.folder import CheckpointError

# What weights may be stored as: numbers that float32 holds, or nearly.
FORMATS = (torch.float32, torch.float16, torch.bfloat16, torch.float64)


def parse_weights(path: Path, data: bytes) -> dict[str, Tensor]:
    """Return every tensor of a safetensors file that was read.

    Raises:
        CheckpointError: it is no complete safetensors file, or holds other than floats.
    """
    try:
        weights = dict(load(data))
    except (KeyError, SafetensorError) as error:
        raise CheckpointError(path.parent, f'{path} {_cause(data, error)}') from None
    for name, tensor in weights.items():
        if tensor.dtype not in FORMATS:
            found, known = _name(tensor.dtype), ', '.join(map(_name, FORMATS))
            problem = f'stores {name} as {found}; weights must be one of {known}'
            raise CheckpointError(path.parent, f'{path} {problem}')
    return weights


def format_weights(weights: Mapping[str, Tensor]) -> bytes:
    """Return the bytes of a safetensors file."""
    whole = {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
    return bytes(save(whole, metadata={'format': 'pt'}))  # transformers asks for the format


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix('torch.')


def _cause(data: bytes, error: Exception) -> str:
    if not data:
        return 'is empty'
    if isinstance(error, KeyError):
        return f'stores numbers as {error}, which torch does not know'
    return f'is no complete safetensors file: {_appearance(data, error)}'


def _appearance(data: bytes, error: Exception) -> str:
    if data.startswith(b'version https://git-lfs'):
        return 'it looks like a Git LFS pointer: run `git lfs pull`'
    if data.lstrip()[:1] == b'<':
        return 'it looks like an HTML page, as a failed download leaves behind'
    if data.startswith(b'PK') or (data[:1] == b'\x80' and data[1:2] in b'\x02\x03\x04\x05'):
        return 'it looks like a pickle, which can run code and is never opened here'
    if data[8:10] == b'{"':
        return f'its {len(data)} bytes are truncated or damaged ({error})'
    return f'it begins with {bytes(data[:12])!r}'
