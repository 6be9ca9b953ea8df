# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.core.depth_space."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
import pytest
import torch

from promptda_ros.core.depth_space import DEPTH_SPACES, LOG, METRES

NEAR_M = st.floats(0.01, 50.0)


@pytest.mark.parametrize('name', DEPTH_SPACES)
@given(depth_m=st.lists(st.floats(0.01, 1000.0), min_size=1))
def test_metres_come_back(name, depth_m):
    space, metres = DEPTH_SPACES[name], torch.tensor(depth_m)
    torch.testing.assert_close(space.to_metres(space.from_metres(metres)), metres)


@pytest.mark.parametrize('name', DEPTH_SPACES)
@given(near_m=NEAR_M, ratio=st.floats(1.0, 100.0), share=st.floats(0.0, 0.4))
def test_what_lies_inside_keeps_a_share_of_the_range_from_either_end(name, near_m, ratio, share):
    far_m, space = near_m * ratio, DEPTH_SPACES[name]
    inside = torch.tensor(space.inside(near_m, far_m, share), dtype=torch.float64)
    near, low, high, far = space.from_metres(
        torch.tensor([near_m, *inside, far_m], dtype=torch.float64)
    ).tolist()
    assert low - near == pytest.approx(share * (far - near), abs=1e-9)
    assert far - high == pytest.approx(share * (far - near), abs=1e-9)


@given(near_m=NEAR_M)
def test_a_wall_lies_on_its_own_bounds(near_m):
    assert METRES.inside(near_m, near_m, 0.1) == (near_m, near_m)
    assert LOG.inside(near_m, near_m, 0.1) == pytest.approx((near_m, near_m))


def test_what_has_no_logarithm_is_not_finite():
    assert not LOG.from_metres(torch.tensor([0.0, -1.0, float('nan')])).isfinite().any()
