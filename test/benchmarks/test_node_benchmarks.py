# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The benchmarks of the node run on what the node is today, a few frames each."""

from __future__ import annotations

import json
from pathlib import Path
import subprocess
import sys

import numpy as np
import pytest

from promptda_ros.messages.picture_files import write_picture

REPOSITORY = Path(__file__).resolve().parents[2]
LIMIT_SEC = 240.0


@pytest.fixture
def run(tmp_path, monkeypatch, domain_id):
    """Run a benchmark with arguments and return what it wrote."""
    monkeypatch.setenv('ROS_DOMAIN_ID', str(domain_id))
    monkeypatch.setenv('ROS_LOG_DIR', str(tmp_path / 'log'))

    def run_with(name, *arguments):
        out = tmp_path / f'{name}.json'
        command = [sys.executable, '-m', f'benchmarks.{name}', '--out', str(out), *arguments]
        ended = subprocess.run(
            command, cwd=REPOSITORY, timeout=LIMIT_SEC, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, ended.stderr
        return json.loads(out.read_text())

    return run_with


def test_stages_are_timed_one_by_one(run):
    (table,) = run('stages', '--frames', '3', '--device', 'cpu')['tables']

    assert [row[0] for row in table['rows'][:4]] == ['read', 'prepare', 'infer', 'restore']
    assert all(row[1] > 0 for row in table['rows'])


@pytest.mark.slow
def test_the_node_s_share_of_the_latency_is_told_apart(run):
    arguments = ('--without-network', '--rounds', '1', '--frames', '5', '--rate', '3')
    found = run('node_latency', *arguments)

    for name in ('depth', 'depth and cloud'):
        assert found['figures'][name]
        for frame in found['figures'][name]:
            parts = frame['engine'] + frame['in'] + frame['out'] + frame['node']
            assert frame['total'] == pytest.approx(parts)
            assert min(frame.values()) > 0


@pytest.mark.slow
def test_cameras_are_counted_with_the_network_and_without(run):
    found = run('cameras', '--cameras', '2', '--seconds', '2', '--rate', '2')

    for table in found['tables']:
        assert [row[:2] for row in table['rows']] == [[2, 1], [2, 2]]
        assert all(0 < row[4] <= row[3] for row in table['rows'])


def test_depth_that_is_called_measured_is_as_the_sensor_says(run, tmp_path):
    """K3: more than a few centimetres off there is none."""
    rows = np.linspace(900, 1500, 48).astype(np.uint16)[:, None].repeat(64, axis=1)
    write_picture(tmp_path / 'depth.png', rows)
    write_picture(tmp_path / 'image.png', np.full((96, 128, 3), 120, np.uint8))
    pair = (str(tmp_path / 'image.png'), str(tmp_path / 'depth.png'))
    (table,) = run('agreement', '--pair', *pair)['tables']
    ((_, measured, code_4, _, over_2_cm, over_5_cm),) = table['rows']
    assert (measured, over_2_cm, over_5_cm) == ('100.0%', '0.00%', '0.00%')
    assert float(code_4.rstrip('%')) > 10
