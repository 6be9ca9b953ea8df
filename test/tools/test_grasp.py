# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.tools.grasp."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from promptda_ros.core.errors import ExitCode
from promptda_ros.lab.grasping.attempts import FILE
from promptda_ros.lab.sim.renderer import NoRenderer, require_renderer
from promptda_ros.process import Stopped
from promptda_ros.tools import main as tools

Grasp = Callable[..., tuple[int, str]]


@pytest.fixture
def grasp(tmp_path: Path, network_folder: Path, capsys) -> Grasp:
    """Return what runs promptda grasp, and returns its code and what it prints."""
    pytest.importorskip('mujoco')
    try:
        require_renderer()
    except NoRenderer as error:
        pytest.skip(str(error))

    def run(out: str, *words: str) -> tuple[int, str]:
        capsys.readouterr()
        folders = ['--model', str(network_folder), '--out', str(tmp_path / out)]
        code = tools.main(['grasp', *folders, '--sensors', 'phone_lidar', *words])
        printed = capsys.readouterr()
        return code, printed.out.replace(out, 'OUT') + (printed.err if code else '')

    return run


def test_a_run_that_goes_on_prints_the_table_of_one_in_one_go(grasp, tmp_path):
    """Killed while it wrote the second scene; the sensor's noise is that of the seed."""
    code, table = grasp('whole', '--scenes', '2', '--arms', 'sensor')
    assert code == ExitCode.CLEAN
    whole = (tmp_path / 'whole' / FILE).read_text()
    (tmp_path / 'parts').mkdir()
    (tmp_path / 'parts' / FILE).write_text(whole[:-100])
    assert grasp('parts', '--scenes', '2', '--arms', 'sensor') == (code, table)
    assert (tmp_path / 'parts' / FILE).read_text() == whole


def test_ctrl_c_prints_the_table_of_what_is_done_and_ends_with_130(grasp, monkeypatch):
    from promptda_ros.lab.grasping.run import GraspRun

    def attempts(self: GraspRun, number: int) -> list:
        if number == 2:
            raise Stopped
        return []

    monkeypatch.setattr(GraspRun, 'attempts', attempts)
    code, printed = grasp('out', '--scenes', '5')
    assert code == ExitCode.INTERRUPTED
    assert 'the tables are of 2 of 5 scenes' in printed


def test_a_sensor_that_is_none_is_refused_with_those_that_are(grasp):
    code, said = grasp('out', '--sensors', 'lidr')
    assert code == ExitCode.CONFIGURATION
    assert "'lidr' is not one of phone_lidar" in said


def test_attempts_of_another_seed_are_left_alone(grasp, monkeypatch):
    monkeypatch.setattr('promptda_ros.lab.grasping.run.GraspRun.attempts', lambda *_: [])
    assert grasp('out', '--scenes', '1')[0] == ExitCode.CLEAN
    code, said = grasp('out', '--scenes', '1', '--seed', '2')
    assert code == ExitCode.CONFIGURATION
    assert 'was begun with seed 1, not 2' in said
