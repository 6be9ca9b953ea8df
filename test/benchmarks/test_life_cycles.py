# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The program that takes a node up and down."""

from __future__ import annotations

import subprocess
import sys

import pytest

from benchmarks.life_cycles import has_grown, Left
from benchmarks.results import REPOSITORY

SOME = Left(descriptors=24, threads=14, shared_files=12, rss_mib=500.0)
MORE = Left(descriptors=25, threads=14, shared_files=12, rss_mib=500.0)


def test_what_comes_after_the_third_round_is_growth():
    """A14: what is opened once stays open, and is none."""
    assert not has_grown([SOME, SOME, MORE, MORE, MORE])
    assert has_grown([SOME, SOME, SOME, SOME, MORE])
    assert not has_grown([SOME, MORE])


@pytest.mark.slow
def test_nothing_is_left_of_rounds_and_processes(tmp_path):
    """A14: 100 rounds in one process, 50 processes."""
    command = [sys.executable, '-m', 'benchmarks.life_cycles', '--out', str(tmp_path / 'out.json')]
    assert subprocess.run(command, cwd=REPOSITORY, check=False).returncode == 0
