# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`promptda export`: writes a network as ONNX, for TensorRT and other engines."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from promptda_ros.core.errors import ExitCode
from promptda_ros.core.output_folder import OutputFolder
from promptda_ros.core.runtime.faults import run_on_device
from promptda_ros.core.settings import build, model_setting
from promptda_ros.model_folders import expected_digest, model_folder
from promptda_ros.network.engines.folded import FoldedNetwork, load_folded
from promptda_ros.network.engines.onnx_file import ExportError, INPUTS, write_onnx
from promptda_ros.network.engines.precision import FP16, FP32
from promptda_ros.tools.arguments import add_model, Parser, whole_from

PRECISIONS = {'fp32': FP32, 'fp16': FP16}
NEAR_M, FAR_M = 0.5, 1.5  # of the prompt that is traced and compared


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
        inputs = example_inputs(
            network,
            size=arguments.size,
            prompt_size=arguments.prompt_size,
            batch=arguments.batch,
        )
        run_on_device(write_onnx, network, inputs, unfinished / arguments.onnx.name)
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
        '--batch',
        type=whole_from(1),
        default=1,
        metavar='N',
        help='number of frames that the file takes at once (1)',
    )
    parser.add_argument(
        '--precision',
        choices=PRECISIONS,
        default='fp32',
        help='precision of the body; inputs and outputs are always float32',
    )
    return parser


def example_inputs(
    network: FoldedNetwork, *, size: list[int], prompt_size: list[int], batch: int = 1
) -> tuple[Tensor, Tensor]:
    """Make pixels (B, 3, H, W) of 0 to 255 and a prompt (B, 1, h, w) in metres.

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
    channels = network.config.dinov2.num_channels
    pixels = torch.randint(0, 256, (batch, channels, *size), generator=random)
    prompt = torch.rand(batch, 1, *prompt_size, generator=random)
    return pixels.float(), NEAR_M + (FAR_M - NEAR_M) * prompt


def difference(path: Path, network: FoldedNetwork, inputs: tuple[Tensor, Tensor]) -> float:
    """Return how far ONNX Runtime's depth is from the network's at most, as a share of it."""
    import onnxruntime  # type: ignore[import-untyped, import-not-found, unused-ignore]

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors; it warns of half precision, which CPUs lack
    session = onnxruntime.InferenceSession(path, options, providers=['CPUExecutionProvider'])
    given = {name: value.numpy() for name, value in zip(INPUTS, inputs, strict=True)}
    (found_m,) = session.run(None, given)
    with torch.inference_mode():
        expected_m = network(*inputs).numpy()
    return float(np.abs(found_m / expected_m - 1).max())


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
