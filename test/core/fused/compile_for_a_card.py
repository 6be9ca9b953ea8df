# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Compile every kernel for a card that need not be there, as its first launch would.

Prints the name of each, how many barriers it has and how many bytes of code. Not in the process
of other tests: Triton either interprets or compiles.
"""

from __future__ import annotations

import sys
from typing import Any

import torch
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from triton.runtime.jit import JITFunction

from promptda_ros.core.fused import proof

THREADS_OF_A_WARP = 32
ALIGNED = [['tt.divisibility', 16]]
POINTERS = {
    torch.float32: '*fp32',
    torch.int32: '*i32',
    torch.uint8: '*u8',
}
OPTIONS = ('num_warps', 'num_stages')


def compile_for(capability: int) -> None:
    """Launch nothing on the made-up frame, but compile what would be launched."""
    compiled: list[object] = []

    def run(kernel: JITFunction, *given: Any, grid: Any, warmup: bool, **named: Any) -> None:
        options = {each: named.pop(each) for each in OPTIONS if each in named}
        values = dict(zip(kernel.arg_names, given, strict=False)) | named
        signature, constants, attributes = {}, {}, {}
        for place, (parameter, value) in enumerate(values.items()):
            if kernel.params[place].is_constexpr:
                signature[parameter], constants[(place,)] = 'constexpr', value
            elif isinstance(value, torch.Tensor):
                signature[parameter] = POINTERS[value.dtype]
                if value.data_ptr() % ALIGNED[0][1] == 0:
                    attributes[(place,)] = ALIGNED
            else:
                signature[parameter] = 'fp32' if isinstance(value, float) else 'i32'
        wanted = kernel, signature, constants, attributes
        if wanted in compiled:
            return
        compiled.append(wanted)
        made = triton.compile(
            ASTSource(kernel, signature, constants, attributes),
            target=GPUTarget('cuda', capability, THREADS_OF_A_WARP),
            options=options,
        )
        print(kernel.fn.__name__, made.asm['ptx'].count('bar.sync'), len(made.asm['cubin']))

    JITFunction.run = run
    for _ in proof.pairs(torch.device('cpu')):
        pass


if __name__ == '__main__':
    compile_for(int(sys.argv[1]))
