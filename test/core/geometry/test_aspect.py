# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.core.geometry.aspect."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
import pytest

from promptda_ros.core.frame import BadFrame
from promptda_ros.core.geometry.aspect import require_same_view, same_aspect

sides_px = st.integers(40, 2000)


@given(sides_px, sides_px, st.integers(1, 500))
def test_a_grid_whose_columns_are_rounded_keeps_the_aspect_of_its_picture(height, width, rows):
    """D11: however few there are."""
    columns = round(width * rows / height)
    assert columns == 0 or same_aspect((height, width), (rows, columns))


@given(sides_px, sides_px, st.floats(1.05, 3.0))
def test_a_picture_that_is_cropped_has_another_aspect(height, width, crop):
    assert not same_aspect((height, width), (height, round(width * crop) + 10))


@pytest.mark.parametrize('depth_size', [(192, 256), (480, 640), (48, 64)])
def test_depth_of_any_resolution_and_the_same_shape_is_taken(depth_size: tuple[int, int]):
    """D11: resolution is free."""
    require_same_view((480, 640), depth_size)


@pytest.mark.parametrize('depth_size', [(8, 11), (9, 12), (1, 1), (48, 65)])
def test_a_grid_as_near_to_the_shape_of_the_image_as_pixels_allow_is_taken(depth_size):
    """Depth registered from a sensor of few zones."""
    require_same_view((480, 640), depth_size)


@pytest.mark.parametrize('depth_size', [(8, 8), (32, 32), (180, 320)])
def test_few_zones_of_another_shape_are_refused(depth_size: tuple[int, int]):
    with pytest.raises(BadFrame, match='does not match the aspect ratio of the image'):
        require_same_view((480, 640), depth_size)


def test_depth_of_another_aspect_ratio_is_refused():
    """D11: 16:9 depth can't cover the view of a 4:3 image."""
    with pytest.raises(BadFrame, match=r'1280x720 does not match .* image 640x480'):
        require_same_view((480, 640), (720, 1280))
