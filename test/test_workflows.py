# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The workflows, containers and scripts that install the package against what they install."""

from __future__ import annotations

import json
import os
from pathlib import Path
import re
import runpy
import shlex
import subprocess

import pytest
import yaml

from promptda_ros.core.errors import ExitCode
from test.platforms import PIP, PLATFORMS

REPOSITORY = Path(__file__).resolve().parents[1]
JOBS = runpy.run_path(str(REPOSITORY / '.ci' / 'jobs.py'))
KNOWN = [*JOBS['jobs']()]
DOCKERFILES = [*REPOSITORY.glob('docker/*Dockerfile'), REPOSITORY / '.devcontainer/Dockerfile']
ROBOTS = [path for path in DOCKERFILES if path.parent.name == 'docker']
OF_THE_WEIGHTS = {'huggingface-hub'}


def job(name, steps):
    """Return a job of the python kind with these commands."""
    return JOBS['Job'](name, name, {}, [{'run': step} for step in steps], {'A': '1'}, '')


def test_every_platform_and_python_is_in_the_matrix():
    distributions = {each.matrix['distribution'] for each in KNOWN if each.name == 'ros'}
    pythons = {each.matrix['python'] for each in KNOWN if each.name == 'python'}

    assert distributions == {distribution for distribution, _ in PLATFORMS.values()}
    assert pythons >= {python for _, python in PLATFORMS.values()}
    assert pythons == {f'3.{minor}' for minor in range(10, 15)}


def test_the_page_prints_what_was_run_and_what_was_not():
    assert JOBS['table']() in (REPOSITORY / 'docs/install.md').read_text()


def test_every_line_of_what_was_run_is_of_a_job():
    for seen in yaml.safe_load((REPOSITORY / '.ci/runs.yaml').read_text()):
        assert any({'job': each.name, **each.matrix}.items() <= seen.items() for each in KNOWN)


def test_every_script_that_a_step_runs_exists():
    commands = [step['run'] for each in KNOWN for step in each.steps if 'run' in step]
    scripts = {name for text in commands for name in re.findall(r'\.ci/\w+', text)}
    assert scripts >= {'.ci/run', '.ci/wheel', '.ci/readme_install'}
    assert all(os.access(REPOSITORY / script, os.X_OK) for script in scripts)


def test_no_expression_of_the_matrix_is_left_in_a_step():
    for each in KNOWN:
        commands = [step.get('run', '') for step in each.steps]
        assert 'matrix.' not in f'{each.title} {commands} {each.environment}'


def test_a_job_ends_at_the_first_command_that_fails(tmp_path, monkeypatch, capfd):
    mark = tmp_path / 'mark'
    assert JOBS['run'](job('here', ['echo $A$CI', 'exit 7', f'touch {mark}'])) == 7
    assert '1true\n' in capfd.readouterr().out
    assert not mark.exists()
    monkeypatch.setenv('A', '2')
    assert JOBS['run'](job('here', ['test $A = 2'])) == 0


def test_a_job_that_cannot_run_here_says_why(monkeypatch, capsys):
    monkeypatch.delenv('ROS_DISTRO', raising=False)
    (humble,) = (each for each in KNOWN if each.matrix == {'distribution': 'humble'})
    assert JOBS['run'](humble) != 0
    assert 'needs the container ros:humble-ros-base' in capsys.readouterr().out


def test_a_job_that_nobody_knows_is_no_success():
    assert JOBS['main'](['run', 'wheels']) == ExitCode.CONFIGURATION
    assert JOBS['main']([]) == ExitCode.CONFIGURATION


@pytest.mark.parametrize('distribution', ['jazzy', 'humble', 'lyrical'])
def test_readmes_install_block_is_run_as_it_stands(distribution):
    readme = (REPOSITORY / 'README.md').read_text()
    block = subprocess.check_output(
        [REPOSITORY / '.ci/readme_install', distribution, '--print'], text=True
    )

    lines = block.splitlines()
    assert len(lines) == 5
    assert lines[0].startswith(f'source /opt/ros/{distribution}/setup.bash && ')
    assert lines[-1].endswith('source install/setup.bash')
    assert (block in readme) == (distribution == 'jazzy')
    assert ('numpy>=1.26,<2' in block) == (distribution != 'lyrical')


@pytest.mark.parametrize('path', ROBOTS, ids=lambda path: path.name)
def test_an_image_has_what_rosdep_does_not_bring(path):
    text = path.read_text().replace('\\\n', ' ')
    words = [word for line in text.splitlines() if 'pip install' in line for word in line.split()]
    given = {re.split('[<>=]', word.strip('\'"').lower())[0].replace('_', '-') for word in words}
    own = {'torch'} if 'import torch' in text else set()  # of the base image

    assert set(PIP) - own <= given | ({'numpy'} if '"$NUMPY"' in words else set())
    assert given >= OF_THE_WEIGHTS


@pytest.mark.parametrize('path', DOCKERFILES, ids=lambda path: str(path.parent.name + path.name))
def test_everything_that_is_copied_into_an_image_exists(path):
    copies = [line.split()[1:-1] for line in path.read_text().splitlines() if 'COPY ' in line]
    assert all((REPOSITORY / source).exists() for sources in copies for source in sources)


def test_containers_share_network_and_memory_with_the_host():
    services = yaml.safe_load((REPOSITORY / 'docker/compose.yaml').read_text())['services']

    assert {'demo', 'node'} <= set(services)
    for service in services.values():
        assert (service['network_mode'], service['ipc']) == ('host', 'host')
        assert (REPOSITORY / 'docker' / service['build']['context']).resolve() == REPOSITORY
    command = shlex.split(services['demo']['command'])
    assert command[:4] == ['ros2', 'run', 'promptda_ros', 'promptda']


def test_the_devcontainer_names_its_dockerfile():
    folder = REPOSITORY / '.devcontainer'
    settings = json.loads((folder / 'devcontainer.json').read_text())
    assert (folder / settings['build']['dockerfile']).is_file()
    assert settings['build']['args']['DISTRIBUTION'] in {each for each, _ in PLATFORMS.values()}
