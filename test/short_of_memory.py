# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A process that has no memory for a while, twice, in which oneDNN works again afterwards.

It is one of its own: in that of the tests other threads would have no memory either.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import resource

import torch
import torch.nn.functional as F

from promptda_ros.core.runtime.faults import OutOfMemory, run_on_device


@contextmanager
def no_more_memory() -> Iterator[None]:
    """Refuse this process every new page."""
    before = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (1, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


def convolve(columns: int) -> int:
    """Let oneDNN make code for pictures of a width that nothing else has.

    They have to be large: torch itself convolves small ones.
    """
    return F.conv2d(torch.zeros(1, 4, 256, columns), torch.zeros(2, 4, 3, 3)).shape[-1] + 2


def main() -> None:
    """Run out of memory and go on."""
    print(convolve(35))
    for columns in (37, 41):
        try:
            with no_more_memory():
                run_on_device(convolve, columns)
        except OutOfMemory:
            print('out of memory')
    print(*(run_on_device(convolve, columns) for columns in (37, 41, 43)))


if __name__ == '__main__':
    main()
