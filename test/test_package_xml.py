# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""package.xml against setup.py and against what the sources import."""

from __future__ import annotations

import ast
import os
from pathlib import Path
import re
import runpy
import shlex
import subprocess
import sys
from xml.etree import ElementTree

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
import pytest

import promptda_ros
from test.platforms import PIP, PIP_FOR_TESTS, PLATFORMS, resolved, ROS_PACKAGES, SAME_NAME

REPOSITORY = Path(__file__).resolve().parents[1]
MANIFEST = ElementTree.parse(REPOSITORY / 'package.xml').getroot()
DEPENDENCIES = {
    element.text for element in MANIFEST if element.tag.endswith('depend') and element.text
}
OWN = {'promptda_ros', 'benchmarks', 'test', 'killed_work', 'small_work'}
# Names of rosdep where they differ from what is imported
KEYS = {
    'PIL': 'python3-pil',
    'cv2': 'python3-opencv',
    'hypothesis': 'python3-hypothesis',
    'matplotlib': 'python3-matplotlib',
    'numpy': 'python3-numpy',
    'pytest': 'python3-pytest',
    'packaging': 'python3-packaging',
    'setuptools': 'python3-setuptools',
    'tqdm': 'python3-tqdm',
    'yaml': 'python3-yaml',
}
WITHOUT_A_KEY = {'lz4', 'mcap', 'rosbags', 'safetensors', 'torch'}  # pip; lz4 comes with mcap
# Imported where they are used, tried for, or for types alone
OPTIONAL = {
    *('backports', 'compression', 'huggingface_hub', 'lerobot', 'mujoco', 'onnx', 'onnxruntime'),
    *('open3d', 'openvino', 'pyarrow', 'tensorrt', 'triton', '_typeshed', 'typing_extensions'),
    *('bondpy', 'ray', 'viser', 'websockets'),
}


def imported_packages(folder):
    """Return the top-level names that the Python files below a folder import."""
    for path in (REPOSITORY / folder).rglob('*.py'):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from (name.name.partition('.')[0] for name in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module.partition('.')[0]


def name_of(requirement):
    """Return the name of a requirement, as indexes spell it."""
    return canonicalize_name(Requirement(requirement).name)


def pins(*paths):
    """Return each pinned package of the requirement files: its name and version."""
    for path in paths or (REPOSITORY / 'requirements').glob('*.txt'):
        for line in path.read_text().splitlines():
            if line and not line.startswith(('#', '-', ' ')):
                requirement = Requirement(line.removesuffix('\\').strip())
                (exactly,) = requirement.specifier
                yield canonicalize_name(requirement.name), exactly.version


@pytest.fixture
def setup_arguments(monkeypatch):
    """Return what setup.py gives to setuptools, in an environment."""
    given = {}
    monkeypatch.setattr('setuptools.setup', lambda **arguments: given.update(arguments))
    monkeypatch.chdir(REPOSITORY)
    monkeypatch.delenv('AMENT_PREFIX_PATH', raising=False)

    def arguments(**environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        runpy.run_path(str(REPOSITORY / 'setup.py'))
        return dict(given)

    return arguments


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
        'python3-numpy',
        'python3-opencv',
        'python3-yaml',
    }


def test_colcon_finds_the_tests(setup_arguments):
    """It runs pytest only where setup.py names it, and is green with no test otherwise."""
    named = {name_of(each) for each in setup_arguments()['extras_require']['test']}

    assert 'pytest' in named
    by_rosdep = {name for name in named if f'python3-{name}' in DEPENDENCIES}
    assert named - by_rosdep == {'viser'} <= set(PIP_FOR_TESTS)


@pytest.mark.parametrize('platform', PLATFORMS)
def test_every_key_comes_to_a_package_on_every_platform(platform):
    """A key that a platform lacks stops `rosdep install` before anything is installed."""
    assert {key for key in DEPENDENCIES if not resolved(key, platform)} == set()


def test_no_key_pulls_a_desktop_onto_a_robot():
    assert not {'rviz2', 'rqt', 'foxglove_bridge'} & DEPENDENCIES


def test_the_table_has_nothing_that_is_not_declared():
    assert ROS_PACKAGES | SAME_NAME == DEPENDENCIES


def test_what_pip_brings_everywhere_is_one_list(setup_arguments):
    everywhere = {name for name, platforms in PIP.items() if set(platforms) == set(PLATFORMS)}

    assert {name_of(each) for each in setup_arguments()['extras_require']['torch']} == everywhere
    assert WITHOUT_A_KEY - {'lz4'} == everywhere


@pytest.mark.parametrize('page', ['README.md', 'docs/install.md'])
def test_the_install_block_brings_what_rosdep_does_not(page, setup_arguments):
    (line,) = (
        line for line in (REPOSITORY / page).read_text().splitlines() if "'torch>=2.2' s" in line
    )
    given = {name_of(each): each for each in shlex.split(line, comments=True)[2:]}

    lowest = {name_of(each): each for each in setup_arguments()['install_requires']}
    assert set(given) == set(PIP)
    assert given['torch'] == lowest['torch']
    # without a lower bound, Humble's own would satisfy pip
    assert given['numpy'] == f'{lowest["numpy"]},<2'
    assert given['pillow'] == lowest['pillow']


def test_with_ros_pip_replaces_nothing_that_rosdep_brings(setup_arguments):
    assert setup_arguments(AMENT_PREFIX_PATH='/opt/ros/jazzy')['install_requires'] == [
        'setuptools'
    ]


def test_every_pinned_version_is_one_that_setup_allows(setup_arguments):
    """requirements/ is what was tested, setup.py what is accepted."""
    allowed = [*setup_arguments()['install_requires']]
    allowed += [each for extra in setup_arguments()['extras_require'].values() for each in extra]
    specifiers = {
        canonicalize_name(each.name): each.specifier for each in map(Requirement, allowed)
    }

    pinned = [*pins()]
    assert specifiers.keys() - {name for name, _ in pinned} <= {'tensorrt', 'huggingface-hub'}
    for name, version in pinned:
        assert specifiers.get(name, SpecifierSet()).contains(version), name


def test_the_hashed_file_has_the_versions_of_those_it_is_made_from():
    sources = [REPOSITORY / f'requirements/{name}.txt' for name in ('demo', 'without_ros')]
    hashed = REPOSITORY / 'requirements/hashed.txt'

    assert {*pins(*sources)} <= {*pins(hashed)}
    assert hashed.read_text().count('==') < hashed.read_text().count('--hash=sha256:')


def test_every_optional_requirement_file_is_an_extra_of_the_same_packages(setup_arguments):
    extras = setup_arguments()['extras_require']
    for path in (REPOSITORY / 'requirements').glob('*.txt'):
        if path.read_text().startswith('# Optional') and path.stem != 'sim':
            assert {name_of(each) for each in extras[path.stem]} == {
                name for name, _ in pins(path)
            }, path.name


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
