# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Work that other processes can import."""

from __future__ import annotations

from collections.abc import Callable
import os
from pathlib import Path
import sys

import pytest


@pytest.fixture
def small_work(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., object]:
    """Return what makes work without a network, by its name also for other processes."""
    folder = str(Path(__file__).parent)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv('PYTHONPATH', os.pathsep.join((folder, *sys.path)))  # for Ray
    from small_work import SmallWork

    monkeypatch.setenv('ROS_LOG_DIR', str(tmp_path / 'ros_log'))
    return lambda loading='ok': SmallWork(tmp_path, loading)
