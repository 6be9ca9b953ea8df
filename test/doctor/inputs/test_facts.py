# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Rates, from stamps and arrivals."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st
import pytest

from promptda_ros.doctor.inputs.facts import Times

PERIOD_NS = 33_333_333
SEEDS = st.integers(0, 1 << 32)


def stamps(seed: int, *, lost: float, jitter: float, count: int = 200) -> tuple[int, ...]:
    """Return stamps of 30 Hz without those that are lost; `jitter` is a part of a period."""
    draw = random.Random(seed)
    sent = (round((n + draw.uniform(-jitter, jitter)) * PERIOD_NS) for n in range(count))
    return tuple(each for each in sent if draw.random() >= lost)


@given(seed=SEEDS, lost=st.floats(0.4, 0.7), jitter=st.floats(0.0, 0.05))
def test_the_rate_of_a_camera_is_known_from_what_is_left_of_its_images(seed, lost, jitter):
    """G8: however many are lost."""
    sent_hz = Times(stamps(seed, lost=lost, jitter=jitter)).sent_hz

    assert sent_hz == pytest.approx(30.0, rel=0.1)


@given(seed=SEEDS, jitter=st.floats(0.0, 0.4))
def test_no_gap_is_seen_where_all_arrive(seed, jitter):
    """G8: no false alarm from jitter."""
    assert Times(stamps(seed, lost=0.0, jitter=jitter)).sent_hz is None
