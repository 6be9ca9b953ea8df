# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""benchmarks/on_a_card.sh, and that what it collects runs where neither ROS nor our pins are."""

from __future__ import annotations

import ast
from pathlib import Path
import subprocess
import sys

import pytest

from benchmarks.results import REPOSITORY

SCRIPT = REPOSITORY / 'benchmarks' / 'on_a_card.sh'
# A machine with a card brings its own version of transformers, and no ROS.
UNWANTED = {'transformers', 'rclpy', 'sensor_msgs', 'rosbags', 'onnx', 'onnxruntime'}
MARK = 'mark' + '.gpu'
FILES = [path for path in (REPOSITORY / 'test').rglob('test_*.py') if MARK in path.read_text()]


def test_the_dry_run_leaves_everything_in_one_folder(tmp_path, monkeypatch):
    monkeypatch.setenv('PYTHON', sys.executable)
    done = subprocess.run(
        ['bash', str(SCRIPT), '--dry-run', str(tmp_path / 'out'), '0'],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    names = {path.name for path in (tmp_path / 'out').iterdir()}
    assert names == {f'gpu_suite.{end}' for end in ('json', 'md', 'png')} | {
        'tests.log',
        'suite.log',
    }
    assert '## Goals' in done.stdout


def test_words_that_it_does_not_know_are_refused():
    done = subprocess.run(['bash', str(SCRIPT)], capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert 'usage' in done.stderr


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.name)
def test_tests_for_a_card_import_nothing_that_it_lacks(path: Path):
    folders = [path, *(parent / 'conftest.py' for parent in path.parents)]
    for file in (each for each in folders if each.exists()):
        imported = {name for node in ast.parse(file.read_text()).body for name in _roots(node)}
        assert not imported & UNWANTED, file


def _roots(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name.partition('.')[0] for alias in node.names}
    return {str(node.module).partition('.')[0]} if isinstance(node, ast.ImportFrom) else set()
