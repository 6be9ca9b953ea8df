# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""On a CPU nothing is copied; on a GPU nothing is waited for but what comes back."""

from __future__ import annotations

from contextlib import nullcontext
import threading
from types import SimpleNamespace

from hypothesis import given, HealthCheck, settings
from hypothesis import strategies as st
import numpy as np
import pytest
import torch

from promptda_ros.core.runtime import transfer
from promptda_ros.core.runtime.transfer import begin_upload, download, upload

CPU = torch.device('cpu')
CUDA = torch.device('cuda', 0)


def test_what_may_not_be_written_to_is_copied():
    """torch would warn; views of recorded messages are so."""
    array = np.zeros(3, np.float32)
    assert np.shares_memory(upload(array, CPU).numpy(), array)
    array.flags.writeable = False
    assert not np.shares_memory(upload(array, CPU).numpy(), array)


@pytest.fixture
def card(monkeypatch):
    """Let memory of the card be that of the host, and note which threads send to it."""
    senders = []

    devices = []

    def stream(_stream):
        # Without it a thread goes back to the first card, and makes a context there.
        assert devices[-1] == CUDA
        senders.append(threading.current_thread().name)
        return nullcontext()

    def device(of):
        devices.append(of)
        return nullcontext()

    empty = torch.empty
    monkeypatch.setattr(
        torch, 'empty', lambda *size, device='cpu', pin_memory=False, **kind: empty(*size, **kind)
    )
    monkeypatch.setattr(torch.cuda, 'stream', stream)
    monkeypatch.setattr(torch.cuda, 'device', device)
    monkeypatch.setattr(torch.cuda, 'current_stream', lambda _device: None)
    monkeypatch.setattr(transfer, 'CHUNK_BYTES', 1000)
    return senders


@pytest.fixture
def copied(monkeypatch):
    """Note the chunks of the host that are copied."""
    chunks = []

    def copyto(there, here):
        chunks.append(here)
        np.copyto(there, here)

    monkeypatch.setattr(transfer, 'np', SimpleNamespace(copyto=copyto, require=np.require))
    return chunks


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


@settings(
    deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.integers(50, 300),
    columns=st.integers(40, 150),
    kind=st.sampled_from(['u1', 'f4', '?']),
)
def test_chunks_make_up_the_array_and_are_of_the_size_for_a_thread(
    card, copied, rows, columns, kind
):
    copied.clear()
    array = np.zeros((rows, columns), kind)
    upload(array, CUDA)
    firsts = [(each.ctypes.data - array.ctypes.data) // array.strides[0] for each in copied]
    chunks = sorted((first, first + len(each)) for first, each in zip(firsts, copied, strict=True))
    assert [row for chunk in chunks for row in range(*chunk)] == list(range(rows))
    most = transfer.CHUNK_BYTES + array[0].nbytes
    assert all(each.nbytes <= most for each in copied)


@pytest.mark.parametrize('kind', ['u1', 'f4', '?'])
@pytest.mark.parametrize('inference', [False, True])
def test_a_large_array_is_sent_by_several_threads(card, copied, kind, inference):
    rng = np.random.default_rng(0)
    array = rng.integers(0, 2, (97, 40, 3)).astype(kind)
    with torch.inference_mode(inference):
        sent = upload(array, CUDA)
    np.testing.assert_array_equal(sent.numpy(), array)
    assert len(card) == len(copied) > 3
    assert all(name.startswith('upload') for name in card)


@pytest.mark.parametrize('order', [np.asarray, np.asfortranarray])
def test_a_large_array_is_sent_from_where_it_lies_whatever_it_allows(card, copied, order):
    """Views of recorded images, which may not be written to, would be copied twice."""
    array = order(np.arange(97 * 40, dtype=np.float32).reshape(97, 40))
    array.flags.writeable = False
    sent = upload(array, CUDA)
    assert sent.is_contiguous()
    np.testing.assert_array_equal(sent.numpy(), array)
    assert all(np.shares_memory(each, array) for each in copied)


def test_a_chunk_leaves_before_the_last_one_is_copied_and_the_caller_goes_on(card, monkeypatch):
    """The prompt is conditioned meanwhile."""
    array = np.arange(6000, dtype=np.float32).reshape(60, 100)
    last, other_left = array[-1, -1], threading.Event()

    def copyto(there, here):
        if here[-1, -1] == last:
            assert other_left.wait(60.0)
        np.copyto(there, here)

    def stream(_stream):
        other_left.set()
        return nullcontext()

    monkeypatch.setattr(transfer, 'np', SimpleNamespace(copyto=copyto, require=np.require))
    monkeypatch.setattr(torch.cuda, 'stream', stream)
    monkeypatch.setattr(torch.cuda, 'device', nullcontext)
    np.testing.assert_array_equal(begin_upload(array, CUDA).wait().numpy(), array)


def test_what_a_thread_fails_of_is_raised_where_the_array_is_waited_for(card, monkeypatch):
    """H1, H2: as a frame for which memory is short, or as a device that is lost."""

    def stream(_stream):
        raise torch.cuda.OutOfMemoryError('CUDA out of memory')

    monkeypatch.setattr(torch.cuda, 'stream', stream)
    monkeypatch.setattr(torch.cuda, 'device', nullcontext)
    uploading = begin_upload(np.zeros((60, 100), np.float32), CUDA)
    with pytest.raises(torch.cuda.OutOfMemoryError):
        uploading.wait()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason='no CUDA device')
def test_a_gpu_is_waited_for_once_and_arrays_stay_what_they_were():
    device = torch.device('cuda')
    sent = [np.full((rows, 640), rows, np.float32) for rows in (480, 481, 4800, 4801)]
    torch.cuda.set_sync_debug_mode('error')  # whatever waits by itself raises
    try:
        tensors = [upload(array, device) for array in sent]
    finally:
        torch.cuda.set_sync_debug_mode('default')
    kept = [download(tensor)[0] for tensor in tensors]
    for array, expected in zip(kept, sent, strict=True):
        np.testing.assert_array_equal(array, expected)


@pytest.mark.parametrize('order', [np.asfortranarray, lambda a: a.T.copy().T, lambda a: a[::-1]])
def test_an_array_in_any_order_arrives_row_by_row(order):
    """Fused kernels read rows as they lie: a mask in columns showed points that it hides."""
    array = order(np.arange(12, dtype=np.float32).reshape(3, 4))
    there = upload(array, torch.device('cpu'))
    assert there.is_contiguous()
    np.testing.assert_array_equal(there.numpy(), array)
