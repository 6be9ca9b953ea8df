# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.bags.storage.qos: one text for every version."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest
from rosbags.interfaces import (
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)
from rosbags.rosbag2.metadata import dump_qos_v9, parse_qos
import yaml

from promptda_ros.bags.storage.qos import in_numbers, LATCHED
from test.bags.drawn_bags import QOS

times = st.builds(QosTime, st.integers(0, 2**63 - 1), st.integers(0, 2**32 - 1))
profiles = st.builds(
    Qos,
    st.sampled_from(QosHistory),
    st.integers(0, 1000),
    st.sampled_from(QosReliability),
    st.sampled_from(QosDurability),
    times,
    times,
    st.sampled_from(QosLiveliness),
    times,
    st.booleans(),
)


@settings(max_examples=30)
@given(st.lists(profiles, max_size=3))
def test_words_become_the_numbers_that_older_versions_read(offered):
    found = in_numbers(yaml.safe_dump(dump_qos_v9(offered)))
    assert parse_qos(found) == offered
    for one in yaml.safe_load(found):
        policies = (one[name] for name in ('history', 'reliability', 'durability', 'liveliness'))
        assert all(isinstance(policy, int) for policy in policies)


@pytest.mark.parametrize('text', ['', '[]', QOS, LATCHED])
def test_numbers_stay_as_they_were_written(text):
    assert in_numbers(text) == text


@pytest.mark.parametrize('text', ['- {', '- history: keep_last', '7', 'keep_last', '- [1]'])
def test_what_is_no_list_of_profiles_is_kept(text):
    assert in_numbers(text) == text
