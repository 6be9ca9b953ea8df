# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What computes needs no ROS, and nothing runs code that a file brings along."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
import subprocess
import sys

import pytest

import promptda_ros

PACKAGE = Path(promptda_ros.__file__).parent
CONVERTER = 'tools/convert_checkpoint.py'
SOURCES = {str(path.relative_to(PACKAGE)): path for path in sorted(PACKAGE.rglob('*.py'))}
WITHOUT_ROS = (
    'bags/', 'camera/', 'core/', 'doctor/inputs/', 'doctor/machine/', 'doctor/recording',
    'messages/', 'network/', 'rig/',
)  # fmt: skip
ROS_FREE = [
    '.'.join(('promptda_ros', *Path(name).with_suffix('').parts)).removesuffix('.__init__')
    for name in SOURCES
    if name.startswith(WITHOUT_ROS)
]
ROS_MODULES = (
    'action_msgs', 'ament_index_python', 'builtin_interfaces', 'cv_bridge', 'diagnostic_msgs',
    'geometry_msgs', 'launch', 'launch_ros', 'lifecycle_msgs', 'message_filters',
    'rcl_interfaces', 'rclpy', 'ros2bag', 'ros2cli', 'rosbag2_py', 'rosgraph_msgs',
    'rosidl_generator_py', 'rosidl_parser', 'rosidl_runtime_py', 'rpyutils', 'sensor_msgs',
    'sensor_msgs_py', 'service_msgs', 'std_msgs', 'std_srvs', 'tf2_ros',
    'type_description_interfaces', 'unique_identifier_msgs',
)  # fmt: skip
IMPORT_WITHOUT_ROS = f"""
import importlib
from importlib.abc import MetaPathFinder
import sys


class Refuse(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in {ROS_MODULES!r}:
            raise AssertionError(name + ' was imported')


sys.meta_path.insert(0, Refuse())
for name in {ROS_FREE!r}:
    importlib.import_module(name)
try:
    import rclpy
except AssertionError:
    print('refused')
"""


def test_what_computes_imports_where_every_ros_module_is_refused():
    assert len(ROS_FREE) > 20
    command = [sys.executable, '-c', IMPORT_WITHOUT_ROS]
    run = subprocess.run(command, cwd=PACKAGE.parent, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout == 'refused\n'  # the finder does refuse


@pytest.mark.parametrize(
    'module', ['promptda_ros.core.settings', 'promptda_ros.core.pairing.pairing']
)
def test_settings_and_pairing_import_without_torch(module):
    program = f'import sys; sys.modules["torch"] = None; import {module}'
    subprocess.run([sys.executable, '-c', program], cwd=PACKAGE.parent, check=True)


def names_used(tree: ast.AST) -> Iterator[str]:
    """Yield every dotted name that a module imports, calls or mentions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f'{node.module}.{alias.name}' for alias in node.names)
        elif isinstance(node, ast.Attribute):
            yield ast.unparse(node)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id


@pytest.mark.parametrize('name', sorted(SOURCES.keys() - {CONVERTER}))
def test_nothing_but_the_converter_opens_what_can_run_code(name):
    """B4: pickles, torch.load, torch.hub, eval and exec."""
    used = set(names_used(ast.parse(SOURCES[name].read_text(encoding='utf-8'))))
    modules = {name.partition('.')[0] for name in used}
    assert not modules & {'pickle', 'cPickle', '_pickle', 'dill', 'joblib', 'shelve', 'marshal'}
    assert not used & {'torch.load', 'torch.jit.load', 'torch.hub', 'eval', 'exec'}
    assert not any(name.startswith('torch.hub.') for name in used)


def test_exactly_one_place_catches_every_exception():
    """Style rule 8: core.runtime.guard, where it says why."""
    places = []
    for name, path in SOURCES.items():
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
            if isinstance(node, ast.ExceptHandler):
                caught = ast.walk(node.type) if node.type else [ast.Name('Exception')]
                ids = {part.id for part in caught if isinstance(part, ast.Name)}
                places += [name] * ('Exception' in ids)
    assert places == ['core/runtime/guard.py']
