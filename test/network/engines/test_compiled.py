# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is compiled is used only for its size, only if it is right, and never made in a frame."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat
import time
from typing import Any

import pytest
import torch
from torch import Tensor

from promptda_ros.network.engines import compiled as compiled_module
from promptda_ros.network.engines.compiled import (
    CompiledNetwork,
    FIRST_TRY_SEC,
    LONGEST_SEC,
    MayPass,
    SIZES_AT_MOST,
)
from promptda_ros.network.engines.cuda_graph import CudaGraph, CudaGraphs


class Halves:
    """Answers with half of the pixels' mean plus the prompt at a corner; counts its runs."""

    patch_px = 14

    def __init__(self) -> None:
        self.runs = 0

    def __call__(self, pixels: Tensor, prompt_m: Tensor) -> Tensor:
        """Return metres (B, h, w)."""
        self.runs += 1
        return 0.5 * pixels.mean(1) + prompt_m[:, 0, :1, :1]


class Recorded(CudaGraph):
    """A graph of the CPU: reads from its own inputs, writes to its own output."""

    name, tolerance, outliers, least_gain = CudaGraphs.name, 1e-3, 0.0, 0.0
    longest_sec = CudaGraphs.longest_sec
    key = staticmethod(CudaGraphs.key)

    def __init__(self, network: Any, pixels: Tensor, prompt_m: Tensor) -> None:
        self.inputs = [pixels.clone(), prompt_m.clone()]
        self.depth_m = network(*self.inputs)
        self.graph = self
        self.replays = 0

    def replay(self) -> None:
        """Overwrite the last answer."""
        self.replays += 1
        self.depth_m.copy_(Halves()(*self.inputs))


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
def compiled(recordings: list[Recorded]) -> CompiledNetwork:
    class Noted(Recorded):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            recordings.append(self)

    return CompiledNetwork(Halves(), Noted)


def test_a_size_is_recorded_between_frames_and_replayed_from_then_on(compiled, recordings):
    first = compiled(*inputs())
    assert recordings == []
    compiled.compile_missed()
    (recording,) = recordings
    checks = recording.replays
    for seed in (1, 2):
        torch.testing.assert_close(compiled(*inputs(seed=seed)), Halves()(*inputs(seed=seed)))
    assert recording.replays == checks + 2
    torch.testing.assert_close(compiled(*inputs()), first)
    assert (compiled.sizes, compiled.problem, compiled.patch_px) == (1, '', 14)


def test_for_recordings_every_frame_runs_compiled_whatever_came_before(compiled, recordings):
    """Or the first frame of a process, and those of a fifth size, would differ in rounding."""
    compiled(*inputs())
    compiled.compile_missed()
    checks = recordings[0].replays  # that a compilation takes
    compiled.compiles_in_frames = True
    heights = [28, *range(42, 42 + 14 * SIZES_AT_MOST, 14), 28]
    for height in heights:
        before = sum(each.replays for each in recordings), len(recordings)
        torch.testing.assert_close(compiled(*inputs(height)), Halves()(*inputs(height)))
        replays, count = (sum(each.replays for each in recordings), len(recordings))
        assert replays - before[0] == 1 + checks * (count - before[1])
    assert len(recordings) == len(heights)  # but the first, and the last again after all went
    assert compiled.sizes <= SIZES_AT_MOST


def test_other_sizes_and_batches_go_through_the_network(compiled, recordings):
    compiled(*inputs())
    compiled.compile_missed()
    for other in (inputs(height=42), inputs(batch=2)):
        torch.testing.assert_close(compiled(*other), Halves()(*other))
        compiled.compile_missed()
    assert [recording.inputs[0].shape[::2] for recording in recordings] == [
        (1, 28),
        (1, 42),
        (2, 28),
    ]


def test_an_answer_stays_what_it_was_when_the_next_is_given(compiled):
    """Two cameras of one size whose frames did not fit into one batch."""
    compiled(*inputs())
    compiled.compile_missed()
    left, right = compiled(*inputs(seed=1)), compiled(*inputs(seed=2))
    torch.testing.assert_close(left, Halves()(*inputs(seed=1)))
    torch.testing.assert_close(right, Halves()(*inputs(seed=2)))


def test_nothing_is_recorded_twice_or_for_nobody(compiled, recordings):
    compiled.compile_missed()
    for _ in range(3):
        compiled(*inputs())
        compiled.compile_missed()
    assert len(recordings) == 1


def test_recordings_are_few_and_what_comes_later_runs_without(compiled, recordings):
    """H1: each holds the memory of a whole run."""
    for number in range(SIZES_AT_MOST + 2):
        compiled(*inputs(height=14 * (number + 1)))
        compiled.compile_missed()
    assert len(recordings) == SIZES_AT_MOST == compiled.sizes
    late = inputs(height=14 * (SIZES_AT_MOST + 2))
    torch.testing.assert_close(compiled(*late), Halves()(*late))


@pytest.mark.parametrize(
    'wrong',
    [
        lambda recording, pixels, prompt_m: recording.depth_m,
        lambda recording, pixels, prompt_m: 1.01 * Halves()(pixels, prompt_m),
        lambda recording, pixels, prompt_m: Halves()(pixels, recording.inputs[1]),
        lambda recording, pixels, prompt_m: torch.nan * recording.depth_m,
    ],
    ids=['the recorded answer', 'another answer', 'the recorded prompt', 'no number'],
)
def test_a_recording_that_gives_other_depth_is_never_used(wrong):
    """H4: a wrong depth is worse than a late one."""

    class Wrong(Recorded):
        def __call__(self, pixels: Tensor, prompt_m: Tensor) -> Tensor:
            return wrong(self, pixels, prompt_m)

    compiled = CompiledNetwork(Halves(), Wrong)
    compiled(*inputs())
    compiled.compile_missed()
    assert compiled.problem.startswith('torch alone, no CUDA graphs: its depth is ')
    assert compiled.sizes == 0
    torch.testing.assert_close(compiled(*inputs(seed=3)), Halves()(*inputs(seed=3)))


def test_what_cannot_be_recorded_is_said_and_not_tried_again_until_all_is_forgotten():
    tries = []

    class Late(Recorded):
        def __init__(self, *arguments: Any) -> None:
            tries.append(arguments)
            if len(tries) == 1:
                raise torch.cuda.OutOfMemoryError(
                    'CUDA out of memory.\n' + 99 * 'For developers. '
                )
            super().__init__(*arguments)

    compiled = CompiledNetwork(Halves(), Late)
    for _ in range(3):
        torch.testing.assert_close(compiled(*inputs()), Halves()(*inputs()))
        compiled.compile_missed()
    assert len(tries) == 1
    assert compiled.problem.startswith('torch alone, no CUDA graphs: CUDA out of memory. For ')
    assert len(compiled.problem) < 400
    compiled.forget()
    compiled(*inputs())
    compiled.compile_missed()
    assert (len(tries), compiled.sizes, compiled.problem) == (2, 1, '')


def test_it_says_when_it_last_began_to_compile(compiled):
    """H3: the watchdog must know, and must not take the end of a long pause for a hang."""
    before_ns = time.monotonic_ns()
    compiled(*inputs())
    assert compiled.compiling_since_ns < before_ns, 'a hang in the first frame is not waited for'
    compiled.compile_missed()
    since_ns = compiled.compiling_since_ns
    assert before_ns <= since_ns
    compiled(*inputs())
    compiled.compile_missed()
    assert compiled.compiling_since_ns == since_ns


def test_it_tells_what_runs_the_network(compiled):
    compiled(*inputs())
    compiled.compile_missed()
    assert compiled.describe() == 'CUDA graphs, sizes compiled: 1'
    compiled.make_room('memory ran short')
    assert compiled.describe() == 'torch alone, no CUDA graphs: memory ran short'
    compiled.forget()
    assert compiled.describe() == 'CUDA graphs, sizes compiled: 0'


class Plain:
    """Compiles to the network itself, after a while; counts its compilations."""

    tolerance, outliers, longest_sec = 1e-3, 0.0, LONGEST_SEC
    key = staticmethod(CudaGraphs.key)

    def __init__(self, name: str, *, gain: float = 0.0, took_sec: float = 0.0) -> None:
        self.name, self.least_gain, self.took_sec = name, gain, took_sec
        self.made = 0
        self.problem: Exception | None = None
        self.factors: Iterator[float] = repeat(1.0)

    def __call__(self, network: Any, *given: Tensor) -> Any:
        self.made += 1
        if self.problem is not None:
            raise self.problem
        return lambda *others: self._run(network, *others)

    def _run(self, network: Any, *others: Tensor) -> Tensor:
        clock_sec[0] += self.took_sec
        return next(self.factors) * network(*others)


clock_sec = [0.0]


@pytest.fixture
def clock(monkeypatch) -> list[float]:
    clock_sec[0] = 5000.0
    for name in ('monotonic', 'perf_counter'):
        monkeypatch.setattr(compiled_module.time, name, lambda: clock_sec[0])
    return clock_sec


def compile_for(compiled: CompiledNetwork, height: int = 28) -> None:
    compiled(*inputs(height))
    compiled.compile_missed()


@pytest.mark.parametrize('problem', ['an error', 'another depth'])
def test_a_compiler_that_fails_is_stood_in_for_by_the_next_with_the_reason(problem):
    first, second = Plain('first'), Plain('second')
    if problem == 'another depth':
        first.factors = repeat(1.01)
    else:
        first.problem = RuntimeError('no compiler')
    compiled = CompiledNetwork(Halves(), first, second)
    for height in (28, 42):
        compile_for(compiled, height)
    assert (first.made, second.made, compiled.sizes, compiled.problem) == (1, 2, 2, '')
    assert compiled.describe().startswith('second, sizes compiled: 2; no first: ')


@pytest.mark.parametrize('kind', [torch.cuda.OutOfMemoryError, MayPass])
def test_a_compiler_that_may_succeed_later_is_tried_again_and_not_stood_in_for(clock, kind):
    """H1: for a moment without memory the faster one was lost until the next start."""
    first, second = Plain('first'), Plain('second')
    first.problem = kind('it failed')
    compiled = CompiledNetwork(Halves(), first, second)
    compile_for(compiled)
    assert compiled.describe() == 'torch alone, no first: it failed'
    first.problem = None
    clock[0] += FIRST_TRY_SEC
    compile_for(compiled)
    assert compiled.describe() == 'first, sizes compiled: 1'
    assert second.made == 0


def test_a_failure_at_one_size_leaves_the_compiler_and_what_it_compiled_in_use():
    first, second = Plain('first'), Plain('second')
    compiled = CompiledNetwork(Halves(), first, second)
    compile_for(compiled)
    first.problem = RuntimeError('no kernel for it')
    for _ in range(3):
        compile_for(compiled, 42)
        torch.testing.assert_close(compiled(*inputs(42)), Halves()(*inputs(42)))
    assert (first.made, second.made) == (2, 0), 'a try holds frames up, and will fail again'
    assert compiled.describe() == (
        'first, sizes compiled: 1; torch alone for 1x3x42x42, no first: no kernel for it'
    )
    first.problem = None
    compile_for(compiled, 56)
    assert compiled.sizes == 2
    compiled.forget()
    compile_for(compiled, 42)
    assert compiled.describe() == 'first, sizes compiled: 1'


def test_sizes_that_fail_hold_frames_up_a_few_times_only():
    compiler = Plain('first')
    compiled = CompiledNetwork(Halves(), compiler)
    compile_for(compiled)
    compiler.problem = RuntimeError('no kernel for it')
    for number in range(2 * SIZES_AT_MOST):
        compile_for(compiled, 14 * (number + 3))
    assert compiler.made == SIZES_AT_MOST


def test_a_compiler_that_must_gain_is_compared_with_the_next_one_that_works(clock):
    first, second = Plain('first', gain=0.1, took_sec=2.0), Plain('second')
    third = Plain('third', took_sec=1.0)
    second.problem = RuntimeError('no compiler')
    compiled = CompiledNetwork(Halves(), first, second, third)
    compile_for(compiled)
    assert compiled.describe() == (
        'third, sizes compiled: 1; no first: 2000.00 ms > 900.00 ms, third takes 1000.00 ms; '
        'no second: no compiler'
    )


def test_a_compiler_that_must_gain_compiles_at_start_only(clock):
    """Later it would hold up frames for longer than it is worth."""
    first, second = Plain('first', gain=0.1, took_sec=0.5), Plain('second', took_sec=1.0)
    third = Plain('third')
    compiled = CompiledNetwork(Halves(), first, second, third)
    compile_for(compiled)
    compiled.end_start()
    second.problem = RuntimeError('no kernel for it')
    for height in (28, 42):
        compile_for(compiled, height)
    assert (first.made, third.made) == (1, 1)
    assert compiled.describe() == (
        'first and third, sizes compiled: 2; no second: no kernel for it'
    )
    begun_sec = clock[0]
    compiled(*inputs())
    assert clock[0] - begun_sec == 0.5, 'what was compiled at start is in use'
    compiled.forget()
    compile_for(compiled)
    assert compiled.describe().startswith('third, sizes compiled: 1')
    assert first.made == 1


def test_a_compiler_that_must_gain_and_had_no_memory_at_start_is_not_tried_again(clock):
    first, second = Plain('first', gain=0.1), Plain('second')
    first.problem = torch.cuda.OutOfMemoryError('CUDA out of memory')
    compiled = CompiledNetwork(Halves(), first, second)
    compile_for(compiled)
    compiled.end_start()
    clock[0] += FIRST_TRY_SEC
    compile_for(compiled)
    assert (first.made, compiled.describe()) == (1, 'second, sizes compiled: 1')


@pytest.mark.parametrize('longest_sec, sizes', [(LONGEST_SEC, 0), (LONGEST_SEC + 1, 1)])
def test_only_what_takes_long_to_compile_is_kept_for_the_size_of_the_start(longest_sec, sizes):
    compiler = Plain('first')
    compiler.longest_sec = longest_sec
    compiled = CompiledNetwork(Halves(), compiler)
    compile_for(compiled)
    compiled.end_start()
    assert (compiled.sizes, compiled.problem) == (sizes, '')
    compile_for(compiled)
    assert compiler.made == 2 - sizes


def test_a_compilation_may_take_as_long_as_all_compilers_in_a_row():
    """H3: the watchdog must not take the second for a hang because the first took its time."""
    compilers = [Plain('first'), Plain('second'), Plain('third')]
    compilers[0].problem = RuntimeError('no compiler')
    for longest_sec, each in zip((60.0, 30.0, 5.0), compilers, strict=True):
        each.longest_sec = longest_sec
    compiled = CompiledNetwork(Halves(), *compilers)
    compile_for(compiled)
    assert compiled.name == 'second'
    assert compiled.longest_sec == 95.0, 'it was so when it began'


@pytest.mark.parametrize('took_sec, name', [(0.89, 'first'), (0.91, 'second')])
def test_a_compiler_that_must_gain_a_tenth_is_compared_once_with_the_next(clock, took_sec, name):
    first, second = Plain('first', gain=0.1, took_sec=took_sec), Plain('second', took_sec=1.0)
    compiled = CompiledNetwork(Halves(), first, second)
    for height in (28, 42):
        compile_for(compiled, height)
    assert (compiled.name, compiled.sizes) == (name, 2)
    assert {first.made, second.made} == {1, 2}
    reason = '; no first: 910.00 ms > 900.00 ms, second takes 1000.00 ms'
    assert compiled.describe().partition(';')[1:] == (
        ('', '') if name == 'first' else (';', reason[1:])
    )


@pytest.mark.parametrize(
    'factors, text',
    [
        ([1.0008, 1.0008], 'its depth is 8.0e-04 off that of torch in the mean > 0.0005'),
        ([1.0002, 0.9998], 'its scale changes by 4.0e-04 between two frames > 0.00025'),
        ([1.0002, 1.0002], ''),
    ],
)
def test_a_scale_that_is_off_or_changes_from_frame_to_frame_is_refused(factors, text):
    """H4: no pixel is far off, but a whole cloud moves."""
    compiler = Plain('first')
    compiler.factors = iter(factors)
    compiled = CompiledNetwork(Halves(), compiler)
    compile_for(compiled)
    assert compiled.problem == (text and f'torch alone, no first: {text}')


@pytest.mark.parametrize(
    'wrong, off, is_used',
    [(1, 0.02, True), (2, 0.02, False), (1, torch.nan, False), (1, -torch.inf, False)],
)
def test_a_share_of_pixels_may_be_farther_off_where_the_compiler_says_so(wrong, off, is_used):
    """H4: in float16 an edge may move by a pixel, and still no pixel may be without a number."""

    class Jumping(Plain):
        outliers = 1e-3

        def _run(self, network: Any, *others: Tensor) -> Tensor:
            depth_m = network(*others)
            depth_m.view(-1)[:wrong] *= 1 + off
            return depth_m

    compiled = CompiledNetwork(Halves(), Jumping('first'))
    compile_for(compiled)  # 1176 pixels
    assert (compiled.problem == '') == is_used


def test_tries_become_rarer_while_memory_stays_short_and_frequent_again_later(clock):
    """H1: each try costs a pause, and memory that is short may stay so."""
    compiler = Plain('first')
    compiled = CompiledNetwork(Halves(), compiler)
    compiler.problem = torch.cuda.OutOfMemoryError('CUDA out of memory')
    waits_sec = []
    compile_for(compiled)
    for _ in range(9):
        begun_sec = clock[0]
        while not compiled.has_missed:
            clock[0] += 30.0
            compiled(*inputs())
        waits_sec.append(clock[0] - begun_sec)
        compiled.compile_missed()
    assert waits_sec == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
    compiler.problem = None
    clock[0] += 3600.0
    compile_for(compiled)
    assert (compiled.sizes, compiled.problem) == (1, '')
    clock[0] += 2 * 3600.0
    compiled.make_room('memory ran short')
    compile_for(compiled)
    assert compiled.sizes == 0
    clock[0] += 60.0
    compile_for(compiled)
    assert compiled.sizes == 1
