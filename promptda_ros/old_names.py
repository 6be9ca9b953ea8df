# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where modules and names of version 0.1 are now; they lead there for one version, and warn."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
import sys
from types import CodeType, ModuleType
from typing import Any
import warnings

PACKAGE = __name__.partition('.')[0]

# The folder in which modules are now under the name that they had
FOLDERS = {
    'bags': 'recording',
    'camera': 'alignment attachments calibration extrinsics pipeline',
    'core': 'yaml_file',
    'lab': 'evaluation sim training tools.figure',
    'lab.sim.things': 'sim.geoms sim.meshes sim.prints sim.shapes sim.soft sim.solids sim.tools '
    'sim.vessels',
    'messages': 'compressed compressed_depth decoding encodings jpeg millimetres png point_clouds '
    'rvl',
    'node': 'cameras capture graph inputs outputs parameters ros_errors session '
    'subscriptions supervision transports',
}
RENAMED = {
    'bag_files': 'bags.files',
    'bag_index': 'bags.index',
    'diagnostics': 'core.runtime.log',
    'evaluation.readers.cell': 'lab.evaluation.readers.cell_reader',
    'exit_codes': 'core.errors',
    'image_messages': 'messages.outgoing_images',
    'models': 'model',
    'network_health': 'core.health',
    'pictures': 'messages.picture_files',
    'reading': 'camera.reader',
    'statuses': 'node.diagnostics',
    'tools.report': 'tools.demonstration.report',
    'training.bags': 'bags.unpacking',
    'training.cell': 'lab.training.cell_source',
    'transport': 'dds_environment',
}
# What is not where the rest of its module is, or has another name
NAMES = {
    'core.settings': {'InputSettings': 'core.settings.input.InputSettings'},
    'messages': {'read_intrinsics': 'core.geometry.camera_info.read_camera_info'},
    'models': {
        'LoadedModel': 'loaded_model.LoadedModel',
        'expected_digest': 'model_folders.expected_digest',
        'model_folder': 'model_folders.model_folder',
        'note_digest': 'model_folders.note_digest',
    },
    'node': {'PromptDepthNode': 'node.node.PromptDepthNode'},
    'training.bags': {'unpack': 'bags.unpacking.unpack_bag'},
}


def find_spec(
    fullname: str, path: Sequence[str] | None = None, _target: ModuleType | None = None
) -> ModuleSpec | None:
    """Find a module that has moved, or lost names; by this, this module is a finder of Python."""
    package, _, old = fullname.partition('.')
    if package != PACKAGE:
        return None
    if place := place_of(old):
        return ModuleSpec(fullname, _Moved(place))  # type: ignore[arg-type]  # one by its methods
    spec = PathFinder.find_spec(fullname, path) if old in NAMES else None
    if spec is not None and spec.origin is not None:
        spec.loader = _WithOldNames(fullname, spec.origin)
    return spec


def place_of(old: str) -> str:
    """Return where a module is now, '' for one that has not moved; names without the package."""
    for folder, names in FOLDERS.items():
        if old in names.split():
            return f'{folder}.{old.rpartition(".")[2]}'
    parent, _, name = old.rpartition('.')
    inside = place_of(parent) if parent else ''
    return RENAMED.get(old) or (f'{inside}.{name}' if inside else '')


class _Moved:
    """Loads a module of today under the name that it had."""

    def __init__(self, place: str) -> None:
        self._place = place

    def create_module(self, _spec: ModuleSpec) -> None:
        """Leave it to Python."""

    def exec_module(self, module: ModuleType) -> None:
        """Put the module of today in its place, or lead from its names to those of today."""
        _, _, old = module.__name__.partition('.')
        today = _today(old, self._place)
        if old in NAMES:
            _add_old_names(module, today)
        else:
            sys.modules[module.__name__] = today

    def get_code(self, fullname: str) -> CodeType:
        """Return what `python -m` runs."""
        run = f'import runpy; runpy.run_module("{PACKAGE}.{self._place}", None, "__main__")'
        return compile(run, fullname, 'exec')


class _WithOldNames(SourceFileLoader):
    """Loads a module that has lost some names."""

    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        _add_old_names(module)


def _add_old_names(module: ModuleType, today: ModuleType | None = None) -> None:
    _, _, old = module.__name__.partition('.')

    def get(name: str) -> Any:
        place, _, new = NAMES[old].get(name, '').rpartition('.')
        if place:
            return getattr(_today(f'{old}.{name}', place), new)
        if today is None:
            raise AttributeError(f'module {module.__name__!r} has no attribute {name!r}')
        return getattr(today, name)

    vars(module)['__getattr__'] = get


def _today(old: str, place: str) -> ModuleType:
    """Return the module of today for what is asked for by an old name, with a warning."""
    text = f'{PACKAGE}.{old} goes with the next version: it is in {PACKAGE}.{place} now'
    warnings.warn(text, DeprecationWarning, stacklevel=3)
    return import_module(f'{PACKAGE}.{place}')
