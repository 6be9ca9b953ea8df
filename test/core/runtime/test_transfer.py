# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""On a CPU nothing is copied; on a GPU nothing is waited for but what comes back."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from promptda_ros.core.runtime.transfer import download, upload

CPU = torch.device('cpu')


def test_on_a_cpu_both_ways_keep_the_memory():
    array = np.arange(12, dtype=np.float32).reshape(3, 4)
    tensor = upload(array, CPU)
    (back,) = download(tensor)
    assert np.shares_memory(array, back)
    np.testing.assert_array_equal(array, back)


def test_several_tensors_of_any_type_come_back_in_their_order():
    tensors = torch.rand(2, 3), torch.tensor([True, False]), torch.arange(3, dtype=torch.uint8)
    for tensor, array in zip(tensors, download(*tensors), strict=True):
        np.testing.assert_array_equal(array, tensor.numpy())
        assert array.dtype == tensor.numpy().dtype


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason='no CUDA device')
def test_a_gpu_is_waited_for_once_and_arrays_stay_what_they_were():
    device = torch.device('cuda')
    sent = [np.full((480, 640), number, np.float32) for number in range(4)]
    torch.cuda.set_sync_debug_mode('error')  # whatever waits by itself raises
    try:
        tensors = [upload(array, device) for array in sent]
    finally:
        torch.cuda.set_sync_debug_mode('default')
    kept = [download(tensor)[0] for tensor in tensors]
    for array, expected in zip(kept, sent, strict=True):
        np.testing.assert_array_equal(array, expected)
