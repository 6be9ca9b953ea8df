# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The network compiled by OpenVINO, which takes about six tenths of torch's time on a CPU."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from functools import lru_cache
import logging
import sys
from typing import Any
import warnings

import torch
from torch import Tensor

from promptda_ros.network.engines.compiled import Compilable, LONGEST_SEC

# Of an installation that is broken or does not fit torch; others are errors of ours.
FAILURES = (
    *(AssertionError, AttributeError, ImportError, LookupError),
    *(MemoryError, OSError, TypeError, ValueError),
)


class OpenVinoModel:
    """A model of OpenVINO for frames of one size, in float32 on the CPU.

    Batches run frame by frame, which takes no longer there, so that one model serves them all.

    Raises:
        RuntimeError: OpenVINO can't convert or compile the network.
    """

    name = 'OpenVINO'
    tolerance = 5e-4  # 2 mm at 4 m
    outliers = 0.0
    least_gain = 0.0
    longest_sec = LONGEST_SEC

    def __init__(self, network: Compilable, *inputs: Tensor) -> None:
        options = {
            'PERFORMANCE_HINT': 'LATENCY',
            'INFERENCE_PRECISION_HINT': 'f32',  # its own choice is bfloat16 where the CPU has it
            'INFERENCE_NUM_THREADS': torch.get_num_threads(),
            # Several processes would pin their threads to the same cores.
            'ENABLE_CPU_PINNING': False,
        }
        first = [each[:1] for each in inputs]
        network(*first)  # the position table of this size is a constant now
        try:
            model = _convert(network, first)
            self._request = core().compile_model(model, 'CPU', options).create_infer_request()
        except FAILURES as error:
            raise RuntimeError(f'{type(error).__name__}: {error}') from error

    @staticmethod
    def key(*inputs: Tensor) -> Hashable:
        """Return the shapes of a frame."""
        return tuple(each.shape[1:] for each in inputs)

    def __call__(self, *inputs: Tensor) -> Tensor:
        """Return depth of its own memory."""
        frames = (slice(number, number + 1) for number in range(len(inputs[0])))
        return torch.cat([self._infer([each[frame] for each in inputs]) for frame in frames])

    def _infer(self, inputs: list[Tensor]) -> Tensor:
        found = self._request.infer([each.numpy() for each in inputs])
        return torch.from_numpy(found[0])


def _convert(network: Compilable, inputs: list[Tensor]) -> Any:
    openvino = import_openvino()
    failures = [name for name in dir(openvino.frontend) if name.endswith('Failure')]
    with warnings.catch_warnings(), _logging_as_it_was():
        warnings.simplefilter('ignore')  # that sizes become constants, which is wanted here
        try:
            # Left to the converter it is traced three times to compare the traces; the depth is
            # compared later anyhow.
            traced = torch.jit.trace(  # type: ignore[no-untyped-call]
                network, tuple(inputs), strict=False, check_trace=False
            )
            return openvino.convert_model(
                traced,
                example_input=tuple(inputs),
                input=[tuple(each.shape) for each in inputs],
            )
        except tuple(getattr(openvino.frontend, name) for name in failures) as error:
            raise RuntimeError(str(error)) from error


@contextmanager
def _logging_as_it_was() -> Iterator[None]:
    """Keep the converter from changing what Python's root logger shows."""
    root = logging.getLogger()
    level, handlers, filters = root.level, root.handlers[:], root.filters[:]
    try:
        yield
    finally:
        root.setLevel(level)
        root.handlers[:], root.filters[:] = handlers, filters


@lru_cache(maxsize=1)
def core() -> Any:
    """Return the only one of this process.

    Each makes a stack for signals when it begins and brings back the one before when it ends
    (seen in 2026.4). Of two that end in the order of their begin that one is gone, and the next
    signal ends the process.
    """
    return import_openvino().Core()


def import_openvino() -> Any:
    """Import OpenVINO without the package by which it reports over the internet that it is used.

    It does not need that one.
    """
    sys.modules.setdefault('openvino_telemetry', None)  # type: ignore[arg-type]
    import openvino  # type: ignore[import-untyped, import-not-found, unused-ignore]

    return openvino
