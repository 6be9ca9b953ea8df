# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""An exported network is a file that TensorRT 8.6 reads, and gives the depth of the network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.torch_version import TorchVersion

from promptda_ros.core.depth_space import DEPTH_SPACES
from promptda_ros.network.engines.folded import fold, FoldedNetwork
from promptda_ros.network.engines.onnx_file import ExportError, write_onnx
from promptda_ros.network.engines.precision import BF16, FP16, FP16_TOKENS_FP32, FP32
from promptda_ros.network.pixels import IMAGENET_MEAN, IMAGENET_STD
from promptda_ros.tools.export import difference, example_inputs

onnx = pytest.importorskip('onnx')

# Those that an exported network needs. The tables of TensorRT's parser list each for float32 and
# float16 (github.com/onnx/onnx-tensorrt, docs/operators.md of release/8.6-GA and release/10.1-GA).
OPERATORS = {
    *('Add', 'Sub', 'Mul', 'Div', 'Exp', 'Log', 'Erf', 'Sigmoid', 'Relu', 'Softmax'),
    *('MatMul', 'Conv', 'ConvTranspose', 'LayerNormalization', 'Resize', 'Pad'),
    *('Reshape', 'Transpose', 'Squeeze', 'Split', 'Slice', 'Cast'),
    *('ReduceMin', 'ReduceMax', 'Greater', 'Where'),
}
PRECISIONS = [FP32] if TorchVersion(torch.__version__) < '2.4' else [FP32, FP16, FP16_TOKENS_FP32]
SIZES: dict[str, Any] = {'size': [42, 56], 'prompt_size': [6, 8]}


@pytest.fixture
def exported(network_in, tmp_path) -> Callable[..., tuple[FoldedNetwork, Path]]:
    """Export the tiny network."""

    def make(space: str = 'metres', precision=FP32, batch: int = 1) -> tuple[FoldedNetwork, Path]:
        folded = fold(
            network_in(space),
            image_mean=IMAGENET_MEAN,
            image_std=IMAGENET_STD,
            precision=precision,
        )
        path = tmp_path / 'network.onnx'
        write_onnx(folded, example_inputs(folded, **SIZES, batch=batch), path)
        return folded, path

    return make


@pytest.mark.parametrize('precision', PRECISIONS, ids=lambda each: each.name)
@pytest.mark.parametrize('space', DEPTH_SPACES)
def test_it_has_only_operators_and_types_that_tensorrt_reads(exported, space, precision):
    model = onnx.load(exported(space, precision)[1])
    onnx.checker.check_model(model, full_check=True)
    (opset,) = model.opset_import
    assert (opset.domain, opset.version) == ('', 17)
    assert {node.op_type for node in model.graph.node} <= OPERATORS
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True).graph
    types = onnx.TensorProto
    computed = {value.type.tensor_type.elem_type for value in inferred.value_info}
    assert computed <= {types.FLOAT, types.FLOAT16, types.BOOL}, 'no integers, no doubles'
    constants = {each.data_type for each in model.graph.initializer}
    assert constants <= {types.FLOAT, types.FLOAT16, types.INT64}, 'sizes are integers in ONNX'


@pytest.mark.parametrize('batch', [1, 2, 3])
@pytest.mark.parametrize('space', DEPTH_SPACES)
def test_it_gives_the_depth_of_the_network(exported, space, batch):
    pytest.importorskip('onnxruntime')
    folded, path = exported(space, batch=batch)
    inputs = example_inputs(folded, **SIZES, batch=batch)
    other = inputs[0].flip(-1), 2 * inputs[1].flip(-2)
    for each in (inputs, other):
        assert difference(path, folded, each) < 1e-4


def test_a_prompt_of_one_depth_gives_this_depth(exported):
    pytest.importorskip('onnxruntime')
    folded, path = exported()
    pixels, prompt_m = example_inputs(folded, **SIZES)
    flat = pixels, torch.full_like(prompt_m, 0.75)
    assert torch.equal(folded(*flat), torch.full((1, 42, 56), 0.75))
    assert difference(path, folded, flat) == 0


def test_outside_of_an_export_holes_of_the_prompt_count_as_unknown(exported):
    folded, _ = exported()
    pixels, prompt_m = example_inputs(folded, **SIZES)
    prompt_m[..., 0, 0] = torch.nan
    assert folded(pixels, prompt_m).isfinite().all()


def test_what_the_file_format_lacks_is_refused(exported):
    with pytest.raises(ExportError, match='no convolution in bf16; take fp16 or fp32'):
        exported(precision=BF16)
