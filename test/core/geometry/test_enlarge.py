# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.core.geometry.enlarge."""

from __future__ import annotations

import numpy as np

from promptda_ros.core.geometry.enlarge import enlarge_bilinear, enlarge_mask, enlarge_nearest

VALUES = np.array([[1.0, 2.0], [3.0, np.nan]], np.float32)


def test_every_pixel_becomes_a_block():
    np.testing.assert_array_equal(
        enlarge_nearest(VALUES, (4, 6)), VALUES.repeat(2, 0).repeat(3, 1)
    )
    mask = np.isfinite(VALUES)
    np.testing.assert_array_equal(enlarge_mask(mask, (4, 6)), mask.repeat(2, 0).repeat(3, 1))


def test_between_centres_of_pixels_values_are_interpolated():
    row = enlarge_bilinear(VALUES[:1], (1, 4))[0]
    np.testing.assert_allclose(row, [1.0, 1.25, 1.75, 2.0])
