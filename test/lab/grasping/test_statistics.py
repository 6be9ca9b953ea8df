# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.lab.grasping.statistics."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
import pytest

from promptda_ros.lab.grasping.attempts import Attempt
from promptda_ros.lab.grasping.statistics import Share, tables


def test_the_interval_is_that_of_wilson():
    """The worked example of many textbooks: 8 of 10."""
    assert Share(8, 10).interval == pytest.approx((49.0, 94.3), abs=0.1)


@given(total=st.integers(1, 1000), data=st.data())
def test_the_interval_holds_the_share_and_is_that_of_the_others_mirrored(total, data):
    count = data.draw(st.integers(0, total))
    low, high = Share(count, total).interval
    rounding = 1e-9
    assert 0 <= low <= Share(count, total).percent + rounding
    assert Share(count, total).percent - rounding <= high <= 100
    others_low, others_high = Share(total - count, total).interval
    assert (100 - others_high, 100 - others_low) == pytest.approx((low, high))


def test_of_nothing_nothing_is_known():
    assert Share(0, 0).interval == (0.0, 100.0)


def attempt(scene: int, arm: str, verdict: str, *, sensor: str = 'zones', cause: str = ''):
    return Attempt(scene, sensor, arm, verdict, '', cause)


def test_a_table_has_a_row_for_every_cloud_with_the_exact_one_first():
    attempts = [
        attempt(0, 'exact', 'held', sensor=''),
        attempt(0, 'sensor', 'collided', cause='hole'),
        attempt(0, 'ours', 'held'),
        attempt(1, 'exact', 'held', sensor=''),
        attempt(1, 'sensor', 'held'),
        attempt(1, 'ours', 'refused'),
    ]
    (title, (header, *rows)), (_, causes) = tables(attempts)
    assert title == 'zones'
    cells = {row[0]: dict(zip(header, row, strict=True)) for row in rows}
    assert list(cells) == ['exact', 'sensor', 'ours']
    assert [cells[arm]['held %'] for arm in cells] == ['100.0', '50.0', '50.0']
    assert cells['sensor']['collided %'] == cells['ours']['refused %'] == '50.0'
    assert (cells['ours']['better'], cells['ours']['worse']) == ('1', '1')
    assert causes == [
        ['cloud', 'failed', 'hole'],
        ['exact', '0', '0'],
        ['sensor', '1', '1'],
        ['ours', '0', '0'],
    ]
