# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The rooms of the package: who may import whom, drawn from the sources themselves."""

from __future__ import annotations

import ast
from collections import Counter
from graphlib import TopologicalSorter
from pathlib import Path
from xml.etree import ElementTree

import pytest

import promptda_ros

PACKAGE = Path(promptda_ros.__file__).parent
NAME = PACKAGE.name
LARGEST_FOLDER = 20  # files that have a name of their own

# What stands above imports what stands below, never the other way.
ROOMS = {
    'main': {'node', 'core', 'model', 'params_file', 'process'},
    'tools': {
        'bags', 'camera', 'core', 'dds_environment', 'doctor', 'lab', 'loaded_model', 'messages',
        'model', 'model_folders', 'network', 'node', 'params_file', 'presets', 'process', 'rig',
        'share', 'view',
    },
    'view': {'bags', 'camera', 'core', 'loaded_model', 'messages', 'model', 'node'},
    'node': {
        'camera', 'core', 'dds_environment', 'loaded_model', 'messages', 'model', '__init__',
    },
    'lab': {'core', 'messages', 'model_folders', 'network', 'rig'},
    'bags': {
        '__init__', 'camera', 'core', 'loaded_model', 'messages', 'model', 'model_folders',
        'process',
    },
    'doctor': {
        'bags', 'camera', 'core', 'dds_environment', 'messages', 'model_folders', 'network',
        'node', 'rig', 'share',
    },
    'rig': {'camera', 'core', 'messages'},
    'camera': {'core', 'loaded_model', 'messages'},
    'messages': {'core'},
    'model': {'core', 'loaded_model', 'model_folders', 'network'},
    'loaded_model': {'core', 'network'},
    'model_folders': {'core', 'share'},
    'network': {'core'},
    'presets': {'core', 'share'},
    'params_file': {'core'},
    'dds_environment': {'share'},
    'share': {'core'},
    'core': set(),
    'process': set(),
    '__init__': {'old_names'},
    'old_names': set(),
}  # fmt: skip
WITHOUT_ROS = (
    'bags', 'camera', 'core', 'lab', 'loaded_model', 'model', 'model_folders', 'network',
    'presets', 'process', 'rig', 'share',
)  # fmt: skip


def module_of(path: Path) -> str:
    """Return the dotted name of a source below the package; a folder's own is its name."""
    return '.'.join(path.relative_to(PACKAGE).with_suffix('').parts).removesuffix('.__init__')


SOURCES = {module_of(path): path for path in sorted(PACKAGE.rglob('*.py'))}


def imports_of(path: Path) -> set[str]:
    """Return every module that a source imports, wherever it does, also for its types alone."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f'{path} imports by dots'
            for alias in node.names:
                name = f'{node.module}.{alias.name}'
                found.add(name if name.removeprefix(f'{NAME}.') in SOURCES else str(node.module))
    return found


def ours(path: Path) -> set[str]:
    """Return the modules of the package that a source imports."""
    found = {name for name in imports_of(path) if name.partition('.')[0] == NAME}
    return {name.removeprefix(f'{NAME}.') if name != NAME else '__init__' for name in found}


GRAPH = {module: ours(path) for module, path in SOURCES.items()}


def room_of(module: str) -> str:
    return module.partition('.')[0]


def wing_of(module: str) -> str:
    """Return the folder in core of a module; '' for one that lies in core itself."""
    room, *wing = module.split('.')
    return wing[0] if room == 'core' and len(wing) == 2 else ''


@pytest.mark.parametrize('module', GRAPH)
def test_no_module_imports_upward(module):
    room = room_of(module)
    assert room in ROOMS, f'{module} lies in no room: give it a row here'
    upward = {name for name in GRAPH[module] if room_of(name) not in {room, *ROOMS[room]}}
    assert not upward


def test_the_rooms_themselves_have_an_order():
    TopologicalSorter(ROOMS).prepare()  # raises where there is a circle


def test_no_modules_import_each_other_in_a_circle():
    TopologicalSorter(GRAPH).prepare()


def test_the_wings_of_the_core_have_an_order():
    wings: dict[str, set[str]] = {}
    for module, imported in GRAPH.items():
        if wing := wing_of(module):
            others = {wing_of(name) for name in imported} - {wing, ''}
            wings.setdefault(wing, set()).update(others)
    assert len(wings) > 4
    TopologicalSorter(wings).prepare()


@pytest.mark.parametrize(
    'module', [module for module in SOURCES if room_of(module) in WITHOUT_ROS]
)
def test_what_computes_names_no_package_of_ros(module):
    depends = ElementTree.parse(PACKAGE.parent / 'package.xml').iter('exec_depend')
    of_ros = {each.text for each in depends if not str(each.text).startswith('python3-')}
    assert {'rclpy', 'sensor_msgs'} <= of_ros
    assert not {name.partition('.')[0] for name in imports_of(SOURCES[module])} & of_ros


def test_no_folder_holds_more_files_than_can_be_surveyed():
    named = [path for path in SOURCES.values() if path.stem != '__init__']
    counts = Counter(str(path.parent.relative_to(PACKAGE)) for path in named)
    assert {folder: count for folder, count in counts.items() if count > LARGEST_FOLDER} == {}


def test_every_room_stands_for_something():
    assert ROOMS.keys() == {room_of(module) for module in SOURCES}
