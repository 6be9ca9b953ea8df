# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the interpreter takes, a card's compiler takes, too; no card is needed for that."""

from __future__ import annotations

import os
from pathlib import Path
import platform
import subprocess
import sys

import pytest

from promptda_ros.core.fused.operator import LAUNCHES

pytest.importorskip('triton')
HERE = Path(__file__).parent
LEVELS = 4  # of which one program waits for its own threads: down and up, the first and the last


@pytest.mark.skipif(platform.machine() != 'x86_64', reason="Triton's wheel brings its assembler")
def test_every_kernel_compiles_for_a_card_and_once_for_all_frames():
    environment = os.environ | {'TRITON_INTERPRET': '0'}
    done = subprocess.run(
        [sys.executable, HERE / 'compile_for_a_card.py', '80'],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    lines = [line.split() for line in done.stdout.splitlines()]
    kernels = {name: int(barriers) for name, barriers, _ in lines}
    assert len(lines) == len(kernels), 'one is compiled twice, which holds up a frame'
    assert len(kernels) == len(LAUNCHES)
    assert kernels['fill_kernel'] >= LEVELS
