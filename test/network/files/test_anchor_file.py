# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.network.files.anchor_file."""

from __future__ import annotations

import json

import pytest
import torch

from promptda_ros.network import CheckpointError
from promptda_ros.network.anchor import Anchor, AnchorConfig
from promptda_ros.network.files.anchor_file import (
    ANCHOR_CONFIG,
    ANCHOR_FILE,
    load_anchor,
    save_anchor,
)
from promptda_ros.network.files.checkpoint import read_anchor_file

SMALL = AnchorConfig(widths=(8, 8))


@pytest.fixture
def folder(tmp_path):
    torch.manual_seed(0)
    save_anchor(Anchor(SMALL), tmp_path)
    return tmp_path


def test_an_anchor_comes_back_as_it_was_to_half_precision(folder):
    torch.manual_seed(0)
    expected = Anchor(SMALL).state_dict()
    loaded = load_anchor(folder, read_anchor_file(folder))
    assert loaded is not None
    assert loaded.anchor.config == SMALL
    for name, value in loaded.anchor.state_dict().items():
        assert value.dtype == torch.float32
        torch.testing.assert_close(value, expected[name].half().float(), rtol=0, atol=0)


def test_a_folder_without_one_has_none(tmp_path):
    assert load_anchor(tmp_path, read_anchor_file(tmp_path)) is None


def test_damaged_weights_are_refused(folder):
    data = (folder / ANCHOR_FILE).read_bytes()
    (folder / ANCHOR_FILE).write_bytes(data[: len(data) // 2])
    with pytest.raises(CheckpointError, match='truncated or damaged'):
        load_anchor(folder, read_anchor_file(folder))


def test_weights_of_another_shape_are_refused(folder):
    (folder / ANCHOR_CONFIG).write_text(json.dumps({'widths': [8, 16]}))
    with pytest.raises(CheckpointError, match=r'does not fit anchor.json in .* shape'):
        load_anchor(folder, read_anchor_file(folder))


def test_weights_that_are_not_finite_are_refused(tmp_path):
    anchor = Anchor(SMALL)
    with torch.no_grad():
        anchor.head.bias[0] = torch.nan
    save_anchor(anchor, tmp_path)
    with pytest.raises(CheckpointError, match=r'NaN or infinite weights, first in head.bias'):
        load_anchor(tmp_path, read_anchor_file(tmp_path))


@pytest.mark.parametrize(
    'values', [{}, {'widths': [8]}, {'widths': [8, 0]}, {'widths': [8, True]}, {'sizes': [8, 8]}]
)
def test_an_unknown_shape_is_refused(folder, values):
    (folder / ANCHOR_CONFIG).write_text(json.dumps(values))
    with pytest.raises(CheckpointError, match='list of at least 2 whole numbers'):
        load_anchor(folder, read_anchor_file(folder))
