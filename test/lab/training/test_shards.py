# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.lab.training.shards."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from promptda_ros.lab.training.shards import GLOSS_STEP, Shards, STEP_M, write_shard


@pytest.fixture
def shards(tmp_path, make_view):
    for number, seeds in enumerate([(0, 1, 2), (3, 4)]):
        write_shard(tmp_path / str(number), [make_view(seed) for seed in seeds])
    return Shards([tmp_path / '0', tmp_path / '1'])


def test_views_come_back_in_order_to_a_tenth_of_a_millimetre(shards, make_view):
    assert len(shards) == 5
    assert shards.size == (56, 70)
    for index in range(5):
        found, wanted = shards[index], make_view(index)
        for name in ('image', 'instance_ids', 'matrix'):
            np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name))
        np.testing.assert_allclose(found.depth_m, wanted.depth_m, atol=0.51 * STEP_M)
        np.testing.assert_allclose(found.gloss, wanted.gloss, atol=0.51 * GLOSS_STEP)


def test_what_was_read_is_written_and_read_exactly(shards, tmp_path):
    write_shard(tmp_path / 'again', [shards[index] for index in range(5)])
    again = Shards([tmp_path / 'again'])
    for index in range(5):
        for field in fields(shards[index]):
            found, wanted = getattr(again[index], field.name), getattr(shards[index], field.name)
            np.testing.assert_array_equal(found, wanted)
            assert found.dtype == wanted.dtype


def test_clear_surfaces_stay_clear(tmp_path, make_view):
    from dataclasses import replace

    view = make_view(0)
    view = replace(view, behind_m=np.where(view.depth_m < 1, 1.5, view.depth_m).astype('f4'))
    write_shard(tmp_path / 'clear', [view])
    np.testing.assert_array_equal(Shards([tmp_path / 'clear'])[0].clear, view.clear)


@pytest.mark.parametrize('index', [-1, 5])
def test_numbers_outside_are_refused(shards, index):
    with pytest.raises(IndexError):
        shards[index]


def test_a_shard_is_there_whole_or_not_at_all(tmp_path, make_view):
    with pytest.raises(ValueError, match='shape'):
        write_shard(tmp_path / 'mixed', [make_view(0), make_view(1, height=28)])
    assert not (tmp_path / 'mixed').exists()
