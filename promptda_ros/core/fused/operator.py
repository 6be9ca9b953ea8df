# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Kernels as operators of torch, so that fake tensors and compilers of torch pass through them.

On versions of torch without custom operators (before 2.4) it is
called as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar

import torch
from torch import Tensor

NAMESPACE = 'promptda_ros'
LAUNCHES: dict[str, int] = {}  # of every operator, by its name

Made = TypeVar('Made')  # a tensor, or several


def operator(
    schema: str, make: Callable[..., Made], *, launches: int = 1
) -> Callable[[Callable[..., None]], Callable[..., Made]]:
    """Turn what launches a kernel into an operator of this schema.

    make: allocates what the kernel writes, which it is given before the operator's arguments.
    """

    def decorate(launch: Callable[..., None]) -> Callable[..., Made]:
        def run(*arguments: Any) -> Made:
            made = make(*arguments)
            with device_of(made if isinstance(made, Tensor) else made[0]):  # type: ignore[index]
                launch(made, *arguments)
            return made

        LAUNCHES[launch.__name__] = launches
        custom_op = getattr(torch.library, 'custom_op', None)
        if custom_op is None:
            return run
        name = f'{NAMESPACE}::{launch.__name__}'
        registered: Any = custom_op(name, run, mutates_args=(), schema=schema)
        registered.register_fake(make)
        return registered  # type: ignore[no-any-return]

    return decorate


def device_of(tensor: Tensor) -> AbstractContextManager[object]:
    """Make the device of a tensor the current one, on which Triton launches."""
    return torch.cuda.device(tensor.device) if tensor.is_cuda else nullcontext()


def blocks(size: int, block: int) -> int:
    """Return how many blocks cover a size."""
    return -(-size // block)


def tiles(size: Sequence[int], tile: tuple[int, int]) -> tuple[int, int]:
    """Return how many tiles cover an image (height, width)."""
    return blocks(size[0], tile[0]), blocks(size[1], tile[1])


def as_bytes(mask: Tensor) -> Tensor:
    """Return a mask as kernels read and write it."""
    return mask.view(torch.uint8)
