# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.network.files.statement."""

from __future__ import annotations

import json

import pytest

from promptda_ros.network import CheckpointError, load_network
from promptda_ros.network.files.statement import read_statement, Statement, write_statement


def test_statements_survive_a_folder(tmp_path):
    states = Statement(precision='fp32', caution='for tests')
    write_statement(tmp_path, states)
    assert read_statement(tmp_path) == states


def test_a_network_that_is_loaded_and_saved_keeps_what_its_folder_states(tmp_path, network_folder):
    network = load_network(network_folder)
    network.save_pretrained(tmp_path / 'plain')
    assert not (tmp_path / 'plain/promptda.json').exists()
    network.statement = Statement(precision='fp32', caution='for tests')
    network.save_pretrained(tmp_path / 'first')
    load_network(tmp_path / 'first').save_pretrained(tmp_path / 'second')
    assert read_statement(tmp_path / 'second') == network.statement


def test_a_folder_without_the_file_states_the_defaults(tmp_path):
    assert read_statement(tmp_path) == Statement()


def test_folders_that_ask_for_filters_that_are_gone_still_load(tmp_path):
    old = {'refine_edges': True, 'agree_with_sensor': False, 'precision': 'fp32'}
    (tmp_path / 'promptda.json').write_text(json.dumps(old))
    assert read_statement(tmp_path) == Statement(precision='fp32')


@pytest.mark.parametrize(
    'values, words',
    [
        ({'cautions': 'none'}, 'has no cautions .* did you mean caution'),
        ({'refine_edges': 'yes'}, "refine_edges is 'yes', must be one of"),
        ({'precision': 'fp8'}, "precision is 'fp8', must be one of any, fp32"),
        ({'caution': 'two\nlines'}, 'caution is .*, must be one line of text'),
        ({'caution': 3}, 'caution is 3'),
        ([], 'no JSON object'),
    ],
    ids=str,
)
def test_what_is_not_understood_is_refused(tmp_path, values, words):
    (tmp_path / 'promptda.json').write_text(json.dumps(values))
    with pytest.raises(CheckpointError, match=words):
        read_statement(tmp_path)
