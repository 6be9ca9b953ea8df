# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Errors of torch, told apart by type where there is one and by their words elsewhere."""

from __future__ import annotations

import errno
import weakref

import cv2
import numpy as np
import pytest
import torch

from promptda_ros.core.frame import BadFrame
from promptda_ros.core.runtime.faults import (
    DeviceLost,
    fault_of,
    OutOfMemory,
    run_on_device,
)

OUT_OF_MEMORY = [
    torch.cuda.OutOfMemoryError('CUDA out of memory. Tried to allocate 20.00 MiB.'),
    RuntimeError('CUDA error: out of memory\nCUDA kernel errors might be asynchronous'),
    RuntimeError("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory"),
    RuntimeError('CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`'),
    RuntimeError(
        'NVML_SUCCESS == r INTERNAL ASSERT FAILED at "/c10/cuda/CUDACachingAllocator.cpp":995'
    ),
    RuntimeError('could not create a primitive'),
    RuntimeError('Exception from src/inference/src/cpp/infer_request.cpp:223: std::bad_alloc'),
    RuntimeError("can't start new thread"),
    RuntimeError('pthread_create failed: Resource temporarily unavailable'),
    OSError(errno.ENOMEM, 'Cannot allocate memory'),
    MemoryError('Unable to allocate 1.00 GiB'),
    MemoryError(),
]
LOST = [
    RuntimeError('CUDA error: device-side assert triggered'),
    RuntimeError('CUDA error: an illegal memory access was encountered'),
    RuntimeError('CUDA error: unspecified launch failure'),
    RuntimeError('CUDA error: the launch timed out and was terminated'),
    RuntimeError('CUDA error: uncorrectable ECC error encountered'),
    RuntimeError('CUDA driver error: unknown error'),
    RuntimeError('Unable to determine the device handle for gpu 0000:01:00.0: GPU is lost.'),
    RuntimeError('cuDNN error: CUDNN_STATUS_EXECUTION_FAILED'),
    RuntimeError('CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasSgemm(...)`'),
    RuntimeError('HIP error: the operation cannot be performed in the present state'),
]
OTHER = [
    RuntimeError('The size of tensor a (3) must match the size of tensor b (4)'),
    RuntimeError('CUDA error: invalid configuration argument'),
    RuntimeError('CUDA error: no kernel image is available for execution on the device'),
    RuntimeError('cuDNN error: CUDNN_STATUS_BAD_PARAM'),
    RuntimeError('CUDA error: all CUDA-capable devices are busy or unavailable'),
    RuntimeError('CUDA error: CUDA-capable device(s) is/are busy or unavailable'),
    RuntimeError('CUDA error: operation not permitted when stream is capturing'),
    RuntimeError('CUDA error: operation not permitted on an event last recorded in a capturing'),
    RuntimeError('CUDA error: operation would make the legacy stream depend on a capturing one'),
    RuntimeError('CUDA error: dependency created on uncaptured work in another stream'),
    RuntimeError('cuDNN Frontend error: [cudnn_frontend] Error: No execution plans support it.'),
    RuntimeError('cuDNN error: No valid execution plans built.'),
    RuntimeError('could not create a primitive descriptor for the matmul primitive'),
    RuntimeError('GET was unable to find an engine to execute this computation'),
    BadFrame('image_size', 'CUDA error: somebody wrote this into a header'),
    OSError('CUDA error'),
]


@pytest.mark.parametrize('error', OUT_OF_MEMORY, ids=repr)
def test_too_little_memory_is_told_by_type_or_words(error):
    """H1: of a GPU, of a CPU, and of libraries."""
    assert fault_of(error) is OutOfMemory


@pytest.mark.parametrize('error', LOST, ids=repr)
def test_a_device_that_is_lost_is_told_by_words(error):
    """H2: torch before 2.8."""
    assert fault_of(error) is DeviceLost


@pytest.mark.skipif(not hasattr(torch, 'AcceleratorError'), reason='torch < 2.8')
def test_a_device_that_is_lost_is_told_by_type():
    """H2: torch from 2.8, whatever the words; but for memory, and for errors of one call."""
    assert fault_of(torch.AcceleratorError('whatever')) is DeviceLost
    full = torch.AcceleratorError('CUDA error: out of memory')
    assert fault_of(full) is OutOfMemory
    for error in OTHER:
        if isinstance(error, RuntimeError) and 'CUDA' in str(error):
            assert fault_of(torch.AcceleratorError(str(error))) is None


@pytest.mark.parametrize('error', OTHER, ids=repr)
def test_any_other_error_is_not_of_the_device(error):
    assert fault_of(error) is None


def test_an_allocation_that_is_too_large_for_this_machine_is_out_of_memory():
    """H1: what torch really says."""
    with pytest.raises(OutOfMemory, match="can't allocate memory") as full:
        run_on_device(torch.empty, 1 << 60)
    assert full.value.reason == 'out_of_memory'


def test_a_picture_that_is_too_large_for_opencv_is_out_of_memory():
    """H1: its error is no RuntimeError."""
    with pytest.raises(OutOfMemory, match='Insufficient memory'):
        run_on_device(cv2.copyMakeBorder, np.zeros((2, 2)), 0, 1 << 30, 0, 1 << 30, 0)
    with pytest.raises(cv2.error):
        run_on_device(cv2.resize, np.zeros((2, 2)), (-1, -1))


def test_memory_is_given_back_once_nothing_holds_it(monkeypatch):
    """H1: inside the except block the traceback holds the tensors of the function."""
    held = []
    alive_when_emptied = []

    def fill_memory():
        activations = torch.zeros(8)
        held.append(weakref.ref(activations))
        raise torch.cuda.OutOfMemoryError('CUDA out of memory.')

    def empty_cache():
        alive_when_emptied.append(held[0]() is not None)

    monkeypatch.setattr(torch.cuda, 'empty_cache', empty_cache)
    with pytest.raises(OutOfMemory) as full:
        run_on_device(fill_memory)
    assert alive_when_emptied == [False]
    assert full.value.__context__ is None


def test_a_lost_device_is_told_in_one_line_and_not_asked_again(monkeypatch):
    """H2: the cache of a lost device can't be emptied."""
    monkeypatch.setattr(torch.cuda, 'empty_cache', pytest.fail)

    def launch():
        raise RuntimeError('CUDA error: unspecified launch failure\nFor debugging consider ...')

    with pytest.raises(DeviceLost, match='is lost, only a new process') as lost:
        run_on_device(launch)
    assert str(lost.value).endswith('CUDA error: unspecified launch failure')


def test_other_errors_and_results_pass():
    with pytest.raises(ZeroDivisionError):
        run_on_device(lambda: 1 / 0)
    with pytest.raises(RuntimeError, match='must match'):
        run_on_device(torch.add, torch.zeros(3), torch.zeros(4))
    assert run_on_device(max, 1, 2) == 2
