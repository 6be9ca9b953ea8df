# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The bundled recording with a fault sown into it, and what the doctor says of it."""

from __future__ import annotations

from collections.abc import Callable
import json
from pathlib import Path
from typing import Any

import pytest

from promptda_ros.bags.bag import open_bag
from promptda_ros.tools import doctor
from test.recordings import Recording

DEMO = Path(__file__).parents[2] / 'assets' / 'demo.mcap'
IMAGE = '/camera/color/image_raw/compressed'
DEPTH = '/camera/depth/image_raw'
INFO = '/camera/color/camera_info'
TOPICS = (IMAGE, DEPTH, INFO)

Alter = Callable[[str, Any], Any]


@pytest.fixture
def sow(tmp_path: Path) -> Callable[[Alter], Path]:
    """Return what writes the recording with every message altered, those that become None out."""

    def write(alter: Alter) -> Path:
        recording = Recording()
        with open_bag(DEMO) as bag:
            for raw in bag.raw(TOPICS):
                message = alter(raw.channel.topic, bag.decode(raw))
                if message is not None:
                    recording.add(raw.channel.topic, message, raw.logged_ns)
        return recording.write(tmp_path / 'sown')

    return write


@pytest.fixture
def examine(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, list[dict[str, str]]]]:
    """Return what runs the command, and gives its exit code and its findings."""

    def run(*arguments: str) -> tuple[int, list[dict[str, str]]]:
        code = doctor.main(['--json', *arguments])
        said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        return code, [each for each in said if each['level'] != 'ok']

    return run
