# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What users typed before files moved works for one version more, and says what to type now."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
import subprocess
import sys

import pytest

import promptda_ros
from promptda_ros import dds_environment, loaded_model, model, model_folders, old_names
from promptda_ros.bags import recording, unpacking
from promptda_ros.core.geometry import camera_info
from promptda_ros.core.settings import input as input_settings
from promptda_ros.lab.training import recordings
from promptda_ros.messages import encodings
from promptda_ros.node.node import PromptDepthNode


@pytest.mark.parametrize(
    'old, new, name',
    [
        ('models', model, 'load_model'),
        ('models', loaded_model, 'LoadedModel'),
        ('models', model_folders, 'model_folder'),
        ('models', model_folders, 'expected_digest'),
        ('transport', dds_environment, 'large_image_environment'),
        ('recording', recording, 'read_recording'),
        ('encodings', encodings, 'read_image'),
        ('training.recordings', recordings, 'RecordingError'),
    ],
)
def test_an_old_path_leads_to_the_new_one_and_warns(monkeypatch, old, new, name):
    monkeypatch.delitem(sys.modules, f'promptda_ros.{old}', raising=False)
    with pytest.warns(DeprecationWarning, match=f'promptda_ros.{old}.* goes .* {new.__name__} '):
        found = getattr(importlib.import_module(f'promptda_ros.{old}'), name)
    assert found is getattr(new, name)


@pytest.mark.parametrize(
    'old, name, new',
    [
        ('messages', 'read_intrinsics', camera_info.read_camera_info),
        ('node', 'PromptDepthNode', PromptDepthNode),
        ('core.settings', 'InputSettings', input_settings.InputSettings),
        ('training.bags', 'unpack', unpacking.unpack_bag),
    ],
)
def test_an_old_name_in_a_module_leads_to_the_new_one_and_warns(old, name, new):
    module = importlib.import_module(f'promptda_ros.{old}')
    with pytest.warns(
        DeprecationWarning, match=f'promptda_ros.{old}.{name} goes .* {new.__module__} '
    ):
        found = getattr(module, name)
    assert found is new
    with pytest.raises(AttributeError, match='never_was'):
        module.never_was  # noqa: B018


def test_every_old_name_leads_to_what_there_is():
    for old in old_modules():
        place = old_names.place_of(old)
        assert importlib.util.find_spec(f'promptda_ros.{place}') is not None, old
    for names in old_names.NAMES.values():
        for place in names.values():
            module, _, name = place.rpartition('.')
            assert hasattr(importlib.import_module(f'promptda_ros.{module}'), name), place


def test_no_module_of_today_has_an_old_name():
    root = Path(promptda_ros.__file__).parent
    for path in root.rglob('*.py'):
        name = '.'.join(path.relative_to(root).with_suffix('').parts).removesuffix('.__init__')
        assert not old_names.place_of(name), name


def old_modules():
    return [
        *old_names.RENAMED,
        *(old for olds in old_names.FOLDERS.values() for old in olds.split()),
    ]


def test_the_old_command_for_the_environment_prints_what_the_new_one_does(monkeypatch):
    for name in ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE'):
        monkeypatch.delenv(name, raising=False)
    printed = [
        subprocess.run(
            [sys.executable, '-m', f'promptda_ros.{name}'],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for name in ('transport', 'dds_environment')
    ]
    assert printed[0] == printed[1]
    assert 'export FASTDDS_DEFAULT_PROFILES_FILE=' in printed[0]
