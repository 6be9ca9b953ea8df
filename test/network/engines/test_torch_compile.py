# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What torch compiles gives the depth of the network within a bounded time, or is not used."""

from __future__ import annotations

from collections.abc import Iterator
import os
import shutil
import subprocess
import threading
from typing import Any

import pytest
import torch
from torch import _dynamo as dynamo
from torch import nn, Tensor
from torch._inductor import config as inductor_config

from promptda_ros.network.engines import torch_compile
from promptda_ros.network.engines.compiled import CompiledNetwork
from promptda_ros.network.engines.folded import fold, FoldedNetwork
from promptda_ros.network.engines.precision import FP16_DECODER_TF32
from promptda_ros.network.engines.torch_compile import TorchCompile
from promptda_ros.network.pixels import IMAGENET_MEAN, IMAGENET_STD
from test.network.engines.test_compiled import inputs, Plain


class Small(nn.Module):
    """A network of one step, which compiles in no time."""

    patch_px = 14

    def forward(self, pixels: Tensor, prompt_m: Tensor) -> Tensor:
        """Return metres (B, h, w)."""
        return torch.nn.functional.gelu(pixels.mean(1)) + prompt_m[:, 0, :1, :1]


def as_it_is(network: Any, *_: Tensor) -> Any:
    """Record nothing: on a CPU what was compiled runs by itself."""
    return network


def traced(graph: Any, _inputs: list[Tensor]) -> Any:
    """Compile to the steps that were found, one by one."""
    return graph.forward


@pytest.fixture(autouse=True)
def fresh(monkeypatch, tmp_path) -> Iterator[None]:
    """Forget what other tests compiled: torch does so only for a few sizes of one network."""
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    for name in ('TORCHINDUCTOR_CACHE_DIR', 'TORCHINDUCTOR_FX_GRAPH_CACHE'):
        monkeypatch.setenv(name, '')
        monkeypatch.delenv(name)
    dynamo.reset()
    with torch.inference_mode():
        yield
    dynamo.reset()


def compile_for(compiled: CompiledNetwork, height: int = 28) -> None:
    compiled(*inputs(height))
    compiled.compile_missed()


@pytest.fixture
def network(network_in) -> FoldedNetwork:
    with torch.inference_mode(False):
        return fold(network_in('log'), image_mean=IMAGENET_MEAN, image_std=IMAGENET_STD)


def test_the_compiled_network_gives_the_depth_of_the_network_at_every_size(network):
    compiled = CompiledNetwork(network, TorchCompile(as_it_is, backend=traced))
    for height in (28, 42):
        compile_for(compiled, height)
        given = inputs(height, seed=1)
        torch.testing.assert_close(compiled(*given), network(*given), rtol=1e-5, atol=1e-6)
    assert compiled.describe() == 'torch.compile, sizes compiled: 2'


@pytest.mark.skipif(shutil.which('g++') is None, reason='no compiler for C++')
def test_the_compiler_of_torch_is_used_and_the_next_start_finds_what_it_made(
    monkeypatch, tmp_path
):
    monkeypatch.setattr(torch_compile, 'LONGEST_SEC', 600.0)
    monkeypatch.setattr(inductor_config, 'cpp_cache_precompile_headers', False, raising=False)
    counters = dynamo.utils.counters
    for number in range(2):
        dynamo.reset()  # as in another process
        counters.clear()
        compiled = CompiledNetwork(Small(), TorchCompile(as_it_is))
        compile_for(compiled)
        assert (compiled.sizes, compiled.problem) == (1, '')
        torch.testing.assert_close(compiled(*inputs(seed=1)), Small()(*inputs(seed=1)))
        found = counters['inductor']['fxgraph_cache_hit']
        found += counters['aot_autograd']['autograd_cache_hit']
        assert bool(found) == bool(number)
    assert list((tmp_path / 'promptda_ros' / 'torch_compile').rglob('*.cpp'))


def test_a_place_for_the_cache_that_the_user_chose_is_kept(monkeypatch):
    monkeypatch.setenv('TORCHINDUCTOR_CACHE_DIR', '/somewhere')
    torch_compile.use_cache()
    assert os.environ['TORCHINDUCTOR_CACHE_DIR'] == '/somewhere'


def test_what_takes_too_long_goes_on_without_being_waited_for(monkeypatch):
    """H3: the node starts all the same."""
    release, ended = threading.Event(), threading.Event()

    def slow(graph: Any, given: list[Tensor]) -> Any:
        release.wait()
        ended.set()
        return graph.forward

    monkeypatch.setattr(torch_compile, 'LONGEST_SEC', 0.2)
    compiled = CompiledNetwork(Small(), TorchCompile(as_it_is, backend=slow), Plain('next'))
    compile_for(compiled)
    assert compiled.describe() == (
        'next, sizes compiled: 1; no torch.compile: not compiled within 0 s; the next start may '
        'be faster'
    )
    release.set()
    assert ended.wait(60.0)


@pytest.mark.parametrize('error', [RuntimeError('no triton'), ImportError('g++'), OSError('disk')])
def test_a_compiler_that_fails_is_stood_in_for_with_the_reason(error):
    def failing(graph: Any, given: list[Tensor]) -> Any:
        raise error

    compiled = CompiledNetwork(Small(), TorchCompile(as_it_is, backend=failing), Plain('next'))
    compile_for(compiled)
    assert (compiled.name, compiled.sizes) == ('next', 1)
    assert 'no torch.compile: ' in compiled.describe()
    assert str(error) in compiled.describe()


@pytest.mark.parametrize(
    'error', [subprocess.CalledProcessError(1, 'ptxas'), EOFError('a cache that is cut off')]
)
def test_whatever_a_compiler_raises_is_the_reason_at_once(monkeypatch, error):
    """H3: outside of what torch wraps, it was waited for until the limit."""

    def broken(*_: Tensor) -> Tensor:
        raise error

    monkeypatch.setattr(torch_compile, 'LONGEST_SEC', 5.0)
    monkeypatch.setattr(torch, 'compile', lambda network, **_: broken)
    compiled = CompiledNetwork(Small(), TorchCompile(as_it_is, backend=traced), Plain('next'))
    compile_for(compiled)
    reason = f'no torch.compile: {type(error).__name__}: {error}'
    assert compiled.describe() == f'next, sizes compiled: 1; {reason}'


def test_a_decoder_in_tf32_is_not_compiled_to_a_slower_one(network_in):
    with torch.inference_mode(False):
        network = fold(
            network_in('log'),
            image_mean=IMAGENET_MEAN,
            image_std=IMAGENET_STD,
            precision=FP16_DECODER_TF32,
        )
    with pytest.raises(RuntimeError, match='it would run the decoder without TF32'):
        TorchCompile(as_it_is, backend=traced)(network, *inputs())


def test_another_depth_is_refused():
    """H4: a wrong depth is worse than a late one."""

    def wrong(graph: Any, given: list[Tensor]) -> Any:
        return lambda *them: [1.01 * each for each in graph.forward(*them)]

    compiled = CompiledNetwork(Small(), TorchCompile(as_it_is, backend=wrong))
    compile_for(compiled)
    assert compiled.problem.startswith('torch alone, no torch.compile: its depth is 1.0e-02 off')


def test_what_torch_runs_as_it_is_does_not_count_as_compiled(monkeypatch):
    monkeypatch.setattr(torch, 'compile', lambda network, **_: network)
    compiled = CompiledNetwork(Small(), TorchCompile(as_it_is, backend=traced))
    compile_for(compiled)
    assert 'torch compiled nothing' in compiled.problem


def test_nothing_is_compiled_outside_of_the_time_for_it():
    """Recording waits for no compiler, and a frame never does."""

    def another_size(network: Any, *_: Tensor) -> Any:
        network(*inputs(42))

    compiled = CompiledNetwork(Small(), TorchCompile(another_size, backend=traced))
    compile_for(compiled)
    assert 'torch would compile the network once more' in compiled.problem
