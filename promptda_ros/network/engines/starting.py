# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The start of an estimator: its networks are compiled, and a frame is timed."""

from __future__ import annotations

import time
from typing import cast

from promptda_ros.core.estimator import Estimator
from promptda_ros.network.engines.compiled import Compilable, CompiledNetwork, Compiler
from promptda_ros.network.engines.cuda_graph import CudaGraphs, timed_kernels
from promptda_ros.network.engines.openvino_model import OpenVinoModel
from promptda_ros.network.engines.tensorrt_engine import TensorRtEngine
from promptda_ros.network.engines.torch_compile import TorchCompile, WORTH_IT

TIMED_FRAMES = 2
ENGINES: dict[str, Compiler] = {'openvino': OpenVinoModel, 'tensorrt': TensorRtEngine}


def compile_networks(estimator: Estimator, engine: str) -> tuple[CompiledNetwork, ...]:
    """Let what compiles run the network, and the anchor if there is one; nothing without it."""
    on_cuda = estimator.device.type == 'cuda'
    usual: list[Compiler] = [CudaGraphs(timed_kernels), CudaGraphs()] if on_cuda else []
    chosen = [ENGINES[engine]] if engine in ENGINES else []
    if usual and engine in ('auto', 'compile'):
        least_gain = WORTH_IT if engine == 'auto' else 0.0
        chosen = [TorchCompile(usual[0], least_gain=least_gain)]
    compiled = []
    if chosen or usual:
        network = CompiledNetwork(cast(Compilable, estimator.network), *chosen, *usual)
        estimator.network = network
        compiled.append(network)
    # The anchor averages over windows of unequal sizes, which ONNX cannot state, and is small.
    chosen = chosen if engine == 'openvino' else []
    if estimator.anchor is not None and (chosen or usual):
        anchor = CompiledNetwork(cast(Compilable, estimator.anchor), *chosen, *usual)
        estimator.anchor = anchor
        compiled.append(anchor)
    return tuple(compiled)


def refusal_of(engine: str, compiled: tuple[CompiledNetwork, ...]) -> str:
    """Say why an engine that was chosen does not run; empty: it does."""
    name = TorchCompile.name if engine == 'compile' else ''
    name = ENGINES[engine].name if engine in ENGINES else name
    said = (text for each in compiled for text in (each.problem, *each.refused))
    return next((text for text in said if name and f'no {name}: ' in text), '')


def start(estimator: Estimator, compiled: tuple[CompiledNetwork, ...]) -> float:
    """Warm up with a made-up frame, compile for it, and return the seconds that it takes then."""
    estimator.warm_up()
    for each in compiled:
        each.compile_missed()
    times_sec = []
    for _ in range(TIMED_FRAMES):
        begun_sec = time.perf_counter()
        estimator.warm_up()
        times_sec.append(time.perf_counter() - begun_sec)
    return min(times_sec)
