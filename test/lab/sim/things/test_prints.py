# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Prints of every kind have contrast and belong to their seed."""

from __future__ import annotations

import numpy as np
import pytest

from promptda_ros.lab.sim.things.prints import make_print, PRINTS


@pytest.mark.parametrize('kind', PRINTS)
@pytest.mark.parametrize('side', [48, 256])
def test_print_is_square_and_belongs_to_its_seed(kind: str, side: int) -> None:
    first, same, other = (PRINTS[kind](np.random.default_rng(s), side) for s in (1, 1, 2))
    assert first.shape == (side, side, 3)
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, same)
    assert (first != other).any()


@pytest.mark.parametrize('kind', PRINTS)
def test_print_has_high_contrast(kind: str) -> None:
    contrasts = [np.ptp(PRINTS[kind](np.random.default_rng(s), 128).mean(-1)) for s in range(6)]
    assert np.median(contrasts) > 60


def test_any_print_is_of_some_kind() -> None:
    pictures = [make_print(np.random.default_rng(seed), 64) for seed in range(20)]
    assert {picture.shape for picture in pictures} == {(64, 64, 3)}
    assert len({picture.tobytes() for picture in pictures}) == 20
