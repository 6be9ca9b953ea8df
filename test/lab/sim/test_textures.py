# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pictures of every family have contrast and belong to their seed."""

from __future__ import annotations

import numpy as np
import pytest

from promptda_ros.lab.sim.textures import (
    FAMILIES,
    HELD_OUT_FAMILIES,
    make_texture,
    TRAINING_FAMILIES,
)


@pytest.mark.parametrize('family', FAMILIES)
def test_picture_is_square_and_belongs_to_its_seed(family: str) -> None:
    first, same, other = (make_texture(np.random.default_rng(s), family, 64) for s in (1, 1, 2))
    assert first.shape == (64, 64, 3)
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, same)
    assert (first != other).any()


@pytest.mark.parametrize('family', sorted(set(FAMILIES) - {'plain'}))
def test_picture_is_not_of_one_colour(family: str) -> None:
    contrasts = [make_texture(np.random.default_rng(s), family).std() for s in range(6)]
    assert np.median(contrasts) > 4


def test_some_pictures_are_kept_from_training() -> None:
    assert HELD_OUT_FAMILIES
    assert set(TRAINING_FAMILIES) | set(HELD_OUT_FAMILIES) == set(FAMILIES)
    assert not set(TRAINING_FAMILIES) & set(HELD_OUT_FAMILIES)
