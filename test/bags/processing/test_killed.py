# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of what is left after a process was killed; benchmarks/bag_kills.py kills it often."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys

from test.recordings import contents, Recording

CHILD = """
import os, pickle, signal, sys
from promptda_ros.bags.processing.process import process_unit
from promptda_ros.model import load_model
unit = pickle.load(sys.stdin.buffer)
process_unit(
    unit, load_model(unit.recipe.settings),
    lambda done, count: os.kill(os.getpid(), signal.SIGKILL) if done == 3 else None,
)
"""


def test_after_a_kill_the_next_run_gives_what_an_undisturbed_one_gives(tmp_path, unit_of, process):
    made = Recording()
    made.add_camera(6)
    unit = unit_of(made.write(tmp_path / 'run'))
    killed = subprocess.run([sys.executable, '-c', CHILD], input=pickle.dumps(unit), check=False)
    assert killed.returncode == -signal.SIGKILL
    assert not unit.target.exists()
    (left,) = os.listdir(unit.target.parent)
    assert left.startswith('.unfinished-run-')
    assert process(unit).error == ''
    assert os.listdir(unit.target.parent) == ['run']
    found = list(contents(unit.target))
    unit.target.rename(tmp_path / 'first')
    process(unit)
    assert list(contents(unit.target)) == found
