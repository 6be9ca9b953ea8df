# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C in the terminal of `ros2 launch`, where there is one."""

from __future__ import annotations

import os
from pathlib import Path
import re
import shutil
import signal
import subprocess
import time

import pytest

DEMO = 'ros2', 'launch', 'promptda_ros', 'demo.launch.py', 'device:=cpu', 'rviz:=false'
LISTENING = 'listening to image'
LIMIT_SEC = 100.0  # far above what anything here takes
STARTED = re.compile(r'\[INFO\] \[(\S+-\d+)\]: process started with pid')


def is_installed() -> bool:
    """Tell whether ros2 launch would find this package."""
    prefixes = os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep)
    launch_file = 'share/promptda_ros/launch/demo.launch.py'
    return bool(shutil.which('ros2')) and any(Path(p, launch_file).exists() for p in prefixes)


@pytest.mark.skipif(
    not is_installed(),
    reason='needs ROS 2 with this package in a workspace: colcon build && . install/setup.bash && '
    'python3 -m pytest src/promptda_ros/test/system/test_launch.py',
)
def test_ctrl_c_finishes_every_process_cleanly(domain_id, tmp_path):
    """I6: the terminal sends it to all of them, and launch sends it again."""
    log = tmp_path / 'log'
    environment = {**os.environ, 'ROS_DOMAIN_ID': str(domain_id), 'ROS_LOG_DIR': str(tmp_path)}
    with log.open('w') as output:
        launch = subprocess.Popen(
            DEMO, env=environment, stdout=output, stderr=output, start_new_session=True
        )
    end_sec = time.monotonic() + LIMIT_SEC
    while LISTENING not in log.read_text() and time.monotonic() < end_sec:
        assert launch.poll() is None, log.read_text()
        time.sleep(0.1)
    os.killpg(launch.pid, signal.SIGINT)
    code, said = launch.wait(LIMIT_SEC), log.read_text()

    started = STARTED.findall(said)
    assert code == 0, said
    assert len(started) == 2
    for name in started:
        assert f'[INFO] [{name}]: process has finished cleanly' in said
    assert 'Traceback' not in said
