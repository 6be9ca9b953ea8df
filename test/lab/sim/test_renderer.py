# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.lab.sim.renderer."""

from __future__ import annotations

import pytest

from promptda_ros.lab.sim.renderer import NoRenderer, require_renderer


def test_a_machine_that_draws_passes(monkeypatch):
    pytest.importorskip('mujoco')
    monkeypatch.setenv('MUJOCO_GL', 'egl')
    require_renderer()


def test_a_way_of_drawing_that_is_not_there_is_named_with_what_mends_it(monkeypatch):
    pytest.importorskip('mujoco')
    monkeypatch.setenv('MUJOCO_GL', 'no_such_library')
    with pytest.raises(NoRenderer, match=r'MUJOCO_GL=no_such_library \(.*; install libegl1'):
        require_renderer()


def test_a_machine_without_mujoco_is_told_to_install_it(monkeypatch, tmp_path):
    (tmp_path / 'mujoco.py').write_text('raise ModuleNotFoundError("No module named \'mujoco\'")')
    monkeypatch.setenv('PYTHONPATH', str(tmp_path))
    with pytest.raises(NoRenderer, match=r'pip install -r requirements/sim.txt'):
        require_renderer()
