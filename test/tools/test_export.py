# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.tools.export."""

from __future__ import annotations

from pathlib import Path
import re
import runpy
import sys
from typing import Any

import pytest
import torch
from torch.torch_version import TorchVersion

from promptda_ros.core.errors import ExitCode
from promptda_ros.core.model_names import EMBEDDED
from promptda_ros.core.settings.schema import ModelSettings
from promptda_ros.model_folders import model_folder
from promptda_ros.network import load_network
from promptda_ros.network.engines.folded import load_folded
from promptda_ros.tools.export import difference, example_inputs
from promptda_ros.tools.main import main as promptda

ROOT = Path(__file__).parents[2]
PAGE = ROOT / 'docs' / 'export.md'

# ONNX Runtime computes activations by shorter series; the embedded network's head takes
# differences of large numbers and shows it most.
TOLERANCE = 5e-5
needs_half = pytest.mark.skipif(
    TorchVersion(torch.__version__) < '2.4', reason='no float16 convolutions on the CPU'
)


def main(argv: list[str]) -> int:
    return promptda(['export', *argv])


@pytest.fixture
def onnx():
    return pytest.importorskip('onnx')


def run(path, *more: object) -> int:
    return main([str(word) for word in ('--onnx', path, *more)])


def test_the_embedded_network_gives_the_same_depth_in_onnx_runtime(tmp_path, onnx, capsys):
    pytest.importorskip('onnxruntime')
    path = tmp_path / 'new' / 'tiny.onnx'
    assert run(path, '--size', 84, 112, '--prompt-size', 24, 32) == ExitCode.CLEAN
    onnx.checker.check_model(onnx.load(path), full_check=True)
    network = load_folded(model_folder(ModelSettings(name=EMBEDDED)))
    inputs = example_inputs(network, size=[84, 112], prompt_size=[24, 32])
    with torch.inference_mode():
        assert network(*inputs).std() > 0.05, 'a flat depth would prove nothing'
    assert difference(path, network, inputs) <= TOLERANCE
    assert 'ONNX Runtime gives the same depth' in capsys.readouterr().out


@pytest.mark.parametrize('batch', [1, 3])
def test_names_types_and_sizes_are_fixed(tmp_path, network_folder, onnx, batch):
    path = tmp_path / 'net.onnx'
    words = ('--model', network_folder, '--size', 56, 70, '--prompt-size', 6, 8)
    assert run(path, *words, '--batch', batch) == ExitCode.CLEAN
    graph = onnx.load(path).graph

    def described(value) -> tuple[str, int, list[int]]:
        tensor = value.type.tensor_type
        return value.name, tensor.elem_type, [side.dim_value for side in tensor.shape.dim]

    metres = onnx.TensorProto.FLOAT
    assert [described(value) for value in graph.input] == [
        ('pixels', metres, [batch, 3, 56, 70]),
        ('prompt_m', metres, [batch, 1, 6, 8]),
    ]
    assert [described(value) for value in graph.output] == [('depth_m', metres, [batch, 56, 70])]


def test_a_log_network_takes_and_gives_metres(tmp_path, network_folder, onnx):
    pytest.importorskip('onnxruntime')
    folder = tmp_path / 'log'
    network = load_network(network_folder)
    network.config.depth_space = 'log'
    network.save_pretrained(folder)
    path = tmp_path / 'net.onnx'
    assert run(path, '--model', folder, '--size', 56, 70, '--prompt-size', 6, 8) == ExitCode.CLEAN
    inputs = example_inputs(load_folded(folder), size=[56, 70], prompt_size=[6, 8])
    assert difference(path, load_folded(folder), inputs) <= TOLERANCE
    assert difference(path, load_folded(network_folder), inputs) > 100 * TOLERANCE


@needs_half
def test_in_half_precision_pixels_and_metres_stay_in_float32(tmp_path, network_folder, onnx):
    """TensorRT from 11 on takes the types of the file; metres in float16 step by 2 mm."""
    whole, half = tmp_path / 'whole.onnx', tmp_path / 'half.onnx'
    words = ('--model', network_folder, '--size', 56, 70, '--prompt-size', 6, 8)
    assert run(whole, *words) == run(half, *words, '--precision', 'fp16') == ExitCode.CLEAN
    graph = onnx.load(half).graph
    ends = [*graph.input, *graph.output]
    assert {end.type.tensor_type.elem_type for end in ends} == {onnx.TensorProto.FLOAT}
    assert half.stat().st_size < 0.75 * whole.stat().st_size
    pytest.importorskip('onnxruntime')
    network = load_folded(network_folder)
    inputs = example_inputs(network, size=[56, 70], prompt_size=[6, 8])
    assert difference(half, network, inputs) < 2e-3


@pytest.mark.parametrize(
    'words, sentence',
    [
        (('--size', 56, 71), 'multiples of 14'),
        (('--size', 0, 70), "--size: '0' is not a whole number from 1 on"),
        (('--prompt-size', 24, -1), "--prompt-size: '-1' is not a whole number"),
        (('--batch', 0), "--batch: '0' is not a whole number from 1 on"),
    ],
)
def test_sizes_that_no_network_takes_are_refused(
    tmp_path, network_folder, capsys, words, sentence
):
    code = run(tmp_path / 'net.onnx', '--model', network_folder, *words)
    assert code == ExitCode.CONFIGURATION
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / 'net.onnx').exists()


def test_a_network_that_is_not_there_is_named(tmp_path, capsys):
    code = run(tmp_path / 'net.onnx', '--model', tmp_path / 'nothing')
    assert code == ExitCode.MODEL_OR_DEVICE
    assert 'nothing does not exist' in capsys.readouterr().err


@pytest.mark.parametrize('package', ['onnx', 'onnxruntime'])
def test_the_command_that_brings_what_is_missing_is_named(
    tmp_path, network_folder, capsys, monkeypatch, package
):
    if package == 'onnxruntime':
        pytest.importorskip('onnx')
    monkeypatch.setitem(sys.modules, package, None)
    words = ('--model', network_folder, '--size', 28, 28, '--prompt-size', 6, 8)
    code = run(tmp_path / 'net.onnx', *words)
    assert code == (ExitCode.CLEAN if package == 'onnxruntime' else ExitCode.CONFIGURATION)
    printed = capsys.readouterr()
    assert f'pip install {package}\n' in printed.out + printed.err


@pytest.mark.parametrize('number, file', [(0, 'vits.onnx'), (1, 'vits.engine')])
def test_the_classes_on_the_page_give_the_depth_of_the_network(
    tmp_path, network_folder, monkeypatch, onnx, number, file
):
    pytest.importorskip('onnxruntime')
    code = re.findall('```python\n(.*?)```', PAGE.read_text(), re.DOTALL)[number]
    assert f"('{file}')" in code
    fake = runpy.run_path(str(ROOT / 'test' / 'fake_tensorrt.py'))
    fake['fake_tensorrt'](monkeypatch, tmp_path)
    monkeypatch.chdir(tmp_path)
    words = ('--model', network_folder, '--size', 378, 504, '--prompt-size', 12, 16)
    assert run(file, *words) == ExitCode.CLEAN, 'engines of the stand-in are ONNX files'
    page: dict[str, Any] = {}
    exec(code.replace("'cuda'", "'cpu'"), page)
    estimator = page['estimator']
    assert estimator.network_size(480, 640) == (378, 504)
    folded = load_folded(network_folder)
    pixels, prompt_m = example_inputs(folded, size=[378, 504], prompt_size=[12, 16])
    with torch.inference_mode():
        found_m = estimator.network(pixels.to(memory_format=torch.channels_last), prompt_m)
        torch.testing.assert_close(found_m, folded(pixels, prompt_m), atol=0, rtol=TOLERANCE)
