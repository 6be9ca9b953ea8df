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

REPOSITORY = Path(__file__).resolve().parents[1]
MANIFEST = ElementTree.parse(REPOSITORY / 'package.xml').getroot()
DEPENDENCIES = {
    element.text for element in MANIFEST if element.tag.endswith('depend') and element.text
}
OWN = {'promptda_ros', 'benchmarks', 'test'}
# Names of rosdep where they differ from what is imported
KEYS = {
    'PIL': 'python3-pil',
    'cv2': 'python3-opencv',
    'hypothesis': 'python3-hypothesis',
    'matplotlib': 'python3-matplotlib',
    'numpy': 'python3-numpy',
    'pytest': 'python3-pytest',
    'torch': 'python3-torch',
    'tqdm': 'python3-tqdm',
    'yaml': 'python3-yaml',
}
WITHOUT_A_KEY = {'lz4', 'mcap', 'rosbags', 'safetensors'}  # docs/install.md says how they come
# Imported where they are used, tried for, or for types alone
OPTIONAL = {
    *('backports', 'compression', 'huggingface_hub', 'lerobot', 'mujoco', 'onnx', 'onnxruntime'),
    *('open3d', 'openvino', 'pyarrow', 'tensorrt', 'triton', '_typeshed', 'typing_extensions'),
    *('bondpy', 'viser', 'websockets'),
}


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


@pytest.mark.parametrize('folder', ['promptda_ros', 'launch', 'test', 'pip_ros/test'])
def test_everything_that_is_imported_is_declared(folder):
    """So that rosdep brings what the package, its launch files and `colcon test` need."""
    imported = set(imported_packages(folder)) - sys.stdlib_module_names - OWN
    by_rosdep = {KEYS.get(name, name) for name in imported - WITHOUT_A_KEY - OPTIONAL}

    assert by_rosdep
    assert by_rosdep <= DEPENDENCIES


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
