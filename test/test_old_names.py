# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What users typed before files moved works for one version more, and says what to type now."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from promptda_ros import dds_environment, loaded_model, model, model_folders
from promptda_ros.bags import recording


@pytest.mark.parametrize(
    'old, new, name',
    [
        ('models', model, 'load_model'),
        ('models', loaded_model, 'LoadedModel'),
        ('models', model_folders, 'model_folder'),
        ('models', model_folders, 'expected_digest'),
        ('transport', dds_environment, 'large_image_environment'),
        ('recording', recording, 'read_recording'),
    ],
)
def test_an_old_path_leads_to_the_new_one_and_warns(monkeypatch, old, new, name):
    monkeypatch.delitem(sys.modules, f'promptda_ros.{old}', raising=False)
    with pytest.warns(DeprecationWarning, match=f'promptda_ros.{old} goes .* {new.__name__}'):
        found = importlib.import_module(f'promptda_ros.{old}')
    assert getattr(found, name) is getattr(new, name)


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
