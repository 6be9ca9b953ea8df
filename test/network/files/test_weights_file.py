# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.network.files.weights_file."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest
import torch

from promptda_ros.network import CheckpointError
from promptda_ros.network.files.weights_file import format_weights, parse_weights

PATH = Path('vits/model.safetensors')
WEIGHTS = {
    'b.weight': torch.arange(6.0).reshape(2, 3),
    'a': torch.tensor(0.5, dtype=torch.float64),
    'half': torch.linspace(-1, 1, 5).half(),
    'brain': torch.linspace(-1, 1, 7).bfloat16(),
    'empty': torch.zeros(0, 4),
}


def with_header(header: object, body: bytes = b'') -> bytes:
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, 'little') + text + body


def entry(begin: int, end: int, *, dtype: object = 'F32', shape: object = (1,)) -> dict:
    return {'dtype': dtype, 'shape': shape, 'data_offsets': [begin, end]}


def assert_equal(found, expected):
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name].dtype == value.dtype
        assert torch.equal(found[name], value)


def test_tensors_survive_the_round_trip():
    assert_equal(parse_weights(PATH, format_weights(WEIGHTS)), WEIGHTS)


def test_tensors_that_are_views_are_written_as_they_look():
    table = torch.arange(12.0).reshape(3, 4)
    views = {'transposed': table.t(), 'column': table[:, 1], 'every second': table[0, ::2]}
    assert_equal(parse_weights(PATH, format_weights(views)), views)


def test_parsed_tensors_do_not_share_memory():
    parsed = parse_weights(PATH, format_weights(WEIGHTS))
    parsed['b.weight'].add_(1)
    assert torch.equal(
        parse_weights(PATH, format_weights(WEIGHTS))['b.weight'], WEIGHTS['b.weight']
    )


@pytest.mark.parametrize(
    'data, words',
    [
        (b'', 'is empty'),
        (b'\x01', 'begins with'),
        (b'<!DOCTYPE html><html>', 'HTML page'),
        (b'\n  <html>', 'HTML page'),
        (
            b'version https://git-lfs.github.com/spec/v1\noid sha256:1',
            'Git LFS pointer: run `git lfs',
        ),
        (b'PK\x03\x04' + bytes(40), 'pickle'),
        (b'\x80\x02}q\x00.', 'pickle'),
        (b'\x80\x05\x95', 'pickle'),
        (b'GGUF' + bytes(60), "begins with b'GGUF"),
        (with_header([1, 2]), 'begins with'),
        (with_header({'w': {'dtype': 'F32'}}), 'truncated or damaged'),
        (with_header({'w': entry(0, 4, shape=[-1, -1])}, bytes(4)), 'truncated or damaged'),
        (with_header({'w': entry(4, 8)}, bytes(8)), 'truncated or damaged'),
        (with_header({'w': entry(0, 8)}, bytes(8)), 'truncated or damaged'),
        ((10**5).to_bytes(8, 'little') + b'[' * 10**5, 'begins with'),
        (with_header({'w': entry(0, 4)}, bytes(9)), 'truncated or damaged'),
        (with_header({'w': entry(0, 4)}, bytes(3)), 'truncated or damaged'),
        (with_header({'w': entry(0, 4 * 10**12, shape=[10**12])}), 'truncated or damaged'),
    ],
)
def test_damage_is_named(data, words):
    with pytest.raises(CheckpointError) as refusal:
        parse_weights(PATH, data)
    assert words in str(refusal.value)


@settings(max_examples=60)
@given(st.integers(0, len(format_weights(WEIGHTS)) - 1))
def test_a_file_cut_anywhere_is_refused(length):
    """B3: nothing of a partial download is ever used."""
    with pytest.raises(CheckpointError, match=r'is empty|no complete safetensors'):
        parse_weights(PATH, format_weights(WEIGHTS)[:length])


@settings(max_examples=200)
@given(st.binary(max_size=80), st.booleans())
def test_any_bytes_give_tensors_or_a_named_error(data, framed):
    try:
        weights = parse_weights(PATH, len(data).to_bytes(8, 'little') + data if framed else data)
    except CheckpointError:
        return
    assert weights == {}


@settings(max_examples=100)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(('dtype', 'shape', 'data_offsets', 'w')), inner, max_size=3
            )
        ),
        max_leaves=12,
    )
)
def test_any_header_gives_tensors_or_a_named_error(header):
    try:
        parse_weights(PATH, with_header({'w': header}, bytes(16)))
    except CheckpointError:
        return
    raise AssertionError('16 bytes that no tensor claims were taken')
