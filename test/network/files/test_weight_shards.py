# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.network.files.weight_shards, by the folders that are saved and loaded."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import torch

from promptda_ros.network import CheckpointError, load_network
from promptda_ros.network.files.weights_file import parse_weights

INDEX = 'model.safetensors.index.json'


@pytest.fixture
def parts(tiny_network, tmp_path: Path) -> Path:
    """A folder with weights in several files."""
    tiny_network.save_pretrained(tmp_path / 'vits', max_shard_size='20KB')
    assert len(list((tmp_path / 'vits').glob('model-*-of-*.safetensors'))) > 2
    return tmp_path / 'vits'


def refusal(folder: Path) -> str:
    with pytest.raises(CheckpointError) as caught:
        load_network(folder)
    return str(caught.value)


def change_index(folder: Path, places: dict[str, object]) -> None:
    index = json.loads((folder / INDEX).read_text())
    index['weight_map'].update(places)
    (folder / INDEX).write_text(json.dumps(index))


def test_weights_in_several_files_are_those_in_one(tiny_network, parts):
    loaded = load_network(parts)
    for name, value in tiny_network.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value)
    files = sorted(parts.glob('*.safetensors'))
    assert loaded.sha256 == hashlib.sha256(b''.join(map(Path.read_bytes, files))).hexdigest()
    load_network(parts, sha256=loaded.sha256)
    with pytest.raises(CheckpointError, match='has sha256'):
        load_network(parts, sha256='0' * 64)


def test_no_file_is_larger_than_was_asked_for_unless_one_tensor_is(parts):
    for path in parts.glob('*.safetensors'):
        tensors = parse_weights(path, path.read_bytes()).values()
        assert len(tensors) == 1 or sum(value.nbytes for value in tensors) <= 20_000


def test_saving_again_leaves_nothing_of_the_time_before(tiny_network, parts):
    tiny_network.save_pretrained(parts)
    assert sorted(path.name for path in parts.iterdir()) == ['config.json', 'model.safetensors']
    tiny_network.save_pretrained(parts, max_shard_size=20_000)
    assert not (parts / 'model.safetensors').exists()
    load_network(parts)


@pytest.mark.parametrize('size', ['many', '-1', 5.5, ''])
def test_sizes_that_are_none_are_refused(tiny_network, tmp_path, size):
    with pytest.raises(ValueError, match='max_shard_size is'):
        tiny_network.save_pretrained(tmp_path, max_shard_size=size)


@pytest.mark.parametrize(
    'file', ['../model.safetensors', '/etc/passwd', 'a/b.safetensors', 'model.bin', 3, None, '']
)
def test_an_index_names_files_of_its_own_folder_only(parts, file):
    change_index(parts, {'head.conv3.bias': file})
    assert f'names {file!r}, which is no file of this folder' in refusal(parts)


def test_every_part_holds_what_the_index_says(parts):
    index = json.loads((parts / INDEX).read_text())['weight_map']
    first, last = min(index.values()), max(index.values())
    moved = next(name for name in index if index[name] == first)
    change_index(parts, {moved: last})
    assert f'holds {moved}, against what its index says' in refusal(parts)


def test_a_missing_part_is_named(parts):
    gone = sorted(parts.glob('*.safetensors'))[1]
    gone.unlink()
    assert f'{gone} is missing' in refusal(parts)


@pytest.mark.parametrize('index', [{}, {'weight_map': {}}, {'weight_map': []}])
def test_an_index_without_places_is_refused(parts, index):
    (parts / INDEX).write_text(json.dumps(index))
    assert f'{INDEX} has no weight_map' in refusal(parts)


def test_transformers_reads_our_parts_and_we_read_theirs(tiny_network, parts, tmp_path):
    transformers = pytest.importorskip('transformers')
    theirs = transformers.PromptDepthAnythingForDepthEstimation.from_pretrained(parts)
    theirs.save_pretrained(tmp_path / 'theirs', max_shard_size='20KB')
    assert (tmp_path / 'theirs' / INDEX).exists()
    loaded = load_network(tmp_path / 'theirs').state_dict()
    for name, value in tiny_network.state_dict().items():
        assert torch.equal(loaded[name], value)
