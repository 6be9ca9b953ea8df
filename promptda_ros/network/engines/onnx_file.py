# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A network as an ONNX file for inputs of fixed sizes, which TensorRT 8.6 and later read."""

from __future__ import annotations

import importlib.util
import inspect
from pathlib import Path
from typing import Any
import warnings

import torch
from torch import Tensor
from torch.torch_version import TorchVersion

from promptda_ros.core.errors import PromptdaError
from promptda_ros.network.engines.folded import FoldedNetwork
from promptda_ros.network.engines.onnx_constants import fold_constants

OPSET = 17  # the first with layer normalisation, and the last that TensorRT 8.6 reads
INPUTS, OUTPUT = ('pixels', 'prompt_m'), 'depth_m'


class ExportError(PromptdaError, RuntimeError):
    """What cannot be exported; the text says why."""


@torch.no_grad()
def write_onnx(network: FoldedNetwork, inputs: tuple[Tensor, Tensor], path: Path) -> None:
    """Write a network for inputs of these sizes: pixels and prompt_m in, depth_m out.

    Raises:
        ExportError: torch can't without the onnx package, or not in this number format.
    """
    _require_exporter(network)
    import onnx

    network(*inputs)  # the position table of this size is a constant from now on
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # that sizes become constants, which is wanted here
        torch.onnx.export(
            network,
            inputs,
            str(path),
            input_names=list(INPUTS),
            output_names=[OUTPUT],
            opset_version=OPSET,
            **_by_tracing(),
        )
    onnx.save(fold_constants(onnx.load(path)), path)


def _require_exporter(network: FoldedNetwork) -> None:
    if importlib.util.find_spec('onnx') is None:
        raise ExportError('torch needs the onnx package to export; pip install onnx')
    if has_weights_in(torch.bfloat16, network):
        raise ExportError(f'opset {OPSET} of ONNX has no convolution in bf16; take fp16 or fp32')
    if has_weights_in(torch.float16, network) and TorchVersion(torch.__version__) < '2.4':
        raise ExportError(f'torch {torch.__version__} cannot trace fp16, 2.4 can; take fp32')


def has_weights_in(number_format: torch.dtype, network: FoldedNetwork) -> bool:
    """Return whether any part of a network is in a number format."""
    return any(weight.dtype == number_format for weight in network.parameters())


def _by_tracing() -> dict[str, Any]:
    """Choose the exporter that needs no more packages; torch before 2.5 has no other one."""
    is_choice = 'dynamo' in inspect.signature(torch.onnx.export).parameters
    return {'dynamo': False} if is_choice else {}
