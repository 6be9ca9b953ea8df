# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Arrays to the device and back; where it is a GPU, the host waits only for what comes back."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt
import torch
from torch import Tensor


def upload(array: npt.NDArray[Any], device: torch.device) -> Tensor:
    """Return the array on the device; on a CPU that is the array's own memory."""
    tensor = torch.from_numpy(array)
    if device.type == 'cuda':
        # A copy from memory that may be swapped out would be waited for. torch keeps what it
        # pinned for the next frame.
        tensor = tensor.pin_memory()
    return tensor.to(device, non_blocking=True)


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
