# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Work that other processes can import."""

from __future__ import annotations

from collections.abc import Callable
import os
from pathlib import Path
import sys

import pytest

from promptda_ros.bags.processing.recipe import Recipe


@pytest.fixture
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let other processes import the modules of this folder by their names."""
    folder = str(Path(__file__).parent)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv('PYTHONPATH', os.pathsep.join((folder, *sys.path)))  # for Ray


@pytest.fixture
def small_work(
    importable: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., object]:
    """Return what makes work without a network."""
    from small_work import SmallWork

    monkeypatch.setenv('ROS_LOG_DIR', str(tmp_path / 'ros_log'))
    return lambda loading='ok': SmallWork(tmp_path, loading)


@pytest.fixture
def recipe(network_folder: Path) -> Recipe:
    """Return the recipe of a small network; its random weights contradict the sensor."""
    return Recipe.of(
        {
            'model.path': str(network_folder),
            'device': 'cpu',
            'engine': 'torch',
            'trust.gate': False,
        }
    )
