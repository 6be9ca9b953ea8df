# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.lab.training.render."""

from __future__ import annotations

from pathlib import Path
import signal

import pytest

from promptda_ros.lab.sim.renderer import NoRenderer
from promptda_ros.lab.training import render
from promptda_ros.lab.training.recipe import CellData
from promptda_ros.lab.training.render import render_training, render_validation, RenderError, Shard


class Killing(Shard):
    """Ends the process that unpickles it, as the kernel does when memory is short."""

    def __reduce__(self):
        return signal.raise_signal, (signal.SIGKILL,)


def test_scenes_with_prints_are_not_taken_for_those_without(tmp_path, monkeypatch):
    def folders(decoy_share: float) -> set[Path]:
        planned = []

        def plan(folder: Path, *scenes: int) -> Shard:
            planned.append(folder)
            return Shard(folder, *scenes)

        def refuse() -> None:
            raise NoRenderer('nothing is to be rendered')

        monkeypatch.setattr(render, 'Shard', plan)
        monkeypatch.setattr(render, 'require_renderer', refuse)
        cell = CellData(first_seed=0, scenes=60, views=2, decoy_share=decoy_share)
        with pytest.raises(NoRenderer):
            render_training(tmp_path, cell, processes=1)
        return set(planned)

    assert len(folders(0)) == len(folders(0.25)) == 3
    assert not folders(0) & folders(0.25)
    assert not folders(0.5) & folders(0.25)


def test_a_process_that_dies_while_rendering_is_said_in_one_sentence(tmp_path, monkeypatch):
    pytest.importorskip('mujoco')
    monkeypatch.setattr(render, 'require_renderer', lambda: None)
    monkeypatch.setattr(render, 'Shard', Killing)
    with pytest.raises(RenderError, match='fewer --workers take less memory') as told:
        render_validation(tmp_path, CellData(), processes=1)
    assert '\n' not in str(told.value)
