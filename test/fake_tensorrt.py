# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A stand-in for TensorRT: parses with onnx, and runs with ONNX Runtime on addresses of the CPU.

It has the calls that versions 8.6 to 11 have in common and refuses what each of them refuses.
Work waits in its stream until another stream waits for that one, as on a GPU.

    tensorrt = fake_tensorrt(monkeypatch, tmp_path, version='8.6.1')
    TensorRtEngine(network, *inputs)
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
import ctypes
import enum
import math
from pathlib import Path
import sys
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

FREE_BYTES = 1_000_000_000
HALF = onnx.TensorProto.FLOAT16


class Log:
    """What users derive their log from."""

    def log(self, severity: int, text: str) -> None:
        """Take a message."""
        raise NotImplementedError


class StandardLog(Log):
    """What they take else."""

    INTERNAL_ERROR, ERROR, WARNING = range(3)

    def __init__(self, severity: int) -> None:
        self.severity = severity


class Stream:
    """A CUDA stream: what was launched on it runs once somebody waits for it."""

    by_handle: ClassVar[dict[int, Stream]] = {}

    def __init__(self, device: torch.device | None = None) -> None:
        self.waiting: list[Callable[[], None]] = []
        self.cuda_stream = len(self.by_handle) + 1
        self.by_handle[self.cuda_stream] = self

    def launch(self, work: Callable[[], None]) -> None:
        """Let work wait."""
        self.waiting.append(work)

    def wait_stream(self, other: Stream) -> None:
        """Let work of the other one come first."""
        for work in other.waiting:
            work()
        other.waiting.clear()


class UsualStream(Stream):
    """The stream whose work is done when the host reads a result: at once."""

    def launch(self, work: Callable[[], None]) -> None:
        """Work."""
        work()


class FakeTensorRt(ModuleType):
    """The module, what was built with it, and what goes wrong in it."""

    def __init__(self, version: str) -> None:
        super().__init__('tensorrt')
        self.__version__ = version
        major = int(version.partition('.')[0])
        network_flags = {8: ('EXPLICIT_BATCH',), 10: ('EXPLICIT_BATCH', 'STRONGLY_TYPED')}
        names = network_flags.get(major, ('STRONGLY_TYPED',))
        self.NetworkDefinitionCreationFlag = enum.IntEnum('NetworkFlag', names, start=0)
        self.BuilderFlag = enum.IntEnum('BuilderFlag', ('TF32', *(['FP16'] if major < 11 else [])))
        self.MemoryPoolType = enum.IntEnum('MemoryPoolType', ('WORKSPACE',))
        self.ILogger = Log
        self.Logger = StandardLog
        self.Builder = lambda log: Builder(self, log)
        self.OnnxParser = lambda network, log: Parser(self, network)
        self.Runtime = lambda log: Runtime(self, log)
        self.builds: list[SimpleNamespace] = []
        self.parse_error = ''
        self.build_error = ''
        self.context_error = ''
        self.frame_error = ''
        self.factor = 1.0  # of the depth that engines give


class Builder:
    def __init__(self, module: FakeTensorRt, log: Log) -> None:
        self._module, self._log = module, log

    def create_network(self, flags: int) -> SimpleNamespace:
        names = [flag.name for flag in self._module.NetworkDefinitionCreationFlag]
        on = {names[bit] for bit in range(len(names)) if flags & (1 << bit)}
        assert on & {'EXPLICIT_BATCH', 'STRONGLY_TYPED'}
        return SimpleNamespace(model=None, is_typed='STRONGLY_TYPED' in on)

    def create_builder_config(self) -> Config:
        return Config(self._module)

    def build_serialized_network(self, network: SimpleNamespace, config: Config) -> bytes | None:
        flags = {flag.name for flag in config.flags}
        has_half = any(each.data_type == HALF for each in network.model.graph.initializer)
        problem = self._module.build_error
        if network.is_typed and 'FP16' in flags:
            problem = 'a strongly typed network takes no flag for float16'
        if not network.is_typed and has_half and 'FP16' not in flags:
            problem = 'float16 is in the network and not allowed'
        self._module.builds.append(
            SimpleNamespace(flags=flags, limits=config.limits, timings=config.cache.data)
        )
        if problem:
            self._log.log(StandardLog.WARNING, 'this is only a warning')
            self._log.log(StandardLog.ERROR, problem)
            return None
        config.cache.data += b'+build'
        return network.model.SerializeToString()


class Config:
    def __init__(self, module: FakeTensorRt) -> None:
        self.flags = {module.BuilderFlag.TF32}  # which TensorRT sets by itself
        self.limits: dict[str, int] = {}
        self.set_flag, self.clear_flag = self.flags.add, self.flags.discard
        self.cache = SimpleNamespace(data=b'')

    def set_memory_pool_limit(self, pool: enum.IntEnum, size: int) -> None:
        self.limits[pool.name] = size

    def create_timing_cache(self, data: bytes) -> SimpleNamespace | None:
        if data.startswith(b'damaged'):
            return None
        cache = SimpleNamespace(data=data)
        cache.serialize = lambda: memoryview(cache.data)
        return cache

    def set_timing_cache(self, cache: SimpleNamespace, *, ignore_mismatch: bool) -> bool:
        assert not ignore_mismatch, 'times of another card choose wrong kernels'
        self.cache = cache
        return True

    def get_timing_cache(self) -> SimpleNamespace:
        return self.cache


class Parser:
    def __init__(self, module: FakeTensorRt, network: SimpleNamespace) -> None:
        self._error, self._network = module.parse_error, network

    def parse_from_file(self, path: str) -> bool:
        onnx.checker.check_model(path)
        self._network.model = onnx.load(path)
        return not self._error

    @property
    def num_errors(self) -> int:
        return bool(self._error)

    def get_error(self, number: int) -> SimpleNamespace:
        return SimpleNamespace(desc=lambda: self._error)


class Runtime:
    def __init__(self, module: FakeTensorRt, log: Log) -> None:
        self._module, self._log = module, log

    def deserialize_cuda_engine(self, plan: bytes) -> Engine:
        return Engine(self._module, self._log, plan)


class Engine:
    def __init__(self, module: FakeTensorRt, log: Log, plan: bytes) -> None:
        self.module, self.log = module, log
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(plan, options)

    def get_tensor_shape(self, name: str) -> list[int]:
        ends = [*self.session.get_inputs(), *self.session.get_outputs()]
        return next(end.shape for end in ends if end.name == name)

    def create_execution_context(self) -> Context | None:
        if self.module.context_error:
            self.log.log(StandardLog.INTERNAL_ERROR, self.module.context_error)
            return None
        return Context(self)


class Context:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._addresses: dict[str, int] = {}

    def set_tensor_address(self, name: str, address: int) -> bool:
        self._addresses[name] = address
        return True

    def execute_async_v3(self, stream_handle: int) -> bool:
        if self._engine.module.frame_error:
            self._engine.log.log(StandardLog.ERROR, self._engine.module.frame_error)
            return False
        addresses = dict(self._addresses)
        Stream.by_handle[stream_handle].launch(lambda: self._run(addresses))
        return True

    def _run(self, addresses: dict[str, int]) -> None:
        def at(name: str) -> Any:
            shape = self._engine.get_tensor_shape(name)
            memory = (ctypes.c_float * math.prod(shape)).from_address(addresses[name])
            return np.ctypeslib.as_array(memory).reshape(shape)

        session = self._engine.session
        given = {each.name: at(each.name) for each in session.get_inputs()}
        for end, value in zip(session.get_outputs(), session.run(None, given), strict=True):
            at(end.name)[:] = value * self._engine.module.factor


def fake_tensorrt(
    monkeypatch: pytest.MonkeyPatch, cache: Path, version: str = '10.3.0'
) -> FakeTensorRt:
    """Let the package find a TensorRT of this version, and take the CPU for a GPU."""
    module, usual = FakeTensorRt(version), UsualStream()
    monkeypatch.setitem(sys.modules, 'tensorrt', module)
    monkeypatch.setenv('XDG_CACHE_HOME', str(cache))
    cuda = {
        'Stream': Stream,
        'current_stream': lambda device=None: usual,
        'device': lambda device: nullcontext(),
        'mem_get_info': lambda device: (FREE_BYTES, 2 * FREE_BYTES),
        'get_device_name': lambda device: 'Card (1)',
    }
    for name, stand_in in cuda.items():
        monkeypatch.setattr(torch.cuda, name, stand_in)
    return module
