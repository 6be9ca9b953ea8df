# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The network as an engine of TensorRT 8.6 or later, built on the GPU that runs it.

Tested with a stand-in for TensorRT, never on a GPU: docs/export.md says what is known.
"""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import torch
from torch import Tensor

from promptda_ros.network.engines.compiled import Compilable
from promptda_ros.network.engines.folded import FoldedNetwork
from promptda_ros.network.engines.onnx_file import has_weights_in, INPUTS, OUTPUT, write_onnx
from promptda_ros.network.engines.tensorrt_builder import build_plan, import_tensorrt, log_of

# Of an installation that is broken or of another version; others are errors of ours.
FAILURES = (AttributeError, ImportError, OSError, TypeError, ValueError)


class TensorRtEngine:
    """An engine for frames of one size, in the number formats of the network.

    Batches run frame by frame: one engine, which may take minutes to build, serves them all.

    Raises:
        RuntimeError: TensorRT can't read the network or build an engine.
    """

    name = 'TensorRT'
    # Kernels in float16 round at other places than torch's: 3 mm at 1 m, but for single pixels.
    tolerance, outliers = 3e-3, 1e-3
    least_gain = 0.0
    longest_sec = 1800.0  # a large network on a Jetson

    def __init__(self, network: Compilable, *inputs: Tensor) -> None:
        self._device = inputs[0].device
        folded = cast(FoldedNetwork, network)
        pixels, prompt_m = (_laid_out(each[:1]) for each in inputs)
        try:
            with torch.cuda.device(self._device), TemporaryDirectory() as folder:
                path = Path(folder) / 'network.onnx'
                write_onnx(folded, (pixels, prompt_m), path)
                has_half = has_weights_in(torch.float16, folded)
                self._load(build_plan(path, self._device, has_half=has_half))
        except FAILURES as error:
            raise RuntimeError(f'{type(error).__name__}: {error}') from error

    @staticmethod
    def key(*inputs: Tensor) -> Hashable:
        """Return the shapes of a frame."""
        return tuple(each.shape[1:] for each in inputs)

    def _load(self, plan: Any) -> None:
        tensorrt = import_tensorrt()
        self._log = log_of(tensorrt)
        self._runtime = tensorrt.Runtime(self._log)  # must live as long as its engine
        self._engine = self._runtime.deserialize_cuda_engine(plan)
        if self._engine is None:
            raise RuntimeError(f'the engine cannot be loaded: {self._log.reason()}')
        self._context = self._engine.create_execution_context()
        if self._context is None:
            raise RuntimeError(f'the engine cannot be run: {self._log.reason()}')
        # On the default stream, which torch uses, TensorRT would wait for the GPU in every frame.
        self._stream = torch.cuda.Stream(self._device)  # type: ignore[no-untyped-call]

    def __call__(self, *inputs: Tensor) -> Tensor:
        """Return depth of its own memory."""
        # Kept until the usual stream waits for the other: their memory is in use until then.
        frames = [[_laid_out(frame[None]) for frame in each] for each in inputs]
        size = tuple(self._engine.get_tensor_shape(OUTPUT))[1:]
        depth_m = torch.empty(len(inputs[0]), *size, dtype=torch.float32, device=self._device)
        with torch.cuda.device(self._device):
            usual = torch.cuda.current_stream(self._device)
            self._stream.wait_stream(usual)
            for tensors in zip(*frames, depth_m, strict=True):
                self._start(tensors)
            usual.wait_stream(self._stream)
        return depth_m

    def _start(self, tensors: tuple[Tensor, ...]) -> None:
        """Start the engine on the inputs and the output of one frame."""
        for name, tensor in zip((*INPUTS, OUTPUT), tensors, strict=True):
            self._context.set_tensor_address(name, tensor.data_ptr())
        if not self._context.execute_async_v3(self._stream.cuda_stream):
            raise RuntimeError(f'TensorRT failed in a frame: {self._log.reason()}')


def _laid_out(values: Tensor) -> Tensor:
    """Return values of the type and the order in memory that the file states."""
    return values.float().contiguous()
