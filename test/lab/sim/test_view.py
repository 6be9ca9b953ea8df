# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.lab.sim.view."""

from __future__ import annotations

import numpy as np

from promptda_ros.lab.sim.view import RenderedView


def slanted(height: int = 48, width: int = 64) -> RenderedView:
    depth_m = np.linspace(1, 2, height * width, dtype=np.float32).reshape(height, width)
    return RenderedView(
        image=np.full((height, width, 3), 90, np.uint8),
        depth_m=depth_m,
        behind_m=depth_m + 1,
        instance_ids=np.full((height, width), 3, np.int32),
        gloss=np.full((height, width), 0.5, np.float32),
        matrix=np.array([[60.0, 0, 31.5], [0, 60.0, 23.5], [0, 0, 1]]),
    )


def test_a_reduced_view_shows_the_same_between_the_same_rays():
    view = slanted()
    small = view.reduced(24, 32)
    assert small.image.shape == (24, 32, 3)
    for one in (small.depth_m, small.behind_m, small.instance_ids, small.gloss):
        assert one.shape == (24, 32)
    corners = [[[-0.5, -0.5, 1], [width - 0.5, height - 0.5, 1]] for height, width in
               (view.depth_m.shape, small.depth_m.shape)]  # fmt: skip
    before, after = (
        np.linalg.inv(each.matrix) @ np.transpose(corner)
        for each, corner in zip((view, small), corners, strict=True)
    )
    np.testing.assert_allclose(after, before)
    assert set(small.depth_m.ravel()) <= set(view.depth_m.ravel())
    np.testing.assert_array_equal(small.behind_m, small.depth_m + 1)
