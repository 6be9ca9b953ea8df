# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Laws of promptda_ros.lab.training.spoiling."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from promptda_ros.lab.training.recipe import Spoiling
from promptda_ros.lab.training.spoiling import cut_blobs, HOLES, spoil_image, spoil_prompt

SEEDS = st.integers(0, 2**32 - 1)
DEPTH_M = np.linspace(0.5, 1.5, 48 * 64, dtype=np.float32).reshape(48, 64)
IMAGE = np.linspace(0, 255, 56 * 70 * 3).reshape(56, 70, 3).astype(np.uint8)
HOLES_ONLY = Spoiling(holes_share=1.0, outliers_share=0.0)


@given(seed=SEEDS, share=st.floats(0, 1), kind=st.sampled_from(HOLES))
@settings(max_examples=100)
def test_holes_of_every_kind_have_about_the_share_asked_for(seed, share, kind):
    lost = kind((48, 64), share, np.random.default_rng(seed))
    assert lost.shape == (48, 64)
    assert lost.dtype == np.bool_
    one_stripe_more = share * 16 / 48  # than fits the shorter side
    assert lost.mean() <= share + one_stripe_more + 0.1  # whole rows, columns and stripes


@given(seed=SEEDS, share=st.floats(0, 1))
@settings(max_examples=30)
def test_blobs_have_exactly_the_share(seed, share):
    lost = cut_blobs((48, 64), share, np.random.default_rng(seed))
    assert lost.mean() == pytest.approx(share, abs=1.1 / lost.size)


@given(seed=SEEDS, at_most=st.floats(0, 0.6))
@settings(max_examples=50)
def test_holes_leave_everything_else_as_it_was(seed, at_most):
    spoiling = replace(HOLES_ONLY, holes_at_most=at_most)
    before_m = DEPTH_M.copy()
    spoilt_m = spoil_prompt(DEPTH_M, spoiling, np.random.default_rng(seed))
    left = np.isfinite(spoilt_m)
    assert 1 - left.mean() <= at_most + 0.1
    np.testing.assert_array_equal(spoilt_m[left], DEPTH_M[left])
    np.testing.assert_array_equal(DEPTH_M, before_m)


@given(seed=SEEDS)
@settings(max_examples=30)
def test_outliers_are_few_and_stay_near(seed):
    spoiling = Spoiling(holes_share=0.0, outliers_share=1.0)
    ratio = spoil_prompt(DEPTH_M, spoiling, np.random.default_rng(seed)) / DEPTH_M
    assert (ratio != 1).mean() < 0.02
    assert 0.59 < ratio.min() <= ratio.max() < 1.41


@given(seed=SEEDS, noise=st.floats(0, 0.2))
@settings(max_examples=30)
def test_pictures_stay_pictures(seed, noise):
    rng = np.random.default_rng(seed)
    spoilt = spoil_image(IMAGE, Spoiling(picture_noise=noise), rng)
    assert spoilt.shape == IMAGE.shape
    assert spoilt.dtype == np.uint8  # from 0 to 255 by its type
    # What wraps at either end would turn light to dark; noise of a fifth alone leaves 0.78.
    order = np.corrcoef(IMAGE.ravel(), spoilt.ravel())[0, 1]
    assert order > 0.7


@given(seed=SEEDS)
@settings(max_examples=10)
def test_a_seed_spoils_alike(seed):
    first, second = (np.random.default_rng(seed) for _ in range(2))
    for _ in range(2):
        np.testing.assert_array_equal(
            spoil_prompt(DEPTH_M, Spoiling(), first), spoil_prompt(DEPTH_M, Spoiling(), second)
        )
        np.testing.assert_array_equal(
            spoil_image(IMAGE, Spoiling(), first), spoil_image(IMAGE, Spoiling(), second)
        )


def test_nothing_is_spoilt_where_nothing_is_asked_for():
    spoiling = Spoiling(holes_share=0.0, outliers_share=0.0)
    np.testing.assert_array_equal(
        spoil_prompt(DEPTH_M, spoiling, np.random.default_rng(0)), DEPTH_M
    )
