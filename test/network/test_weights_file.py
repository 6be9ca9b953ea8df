# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.network.weights_file."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest
import torch

from promptda_ros.network.weights_file import format_weights, parse_weights, WeightsFileError

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
    assert_equal(parse_weights(format_weights(WEIGHTS)), WEIGHTS)


def test_equal_tensors_give_equal_bytes():
    reordered = dict(reversed(WEIGHTS.items()))
    assert format_weights(reordered) == format_weights(WEIGHTS)


def test_tensors_that_are_views_are_written_as_they_look():
    table = torch.arange(12.0).reshape(3, 4)
    views = {'transposed': table.t(), 'column': table[:, 1], 'every second': table[0, ::2]}
    assert_equal(parse_weights(format_weights(views)), views)


def test_an_empty_tensor_may_begin_where_another_does():
    header = {'w': entry(0, 4), 'none': entry(0, 0, shape=[0])}
    assert parse_weights(with_header(header, bytes(4)))['none'].shape == (0,)


def test_parsed_tensors_do_not_share_memory():
    parsed = parse_weights(format_weights(WEIGHTS))
    parsed['b.weight'].add_(1)
    assert torch.equal(parse_weights(format_weights(WEIGHTS))['b.weight'], WEIGHTS['b.weight'])


def test_the_reference_library_reads_our_files_and_we_read_its():
    safetensors = pytest.importorskip('safetensors.torch')
    assert_equal(safetensors.load(format_weights(WEIGHTS)), WEIGHTS)
    assert_equal(parse_weights(safetensors.save(WEIGHTS, {'format': 'pt', 'x': 'y'})), WEIGHTS)


@pytest.mark.parametrize(
    'data, words',
    [
        (b'', 'is empty'),
        (b'\x01', 'no safetensors file'),
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
        (with_header([1, 2]), 'no safetensors file'),
        (with_header({'w': 3}), "damaged header: '3' for 'w'"),
        (with_header({'w': {'dtype': 'F32'}}), 'damaged header'),
        (with_header({'w': entry(0, 4, dtype='I64')}, bytes(4)), 'F64, F32, F16, BF16'),
        (with_header({'w': entry(0, 4, dtype=['F32'])}, bytes(4)), 'damaged header'),
        (with_header({'w': entry(0, 4, shape=[-1, -1])}, bytes(4)), 'damaged header'),
        (with_header({'w': entry(0, 4, shape=[1.0])}, bytes(4)), 'damaged header'),
        (with_header({'w': entry(0, 4, shape='x')}, bytes(4)), 'damaged header'),
        (with_header({'w': entry(4, 8)}, bytes(8)), 'damaged header'),
        (with_header({'v': entry(0, 4), 'w': entry(0, 4)}, bytes(4)), 'damaged header'),
        (with_header({'w': entry(0, 8)}, bytes(8)), 'damaged header'),
        (with_header({'w': {'data_offsets': [float('inf'), 4]}}), 'damaged header'),
        (with_header({'v': entry(0, 4), 'w': {'data_offsets': [4]}}), 'damaged header'),
        ((10**5).to_bytes(8, 'little') + b'[' * 10**5, 'no safetensors file'),
        (with_header({'w': entry(0, 4)}, bytes(9)), 'has 5 bytes behind its last tensor'),
        (with_header({'w': entry(0, 4)}, bytes(3)), 'is truncated: 72 bytes of 73'),
        (with_header({'w': entry(0, 4 * 10**12, shape=[10**12])}), 'is truncated'),
    ],
)
def test_damage_is_named(data, words):
    with pytest.raises(WeightsFileError) as refusal:
        parse_weights(data)
    assert words in str(refusal.value)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(format_weights(WEIGHTS)) - 1))
def test_a_file_cut_anywhere_is_refused(length):
    """B3: nothing of a partial download is ever used."""
    with pytest.raises(WeightsFileError, match='truncated|empty|no safetensors'):
        parse_weights(format_weights(WEIGHTS)[:length])


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=80), st.booleans())
def test_any_bytes_give_tensors_or_a_named_error(data, framed):
    try:
        parse_weights(len(data).to_bytes(8, 'little') + data if framed else data)
    except WeightsFileError:
        return
    assert json.loads(data) == {}


@settings(max_examples=100, deadline=None)
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
        parse_weights(with_header({'w': header}, bytes(16)))
    except WeightsFileError:
        return
    raise AssertionError('16 bytes that no tensor claims were taken')
