# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.lab.training.prompts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from promptda_ros.lab.training.prompts import draw_size, make_prompt, usual_sizes
from promptda_ros.lab.training.recipe import Phase, Prompts

PHASE = Phase(steps=1, batch=1, height=120, width=160)
SOUND = Prompts(clean_share=1.0, holes_share=0.0, shift_share=0.0, fat_share=0.0, shadow_share=0.0)


def step_m() -> np.ndarray:
    """Return a box at 0.8 m in the left half, before a wall at 1.2 m."""
    truth_m = np.full((120, 160), 1.2, np.float32)
    truth_m[:, :80] = 0.8
    return truth_m


def test_a_sound_prompt_of_a_plane_is_the_plane():
    plane_m = np.full((120, 160), 1.5, np.float32)
    for seed in range(20):
        rng = np.random.default_rng(seed)
        prompt_m = make_prompt(plane_m, draw_size(PHASE, SOUND, rng), SOUND, rng)
        np.testing.assert_allclose(prompt_m, 1.5, atol=0.002)


def test_sizes_reach_from_zones_to_the_pictures_own():
    rng = np.random.default_rng(0)
    rows = [draw_size(PHASE, Prompts(), rng)[0] for _ in range(300)]
    assert min(rows) == 3
    assert max(rows) == 120


def test_prompts_are_the_same_for_the_same_seed():
    first, second = (
        make_prompt(step_m(), (12, 16), Prompts(), np.random.default_rng(4)) for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)


def test_what_is_near_grows_and_never_shrinks():
    wanted = replace(SOUND, fat_share=1.0)
    size = usual_sizes(PHASE)[-1]
    grown = 0
    for seed in range(10):
        prompt_m = make_prompt(step_m(), size, wanted, np.random.default_rng(seed))
        sound_m = make_prompt(step_m(), size, SOUND, np.random.default_rng(seed))
        assert (prompt_m <= sound_m + 0.005).all()
        grown += (prompt_m < sound_m - 0.1).any()
    assert grown > 5


def test_a_shadow_lies_on_the_wall_beside_the_box():
    wanted = replace(SOUND, shadow_share=1.0)
    shadows = 0
    for seed in range(10):
        prompt_m = make_prompt(step_m(), (120, 160), wanted, np.random.default_rng(seed))
        lost = np.isnan(prompt_m)
        assert not lost[:, :80].any()
        assert not lost[:, 120:].any()
        shadows += lost.any()
    assert 0 < shadows < 10  # the second eye is on either side


@pytest.mark.parametrize('share', ['holes_share', 'shift_share'])
def test_what_is_lost_is_unknown_and_nothing_is_invented(share):
    wanted = replace(SOUND, **{share: 1.0})
    for seed in range(10):
        prompt_m = make_prompt(step_m(), (30, 40), wanted, np.random.default_rng(seed))
        known_m = prompt_m[np.isfinite(prompt_m)]
        assert known_m.size > 200
        assert ((known_m > 0.79) & (known_m < 1.21)).all()
