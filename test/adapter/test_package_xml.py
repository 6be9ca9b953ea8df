# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""package.xml against setup.py and against what the sources import."""

from __future__ import annotations

import ast
import os
from pathlib import Path
import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest

import promptda_ros

REPOSITORY = Path(__file__).resolve().parents[2]
MANIFEST = ElementTree.parse(REPOSITORY / 'package.xml').getroot()
DEPENDENCIES = {
    element.text for element in MANIFEST if element.tag.endswith('depend') and element.text
}
ROS_PACKAGE = re.compile(
    r'rclpy|message_filters|cv_bridge|launch|launch_ros|tf2_ros|ament_index_python'
    r'|rcl_interfaces|sensor_msgs_py|[a-z_]+_(msgs|srvs)'
)


def imported_packages(folder):
    """Return the top-level names that the Python files below a folder import."""
    for path in (REPOSITORY / folder).rglob('*.py'):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from (name.name.partition('.')[0] for name in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module.partition('.')[0]


def test_manifest_is_what_ament_python_needs():
    assert MANIFEST.get('format') == '3'
    assert MANIFEST.findtext('name') == 'promptda_ros'
    assert MANIFEST.findtext('export/build_type') == 'ament_python'
    assert MANIFEST.findtext('license') == 'Apache-2.0'
    assert re.fullmatch(r'[\w.]+@[\w-]+(\.[\w-]+)+', MANIFEST.find('maintainer').get('email'))
    assert (REPOSITORY / 'resource' / 'promptda_ros').is_file()


def test_every_place_names_the_same_version():
    setup = re.search(r"version='([^']+)'", (REPOSITORY / 'setup.py').read_text())
    changelog = re.search(
        r'^(\d+\.\d+\.\d+) \(', (REPOSITORY / 'CHANGELOG.rst').read_text(), re.MULTILINE
    )

    versions = {MANIFEST.findtext('version'), setup[1], changelog[1], promptda_ros.__version__}

    assert len(versions) == 1


@pytest.mark.parametrize('folder', ['promptda_ros', 'launch'])
def test_every_ros_package_that_is_imported_is_declared(folder):
    imported = {name for name in imported_packages(folder) if ROS_PACKAGE.fullmatch(name)}

    assert imported
    assert imported <= DEPENDENCIES


def test_the_packages_it_stands_on_are_declared():
    assert DEPENDENCIES >= {
        'rclpy',
        'message_filters',
        'cv_bridge',
        'sensor_msgs_py',
        'sensor_msgs',
        'std_srvs',
        'diagnostic_msgs',
        'launch',
        'launch_ros',
        'rviz2',
        'python3-torch',
        'python3-numpy',
        'python3-opencv',
        'python3-yaml',
    }


def test_colcon_finds_the_tests():
    """It runs pytest only where setup.py names it, and is green with no test otherwise."""
    tree = ast.parse((REPOSITORY / 'setup.py').read_text())
    (extras,) = (
        ast.literal_eval(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword) and node.arg == 'extras_require'
    )
    assert 'pytest' in extras['test']
    assert {f'python3-{name}' for name in extras['test']} <= DEPENDENCIES


@pytest.mark.parametrize(
    'environment, python',
    [
        ({'VIRTUAL_ENV': '/home/u/venv'}, '/home/u/venv/bin/python3'),
        ({}, sys.executable if sys.prefix != sys.base_prefix else '/usr/bin/env python3'),
    ],
)
def test_commands_have_the_python_of_the_environment_they_are_built_in(environment, python):
    """So that a second terminal and systemd find torch with nothing activated."""
    environment = {'PATH': os.environ['PATH'], **environment}
    code = (
        'import setuptools; setuptools.setup = dict; '
        'from setup import python_of_commands; print(python_of_commands())'
    )
    found = subprocess.check_output(
        [sys.executable, '-c', code], env=environment, cwd=REPOSITORY, text=True
    )
    assert found.strip() == python
