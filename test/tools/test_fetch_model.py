# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.tools.fetch_model; the hub is a folder, since tests have no network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
import re
import shutil
import socket
import sys
from threading import Thread
import types

import pytest

from promptda_ros.core.errors import ExitCode
from promptda_ros.core.settings.schema import ModelSettings
from promptda_ros.model_folders import expected_digest, model_folder, OFFICIAL
from promptda_ros.tools import fetch_model
from promptda_ros.tools.main import main as promptda


def main(argv: list[str]) -> int:
    return promptda(['fetch_model', *argv])


class Refusing(BaseHTTPRequestHandler):
    """Answers without knowing any page, which is an answer."""

    def do_HEAD(self) -> None:
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def answering(monkeypatch) -> Iterator[None]:
    """Start what answers in place of the hub."""
    with HTTPServer(('127.0.0.1', 0), Refusing) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv('HF_ENDPOINT', f'http://127.0.0.1:{server.server_port}')
        yield
        server.shutdown()


@contextmanager
def silent() -> Iterator[str]:
    """Give an address where a connection is taken and nothing is ever said."""
    with socket.socket() as held:
        held.bind(('127.0.0.1', 0))
        held.listen()
        yield f'http://127.0.0.1:{held.getsockname()[1]}'


@contextmanager
def closed() -> Iterator[str]:
    """Give an address where nobody listens."""
    with socket.socket() as held:
        held.bind(('127.0.0.1', 0))
        yield f'http://127.0.0.1:{held.getsockname()[1]}'


@contextmanager
def unknown() -> Iterator[str]:
    """Give an address whose name nobody knows."""
    yield 'http://nobody.invalid'


@pytest.fixture
def hub(tmp_path: Path, network_folder: Path, monkeypatch, answering) -> Path:
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


@pytest.mark.parametrize('network', [silent, closed, unknown])
def test_without_a_network_it_says_so_at_once_and_leaves_nothing(
    network, hub, tmp_path, monkeypatch, capsys
):
    assert fetch_model.HUB_LIMIT_SEC < 10
    monkeypatch.setattr(fetch_model, 'HUB_LIMIT_SEC', 0.5)
    with network() as address:
        monkeypatch.setenv('HF_ENDPOINT', address)
        assert main(['vits']) == ExitCode.MODEL_OR_DEVICE
    (sentence,) = capsys.readouterr().err.splitlines()
    assert f'{address} cannot be reached' in sentence
    assert 'copy the folder vits from another machine' in sentence
    assert not (tmp_path / 'cache').exists()


@pytest.mark.parametrize(('begun', 'left'), [(b'', False), (b'half', True)])
def test_a_download_that_breaks_off_leaves_only_what_it_goes_on_from(
    begun, left, hub, tmp_path, monkeypatch, capsys
):
    def broken(repository: str, name: str, *, revision: str, local_dir: Path) -> str:
        (local_dir / f'{name}.incomplete').write_bytes(begun)
        raise ConnectionError('Connection reset.')

    monkeypatch.setattr(sys.modules['huggingface_hub'], 'hf_hub_download', broken)
    assert main(['vits']) == ExitCode.MODEL_OR_DEVICE
    assert 'config.json cannot be downloaded: Connection reset; ' in capsys.readouterr().err
    assert [path.name for path in tmp_path.glob('cache/promptda_ros/models/*')] == (
        ['vits.part'] if left else []
    )


def test_the_licence_is_told_before_anything_is_downloaded(hub, capsys):
    assert main(['vits']) == ExitCode.CLEAN
    first, *_ = capsys.readouterr().out.splitlines()
    assert first.startswith(f'licence of https://huggingface.co/{OFFICIAL["vits"].repository}: ')


def test_weights_other_than_the_pinned_ones_are_refused(hub, tmp_path, monkeypatch, capsys):
    """B3: not only changed since the first download, but other than the publisher's."""
    right = sha256((hub / 'model.safetensors').read_bytes()).hexdigest()
    monkeypatch.setitem(OFFICIAL, 'vits', replace(OFFICIAL['vits'], sha256='0' * 64))
    assert main(['vits']) == ExitCode.MODEL_OR_DEVICE
    assert f'has sha256 {right[:12]}..., expected 000000000000' in capsys.readouterr().err
    assert not (tmp_path / 'cache').exists()

    monkeypatch.setitem(OFFICIAL, 'vits', replace(OFFICIAL['vits'], sha256=right.upper()))
    assert main(['vits']) == ExitCode.CLEAN
    assert 'of this download' not in capsys.readouterr().out


def test_a_pinned_digest_holds_at_every_start(monkeypatch):
    monkeypatch.setitem(OFFICIAL, 'vits', replace(OFFICIAL['vits'], sha256='ABC'))
    assert expected_digest(ModelSettings(name='vits')) == 'abc'
    assert expected_digest(ModelSettings(name='vits', path='/mine')) == ''
    assert expected_digest(ModelSettings(name='vits', sha256='def')) == 'def'


@pytest.mark.parametrize('name', OFFICIAL)
def test_a_digest_is_whole_or_not_stated(name):
    assert re.fullmatch(r'([0-9a-f]{64})?', OFFICIAL[name].sha256)


def test_a_digest_of_the_user_is_taken_in_place_of_the_one_noted():
    settings = ModelSettings(name='vits', sha256='ABC')
    assert expected_digest(settings) == 'abc'
