# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Arrays to the device and back; where it is a GPU, the host waits only for what comes back."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
import math
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

CHUNK_BYTES = 2 * 1024 * 1024  # less is copied sooner than a thread wakes up
THREADS = 3


@dataclass(frozen=True, eq=False)
class Upload:
    """An array on its way to the device."""

    tensor: Tensor
    chunks: Sequence[Future[None]] = ()

    def wait(self) -> Tensor:
        """Return the tensor, for what is launched from now on; the host's copy is made."""
        for chunk in self.chunks:
            chunk.result()
        return self.tensor


def upload(array: npt.NDArray[Any], device: torch.device) -> Tensor:
    """Return the array on the device; on a CPU that is its own memory, if it may be written to."""
    return begin_upload(array, device).wait()


def begin_upload(array: npt.NDArray[Any], device: torch.device) -> Upload:
    """Copy an array to the device beside other work; it must not change before `wait` returns.

    Large arrays are pinned in chunks by several threads, and each chunk leaves at once.
    """
    is_on_card = device.type == 'cuda'
    if not is_on_card or array.nbytes < 2 * CHUNK_BYTES:
        # Kernels read rows one after the other, whatever order the caller's array has. torch
        # warns about arrays it can't write to, which views of recorded messages are.
        source = torch.from_numpy(np.require(array, requirements=('C', 'W')))
        # A copy from memory that may be swapped out would be waited for. torch keeps what it
        # pinned for the next frame.
        source = source.pin_memory() if is_on_card else source
        return Upload(source.to(device, non_blocking=is_on_card))
    # torch hands pinned memory out again only after the copies from it have ended.
    kind = torch.from_numpy(array[:0].copy()).dtype
    pinned = torch.empty(array.shape, dtype=kind, pin_memory=True)
    there = torch.empty(array.shape, dtype=kind, device=device)
    stream = torch.cuda.current_stream(device)

    def copy(rows: slice) -> None:
        np.copyto(pinned[rows].numpy(), array[rows])
        # Device and stream are a thread's own, and so is the mode in which `there` was made.
        with torch.cuda.device(device), torch.cuda.stream(stream), torch.inference_mode():
            there[rows].copy_(pinned[rows], non_blocking=True)

    return Upload(there, [_threads().submit(copy, rows) for rows in _chunks(array)])


def download(*tensors: Tensor) -> tuple[npt.NDArray[Any], ...]:
    """Return tensors of one device as arrays after one wait.

    Arrays from a GPU are pinned memory, theirs until they are gone; those from a CPU are the
    tensors' own.
    """
    copies = [tensor.to('cpu', non_blocking=True) for tensor in tensors]
    if tensors[0].is_cuda:
        # Of the tensors' device: the current one is another where device:=cuda:1.
        torch.cuda.current_stream(tensors[0].device).synchronize()
    return tuple(copy.numpy() for copy in copies)


def _chunks(array: npt.NDArray[Any]) -> list[slice]:
    """Return rows that have about as many bytes each."""
    rows = len(array)
    step = math.ceil(rows / math.ceil(array.nbytes / CHUNK_BYTES))
    return [slice(begin, begin + step) for begin in range(0, rows, step)]


@lru_cache(maxsize=1)
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix='upload')
