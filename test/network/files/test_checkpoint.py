# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.network.files.checkpoint and promptda_ros.network.files.folder."""

from __future__ import annotations

from dataclasses import replace
import hashlib
import pickle
import socket

import pytest
import torch

from promptda_ros.core.model_files import ANCHOR_FILE, fetched_folder
from promptda_ros.network import (
    CheckpointError,
    load_network,
    PromptDepthAnythingConfig,
    PromptDepthAnythingForDepthEstimation,
    PromptDepthAnythingImageProcessor,
)
from promptda_ros.network.anchor import Anchor, AnchorConfig
from promptda_ros.network.files import checkpoint
from promptda_ros.network.files.anchor_file import save_anchor
from promptda_ros.network.files.folder import find_folder
from promptda_ros.network.files.weights_file import format_weights

WEIGHTS = 'model.safetensors'
ADVICE = 'run `promptda fetch_model vits`'


def refusal(folder, **kwargs) -> str:
    with pytest.raises(CheckpointError) as caught:
        load_network(folder, **kwargs)
    assert ADVICE in str(caught.value)
    return str(caught.value)


@torch.no_grad()
def test_a_saved_network_loads_with_every_weight(tiny_network, folder):
    loaded = load_network(folder)
    assert not loaded.training
    assert loaded.config == tiny_network.config
    for name, value in tiny_network.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value)
    image, prompt = torch.randn(1, 3, 56, 56), torch.rand(1, 1, 8, 8)
    assert torch.equal(
        loaded(image, prompt).predicted_depth, tiny_network(image, prompt).predicted_depth
    )


def test_a_loaded_network_can_be_trained_on(folder):
    loaded = PromptDepthAnythingForDepthEstimation.from_pretrained(str(folder))
    assert all(value.requires_grad for value in loaded.parameters())


def test_a_network_saved_in_half_precision_loads_in_float32(tiny_network, folder):
    tiny_network.half().save_pretrained(folder)
    assert {value.dtype for value in load_network(folder).parameters()} == {torch.float32}


def test_saving_again_replaces_the_weights_at_once(tiny_network, folder):
    before = (folder / WEIGHTS).read_bytes()
    tiny_network.head.conv3.bias.data.add_(1)
    tiny_network.save_pretrained(folder)
    assert (folder / WEIGHTS).read_bytes() != before
    assert sorted(path.name for path in folder.iterdir()) == ['config.json', WEIGHTS]


def test_a_network_keeps_the_anchor_of_its_folder(folder, tmp_path):
    """Trained on or converted, it would do without what holds its depth at the sensor."""
    save_anchor(Anchor(AnchorConfig(widths=(8, 8))), folder)
    loaded = load_network(folder)
    assert loaded.anchor is not None
    loaded.save_pretrained(tmp_path / 'again')
    again = load_network(tmp_path / 'again')
    assert again.sha256 == loaded.sha256
    assert again.anchor.sha256 == loaded.anchor.sha256


def test_the_digest_covers_the_anchor(folder):
    alone = load_network(folder).sha256
    save_anchor(Anchor(AnchorConfig(widths=(8, 8))), folder)
    whole = b''.join((folder / name).read_bytes() for name in (WEIGHTS, ANCHOR_FILE))
    digest = hashlib.sha256(whole).hexdigest()
    assert load_network(folder, sha256=digest).sha256 == digest
    message = refusal(folder, sha256=alone)
    assert f'{WEIGHTS} followed by {ANCHOR_FILE} has sha256 {digest[:12]}' in message


def test_a_missing_folder_is_named(tmp_path):
    """B1: never random weights."""
    assert f'{tmp_path / "gone"} does not exist' in refusal(tmp_path / 'gone')


def test_a_folder_that_is_a_file_is_named(tmp_path):
    (tmp_path / 'file').touch()
    assert f'{tmp_path / "file"} is not a folder' in refusal(tmp_path / 'file')


@pytest.mark.parametrize('name', ['config.json', WEIGHTS])
def test_a_missing_file_is_named(folder, name):
    """B1: the path and the command."""
    (folder / name).unlink()
    assert f'{folder / name} is missing' in refusal(folder)


def test_one_flipped_bit_is_found_before_the_file_is_parsed(folder, monkeypatch):
    """B2: both digests by their first 12 digits, and the parser not called."""
    data = bytearray((folder / WEIGHTS).read_bytes())
    expected = hashlib.sha256(data).hexdigest()
    assert load_network(folder, sha256=expected.upper())

    data[-1] ^= 1
    (folder / WEIGHTS).write_bytes(data)
    monkeypatch.setattr(checkpoint, 'parse_weights', lambda path, data: pytest.fail('parsed'))
    message = refusal(folder, sha256=expected)
    assert expected[:12] in message
    assert hashlib.sha256(data).hexdigest()[:12] in message
    assert expected[:13] not in message


@pytest.mark.parametrize(
    'content, words',
    [
        (b'', 'is empty'),
        (b'<html>Entry not found</html>', 'HTML page'),
        (
            b'version https://git-lfs.github.com/spec/v1\n',
            'looks like a Git LFS pointer: run `git lfs pull`',
        ),
        (None, 'truncated or damaged'),
    ],
)
def test_files_that_are_no_weights_say_what_they_look_like(folder, content, words):
    """B3."""
    whole = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(whole[:-100] if content is None else content)
    message = refusal(folder)
    assert words in message
    assert str(folder / WEIGHTS) in message


def test_a_directory_in_place_of_the_weights_is_named(folder):
    """B3."""
    (folder / WEIGHTS).unlink()
    (folder / WEIGHTS).mkdir()
    assert 'is a directory' in refusal(folder)


def test_weights_that_cannot_be_read_are_named_with_the_reason(folder):
    """B3: a link to itself fails for every user, as permissions do not for root."""
    (folder / WEIGHTS).unlink()
    (folder / WEIGHTS).symlink_to(folder / WEIGHTS)
    assert 'cannot be read' in refusal(folder)


class Payload:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return open, (str(self.marker), 'w')


@pytest.mark.parametrize('write', [pickle.dump, torch.save], ids=['pickle', 'torch'])
def test_a_pickle_under_the_name_of_safetensors_is_never_opened(folder, tmp_path, write):
    """B4: the payload would make a file."""
    marker = tmp_path / 'executed'
    with (folder / WEIGHTS).open('wb') as file:
        write({'weights': Payload(marker)}, file)
    assert 'looks like a pickle' in refusal(folder)
    assert not marker.exists()


def test_missing_and_foreign_and_misshapen_weights_are_named(tiny_network, folder):
    """B5: the first three of all differences, and the folder."""
    weights = tiny_network.state_dict()
    del weights['backbone.embeddings.cls_token']
    weights['backbone.embeddings.extra'] = torch.zeros(2)
    weights['backbone.embeddings.mask_token'] = torch.zeros(24)  # as many, in another shape
    weights['head.conv3.bias'] = torch.zeros(2)
    (folder / WEIGHTS).write_bytes(format_weights(weights))
    message = refusal(folder)
    assert str(folder) in message
    assert 'in 4 tensors' in message
    assert 'cls_token is missing; ' in message
    assert 'extra is not part of the network; ' in message
    assert 'mask_token has shape (24,) instead of (1, 24)' in message
    assert 'head.conv3' not in message


def test_weights_of_another_size_do_not_fit(folder, tiny_config):
    """B5: a config.json of one network beside the weights of another."""
    backbone = replace(tiny_config.dinov2, num_hidden_layers=5)
    replace(tiny_config, backbone_config=backbone).save_pretrained(folder)
    assert 'encoder.layer.4.attention.attention.key.bias is missing' in refusal(folder)


@pytest.mark.parametrize('bad', [float('nan'), float('inf'), -float('inf')])
def test_weights_that_are_not_finite_are_refused(tiny_network, folder, bad):
    """B6."""
    tiny_network.neck.convs[1].weight.data[0, 0, 1, 1] = bad
    tiny_network.save_pretrained(folder)
    assert 'NaN or infinite weights, first in neck.convs.1.weight' in refusal(folder)


def test_nothing_is_ever_downloaded(tmp_path, monkeypatch):
    """B7: an error, and no attempt to reach a network."""
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    monkeypatch.setattr(socket, 'socket', lambda *args, **kwargs: pytest.fail('a socket'))
    message = refusal('depth-anything/prompt-depth-anything-vits-hf')
    assert f'{tmp_path / "promptda_ros" / "models" / "vits"} does not exist' in message


@pytest.mark.parametrize('name', ['vits', 'vits-transparent', 'vitl'])
def test_networks_of_the_hub_are_found_where_they_were_fetched_to(tmp_path, monkeypatch, name):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    fetched_folder(name).mkdir(parents=True)
    assert find_folder(f'depth-anything/prompt-depth-anything-{name}-hf') == fetched_folder(name)
    with pytest.raises(CheckpointError, match=f'promptda fetch_model {name}`'):
        load_network(fetched_folder(name))


def test_the_cache_is_in_the_home_folder_where_nothing_else_is_said(tmp_path, monkeypatch):
    monkeypatch.delenv('XDG_CACHE_HOME', raising=False)
    monkeypatch.setenv('HOME', str(tmp_path))
    assert fetched_folder('vits') == tmp_path / '.cache' / 'promptda_ros' / 'models' / 'vits'


@pytest.mark.parametrize(
    'reader', [PromptDepthAnythingConfig, PromptDepthAnythingImageProcessor], ids=str
)
def test_every_reader_names_a_missing_file(tmp_path, reader):
    with pytest.raises(CheckpointError, match=r'config.json is missing'):
        reader.from_pretrained(tmp_path)
