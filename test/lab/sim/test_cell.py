# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The cell hands out views by seed."""

from __future__ import annotations

import os

import numpy as np
import pytest

os.environ.setdefault('MUJOCO_GL', 'egl')
mujoco = pytest.importorskip('mujoco', reason='the simulator is an optional extra: mujoco')

from promptda_ros.lab.sim.cell import HELD_OUT_SEED, held_out_views, views_of  # noqa: E402
from promptda_ros.lab.sim.things.shapes import FAMILIES  # noqa: E402

SMALL = {'width': 96, 'height': 72}


@pytest.fixture(scope='module', autouse=True)
def graphics() -> None:
    try:
        next(views_of(0, count=1, **SMALL))
    except Exception as error:
        pytest.skip(f'no off-screen OpenGL on this machine: {error}')


def test_as_many_views_as_asked_for_through_one_lens() -> None:
    views = list(views_of(3, count=3, **SMALL))
    assert [view.depth_m.shape for view in views] == [(72, 96)] * 3
    np.testing.assert_array_equal(views[0].matrix, views[2].matrix)
    assert np.abs(views[0].depth_m - views[1].depth_m).mean() > 0.01


def test_first_views_do_not_depend_on_how_many_follow() -> None:
    few, many = list(views_of(3, count=1, **SMALL)), list(views_of(3, count=2, **SMALL))
    np.testing.assert_array_equal(few[0].image, many[0].image)


def test_held_out_views_are_two_of_every_scene_from_the_held_out_seed_on() -> None:
    views = list(held_out_views(3, **SMALL))
    families = tuple(FAMILIES)
    second = list(views_of(HELD_OUT_SEED, count=2, families=families, **SMALL))[1]
    third = next(views_of(HELD_OUT_SEED + 1, count=2, families=families, **SMALL))
    assert len(views) == 3
    np.testing.assert_array_equal(views[1].image, second.image)
    np.testing.assert_array_equal(views[2].depth_m, third.depth_m)


def test_two_cells_can_be_watched_in_turn() -> None:
    alone = [list(views_of(seed, count=2, **SMALL)) for seed in (4, 5)]
    turns = zip(*(views_of(seed, count=2, **SMALL) for seed in (4, 5)), strict=True)
    for number, pair in enumerate(turns):
        for one, other in zip(pair, alone, strict=True):
            np.testing.assert_array_equal(one.image, other[number].image)


def test_pictures_are_well_exposed() -> None:
    views = [view for seed in range(4) for view in views_of(seed, count=1, **SMALL)]
    levels = [view.image.mean() for view in views]
    burnt = [(view.image == 255).all(-1).mean() for view in views]
    assert 50 < np.median(levels) < 190
    assert np.median(burnt) < 0.1
