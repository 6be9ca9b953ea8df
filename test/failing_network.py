# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A network that fails in the ways of a GPU, as told, for machines without one.

Tests put it in the place of a loaded network. Run as a program it is the node with such a network:
`python failing_network.py ok,ok,lost --ros-args ...`; after the last word it works.
"""

from __future__ import annotations

from collections import deque
import ctypes
import sys
import threading
from typing import Any
import weakref

import torch
from torch import Tensor

LOST = 'CUDA error: an illegal memory access was encountered'
LIMIT_SEC = 120.0
STANDSTILL_SEC = 15.0  # within which Python runs on a busy machine, too


class FailingNetwork:
    """Does what the plan says with one run after the other, then what the real network does.

    `memory_px` is how many pixels of a batch fit into its memory, and `answers` are all tensors
    it gave.
    """

    def __init__(self, network: Any, *plan: str) -> None:
        self.patch_px: int = network.patch_px
        self.plan = deque(plan)
        self.memory_px: float = float('inf')
        self.sizes: list[tuple[int, int]] = []
        self.answers: list[weakref.ref[Tensor]] = []
        self.hangs, self.release = threading.Event(), threading.Event()
        self.network = network

    def __call__(self, pixels: Tensor, prompt_m: Tensor) -> Tensor:
        """Answer as the network does, or fail."""
        frames, _, height, width = pixels.shape
        self.sizes.append((height, width))
        word = self.plan.popleft() if self.plan else 'ok'
        if word == 'out_of_memory' or frames * height * width > self.memory_px:
            raise torch.cuda.OutOfMemoryError('CUDA out of memory. Tried to allocate 20.00 MiB.')
        if word == 'lost':
            print('made to lose the device', file=sys.stderr, flush=True)
            raise getattr(torch, 'AcceleratorError', RuntimeError)(f'{LOST}\nmore for developers')
        if word == 'hang':
            print('made to hang', file=sys.stderr, flush=True)
            self.hangs.set()
            self.release.wait(LIMIT_SEC)
        if word == 'stand_still':
            print('made to stand still', file=sys.stderr, flush=True)
            ctypes.PyDLL(None).sleep(round(LIMIT_SEC))  # with the GIL
        answer: Tensor = self.network(pixels, prompt_m)
        self.answers.append(weakref.ref(answer))
        return answer.fill_(torch.nan) if word == 'nan' else answer


def main() -> int:
    """Run the node with such a network."""
    from promptda_ros import main as process
    from promptda_ros import model as loading
    from promptda_ros.core.runtime import standstill

    standstill.LIMIT_SEC = STANDSTILL_SEC
    load_model = loading.load_model

    def load_failing(settings: Any) -> Any:
        model = load_model(settings)
        estimator = model.estimator
        estimator.network = FailingNetwork(estimator.network, *sys.argv[1].split(','))
        return model

    loading.load_model = load_failing  # which main imports when it starts the node
    return process.main()


if __name__ == '__main__':
    sys.exit(main())
