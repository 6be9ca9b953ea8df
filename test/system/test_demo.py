# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The demo as a user runs it: recording, DDS, node, report."""

from __future__ import annotations

import json
import os
from pathlib import Path
import signal
import subprocess
import sys
from urllib.request import urlopen

import cv2
import pytest

from promptda_ros.core.runtime.stages import STAGES

LIMIT_SEC = 280.0


@pytest.fixture(scope='module')
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the demo once and return the folder that it wrote."""
    folder = tmp_path_factory.mktemp('demo')
    command = [sys.executable, '-m', 'promptda_ros.tools.main', 'demo', '--out', str(folder)]
    environment = {**os.environ, 'ROS_LOG_DIR': str(folder / 'log')}
    ended = subprocess.run(
        command, env=environment, timeout=LIMIT_SEC, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert 'Traceback' not in ended.stderr
    return folder


@pytest.fixture(scope='module')
def report(output: Path) -> dict:
    return json.loads((output / 'report.json').read_text())


def test_every_frame_sent_is_published_or_dropped_for_a_newer_one(report):
    """F18: frames give way to newer ones where the machine is slow, or compiles, and no others."""
    assert report['frames_sent'] >= 60
    assert report['pairs'] == report['frames_sent']
    assert report['depth_published'] + sum(report['drops'].values()) == report['frames_sent']
    assert set(report['drops']) <= {'overrun', 'compiling'}
    assert report['depth_published'] > 0
    assert report['points_published'] == report['depth_published']


def test_the_network_is_nearer_to_exact_depth_than_bilinear_interpolation(report):
    model, bilinear = report['accuracy']['model'], report['accuracy']['bilinear']
    assert model['mae_m'] < bilinear['mae_m']
    assert model['rmse_m'] < bilinear['rmse_m']


def test_a_real_frame_is_judged_beside_the_recording(report):
    real = report['real']
    assert real['model']['mae_m'] < real['bilinear']['mae_m']


def test_the_report_names_the_model_the_device_and_every_stage(report):
    assert report['model']['name'] == 'promptda-tiny'
    assert len(report['model']['sha256']) == 64
    assert report['device']
    assert set(report['stage_ms']) == set(STAGES)
    assert 0 < report['latency_ms']['p50'] <= report['latency_ms']['p99']


def test_the_demo_leaves_two_pictures_and_a_cloud(output):
    for name in ('preview.png', 'real.png'):
        picture = cv2.imread(str(output / name))
        assert picture is not None
        assert picture.shape[1] > 1000
    assert (output / 'cloud.ply').read_bytes().startswith(b'ply\nformat binary_little_endian')


def test_the_demo_may_end_with_a_page_of_the_running_node(tmp_path):
    command = [sys.executable, '-m', 'promptda_ros.tools.main', 'demo', '--view']
    command += ['--frames', '3', '--out', str(tmp_path / 'out')]
    environment = {**os.environ, 'ROS_LOG_DIR': str(tmp_path)}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as demo:
        assert demo.stdout is not None
        address = next(line.split()[1] for line in demo.stdout if line.startswith('view'))
        assert (tmp_path / 'out' / 'cloud.ply').is_file()  # before the page
        with urlopen(address) as answer:
            assert b'<title>' in answer.read()
        demo.send_signal(signal.SIGINT)
        assert demo.wait(LIMIT_SEC) == 0
