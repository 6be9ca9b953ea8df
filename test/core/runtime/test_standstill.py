# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A process in which Python stands still ends; any other goes on."""

from __future__ import annotations

import subprocess
import sys

import pytest

# PyDLL keeps the GIL while it calls, CDLL does not.
PROGRAM = """
import ctypes, sys
from promptda_ros.core.runtime.standstill import ended_by_standstill
with ended_by_standstill(float(sys.argv[2])):
    getattr(ctypes, sys.argv[1])(None).usleep(ctypes.c_uint(int(sys.argv[3])))
ctypes.PyDLL(None).usleep(ctypes.c_uint(int(sys.argv[3])))
print('went on')
"""


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, '-c', PROGRAM, *words]
    return subprocess.run(command, text=True, capture_output=True)


def test_a_library_that_keeps_python_from_running_ends_the_process_with_its_stacks():
    """H3: nothing written in Python could."""
    found = run('PyDLL', '1', '120000000')
    assert found.returncode == 1
    assert 'line 5 in <module>' in found.stderr
    assert 'went on' not in found.stdout


@pytest.mark.parametrize('library, limit_sec', [('CDLL', '10'), ('PyDLL', '3600')])
def test_a_process_in_which_python_runs_now_and_then_goes_on(library, limit_sec):
    """Also one that stands still after the block."""
    found = run(library, limit_sec, '300000')
    assert (found.returncode, found.stdout) == (0, 'went on\n'), found.stderr
