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

TIMED_FRAMES = 2


def compile_networks(estimator: Estimator, engine: str) -> tuple[CompiledNetwork, ...]:
    """Let what compiles run the network, and the anchor if there is one; nothing without it."""
    compilers: list[Compiler]
    if estimator.device.type == 'cuda':
        compilers = [CudaGraphs(timed_kernels), CudaGraphs()]
    elif engine == 'openvino':
        compilers = [OpenVinoModel]
    else:
        return ()
    estimator.network = network = CompiledNetwork(cast(Compilable, estimator.network), *compilers)
    if estimator.anchor is None:
        return (network,)
    estimator.anchor = anchor = CompiledNetwork(cast(Compilable, estimator.anchor), *compilers)
    return network, anchor


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
