# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Python, device, NumPy and weights, each broken in its turn."""

from __future__ import annotations

from pathlib import Path
import shutil
import sys

import pytest

from promptda_ros.core.settings import build
from promptda_ros.doctor.finding import Finding
from promptda_ros.doctor.machine.python import DeviceCheck, PythonCheck
from promptda_ros.doctor.machine.weights import licence_of, WeightsCheck
from promptda_ros.share import share_folder

TINY = share_folder() / 'models' / 'promptda-tiny'


def findings(check) -> list[Finding]:
    """Return what a check finds wrong."""
    return [each for each in check.look() if isinstance(each, Finding)]


def test_this_machine_is_sound():
    settings = build({'device': 'cpu'})
    checks = PythonCheck(), DeviceCheck(settings), WeightsCheck(settings)
    assert [found for check in checks for found in findings(check)] == []


def test_a_python_without_torch_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, 'torch', None)

    (found,) = findings(PythonCheck())

    assert found.id == 'torch'
    assert sys.executable in found.what


def test_a_device_that_is_not_here_is_told(monkeypatch):
    monkeypatch.setattr('torch.cuda.is_available', lambda: False)

    (found,) = findings(DeviceCheck(build({'device': 'cuda'})))

    assert found.id == 'device'
    assert 'set device:=cpu' in found.fix


def test_an_engine_that_is_not_installed_is_told(monkeypatch):
    monkeypatch.setattr('promptda_ros.core.runtime.device.find_spec', lambda name: None)

    (found,) = findings(DeviceCheck(build({'device': 'cpu', 'engine': 'openvino'})))

    assert found.id == 'device'
    assert 'pip install openvino' in found.fix


@pytest.mark.parametrize('name', ['config.json', 'model.safetensors'])
def test_missing_weights_are_told(tmp_path, name):
    folder = tmp_path / 'tiny'
    shutil.copytree(TINY, folder)
    (folder / name).unlink()

    (found,) = findings(WeightsCheck(build({'model.path': str(folder)})))

    assert found.id == 'weights'
    assert f'{folder / name} is missing' in found.what
    assert 'promptda fetch_model' in found.fix


def test_weights_of_another_digest_are_told(tmp_path):
    settings = build({'model.path': str(TINY), 'model.sha256': 'f' * 64})

    (found,) = findings(WeightsCheck(settings))

    assert found.id == 'weights'
    assert 'expected ffffffffffff' in found.what


def test_the_licence_is_that_of_the_model_card(tmp_path: Path):
    assert licence_of(TINY) == 'apache-2.0'
    assert 'not stated' in licence_of(tmp_path)
