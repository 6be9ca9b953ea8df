# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The network compiled by OpenVINO, which takes about six tenths of torch's time on a CPU."""

from __future__ import annotations

from collections.abc import Hashable
import sys
from typing import Any
import warnings

import torch
from torch import Tensor

from promptda_ros.network.compiled import Network


class OpenVinoModel:
    """A model of OpenVINO for frames of one size, in float32 on the CPU.

    Batches run frame by frame, which takes no longer there, so that one model serves them all.

    Raises:
        RuntimeError: OpenVINO can't convert the network.
    """

    name = 'OpenVINO'

    def __init__(self, network: Network, pixels: Tensor, prompt_m: Tensor) -> None:
        openvino = _import_openvino()
        options = {
            'PERFORMANCE_HINT': 'LATENCY',
            'INFERENCE_PRECISION_HINT': 'f32',  # its own choice is bfloat16 where the CPU has it
            'INFERENCE_NUM_THREADS': torch.get_num_threads(),
            # Several processes would pin their threads to the same cores.
            'ENABLE_CPU_PINNING': False,
        }
        model = _convert(openvino, network, pixels[:1], prompt_m[:1])
        self._request = openvino.compile_model(model, 'CPU', options).create_infer_request()

    @staticmethod
    def key(pixels: Tensor, prompt_m: Tensor) -> Hashable:
        """Return the shapes of a frame."""
        return pixels.shape[1:], prompt_m.shape[1:]

    def __call__(self, pixels: Tensor, prompt_m: Tensor) -> Tensor:
        """Return depth of its own memory."""
        frames = (slice(number, number + 1) for number in range(len(pixels)))
        return torch.cat([self._infer(pixels[frame], prompt_m[frame]) for frame in frames])

    def _infer(self, pixels: Tensor, prompt_m: Tensor) -> Tensor:
        found = self._request.infer((pixels.numpy(), prompt_m.numpy()), share_inputs=True)
        return torch.from_numpy(found[0])


def _convert(openvino: Any, network: Network, pixels: Tensor, prompt_m: Tensor) -> Any:
    network(pixels, prompt_m)  # the position table of this size is a constant from now on
    failures = [name for name in dir(openvino.frontend) if name.endswith('Failure')]
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # that sizes become constants, which is wanted here
        try:
            return openvino.convert_model(
                network,
                example_input=(pixels, prompt_m),
                input=[tuple(pixels.shape), tuple(prompt_m.shape)],
            )
        except tuple(getattr(openvino.frontend, name) for name in failures) as error:
            raise RuntimeError(str(error)) from error


def _import_openvino() -> Any:
    # With this module, which it does not need, it reports over the internet that it is used.
    sys.modules.setdefault('openvino_telemetry', None)  # type: ignore[arg-type]
    import openvino  # type: ignore[import-untyped, import-not-found, unused-ignore]

    return openvino
