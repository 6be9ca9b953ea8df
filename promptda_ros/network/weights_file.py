# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The safetensors file format: tensors as plain bytes behind a JSON header, nothing to execute.

Format: https://huggingface.co/docs/safetensors. An 8-byte little-endian length, the header
`{name: {dtype, shape, data_offsets}}`, then the bytes of all tensors without gaps.
"""

from __future__ import annotations

from collections.abc import Mapping
import json
import math
from typing import Any

import torch
from torch import Tensor

_DTYPES = {
    'F64': torch.float64,
    'F32': torch.float32,
    'F16': torch.float16,
    'BF16': torch.bfloat16,
}
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}
_ALIGNMENT = 8  # readers map the tensors in place, so they begin at a multiple of this


class WeightsFileError(ValueError):
    """The bytes are not a complete safetensors file; the text says what they look like."""


def parse_weights(data: bytes) -> dict[str, Tensor]:
    """Return every tensor of a safetensors file, each a copy with memory of its own."""
    header, body = _split(data)
    places, end = {}, 0
    for name, entry in sorted(header.items(), key=_place):
        begin, end = end, _checked_end(name, entry, end)
        places[name] = (begin, end)
    if end > len(body):
        whole = len(data) - len(body) + end
        raise WeightsFileError(f'is truncated: {len(data)} bytes of {whole}')
    if end < len(body):
        raise WeightsFileError(f'has {len(body) - end} bytes behind its last tensor')
    return {name: _tensor(header[name], body[slice(*place)]) for name, place in places.items()}


def format_weights(weights: Mapping[str, Tensor]) -> bytes:
    """Return the bytes of a safetensors file; equal tensors give equal bytes."""
    header: dict[str, Any] = {'__metadata__': {'format': 'pt'}}  # transformers asks for it
    chunks, begin = [], 0
    for name, tensor in sorted(weights.items()):
        chunk = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
        end = begin + len(chunk)
        header[name] = {
            'dtype': _NAMES[tensor.dtype],
            'shape': list(tensor.shape),
            'data_offsets': [begin, end],
        }
        chunks.append(chunk)
        begin = end
    text = json.dumps(header, separators=(',', ':')).encode()
    text += b' ' * (-len(text) % _ALIGNMENT)
    return b''.join([len(text).to_bytes(8, 'little'), text, *chunks])


def _split(data: bytes) -> tuple[dict[str, Any], memoryview]:
    if not data:
        raise WeightsFileError('is empty')
    end = 8 + int.from_bytes(data[:8], 'little')
    # A length beyond the file is a cut file only where the header begins as headers do.
    if end > len(data) and data[8:10] == b'{"':
        raise WeightsFileError(f'is truncated: {len(data)} bytes, and its header alone has {end}')
    try:
        header = json.loads(bytes(data[8:end]))
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict) or len(data) < 8:
        raise WeightsFileError(f'is no safetensors file: {_looks_like(data)}')
    header.pop('__metadata__', None)
    return header, memoryview(data)[end:]


def _checked_end(name: str, entry: Any, begin: int) -> int:
    """Return where a tensor ends, if it begins where the one before ended."""
    try:
        shape, dtype = entry['shape'], _DTYPES[entry['dtype']]
        sound = all(type(side) is int and side >= 0 for side in shape)
        end = begin + math.prod(shape) * dtype.itemsize if sound else begin
        sound = sound and entry['data_offsets'] == [begin, end]
    except (KeyError, TypeError):
        sound = False
    if not sound:
        raise WeightsFileError(
            f'has a damaged header: {str(entry)[:100]!r} for {name[:100]!r}; '
            f'dtypes read here: {", ".join(_DTYPES)}'
        )
    return end


def _place(item: tuple[str, Any]) -> tuple[int, ...]:
    """Return where a tensor lies; one that says nothing sensible is named when it is checked."""
    try:
        offsets = tuple(item[1]['data_offsets'])
    except (KeyError, TypeError):
        return ()
    return offsets if all(isinstance(offset, int) for offset in offsets) else ()


def _tensor(entry: dict[str, Any], chunk: memoryview) -> Tensor:
    dtype = _DTYPES[entry['dtype']]
    if not chunk:
        return torch.empty(entry['shape'], dtype=dtype)
    return torch.frombuffer(bytearray(chunk), dtype=dtype).reshape(entry['shape'])


def _looks_like(data: bytes) -> str:
    if data.startswith(b'version https://git-lfs'):
        return 'it looks like a Git LFS pointer: run `git lfs pull`'
    if data.lstrip()[:1] == b'<':
        return 'it looks like an HTML page, as a failed download leaves behind'
    if data.startswith(b'PK') or (data[:1] == b'\x80' and data[1:2] in b'\x02\x03\x04\x05'):
        return 'it looks like a pickle, which can run code and is never opened here'
    return f'it begins with {bytes(data[:12])!r}'
