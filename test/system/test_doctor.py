# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The doctor beside the recorded camera, both as processes of their own."""

from __future__ import annotations

from collections.abc import Callable
import json
import signal
from typing import Any

from promptda_ros.core.errors import ExitCode

COMMAND = ('-m', 'promptda_ros.tools.main')


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
