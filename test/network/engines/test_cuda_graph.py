# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A CUDA graph gives the depth of the network that it was captured from, or nothing is harmed."""

from __future__ import annotations

from collections.abc import Iterator
import threading

import pytest
import torch
from torch import Tensor

from promptda_ros.core.depth_space import DEPTH_SPACES
from promptda_ros.network.engines import compiled as compiled_module
from promptda_ros.network.engines.background import within
from promptda_ros.network.engines.compiled import CompiledNetwork, FIRST_TRY_SEC
from promptda_ros.network.engines.cuda_graph import CudaGraph, CudaGraphs, timed_kernels
from promptda_ros.network.engines.folded import fold
from promptda_ros.network.pixels import IMAGENET_MEAN, IMAGENET_STD
from test.recording_card import Cards, KERNEL_FAILED, OnCard, OnFirstCard, recording_cards

VERSIONS = [(2, 2), (2, 11), (2, 13)]


class Network:
    """Launches one kernel a run; during a recording other things happen, too."""

    patch_px = 14

    def __init__(self, cards: Cards) -> None:
        self.cards = cards
        self.problems: list[object] = []  # one a recording: what goes wrong in it
        self.modes: list[tuple[bool, bool]] = []  # of cuDNN, one a run

    def __call__(self, pixels: Tensor, prompt_m: Tensor) -> Tensor:
        """Return metres (B, h, w)."""
        cudnn = torch.backends.cudnn
        self.modes.append((cudnn.benchmark, cudnn.deterministic))
        depth_m = torch.full_like(pixels[:, 0], torch.nan)
        if self.cards.recording:
            self._disturb(*self.cards.recording.values())
        self.cards.launch(
            pixels,
            lambda: depth_m.copy_(pixels.mean(1) / 255 + prompt_m[:, 0, :1, :1]),
        )
        return depth_m

    def _disturb(self, recording) -> None:
        problem = self.problems.pop(0) if self.problems else None
        if problem == 'another thread':
            self.cards.allocate_in_another_thread()
        elif isinstance(problem, Exception):
            recording.is_invalid = not isinstance(problem, torch.cuda.OutOfMemoryError)
            raise problem
        elif problem == 'a kernel':
            recording.is_invalid = True


@pytest.fixture(params=VERSIONS, ids=str)
def cards(request) -> Iterator[Cards]:
    with torch.inference_mode(), recording_cards(request.param) as cards:
        yield cards


@pytest.fixture
def network(cards) -> Network:
    return Network(cards)


def inputs(height: int = 28, kind=OnCard) -> tuple[Tensor, Tensor]:
    """Return pixels and a prompt that say they are on a card."""
    pixels = 255 * torch.rand(1, 3, height, 28)
    return pixels.as_subclass(kind), (1 + torch.rand(1, 1, 4, 4)).as_subclass(kind)


class Noted(CudaGraphs):
    """Keeps what it recorded, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.runs: list[CudaGraph] = []

    def __call__(self, network, *given: Tensor) -> CudaGraph:
        self.runs.append(super().__call__(network, *given))
        return self.runs[-1]


def compile_for(compiled: CompiledNetwork, *given: Tensor) -> None:
    compiled(*given)
    compiled.compile_missed()


@pytest.mark.parametrize('first', [OnFirstCard, OnCard])
def test_graphs_are_recorded_on_the_card_of_their_network(cards, network, first):
    """torch's own stream for recordings belongs to the card that recorded first."""
    for kind in (first, OnCard, OnFirstCard):
        graphs = Noted()
        compiled = CompiledNetwork(network, graphs)
        compile_for(compiled, *inputs(kind=kind))
        assert (compiled.sizes, compiled.problem) == (1, '')
        (run,) = graphs.runs
        assert len(run.graph.kernels) == 1
        assert run.graph.device == kind.device.index
        given = inputs(kind=kind)
        assert torch.equal(compiled(*given), network(*given))


def test_another_thread_may_allocate_during_a_recording(cards, network):
    """A program that hosts an Estimator has networks of its own."""
    network.problems = ['another thread']
    compiled = CompiledNetwork(network, CudaGraphs())
    compile_for(compiled, *inputs())
    assert (compiled.sizes, compiled.problem) == (1, '')


def test_pinned_buffers_of_the_host_outlive_a_recording(cards, network):
    compile_for(CompiledNetwork(network, CudaGraphs()), *inputs())
    assert cards.unpinned == 0


def test_graphs_of_one_estimator_share_memory_and_no_other_ones_do(cards, network):
    """Two estimators may run at once, and would write into each other's depth."""
    graphs, others = Noted(), Noted()
    body, anchor = CompiledNetwork(network, graphs), CompiledNetwork(network, graphs)
    other = CompiledNetwork(network, others)
    for height in (28, 42):
        for each in (body, anchor, other):
            compile_for(each, *inputs(height))
    assert [each.sizes for each in (body, anchor, other)] == [2, 2, 2]
    shared, apart = ({run.graph.pool for run in each.runs} for each in (graphs, others))
    assert len(shared) == len(apart) == 1
    assert shared != apart
    assert sorted(cards.users.values()) == [2, 4]


@pytest.mark.parametrize(
    'problem',
    ['a kernel', RuntimeError('CUDA error: invalid argument'), ValueError('no such layer')],
    ids=['at the end', 'of a call', 'of ours'],
)
def test_a_recording_that_fails_leaves_streams_and_memory_as_they_were(cards, network, problem):
    graphs = CudaGraphs()
    usual = dict(cards.streams)
    good = CompiledNetwork(network, graphs)
    compile_for(good, *inputs(42))
    network.problems = [problem]
    text = KERNEL_FAILED if problem == 'a kernel' else str(problem)
    with pytest.raises((RuntimeError, ValueError), match=text):
        graphs(network, *inputs())
    assert cards.streams == usual
    assert (cards.current, cards.underway, cards.recording) == (0, {}, {})
    assert sum(cards.users.values()) == 1, 'that of the graph that is in use'
    later = CompiledNetwork(network, graphs)
    compile_for(later, *inputs())
    assert (later.sizes, later.problem) == (1, '')
    for compiled, height in ((good, 42), (later, 28)):
        given = inputs(height)
        assert torch.equal(compiled(*given), network(*given))


def test_graphs_are_recorded_again_after_all_were_forgotten(cards, network, monkeypatch):
    """torch refuses the memory of graphs that are gone, until it has freed it."""
    compiled = CompiledNetwork(network, CudaGraphs())
    monkeypatch.setattr(torch.cuda, 'empty_cache', lambda: None)  # as if a tensor still held it
    for _ in range(3):
        compile_for(compiled, *inputs())
        assert (compiled.sizes, compiled.problem) == (1, '')
        compiled.forget()


def test_memory_that_was_short_while_recording_is_not_short_for_ever(cards, network, monkeypatch):
    """H1: the program that took it may have ended."""
    now_sec = [1000.0]
    monkeypatch.setattr(compiled_module.time, 'monotonic', lambda: now_sec[0])
    network.problems = [torch.cuda.OutOfMemoryError('CUDA out of memory.')]
    compiled = CompiledNetwork(network, CudaGraphs())
    compile_for(compiled, *inputs())
    assert compiled.problem == 'torch alone, no CUDA graphs: CUDA out of memory.'
    assert sum(cards.users.values()) == 0
    compiled(*inputs())
    assert not compiled.has_missed
    now_sec[0] += FIRST_TRY_SEC
    compile_for(compiled, *inputs())
    assert (compiled.sizes, compiled.problem) == (1, '')


def test_a_recording_that_a_late_compiler_may_have_broken_is_tried_again(
    cards, network, monkeypatch
):
    """It waits for the whole device, which ends every recording on it."""
    now_sec, release = [1000.0], threading.Event()
    with pytest.raises(RuntimeError, match='not compiled within 0 s'):
        within(0.0, 'compiler', lambda: bool(release.wait()))
    (late,) = (each for each in threading.enumerate() if each.name == 'compiler')
    monkeypatch.setattr(compiled_module.time, 'monotonic', lambda: now_sec[0])
    network.problems = [RuntimeError('operation not permitted'), RuntimeError('again')]
    compiled = CompiledNetwork(network, CudaGraphs(timed_kernels), CudaGraphs())
    compile_for(compiled, *inputs())
    assert compiled.problem == 'torch alone, no CUDA graphs: operation not permitted'
    assert compiled.refused == []
    release.set()
    late.join()
    now_sec[0] += FIRST_TRY_SEC
    compile_for(compiled, *inputs())
    assert compiled.describe() == 'CUDA graphs, sizes compiled: 1; no CUDA graphs: again'


@pytest.mark.parametrize('problem', [None, 'a kernel'])
def test_cudnn_times_its_kernels_for_a_recording_only(cards, network, problem):
    cudnn = torch.backends.cudnn
    before = cudnn.benchmark, cudnn.deterministic
    network.problems = [problem]
    compile_for(CompiledNetwork(network, CudaGraphs(timed_kernels)), *inputs())
    frame, *recorded = network.modes[:5]
    assert (frame, set(recorded)) == (before, {(True, True)})
    assert (cudnn.benchmark, cudnn.deterministic) == before


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason='no CUDA device')
@pytest.mark.parametrize('kernels', [None, timed_kernels], ids=['chosen', 'timed'])
@pytest.mark.parametrize('space', DEPTH_SPACES)
@torch.inference_mode()
def test_a_cuda_graph_gives_the_depth_of_the_network(network_in, space, kernels):
    with torch.inference_mode(False):
        network = fold(network_in(space), image_mean=IMAGENET_MEAN, image_std=IMAGENET_STD).cuda()
    compiled = CompiledNetwork(network, CudaGraphs(*filter(None, [kernels])))
    rng = torch.Generator().manual_seed(0)
    for _ in range(3):
        pixels = (255 * torch.rand(1, 3, 42, 42, generator=rng)).cuda()
        prompt_m = (0.5 + torch.rand(1, 1, 6, 8, generator=rng)).cuda()
        found_m, exact_m = compiled(pixels, prompt_m), network(pixels, prompt_m)
        torch.testing.assert_close(found_m, exact_m, rtol=1e-4, atol=1e-4)
        compiled.compile_missed()
    assert (compiled.sizes, compiled.problem) == (1, '')
