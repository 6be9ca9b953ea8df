# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Every family makes things of a size that hands and grippers hold, in many proportions."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip('mujoco', reason='the simulator is an optional extra: mujoco')

from promptda_ros.lab.sim.things.shapes import FAMILIES, make_shape


@pytest.mark.parametrize('family', FAMILIES)
def test_objects_stand_on_the_ground_and_are_of_a_hands_size(family: str) -> None:
    for seed in range(8):
        shape = make_shape(np.random.default_rng(seed), [family])
        low, high = shape.bounds_m()
        assert shape.family == family
        assert abs(low[2]) < 0.005
        assert 0.008 < (high - low).max() < 0.3
        assert (high - low).min() < 0.16


@pytest.mark.parametrize('family', FAMILIES)
def test_objects_are_seen_and_felt_about_the_same_place(family: str) -> None:
    """What is felt elsewhere than it is seen floats or is stuck."""
    for seed in range(8):
        geoms = make_shape(np.random.default_rng(seed), [family]).geoms
        seen = np.stack([geom.bounds_m() for geom in geoms if geom.seen])
        felt = np.stack(
            [geom.bounds_m() for geom in geoms if geom.felt and not any(geom.turn_rad)]
        )
        for axis in range(2):
            gap_m = felt[:, 1, axis].max() - seen[:, 1, axis].max()
            assert gap_m < 0.012, (seed, axis)


@pytest.mark.parametrize('family', FAMILIES)
def test_same_seed_makes_the_same_object_and_another_seed_another(family: str) -> None:
    first, same, other = (make_shape(np.random.default_rng(s), [family]) for s in (1, 1, 2))
    np.testing.assert_array_equal(first.bounds_m(), same.bounds_m())
    assert np.abs(first.bounds_m() - other.bounds_m()).max() > 1e-4
