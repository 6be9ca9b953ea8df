# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`promptda export`: writes a network as ONNX, for TensorRT and other engines."""

from __future__ import annotations

import argparse
import importlib.util
import inspect
from pathlib import Path
from typing import Any
import warnings

import numpy as np
import torch
from torch import Tensor
from torch.torch_version import TorchVersion

from promptda_ros.core.errors import ExitCode, PromptdaError
from promptda_ros.core.output_folder import OutputFolder
from promptda_ros.core.runtime.faults import run_on_device
from promptda_ros.core.settings import build, model_setting
from promptda_ros.model_folders import expected_digest, model_folder
from promptda_ros.network.engines.folded import FoldedNetwork, load_folded
from promptda_ros.network.engines.precision import FP16, FP32, Precision
from promptda_ros.tools.arguments import add_model, Parser, whole_from

OPSET = 17  # the first with layer normalisation; TensorRT 8.6 reads it
PRECISIONS = {'fp32': FP32, 'fp16': FP16}
NEAR_M, FAR_M = 0.5, 1.5  # of the prompt that is traced and compared


class ExportError(PromptdaError):
    """What cannot be exported; the text says why."""


def main(argv: list[str]) -> int:
    """Run `promptda export`; returns the exit code."""
    arguments = make_parser().parse_args(argv)
    settings = build({model_setting(arguments.model): arguments.model})
    with OutputFolder(arguments.onnx.parent, arguments.onnx.name) as unfinished:
        network = load_folded(
            model_folder(settings.model),
            sha256=expected_digest(settings.model),
            precision=PRECISIONS[arguments.precision],
        )
        inputs = example_inputs(network, size=arguments.size, prompt_size=arguments.prompt_size)
        run_on_device(export_onnx, network, inputs, unfinished / arguments.onnx.name)
    _tell(arguments, network, inputs)
    return ExitCode.CLEAN


def make_parser() -> Parser:
    """Return the arguments of this command."""
    parser = Parser('export', __doc__)
    parser.add_argument('--onnx', type=Path, required=True, help='the file to write')
    add_model(parser)
    sizes: dict[str, Any] = {'type': whole_from(1), 'nargs': 2, 'metavar': ('HEIGHT', 'WIDTH')}
    parser.add_argument('--size', **sizes, default=[252, 336], help='size of the image')
    parser.add_argument(
        '--prompt-size', **sizes, default=[192, 256], help='size of the sensor depth'
    )
    parser.add_argument(
        '--precision',
        choices=PRECISIONS,
        default='fp32',
        help='number format of the body; inputs and outputs are always float32',
    )
    return parser


def example_inputs(
    network: FoldedNetwork, *, size: list[int], prompt_size: list[int]
) -> tuple[Tensor, Tensor]:
    """Make pixels (1, 3, H, W) of 0 to 255 and a prompt (1, 1, h, w) in metres.

    Raises:
        ExportError: the network does not take this size.
    """
    patch_px = network.patch_px
    if any(side % patch_px for side in size):
        raise ExportError(
            f'--size {size[0]} {size[1]}: both must be multiples of {patch_px}, the patch size of '
            'the network'
        )
    random = torch.Generator().manual_seed(0)
    pixels = torch.randint(
        0, 256, (1, network.config.dinov2.num_channels, *size), generator=random
    )
    prompt = torch.rand(1, 1, *prompt_size, generator=random)
    return pixels.float(), NEAR_M + (FAR_M - NEAR_M) * prompt


@torch.no_grad()
def export_onnx(network: FoldedNetwork, inputs: tuple[Tensor, Tensor], path: Path) -> None:
    """Write a network for inputs of these sizes: pixels and prompt_m in, depth_m out.

    Raises:
        ExportError: torch can't without the onnx package, or at all.
    """
    _require_exporter(network.precision)
    network(*inputs)  # the position table of this size is a constant from now on
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # that sizes become constants, which is wanted here
        torch.onnx.export(
            network,
            inputs,
            str(path),
            input_names=['pixels', 'prompt_m'],
            output_names=['depth_m'],
            opset_version=OPSET,
            **_by_tracing(),
        )


def difference(path: Path, network: FoldedNetwork, inputs: tuple[Tensor, Tensor]) -> float:
    """Return how far ONNX Runtime's depth is from the network's at most, as a share of it."""
    import onnxruntime  # type: ignore[import-untyped, import-not-found, unused-ignore]

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors; it warns of half precision, which CPUs lack
    session = onnxruntime.InferenceSession(path, options, providers=['CPUExecutionProvider'])
    pixels, prompt_m = (value.numpy() for value in inputs)
    (found_m,) = session.run(None, {'pixels': pixels, 'prompt_m': prompt_m})
    with torch.inference_mode():
        expected_m = network(*inputs).numpy()
    return float(np.abs(found_m / expected_m - 1).max())


def _require_exporter(precision: Precision) -> None:
    if importlib.util.find_spec('onnx') is None:
        raise ExportError('torch needs the onnx package to export; pip install onnx')
    if precision is FP16 and TorchVersion(torch.__version__) < '2.4':
        raise ExportError(f'torch {torch.__version__} cannot trace fp16, 2.4 can; take fp32')


def _by_tracing() -> dict[str, Any]:
    """Choose the exporter that needs no more packages; torch before 2.5 has no other one."""
    is_choice = 'dynamo' in inspect.signature(torch.onnx.export).parameters
    return {'dynamo': False} if is_choice else {}


def _tell(
    arguments: argparse.Namespace, network: FoldedNetwork, inputs: tuple[Tensor, Tensor]
) -> None:
    pixels, prompt_m = inputs
    print(f'network  {arguments.model} ({network.sha256[:8]}) in {arguments.precision}')
    print(f'takes    pixels {tuple(pixels.shape)} RGB 0 to 255, prompt_m {tuple(prompt_m.shape)}')
    try:
        share = difference(arguments.onnx, network, inputs)
        print(f'compared ONNX Runtime gives the same depth, at most {share:.1e} of it apart')
    except ImportError:
        print('compared with nothing; pip install onnxruntime')
    print(f'written  {arguments.onnx}')
