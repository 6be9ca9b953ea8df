# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The doctor beside the recorded camera, both as processes of their own."""

from __future__ import annotations

from collections.abc import Callable
import json
import signal
from typing import Any

import pytest

from promptda_ros.core.errors import ExitCode
from promptda_ros.dds_environment import large_image_environment
from promptda_ros.share import share_folder

# The same camera, without the environment that the command would start it with
PLAIN_CAMERA = "from promptda_ros.tools.play import main; main(['--loop'])"
COMMAND = ('-m', 'promptda_ros.tools.main')


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start all processes as from a shell in which no workspace is sourced."""
    for name in large_image_environment(share_folder(), {}):
        monkeypatch.delenv(name, raising=False)


def test_the_topics_of_the_demo_are_sound(start_node: Callable[..., Any]):
    """And those who send them were started so that large images arrive."""
    camera = start_node(python=(*COMMAND, 'play', '--loop'))
    camera.wait_for('playing')

    doctor = start_node(python=(*COMMAND, 'doctor', '--json'))

    code = doctor.exit_code()
    said = [json.loads(line) for line in doctor.stdout.splitlines()]
    camera.signal(signal.SIGINT)
    assert [each for each in said if each['level'] != 'ok'] == []
    assert code == ExitCode.CLEAN
    found = {each['id']: each['what'] for each in said}
    assert {'weights', 'shared_memory', 'pairs', 'camera_info', 'registration'} <= found.keys()
    assert any(each['what'].startswith('/recorded_camera: Fast DDS') for each in said)
    assert camera.exit_code() == ExitCode.CLEAN


def test_a_camera_without_shared_memory_is_the_one_finding(start_node: Callable[..., Any]):
    """It loses images, and nothing else is wrong with those that arrive."""
    camera = start_node(python=('-c', PLAIN_CAMERA))
    camera.wait_for('playing')

    doctor = start_node(python=(*COMMAND, 'doctor', '--json'))

    assert doctor.exit_code() == ExitCode.SOME_FAILED
    said = [json.loads(line) for line in doctor.stdout.splitlines()]
    (found,) = (each for each in said if each['level'] != 'ok')
    assert found['id'] == 'transport'
    assert found['what'].startswith('/recorded_camera: Fast DDS runs with its 512 KB')
