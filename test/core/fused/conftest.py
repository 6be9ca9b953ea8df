# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where the kernels run: on a card, else on the CPU by Triton's interpreter, watched there."""

from __future__ import annotations

from collections.abc import Iterator
import os
from typing import Any

import numpy as np
import pytest
import torch

from promptda_ros.core.fused import (
    cloud_operators,
    prepare,
    proved,
    registration,
    restore_operators,
)

INTERPRETED = not torch.cuda.is_available()
# The interpreter takes milliseconds a program, however many pixels it has.
LARGE = {
    prepare: {'TILE': (64, 128)},
    cloud_operators: {'TILE': (64, 128)},
    registration: {'TILE': (64, 128), 'BLOCK': 4096},
    restore_operators: {
        'TILE': (64, 128),
        'BLOCK': 4096,
        'BLOCK_OF_LEVELS': 1024,
        'CELLS': 256,
        'BLOCK_OF_CELLS': 16,
    },
}


@pytest.fixture(scope='module')
def device() -> Iterator[torch.device]:
    """Return the device on which kernels run in the tests."""
    pytest.importorskip('triton')
    if not INTERPRETED:
        yield torch.device('cuda:0')
        return
    if os.environ.get('TRITON_INTERPRET') != '1':
        pytest.skip('there is a card, but torch has no CUDA')
    from triton.runtime import interpreter

    with pytest.MonkeyPatch.context() as patch:
        for module, values in LARGE.items():
            for name, value in values.items():
                patch.setattr(module, name, value)
        patch.setattr(interpreter, '_patch_lang_tensor', _with_index(interpreter))
        patch.setattr(interpreter, '_interpreter', Watched(interpreter._interpreter))
        executor = interpreter.GridExecutor
        patch.setattr(executor, '_init_args_hst', _noting(executor._init_args_hst))
        with np.errstate(all='ignore'):
            yield torch.device('cpu')


@pytest.fixture(autouse=True)
def forget_proof() -> Iterator[None]:
    """Leave devices as they were: other tests of a CPU know nothing of kernels."""
    yield
    proved.PROVED.clear()
    proved.PROBLEMS.clear()


def _with_index(interpreter: Any) -> Any:
    """Let counts be counted to with NumPy 2.4, which makes no number of an array."""
    usual = interpreter._patch_lang_tensor

    def patch(tensor: Any, *others: Any) -> None:
        usual(tensor, *others)
        tensor.__index__ = lambda self: self.handle.data.item()

    return patch


class Watched:
    """Memory as kernels see it: only the tensors that a launch was given."""

    given: tuple[tuple[int, int], ...] = ()  # first byte and the one after the last, of each

    def __init__(self, memory: Any) -> None:
        self._memory = memory

    def __getattr__(self, name: str) -> Any:
        return getattr(self._memory, name)

    def load(self, places: Any, mask: Any, other: Any, kind: Any) -> Any:
        """Read after checking where."""
        _check(places, mask, np.dtype(kind).itemsize)
        return self._memory.load(places, mask, other, kind)

    def store(self, places: Any, values: Any, mask: Any) -> Any:
        """Write after checking where."""
        _check(places, mask, values.dtype.itemsize)
        return self._memory.store(places, values, mask)

    def atomic_rmw(self, operation: Any, places: Any, values: Any, mask: Any, order: Any) -> Any:
        """Change after checking where."""
        _check(places, mask, values.dtype.itemsize)
        return self._memory.atomic_rmw(operation, places, values, mask, order)


def _check(places: Any, mask: Any, size: int) -> None:
    used = places[np.broadcast_to(mask, places.shape).astype(np.bool_)].astype(np.int64)
    inside = np.zeros(used.shape, np.bool_)
    for first, end in Watched.given:
        inside |= (used >= first) & (used + size <= end)
    assert inside.all(), f'{(~inside).sum()} of {used.size} places lie outside of all tensors'


def _noting(usual: Any) -> Any:
    def note(self: Any, args_dev: Any, kwargs: Any) -> Any:
        found = usual(self, args_dev, kwargs)
        tensors = [each for each in found[0] if isinstance(each, torch.Tensor)]
        Watched.given = tuple(
            (each.data_ptr(), each.data_ptr() + each.numel() * each.element_size())
            for each in tensors
        )
        return found

    return note
