# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Cards without a GPU that record what is launched, with the traps of torch's CUDA graphs.

What is modelled is what torch 2.2 to 2.13 do, as their sources say: streams have a device, and
what is launched goes to the current stream of its tensors' device. The allocator counts who uses
a pool and which recordings go on. A recording that ends in an error is not taken off by versions
before 2.12, and its pool by none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, ExitStack
import threading
from typing import Any
from unittest import mock

import torch
from torch import Tensor

KERNEL_FAILED = 'CUDA error: operation failed due to a previous error during capture'


class OnCard(Tensor):
    """A tensor of the host that says it is on the second card."""

    device = torch.device('cuda', 1)


class OnFirstCard(Tensor):
    """A tensor of the host that says it is on the first card."""

    device = torch.device('cuda', 0)


class Stream:
    """A queue of one device; what is launched runs at once, or is recorded."""

    def __init__(self, cards: Cards, device: Any = None) -> None:
        self.cards = cards
        self.device = torch.device('cuda', cards.index_of(device))

    def wait_stream(self, _other: Stream) -> None:
        """Wait for nothing: all is done."""

    def synchronize(self) -> None:
        if self in self.cards.recording:
            self.cards.recording[self].is_invalid = True
            raise RuntimeError('CUDA error: operation not permitted when stream is capturing')


class Graph:
    """torch.cuda.CUDAGraph."""

    def __init__(self, cards: Cards) -> None:
        self.cards = cards
        self.kernels: list[Callable[[], None]] = []
        self.is_invalid = self.has_ended = False

    def capture_begin(
        self, pool: Any = None, capture_error_mode: str = 'global', **_: object
    ) -> None:
        cards = self.cards
        self.pool = pool or cards.new_pool()
        self.mode = capture_error_mode
        self.device = cards.current
        if self.pool in cards.underway:
            raise RuntimeError('beginAllocateToPool: already recording to mempool_id')
        if cards.users.get(self.pool, 1) == 0:
            raise RuntimeError('it->second->use_count > 0 INTERNAL ASSERT FAILED')
        cards.users[self.pool] += 1
        cards.underway[self.pool] = self
        cards.recording[cards.stream_of(cards.current)] = self

    def capture_end(self) -> None:
        stream = self.cards.stream_of(self.cards.current)
        if self.cards.recording.pop(stream, None) is not self:
            raise RuntimeError('Capture must end on the same stream it began on.')
        if self.is_invalid:
            if self.cards.version >= (2, 12):
                del self.cards.underway[self.pool]
            raise RuntimeError(KERNEL_FAILED)
        del self.cards.underway[self.pool]
        self.has_ended = True

    def replay(self) -> None:
        for kernel in self.kernels:
            kernel()

    def __del__(self) -> None:
        if self.has_ended:
            self.cards.users[self.pool] -= 1


class Cards:
    """Two cards, and what torch keeps of them."""

    def __init__(self, version: tuple[int, int]) -> None:
        self.version = version
        self.current = 0
        self.pools = 0
        self.unpinned = 0  # times that the host's buffers were given back
        self.users: Counter[Any] = Counter()  # of memory, by the handle of its pool
        self.underway: dict[Any, Graph] = {}  # recordings that go on, to the allocator
        self.recording: dict[Stream, Graph] = {}
        self.streams = {index: Stream(self, index) for index in (0, 1)}

    def index_of(self, device: Any) -> int:
        """Return the number of a card."""
        if device is None:
            return self.current
        return device if isinstance(device, int) else torch.device(device).index

    def stream_of(self, device: Any = None) -> Stream:
        """Return the current stream of a card."""
        return self.streams[self.index_of(device)]

    def new_pool(self) -> tuple[int, int]:
        """Return a handle that was never used."""
        self.pools += 1
        return 0, self.pools

    def launch(self, like: Tensor, kernel: Callable[[], None]) -> None:
        """Run a kernel on the card of a tensor, or record it where that one's stream records."""
        recording = self.recording.get(self.stream_of(like.device))
        if recording is None:
            kernel()
        else:
            recording.kernels.append(kernel)

    def allocate_in_another_thread(self) -> None:
        """Take memory as a program beside would; its errors are its own."""
        thread = threading.Thread(target=self._allocate)
        thread.start()
        thread.join()

    def _allocate(self) -> None:
        for recording in self.recording.values():
            if recording.mode == 'global':
                recording.is_invalid = True

    def end_allocate(self, index: int, pool: Any) -> None:
        """torch._C._cuda_endAllocateToPool."""
        if pool not in self.underway:
            raise RuntimeError('endAllocatePool: not currently recording to mempool_id')
        assert self.underway[pool].device == index
        del self.underway[pool]

    def release(self, _index: int, pool: Any) -> None:
        """torch._C._cuda_releasePool."""
        assert self.users[pool] > 0
        self.users[pool] -= 1

    def empty_cache(self) -> None:
        """Forget pools that nobody uses."""
        for pool in [pool for pool, count in self.users.items() if not count]:
            del self.users[pool]

    def unpin(self) -> None:
        """torch._C._host_emptyCache."""
        self.unpinned += 1

    @contextmanager
    def device(self, device: Any) -> Iterator[None]:
        """torch.cuda.device."""
        before, self.current = self.current, self.index_of(device)
        try:
            yield
        finally:
            self.current = before

    @contextmanager
    def stream(self, stream: Stream) -> Iterator[None]:
        """torch.cuda.stream."""
        index = self.index_of(stream.device)
        with self.device(index):
            before, self.streams[index] = self.streams[index], stream
            try:
                yield
            finally:
                self.streams[index] = before


@contextmanager
def recording_cards(version: tuple[int, int]) -> Iterator[Cards]:
    """Let torch.cuda be two cards of a version of torch."""
    cards = Cards(version)
    ends = ['_cuda_endAllocateCurrentStreamToPool', '_cuda_endAllocateToPool']
    end = ends.pop(version >= (2, 8))
    stand_ins: dict[str, Any] = {
        'cuda.Stream': lambda device=None: Stream(cards, device),
        'cuda.CUDAGraph': lambda: Graph(cards),
        'cuda.current_stream': cards.stream_of,
        'cuda.graph_pool_handle': cards.new_pool,
        'cuda.synchronize': lambda *_: None,
        'cuda.empty_cache': cards.empty_cache,
        'cuda.device': cards.device,
        'cuda.stream': cards.stream,
        f'_C.{end}': cards.end_allocate,
        f'_C.{ends[0]}': None,  # of another version
        '_C._cuda_releasePool': cards.release,
        '_C._host_emptyCache': cards.unpin,
    }
    with ExitStack() as stack:
        for name, stand_in in stand_ins.items():
            stack.enter_context(mock.patch(f'torch.{name}', stand_in, create=True))
        yield cards
