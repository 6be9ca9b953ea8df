# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The size follows what fits into memory."""

from __future__ import annotations

import pytest

from promptda_ros.core.runtime.resolution import FIRST_TRY_SEC, LAST_TRY_SEC, Resolution


@pytest.fixture
def resolution():
    return Resolution('full', may_shrink=True)


def run_out(resolution, *, times, now_sec=0.0):
    for _ in range(times):
        resolution.ran_out(now_sec)


def test_two_frames_that_do_not_fit_change_nothing(resolution):
    """H1: what passes by itself."""
    for _ in range(5):
        run_out(resolution, times=2)
        resolution.fitted(0.0)
    assert resolution.name == 'full'


def test_the_third_in_a_row_makes_frames_smaller(resolution):
    """H1."""
    run_out(resolution, times=3)
    assert resolution.name == 'high'
    assert not resolution.is_stuck


def test_while_nothing_fits_every_further_frame_is_smaller(resolution):
    """H1: recovery is not three frames a size."""
    names = []
    for _ in range(6):
        resolution.ran_out(0.0)
        names.append(resolution.name)
    assert names == ['full', 'full', 'high', 'medium', 'low', 'low']
    assert resolution.is_stuck
    resolution.fitted(0.0)
    assert not resolution.is_stuck


def test_a_size_that_the_user_chose_stays(resolution):
    """H1: the user is told instead."""
    resolution = Resolution('high', may_shrink=False)
    run_out(resolution, times=9)
    assert resolution.name == 'high'
    assert resolution.is_stuck


def test_larger_sizes_are_tried_one_by_one_after_a_while(resolution):
    """H1: when memory returns."""
    run_out(resolution, times=4)
    assert resolution.name == 'medium'
    resolution.fitted(FIRST_TRY_SEC - 1)
    assert resolution.name == 'medium'
    resolution.fitted(FIRST_TRY_SEC)
    assert resolution.name == 'high'
    resolution.fitted(FIRST_TRY_SEC)  # the try fitted
    resolution.fitted(2 * FIRST_TRY_SEC - 1)
    assert resolution.name == 'high'
    resolution.fitted(2 * FIRST_TRY_SEC)
    assert resolution.name == 'full'
    resolution.fitted(2 * FIRST_TRY_SEC)
    resolution.fitted(9 * FIRST_TRY_SEC)
    assert resolution.name == 'full'


def test_a_try_in_vain_costs_one_frame_and_the_next_one_waits_twice_as_long(resolution):
    """H1: memory that is gone for good costs a frame an hour."""
    run_out(resolution, times=3)
    now_sec, waits_sec = 0.0, []
    for _ in range(9):
        begun_sec = now_sec
        while resolution.name == 'high':
            now_sec += 1.0
            resolution.fitted(now_sec)
        waits_sec.append(now_sec - begun_sec)
        resolution.ran_out(now_sec)
        assert resolution.name == 'high'
    assert waits_sec[:3] == [FIRST_TRY_SEC, 2 * FIRST_TRY_SEC, 4 * FIRST_TRY_SEC]
    assert waits_sec[-1] == LAST_TRY_SEC
