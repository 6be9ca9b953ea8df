# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is recorded is used only for its size, only if it is right, and never made in a frame."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor

from promptda_ros.network.graphs import CudaGraph, GraphedNetwork, GRAPHS_AT_MOST


class Halves:
    """Answers with half of the pixels' mean plus the prompt's; counts its runs."""

    patch_px = 14

    def __init__(self) -> None:
        self.runs = 0

    def __call__(self, pixels: Tensor, prompt_m: Tensor) -> Tensor:
        """Return metres (B, h, w)."""
        self.runs += 1
        return 0.5 * pixels.mean(1) + prompt_m.mean((1, 2, 3))[:, None, None]


class Recorded(CudaGraph):
    """A graph of the CPU: reads from its own inputs, writes to its own output."""

    def __init__(self, network: Any, pixels: Tensor, prompt_m: Tensor) -> None:
        self._pixels, self._prompt_m = pixels.clone(), prompt_m.clone()
        self._depth_m = network(self._pixels, self._prompt_m)
        self._graph = self
        self.replays = 0

    def replay(self) -> None:
        """Overwrite the last answer."""
        self.replays += 1
        self._depth_m.copy_(Halves()(self._pixels, self._prompt_m))


def inputs(height: int = 28, batch: int = 1, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Return random pixels and prompts."""
    rng = torch.Generator().manual_seed(seed)
    pixels = torch.rand(batch, 3, height, 42, generator=rng)
    return pixels, 0.5 + torch.rand(batch, 1, 6, 8, generator=rng)


@pytest.fixture(autouse=True)
def inference_mode() -> Iterator[None]:
    """As in the estimator."""
    with torch.inference_mode():
        yield


@pytest.fixture
def recordings() -> list[Recorded]:
    return []


@pytest.fixture
def graphed(recordings: list[Recorded]) -> GraphedNetwork:
    def record(*arguments: Any) -> Recorded:
        recordings.append(Recorded(*arguments))
        return recordings[-1]

    return GraphedNetwork(Halves(), record)


def test_a_size_is_recorded_between_frames_and_replayed_from_then_on(graphed, recordings):
    first = graphed(*inputs())
    assert recordings == []
    graphed.record_missed()
    (recording,) = recordings
    checks = recording.replays
    for seed in (1, 2):
        torch.testing.assert_close(graphed(*inputs(seed=seed)), Halves()(*inputs(seed=seed)))
    assert recording.replays == checks + 2
    torch.testing.assert_close(graphed(*inputs()), first)
    assert (graphed.recorded, graphed.problem, graphed.patch_px) == (1, '', 14)


def test_other_sizes_and_batches_go_through_the_network(graphed, recordings):
    graphed(*inputs())
    graphed.record_missed()
    for other in (inputs(height=42), inputs(batch=2)):
        torch.testing.assert_close(graphed(*other), Halves()(*other))
        graphed.record_missed()
    assert [recording._pixels.shape[::2] for recording in recordings] == [
        (1, 28),
        (1, 42),
        (2, 28),
    ]


def test_an_answer_stays_what_it_was_when_the_next_is_given(graphed):
    """Two cameras of one size whose frames did not fit into one batch."""
    graphed(*inputs())
    graphed.record_missed()
    left, right = graphed(*inputs(seed=1)), graphed(*inputs(seed=2))
    torch.testing.assert_close(left, Halves()(*inputs(seed=1)))
    torch.testing.assert_close(right, Halves()(*inputs(seed=2)))


def test_nothing_is_recorded_twice_or_for_nobody(graphed, recordings):
    graphed.record_missed()
    for _ in range(3):
        graphed(*inputs())
        graphed.record_missed()
    assert len(recordings) == 1


def test_recordings_are_few_and_what_comes_later_runs_without(graphed, recordings):
    """H1: each holds the memory of a whole run."""
    for number in range(GRAPHS_AT_MOST + 2):
        graphed(*inputs(height=14 * (number + 1)))
        graphed.record_missed()
    assert len(recordings) == GRAPHS_AT_MOST == graphed.recorded
    late = inputs(height=14 * (GRAPHS_AT_MOST + 2))
    torch.testing.assert_close(graphed(*late), Halves()(*late))


@pytest.mark.parametrize(
    'wrong',
    [
        lambda recording, pixels, prompt_m: recording._depth_m,
        lambda recording, pixels, prompt_m: 1.01 * Halves()(pixels, prompt_m),
        lambda recording, pixels, prompt_m: Halves()(pixels, recording._prompt_m),
        lambda recording, pixels, prompt_m: torch.nan * recording._depth_m,
    ],
    ids=['the recorded answer', 'another answer', 'the recorded prompt', 'no number'],
)
def test_a_recording_that_gives_other_depth_is_never_used(wrong):
    """H4: a wrong depth is worse than a late one."""

    class Wrong(Recorded):
        def __call__(self, pixels: Tensor, prompt_m: Tensor) -> Tensor:
            return wrong(self, pixels, prompt_m)

    graphed = GraphedNetwork(Halves(), Wrong)
    graphed(*inputs())
    graphed.record_missed()
    assert graphed.problem == 'no CUDA graphs: one gave other depth than the network'
    assert graphed.recorded == 0
    torch.testing.assert_close(graphed(*inputs(seed=3)), Halves()(*inputs(seed=3)))


def test_what_cannot_be_recorded_is_said_and_not_tried_again_until_all_is_forgotten():
    tries = []

    def record(*arguments: Any) -> Recorded:
        tries.append(arguments)
        if len(tries) == 1:
            raise torch.cuda.OutOfMemoryError('CUDA out of memory.\nmore for developers')
        return Recorded(*arguments)

    graphed = GraphedNetwork(Halves(), record)
    for _ in range(3):
        torch.testing.assert_close(graphed(*inputs()), Halves()(*inputs()))
        graphed.record_missed()
    assert (len(tries), graphed.problem) == (1, 'no CUDA graphs: CUDA out of memory.')
    graphed.forget()
    graphed(*inputs())
    graphed.record_missed()
    assert (len(tries), graphed.recorded, graphed.problem) == (2, 1, '')


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason='no CUDA device')
def test_a_cuda_graph_gives_the_depth_of_the_network(tiny_network):
    from promptda_ros.network.folded import fold
    from promptda_ros.network.pixels import IMAGENET_MEAN, IMAGENET_STD

    network = fold(tiny_network, image_mean=IMAGENET_MEAN, image_std=IMAGENET_STD).cuda()
    graphed = GraphedNetwork(network, CudaGraph)
    for seed in range(3):
        pixels, prompt_m = (tensor.cuda() for tensor in inputs(height=42, seed=seed))
        found_m, exact_m = graphed(255 * pixels, prompt_m), network(255 * pixels, prompt_m)
        torch.testing.assert_close(found_m, exact_m, rtol=1e-4, atol=1e-4)
        graphed.record_missed()
    assert (graphed.recorded, graphed.problem) == (1, '')
