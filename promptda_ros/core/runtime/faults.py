# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a failure says of the device: out of memory, which may pass, or lost, which does not."""

from __future__ import annotations

from collections.abc import Callable
import errno
import re
from typing import Any, TypeVar

import cv2
import torch

from promptda_ros.core.errors import ExitCode
from promptda_ros.core.frame import BadFrame
from promptda_ros.core.runtime.guard import GaveUp
from promptda_ros.core.runtime.memory import free_unused_memory
from promptda_ros.core.runtime.substitute import Substitute

T = TypeVar('T')
_substitute = Substitute()


class OutOfMemory(BadFrame):
    """The device had no memory for a frame; the next one may fit."""

    def __init__(self, text: str) -> None:
        super().__init__('out_of_memory', f'out of memory: {text}')


class DeviceLost(GaveUp):
    """The device no longer answers in this process; a restart may help."""

    exit_code = ExitCode.GPU_LOST


# oneDNN on the CPU had no memory for machine code. Where it has no code for a kind of layer, it
# could not create 'a primitive descriptor', however much memory there is.
NO_CODE = 'could not create a primitive'
# The allocator of the CPU says 'can't allocate memory', C++ 'bad_alloc'; threads get no stack or
# may not be more. Where NVML does not answer, as on Jetson and in some containers, the allocator
# of CUDA fails while it words its own error.
OUT_OF_MEMORY = re.compile(
    r"out of memory|can't allocate memory|bad_alloc|can't start new thread"
    rf'|{NO_CODE}(?! descriptor)'
    r'|Resource temporarily unavailable'
    r'|CUBLAS_STATUS_ALLOC_FAILED|CUDNN_STATUS_ALLOC_FAILED'
    r'|NVML_SUCCESS == .*INTERNAL ASSERT FAILED.*CUDACachingAllocator',
    re.DOTALL,
)
# Errors of a call, not of the device: the next call may succeed.
OF_ONE_CALL = re.compile(
    r'invalid (argument|configuration argument|device function|resource handle)'
    r'|no kernel image is available|too many resources requested for launch'
    r'|operation not supported|operation .*captur|uncaptured work|are busy or unavailable'
    r'|[Nn]o (valid )?execution plans|unable to find an engine'
)
# Every later call in the process fails, too. torch before 2.8 says so in words only.
LOST = re.compile(
    r'CUDA( driver)? error|HIP error|device-side assert|illegal memory access'
    r'|unspecified launch failure|uncorrectable ECC|GPU is lost|fallen off the bus'
    r'|CU(BLAS|DNN|FFT|SOLVER)_(STATUS_)?'
    r'(EXECUTION_FAILED|EXEC_FAILED|INTERNAL_ERROR|MAPPING_ERROR|NOT_INITIALIZED)'
)


def fault_of(error: BaseException) -> type[OutOfMemory | DeviceLost] | None:
    """Return the device failure behind an exception; None for any other error."""
    text = str(error)
    if isinstance(error, (torch.cuda.OutOfMemoryError, MemoryError)) or _is_refusal(error):
        return OutOfMemory
    if not isinstance(error, RuntimeError):
        return None
    if OUT_OF_MEMORY.search(text):
        return OutOfMemory
    if OF_ONE_CALL.search(text):
        return None
    is_of_device = isinstance(error, getattr(torch, 'AcceleratorError', ()))  # torch >= 2.8
    return DeviceLost if is_of_device or LOST.search(text) else None


def run_on_device(function: Callable[..., T], *arguments: Any) -> T:
    """Call a function that uses the device and return what it returns.

    Raises:
        OutOfMemory: there was too little; what the function held is free again.
        DeviceLost: no further call can succeed.
    """
    try:
        if _substitute.executor is None:
            return function(*arguments)
        return _substitute.run(function, *arguments)
    except (RuntimeError, MemoryError, OSError, cv2.error) as error:
        fault, text = fault_of(error), _first_line(error)
        if fault is None:
            raise
    if fault is DeviceLost:
        raise DeviceLost(f'the device is lost, only a new process can use it: {text}')
    # Not inside the except block, where the traceback still holds the function's tensors.
    free_unused_memory()
    if NO_CODE in text:
        _substitute.renew()
    raise OutOfMemory(text)


def _is_refusal(error: BaseException) -> bool:
    """Tell whether the system or OpenCV had no memory for a call."""
    if isinstance(error, cv2.error):
        return bool(getattr(error, 'code', None) == cv2.Error.STS_NO_MEM)
    return isinstance(error, OSError) and error.errno == errno.ENOMEM


def _first_line(error: BaseException) -> str:
    """Return the first line: the others tell how to debug kernels."""
    return (str(error).splitlines() or [type(error).__name__])[0]
