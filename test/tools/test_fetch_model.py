# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.tools.fetch_model; the hub is a folder, since tests have no network."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
import shutil
import sys
import types

import pytest

from promptda_ros.core.errors import ExitCode
from promptda_ros.core.settings.schema import ModelSettings
from promptda_ros.model_folders import expected_digest, model_folder
from promptda_ros.tools.main import main as promptda


def main(argv: list[str]) -> int:
    return promptda(['fetch_model', *argv])


@pytest.fixture
def hub(tmp_path: Path, network_folder: Path, monkeypatch) -> Path:
    """Serve a copy of a small network as every repository of the hub."""
    served = shutil.copytree(network_folder, tmp_path / 'hub')
    (served / 'preprocessor_config.json').write_text('{}')

    def hf_hub_download(repository: str, name: str, *, revision: str, local_dir: Path) -> str:
        assert repository.startswith('depth-anything/')
        return str(shutil.copy(served / name, local_dir / name))

    module = types.ModuleType('huggingface_hub')
    module.hf_hub_download = hf_hub_download  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, 'huggingface_hub', module)
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    return served


@pytest.mark.setting('model.name')
def test_a_fetched_network_is_found_by_name_with_the_digest_noted(hub, tmp_path, capsys):
    assert main(['vits']) == ExitCode.CLEAN
    settings = ModelSettings(name='vits')
    weights = model_folder(settings) / 'model.safetensors'
    assert weights.is_file()
    assert weights.is_relative_to(tmp_path / 'cache')
    digest = sha256(weights.read_bytes()).hexdigest()
    assert expected_digest(settings) == digest
    assert digest in capsys.readouterr().out


def test_a_download_that_is_no_network_is_refused_and_gets_no_digest(hub, capsys):
    """B3: an error page in place of the weights."""
    (hub / 'model.safetensors').write_text('<html>sign in</html>')
    assert main(['vits']) == ExitCode.MODEL_OR_DEVICE
    assert 'HTML' in capsys.readouterr().err
    assert expected_digest(ModelSettings(name='vits')) == ''


def test_without_the_hub_library_the_command_that_mends_it_is_named(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    monkeypatch.setitem(sys.modules, 'huggingface_hub', None)
    assert main(['vits']) == ExitCode.MODEL_OR_DEVICE
    assert 'pip install huggingface_hub' in capsys.readouterr().err


def test_a_digest_of_the_user_is_taken_in_place_of_the_one_noted():
    settings = ModelSettings(name='vits', sha256='ABC')
    assert expected_digest(settings) == 'abc'
