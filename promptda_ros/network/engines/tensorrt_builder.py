# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""An ONNX file -> an engine of TensorRT, by the API that versions 8.6 to 11 have in common."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from functools import lru_cache
import os
from pathlib import Path
import re
from typing import Any

import torch

from promptda_ros.core.model_files import cache_folder

WORKSPACE_SHARE = 0.5  # of the free memory of the GPU, for the kernels that are tried
KEPT_ERRORS = 3


def import_tensorrt() -> Any:
    """Import TensorRT, which loads libraries of gigabytes."""
    import tensorrt  # type: ignore[import-untyped, import-not-found, unused-ignore]

    return tensorrt


def build_plan(path: Path, device: torch.device, *, has_half: bool) -> Any:
    """Return a serialised engine of an ONNX file, for the GPU that is in use.

    has_half: whether the file has parts in float16.

    Raises:
        RuntimeError: TensorRT refuses the file or finds no engine.
    """
    tensorrt = import_tensorrt()
    log = log_of(tensorrt)
    log.errors.clear()
    builder = tensorrt.Builder(log)
    definition, has_types = _create_network(tensorrt, builder)
    parser = tensorrt.OnnxParser(definition, log)
    if not parser.parse_from_file(str(path)):
        errors = [parser.get_error(number).desc() for number in range(parser.num_errors)]
        raise RuntimeError(f'the ONNX file is refused: {"; ".join(errors) or log.reason()}')
    config = builder.create_builder_config()
    free, _ = torch.cuda.mem_get_info(device)
    config.set_memory_pool_limit(tensorrt.MemoryPoolType.WORKSPACE, int(WORKSPACE_SHARE * free))
    config.clear_flag(tensorrt.BuilderFlag.TF32)  # float32 is float32, as with torch
    if has_half and not has_types:
        config.set_flag(tensorrt.BuilderFlag.FP16)
    timings = timing_file(tensorrt, device)
    _read_timings(config, timings)
    plan = builder.build_serialized_network(definition, config)
    if plan is None:
        raise RuntimeError(f'no engine can be built: {log.reason()}')
    _write_timings(config, timings)
    return plan


def _create_network(tensorrt: Any, builder: Any) -> tuple[Any, bool]:
    """Return an empty network, and whether the number formats of the file will hold in it.

    They do since TensorRT 9; version 8.6 takes float16 wherever it is allowed and faster.
    """
    flags = tensorrt.NetworkDefinitionCreationFlag
    has_types = hasattr(flags, 'STRONGLY_TYPED')
    flag = flags.STRONGLY_TYPED if has_types else flags.EXPLICIT_BATCH
    return builder.create_network(1 << int(flag)), has_types


def timing_file(tensorrt: Any, device: torch.device) -> Path:
    """Return the path of the timing cache, with which the next engine is built faster."""
    name = f'{torch.cuda.get_device_name(device)} {tensorrt.__version__}'
    return cache_folder() / 'tensorrt' / f'{re.sub("[^0-9A-Za-z.]+", "_", name)}.timings'


def _read_timings(config: Any, path: Path) -> None:
    stored = b''
    with suppress(OSError):
        stored = path.read_bytes()
    cache = config.create_timing_cache(stored) or config.create_timing_cache(b'')
    config.set_timing_cache(cache, ignore_mismatch=False)


def _write_timings(config: Any, path: Path) -> None:
    with suppress(OSError):  # only time is lost
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f'{path.name}.{os.getpid()}')
        unfinished.write_bytes(bytes(config.get_timing_cache().serialize()))
        unfinished.replace(path)


@lru_cache(maxsize=1)
def log_of(tensorrt: Any) -> Any:
    """Return the log of this process: TensorRT takes one for all of its objects."""

    class Log(tensorrt.ILogger):  # type: ignore[misc]
        def __init__(self) -> None:
            tensorrt.ILogger.__init__(self)  # super() is not enough for classes made in C++
            self.errors: deque[str] = deque(maxlen=KEPT_ERRORS)

        def log(self, severity: Any, text: str) -> None:
            if severity in (tensorrt.Logger.INTERNAL_ERROR, tensorrt.Logger.ERROR):
                self.errors.append(text)

        def reason(self) -> str:
            return '; '.join(self.errors) or 'TensorRT gives no reason'

    return Log()
