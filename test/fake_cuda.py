# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A CUDA device that holds no values, for machines without one, and what a frame costs on it.

The package's own code runs there on tensors that have a device, a shape and a type (torch's
FakeTensorMode); the host's tensors stay real. Code that asks the device for a value, and so would
wait for it, fails. What comes back to the host are ones.

    with fake_cuda() as cuda, cuda.counted() as traffic:
        points = FrameOutputs(frame, depth, settings).points
    print(traffic)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, ExitStack, nullcontext
import ctypes
from dataclasses import dataclass, field
import functools
import gc
import math
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from torch import nn, Tensor
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from promptda_ros.core.runtime import transfer

DEVICE = torch.device('cuda:0')
GUARDS = '_ZN3c104impl26device_guard_impl_registryE'  # of torch, by the number of a device type
CUDA, META = 1, 14
# Operators that are one for torch's dispatcher and copy before they change: two kernels.
COPY_FIRST = {'aten::masked_fill', 'aten::index_put', 'aten::sort', 'aten::constant_pad_nd'}
# Of these the first tensor is read where the others say, not as a whole.
GATHERS = {'aten::index', 'aten::index_select', 'aten::gather', 'aten::take', 'aten::embedding'}
COPIES = {'aten::_to_copy', 'aten::copy_'}
ONLY_WRITE = {'aten::copy_', 'aten::fill_', 'aten::zero_'}
# Memory without content.
FREE = {'aten::empty', 'aten::empty_like', 'aten::empty_strided', 'aten::new_empty'} | {
    'aten::new_empty_strided',
    'aten::resize_',
}


@dataclass
class Traffic:
    """What ran on the device, and what the host waited for."""

    launches: Counter[str] = field(default_factory=Counter)  # kernels, by operator
    bytes: Counter[str] = field(default_factory=Counter)  # that they read and wrote
    views: int = 0
    copies: int = 0  # between host and device
    bytes_copied: int = 0
    waits: int = 0

    def __str__(self) -> str:
        """Say all of it in one line, which asserts show."""
        names = Counter({name.rpartition('::')[2]: n for name, n in self.launches.items()})
        most = ', '.join(f'{name} {count}' for name, count in names.most_common(9))
        return (
            f'{self.launches.total()} launches, {self.bytes.total() / 1e9:.3f} GB; {self.copies} '
            f'copies of {self.bytes_copied / 1e6:.1f} MB, {self.waits} waits, {self.views} views; '
            f'launched: {most}'
        )


class FakeCuda:
    """The device, and what is counted on it."""

    device = DEVICE

    def __init__(self) -> None:
        self.traffic: Traffic | None = None

    @contextmanager
    def counted(self, traffic: Traffic | None = None) -> Iterator[Traffic]:
        """Count what runs on the device in the meantime, by this thread."""
        now = traffic or Traffic()
        before, self.traffic = self.traffic, now
        try:
            yield now
        finally:
            self.traffic = before

    def uncounted(self, network: Any) -> Any:
        """Return the same network, whose own work is not counted."""
        return _Uncounted(self, network)

    def note_wait(self) -> None:
        """Count that the host waited."""
        if self.traffic is not None:
            self.traffic.waits += 1


@contextmanager
def fake_cuda(kernels: Mapping[str, int] | None = None) -> Iterator[FakeCuda]:
    """Let the code of this thread run on a CUDA device that is none.

    kernels: how many a call of a custom operator launches, by its name 'namespace::name'.
    """
    cuda = FakeCuda()
    _forget_tables()
    try:
        with ExitStack() as stack:
            for owner, name, stand_in in _stand_ins(cuda):
                stack.enter_context(mock.patch.object(owner, name, stand_in))
            stack.enter_context(_device_guard())
            stack.enter_context(_Device(cuda, kernels or {}))
            yield cuda
    finally:
        _forget_tables()


class _Device(TorchDispatchMode):
    """Runs what has to do with the device without values, and notes it."""

    def __init__(self, cuda: FakeCuda, kernels: Mapping[str, int]) -> None:
        super().__init__()
        self._cuda, self._kernels = cuda, kernels
        self._fake = _values_of_none()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        given = _tensors((args, kwargs))
        kwargs = {name: value for name, value in (kwargs or {}).items() if name != 'pin_memory'}
        is_ours = any(isinstance(each, FakeTensor) for each in given) or _names_device(kwargs)
        if not is_ours or func.namespace == 'prim':  # a question about a tensor
            return func(*args, **kwargs)
        if _is_composite(func):
            with self:
                return func.decompose(*args, **kwargs)
        if func._schema.name in COPIES and any(each.is_cpu and each.dim() for each in given):
            return self._upload(func, args, kwargs)
        if _goes_to_host(func, args, kwargs):
            return self._download(func, args, kwargs)
        with self._fake:
            result = func(*args, **kwargs)
        self._note_launch(func, (args, kwargs), result)
        return result

    def _upload(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if func._schema.name == 'aten::copy_' and not isinstance(args[0], FakeTensor):
            return self._download(func, args, kwargs)
        with self._fake:
            result = func(*args, **kwargs)
        self._note_copy(result, args, kwargs)
        return result

    def _download(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
        if func._schema.name == 'aten::copy_':
            result = args[0].fill_(1)
        else:
            result = torch.ones(args[0].shape, dtype=kwargs.get('dtype') or args[0].dtype)
        self._note_copy(result, args, kwargs)
        return result

    def _note_copy(self, copy: Tensor, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if not (kwargs.get('non_blocking') or args[2:] == (True,)):
            self._cuda.note_wait()
        if self._cuda.traffic is not None:
            self._cuda.traffic.copies += 1
            self._cuda.traffic.bytes_copied += _size(copy)

    def _note_launch(self, func: Any, given: Any, result: Any) -> None:
        traffic, name = self._cuda.traffic, func._schema.name
        if traffic is None or name in FREE:
            return
        if _is_view(func):
            traffic.views += 1
            return
        traffic.launches[name] += self._kernels_of(func)
        traffic.bytes[name] += _bytes_moved(func, *given, _tensors(result))

    def _kernels_of(self, func: Any) -> int:
        name = func._schema.name
        if func.namespace in ('aten', 'prims'):
            return 2 if name in COPY_FIRST else 1
        if name not in self._kernels:
            raise KeyError(f'{name} does not say how many kernels it launches')
        return self._kernels[name]


@functools.cache
def _values_of_none() -> FakeTensorMode:
    """Return the one mode, since tensors of several can't meet: networks outlive a `with`."""
    return FakeTensorMode(allow_non_fake_inputs=True)


class _Uncounted:
    def __init__(self, cuda: FakeCuda, network: Any) -> None:
        self._cuda, self._network = cuda, network

    def __getattr__(self, name: str) -> Any:
        return getattr(self._network, name)

    def __call__(self, *inputs: Tensor) -> Any:
        with self._cuda.counted(Traffic()):
            return self._network(*inputs)


class _Stream:
    """A stream, or an event on one, that only counts who waits for it."""

    device = DEVICE
    cuda: FakeCuda

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def synchronize(self) -> None:
        self.cuda.note_wait()

    def query(self) -> bool:
        return True

    def record_event(self, *_: object) -> _Stream:
        return self

    def elapsed_time(self, _: object) -> float:
        return 1.0

    def record(self, *_: object) -> None:
        pass

    wait = wait_stream = wait_event = record


class _ThisThread:
    """In the place of threads that upload: the device is that of this one only."""

    def submit(self, function: Callable[..., None], *given: object) -> Future[None]:
        done: Future[None] = Future()
        done.set_result(function(*given))
        return done


def _stand_ins(cuda: FakeCuda) -> list[tuple[Any, str, Any]]:
    """Return what torch does itself on a machine with a card."""
    stream = type('Stream', (_Stream,), {'cuda': cuda})
    first_use = [] if torch.cuda.is_available() else [(torch.cuda, '_lazy_init', lambda: None)]
    return [
        *first_use,
        (torch, 'tensor', _tensor),
        (torch.Tensor, 'pin_memory', lambda tensor, *_: tensor),
        (torch.Tensor, 'record_stream', lambda *_: None),
        (torch.cuda, 'current_stream', stream),
        (torch.cuda, 'default_stream', stream),
        (torch.cuda, 'Stream', stream),
        (torch.cuda, 'Event', stream),
        (torch.cuda, 'stream', lambda *_: nullcontext()),
        (torch.cuda, 'device', lambda *_: nullcontext()),
        (torch.cuda, 'synchronize', lambda *_: cuda.note_wait()),
        (nn.Module, '_apply', _apply),
        (transfer, '_threads', _ThisThread),
        (nn.init, 'trunc_normal_', lambda tensor, **_: tensor),  # asks for a value
    ]


_true_tensor = torch.tensor


def _tensor(data: Any, *, device: Any = None, **options: Any) -> Tensor:
    """Make a tensor of values that the host has: torch itself copies them past all modes."""
    asked = torch.device(device) if device is not None else torch.empty(0).device
    made = _true_tensor(data, device='cpu', **options)
    return made.to(asked)


def _apply(module: nn.Module, change: Callable[[Tensor], Tensor], recurse: bool = True) -> Any:
    """Change a module as `Module.to` does, which can't swap in tensors without values."""
    for each in module.modules() if recurse else [module]:
        for name, value in each._parameters.items():
            if value is not None:
                each._parameters[name] = nn.Parameter(change(value), requires_grad=False)
        for name, value in each._buffers.items():
            each._buffers[name] = None if value is None else change(value)
    return module


@contextmanager
def _device_guard() -> Iterator[None]:
    """Let a torch without CUDA index tensors of the device.

    It refuses because nothing is registered there that sets the current device. What is for
    'meta', which has none to set, does meanwhile.
    """
    if torch.version.cuda is not None:
        torch._C._ensureCUDADeviceGuardSet()
        yield
        return
    library = ctypes.CDLL(str(Path(torch.__file__).parent / 'lib' / 'libc10.so'))
    guards = (ctypes.c_void_p * (META + 1)).in_dll(library, GUARDS)
    before = guards[CUDA]
    guards[CUDA] = before or guards[META]
    try:
        yield
    finally:
        guards[CUDA] = before


def _forget_tables() -> None:
    """Clear what the package keeps by device: these tensors must not meet those of a card."""
    for each in gc.get_objects():
        is_table = type(each) is functools._lru_cache_wrapper
        if is_table and str(each.__module__).startswith('promptda_ros'):
            each.cache_clear()


def _tensors(values: Any) -> list[Tensor]:
    return [each for each in tree_leaves(values) if isinstance(each, Tensor)]


def _names_device(kwargs: dict[str, Any]) -> bool:
    return torch.device(kwargs.get('device') or 'cpu').type == 'cuda'


def _is_composite(func: Any) -> bool:
    key = 'CompositeImplicitAutograd'
    return bool(torch._C._dispatch_has_kernel_for_dispatch_key(func.name(), key))


def _is_view(func: Any) -> bool:
    aliases = [each.alias_info for each in func._schema.returns]
    return bool(aliases) and all(each is not None and not each.is_write for each in aliases)


def _goes_to_host(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    if func._schema.name == 'aten::copy_':
        return not isinstance(args[0], FakeTensor)
    asked = kwargs.get('device')
    return func._schema.name == 'aten::_to_copy' and asked is not None and asked.type == 'cpu'


def _bytes_moved(
    func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], made: list[Tensor]
) -> int:
    """Return how many bytes an operator reads and writes."""
    name, read = func._schema.name, []
    written = {id(each): each for each in made}
    for number, argument in enumerate(func._schema.arguments):
        value = _tensors(args[number] if number < len(args) else kwargs.get(argument.name))
        is_written = argument.alias_info is not None and argument.alias_info.is_write
        written.update((id(each), each) for each in value if is_written)
        if not is_written or not (argument.kwarg_only or name in ONLY_WRITE):
            read += value
    if name in GATHERS:
        read = [*made, *read[1:]]
    if name in COPY_FIRST:
        read = [*read, *made]
    return sum(map(_size, read)) + sum(map(_size, written.values()))


def _size(tensor: Tensor) -> int:
    """Return the bytes of the elements; those that are repeated count once."""
    pairs = zip(tensor.shape, tensor.stride(), strict=True)
    own = math.prod(length for length, stride in pairs if stride or not length)
    return own * tensor.element_size()
