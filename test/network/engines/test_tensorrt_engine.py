# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""An engine of TensorRT gives the depth of the network; what fails is said in a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
import runpy
import sys
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.torch_version import TorchVersion

from promptda_ros.core.runtime.number_modes import require_exact_numbers
from promptda_ros.network.engines.compiled import CompiledNetwork
from promptda_ros.network.engines.folded import fold
from promptda_ros.network.engines.precision import FP16, FP16_TOKENS_FP32, FP32
from promptda_ros.network.engines.tensorrt_builder import timing_file
from promptda_ros.network.engines.tensorrt_engine import TensorRtEngine
from promptda_ros.network.pixels import IMAGENET_MEAN, IMAGENET_STD

for package in ('onnx', 'onnxruntime'):
    pytest.importorskip(package)
FAKE = runpy.run_path(str(Path(__file__).parents[2] / 'fake_tensorrt.py'))
VERSIONS = ['8.6.1', '10.3.0', '11.4.0']
HALF = [] if TorchVersion(torch.__version__) < '2.4' else [FP16, FP16_TOKENS_FP32]


@pytest.fixture
def version() -> str:
    return '10.3.0'


@pytest.fixture
def tensorrt(version, tmp_path, monkeypatch) -> Any:
    return FAKE['fake_tensorrt'](monkeypatch, tmp_path / 'cache', version)


@pytest.fixture(autouse=True)
def inference_mode() -> Iterator[None]:
    """As in the estimator."""
    with torch.inference_mode():
        yield


@pytest.fixture
def network(network_in):
    return fold(network_in('metres'), image_mean=IMAGENET_MEAN, image_std=IMAGENET_STD)


def inputs(batch: int = 1, size=(42, 56), seed: int = 0, prompt=(6, 8)) -> tuple[Tensor, Tensor]:
    """Make inputs as the estimator does: channels last in memory."""
    rng = torch.Generator().manual_seed(seed)
    pixels = 255 * torch.rand(batch, *size, 3, generator=rng).permute(0, 3, 1, 2)
    return pixels, 0.5 + torch.rand(batch, 1, *prompt, generator=rng)


@pytest.mark.parametrize('version', VERSIONS)
def test_it_gives_the_depth_of_the_network_for_every_size_and_batch(network, tensorrt):
    compiled = CompiledNetwork(network, TensorRtEngine)
    wide, high = (42, 56), (56, 42)
    for batch, size, prompt in ((1, wide, (6, 8)), (3, wide, (6, 8)), (2, high, (8, 6))):
        for seed in range(2):
            given = inputs(batch, size, seed, prompt)
            torch.testing.assert_close(compiled(*given), network(*given), atol=0, rtol=1e-4)
            compiled.compile_missed()
    assert (compiled.problem, compiled.sizes) == ('', 2), 'one engine serves all batches'
    (build, _) = tensorrt.builds
    assert build.limits == {'WORKSPACE': FAKE['FREE_BYTES'] // 2}
    assert build.flags == set(), 'float32 is no TF32'


@pytest.mark.parametrize('version', VERSIONS)
@pytest.mark.parametrize('precision', HALF, ids=lambda each: each.name)
def test_a_network_in_half_precision_is_built_in_it(network_in, tensorrt, precision, version):
    folded = fold(
        network_in('metres'),
        image_mean=IMAGENET_MEAN,
        image_std=IMAGENET_STD,
        precision=precision,
    )
    run, given = TensorRtEngine(folded, *inputs()), inputs(seed=1)
    torch.testing.assert_close(run(*given), folded(*given), atol=0, rtol=5e-3)
    allowed = {'FP16'} if version == '8.6.1' else set()  # later ones keep the types of the file
    assert tensorrt.builds[0].flags == allowed


def test_another_size_of_the_prompt_needs_another_engine(network, tensorrt):
    compiled = CompiledNetwork(network, TensorRtEngine)
    for prompt in ((6, 8), (12, 16)):
        for seed in range(2):
            given = inputs(seed=seed, prompt=prompt)
            torch.testing.assert_close(compiled(*given), network(*given), atol=0, rtol=1e-4)
            compiled.compile_missed()
    assert compiled.sizes == 2


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason='no CUDA device')
@pytest.mark.parametrize('precision', [FP32, *HALF], ids=lambda each: each.name)
def test_on_a_card_it_gives_the_depth_of_the_network(network_in, monkeypatch, tmp_path, precision):
    pytest.importorskip('tensorrt')
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    require_exact_numbers()
    folded = fold(
        network_in('metres'),
        image_mean=IMAGENET_MEAN,
        image_std=IMAGENET_STD,
        precision=precision,
    ).cuda()
    compiled = CompiledNetwork(folded, TensorRtEngine)
    for batch, seed in ((1, 0), (2, 1)):
        given = [each.cuda() for each in inputs(batch, seed=seed)]
        torch.testing.assert_close(compiled(*given), folded(*given), atol=0, rtol=1e-2)
        compiled.compile_missed()
    assert (compiled.problem, compiled.sizes) == ('', 1)


def test_an_answer_stays_what_it_was_when_the_next_is_given(network, tensorrt):
    run = TensorRtEngine(network, *inputs())
    first_m = run(*inputs(seed=1))
    kept_m = first_m.clone()
    run(*inputs(seed=2))
    assert torch.equal(first_m, kept_m)


@pytest.mark.parametrize(
    'fault, reason',
    [
        ('parse_error', 'the ONNX file is refused: '),
        ('build_error', 'no engine can be built: '),
        ('context_error', 'the engine cannot be run: '),
    ],
)
def test_what_tensorrt_refuses_is_said_and_runs_in_torch(network, tensorrt, fault, reason):
    setattr(tensorrt, fault, 'no kernel\nfor this card')
    compiled = CompiledNetwork(network, TensorRtEngine)
    for _ in range(2):
        assert torch.equal(compiled(*inputs()), network(*inputs()))
        compiled.compile_missed()
    assert compiled.problem == f'torch alone, no TensorRT: {reason}no kernel for this card'


def test_an_engine_that_gives_other_depth_is_never_used(network, tensorrt):
    """H4: TensorRT 10.3 and 10.4 gave wrong depth for such networks, without an error."""
    tensorrt.factor = 1.01
    compiled = CompiledNetwork(network, TensorRtEngine)
    compiled(*inputs())
    compiled.compile_missed()
    assert compiled.problem.startswith('torch alone, no TensorRT: its depth is 1.0e-02 off')
    assert torch.equal(compiled(*inputs()), network(*inputs()))


def test_a_frame_that_fails_gives_no_depth(network, tensorrt):
    """H4: memory that nobody wrote to is no depth."""
    run = TensorRtEngine(network, *inputs())
    tensorrt.frame_error = 'CUDA failure'
    with pytest.raises(RuntimeError, match='TensorRT failed in a frame: CUDA failure'):
        run(*inputs())


@pytest.mark.parametrize('package', ['tensorrt', 'onnx'])
def test_what_is_not_installed_is_said_in_a_sentence(network, tensorrt, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(RuntimeError, match=package):
        TensorRtEngine(network, *inputs())


def test_an_installation_of_another_version_is_said_in_a_sentence(network, tensorrt):
    del tensorrt.OnnxParser
    with pytest.raises(RuntimeError, match=r'AttributeError: .*OnnxParser'):
        TensorRtEngine(network, *inputs())


def test_the_next_build_knows_the_times_of_the_one_before(network, tensorrt):
    for _ in range(2):
        TensorRtEngine(network, *inputs())
    assert [build.timings for build in tensorrt.builds] == [b'', b'+build']
    stored = timing_file(tensorrt, torch.device('cpu'))
    assert stored.name == 'Card_1_10.3.0.timings', 'no times of another card or version'
    assert [path.name for path in stored.parent.iterdir()] == [stored.name]


@pytest.mark.parametrize('trouble', ['damaged', 'not writable'])
def test_without_times_it_only_takes_longer(network, tensorrt, tmp_path, trouble):
    stored = timing_file(tensorrt, torch.device('cpu'))
    if trouble == 'damaged':
        stored.parent.mkdir(parents=True)
        stored.write_bytes(b'damaged')
    else:
        (tmp_path / 'cache').write_text('a file where the folder would be')
    run = TensorRtEngine(network, *inputs())
    torch.testing.assert_close(run(*inputs()), network(*inputs()), atol=0, rtol=1e-4)
    assert [build.timings for build in tensorrt.builds] == [b'']
