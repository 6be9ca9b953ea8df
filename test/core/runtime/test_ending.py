# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.core.runtime.ending."""

from __future__ import annotations

import errno
import os
from pathlib import Path
import resource

import torch

from promptda_ros.core.errors import ExitCode
from promptda_ros.core.runtime.ending import exit_code_of, FILES
from promptda_ros.core.runtime.faults import fault_of, OutOfMemory


def test_too_few_open_files_are_told_with_the_limit_and_the_command(capsys):
    """I8: whatever file the process could not open happens to be the last straw."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        code = exit_code_of('promptda', lambda: len(Path(__file__).read_bytes()))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    said = capsys.readouterr().err
    assert code == ExitCode.CONFIGURATION
    assert said.startswith('promptda: too many open files: ')
    assert f'ulimit -n {FILES}' in said


def test_a_larger_limit_of_open_files_is_advised_whatever_the_limit_is(capsys):
    """I8: ulimit -n 1024 raises no limit of 1024; the table of the whole system is another one."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]

    def fail(number: int) -> int:
        raise OSError(number, os.strerror(number))

    assert exit_code_of('promptda', lambda: fail(errno.EMFILE)) == ExitCode.CONFIGURATION
    assert int(capsys.readouterr().err.split()[-1]) >= max(FILES, limit + 1)
    assert exit_code_of('promptda', lambda: fail(errno.ENFILE)) == ExitCode.CONFIGURATION
    assert 'ulimit' not in capsys.readouterr().err


def test_too_little_memory_is_told_whoever_lacked_it(capsys):
    """H1: torch, Python and the system."""

    def of_the_system() -> int:
        raise OSError(errno.ENOMEM, 'Cannot allocate memory')

    def of_python() -> int:
        raise MemoryError

    assert fault_of(MemoryError()) is OutOfMemory  # as in every command that computes
    for fail in (lambda: len(torch.empty(1 << 60)), of_the_system, of_python):
        assert exit_code_of('promptda', fail) == ExitCode.MODEL_OR_DEVICE
        assert capsys.readouterr().err.startswith('promptda: not enough memory (')
