# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The files beside the parameters: for diagnostic_aggregator and for systemd."""

from __future__ import annotations

from configparser import ConfigParser
from pathlib import Path
import re
import shlex
import shutil
import subprocess

import pytest
import yaml

from promptda_ros.core.errors import ExitCode

CONFIG = Path(__file__).resolve().parents[1] / 'config'
SERVICE = CONFIG / 'promptda.service'


@pytest.fixture(scope='module')
def unit():
    """Return the sections of the unit."""
    parser = ConfigParser(interpolation=None, strict=True)
    parser.optionxform = str
    parser.read(SERVICE)
    return parser


@pytest.fixture(scope='module')
def analyzer():
    """Return the analyzer of our statuses."""
    parameters = yaml.safe_load((CONFIG / 'diagnostics_aggregator.yaml').read_text())
    return parameters['/**']['ros__parameters']['promptda']


def test_systemd_restarts_what_a_restart_mends_and_nothing_else(unit):
    service = unit['Service']
    assert service['Restart'] == 'on-failure'
    stays = {int(code) for code in service['RestartPreventExitStatus'].split()}
    assert stays == {ExitCode.CONFIGURATION, ExitCode.MODEL_OR_DEVICE}
    assert not stays & {ExitCode.INTERNAL, ExitCode.GPU_LOST}
    assert unit['Unit']['StartLimitIntervalSec'] == '0'  # or it would give up after five


def test_systemd_starts_the_node_itself_whose_exit_code_it_needs(unit):
    program, option, script = shlex.split(unit['Service']['ExecStart'])
    assert (program, option) == ('/bin/bash', '-c')
    command = script.rpartition(' && ')[2]
    assert command.startswith('exec ros2 run promptda_ros promptda_node --ros-args ')
    assert not subprocess.run(['bash', '-n', '-c', script], check=False).returncode


@pytest.mark.skipif(shutil.which('systemd-analyze') is None, reason='needs systemd')
def test_systemd_understands_the_unit():
    checked = subprocess.run(
        ['systemd-analyze', 'verify', '--user', SERVICE], capture_output=True, text=True
    )
    assert 'Unknown' not in checked.stderr


@pytest.mark.parametrize(
    'name',
    [
        *(f'promptda: {part}' for part in ('pairing', 'frames', 'network')),
        *('promptda_2: left frames', 'robot1/promptda: network', 'a/b/promptda_3: pairing'),
    ],
)
def test_the_aggregator_takes_the_statuses_of_the_node(analyzer, name):
    """In any namespace, of every process; std::regex understands these expressions, too."""
    (expression,) = analyzer['regex']
    assert re.fullmatch(expression, name)


@pytest.mark.parametrize('name', ['promptdab: pairing', 'other: promptda', 'my_promptda: network'])
def test_the_aggregator_leaves_those_of_others(analyzer, name):
    (expression,) = analyzer['regex']
    assert not re.fullmatch(expression, name)


def test_the_aggregator_waits_for_more_than_one_report(analyzer):
    from promptda_ros.node.session import REPORT_PERIOD_SEC

    assert analyzer['timeout'] >= 3 * REPORT_PERIOD_SEC
    assert analyzer['type'] == 'diagnostic_aggregator/GenericAnalyzer'
