# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.lab.training.render."""

from __future__ import annotations

from pathlib import Path
import signal

import pytest

from promptda_ros.lab.training.recipe import CellData
from promptda_ros.lab.training.render import _cut, _render_missing, RenderError


class Killing:
    """Ends the process that unpickles it, as the kernel does when memory is short."""

    folder = Path('frames/training/0000000')

    def __reduce__(self):
        return signal.raise_signal, (signal.SIGKILL,)


def test_scenes_with_prints_are_not_taken_for_those_without():
    def folders(decoy_share: float) -> set[Path]:
        cut = _cut(Path('frames'), first_seed=0, scenes=60, views=2, decoy_share=decoy_share)
        return {shard.folder for shard in cut}

    assert len(folders(0)) == len(folders(0.25)) == 3
    assert not folders(0) & folders(0.25)
    assert not folders(0.5) & folders(0.25)


def test_a_process_that_dies_while_rendering_is_said_in_one_sentence():
    with pytest.raises(RenderError, match='fewer --workers take less memory') as told:
        _render_missing([Killing()], CellData(), processes=1, known=0)
    assert '\n' not in str(told.value)
