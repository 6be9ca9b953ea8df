# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One colour scale for tiles and clouds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from promptda_ros.core.restore.trust import Validity
from promptda_ros.view.colours import (
    cloud_colours,
    COLOURINGS,
    Scale,
    uncertainty_colours,
    VALIDITY_COLOURS,
    validity_colours,
)
from test.view.scenes import HEIGHT, wall, WIDTH


def ramp(near_m, far_m):
    """Return a moment whose depth goes from one side to the other."""
    depth_m = np.broadcast_to(np.linspace(near_m, far_m, WIDTH, dtype=np.float32), (HEIGHT, WIDTH))
    moment = wall()
    frame = replace(moment.frame, sensor_depth_m=np.full((2, 2), np.nan, np.float32))
    return replace(moment, frame=frame, depth_m=depth_m)


def test_the_scale_spans_what_both_depths_show():
    scale = Scale().follow(ramp(1.0, 3.0))
    assert scale.near_m == pytest.approx(1.0, abs=0.05)
    assert scale.middle_m == pytest.approx(2.0, abs=0.05)
    assert scale.far_m == pytest.approx(3.0, abs=0.05)


def test_small_changes_of_the_scene_leave_the_scale_as_it_is():
    scale = Scale().follow(ramp(1.0, 3.0))
    assert scale.follow(ramp(1.05, 2.95)) is scale
    assert scale.follow(ramp(1.0, 4.0)) is not scale


def test_without_any_depth_the_scale_stays():
    nothing = ramp(np.nan, np.nan)
    assert Scale().follow(replace(nothing, depth_m=None)) == Scale()


def test_a_wall_at_one_distance_has_colours():
    scale = Scale().follow(wall())
    assert scale.far_m > scale.near_m
    assert scale.colours(wall().depth_m).any()


def test_equal_depth_has_equal_colours_on_tiles_and_in_clouds():
    moment, scale = wall(), Scale()
    colours = cloud_colours(moment, moment.depth_m, scale, 'depth')
    np.testing.assert_array_equal(colours, scale.colours(moment.depth_m))


def test_unknown_depth_is_black_and_certain_depth_is_not_as_uncertain():
    assert not Scale().colours(np.full((2, 2), np.nan, np.float32)).any()
    certain, uncertain, unknown = uncertainty_colours(np.array([[0.0, 0.05, np.nan]], np.float32))[
        0
    ].astype(int)
    assert certain[2] > certain[0]  # blue
    assert uncertain[0] > uncertain[2]  # red
    assert not unknown.any()


def test_every_code_has_a_colour_of_its_own_and_no_other_has_any():
    assert len(set(VALIDITY_COLOURS.values())) == len(Validity)
    codes = np.arange(256, dtype=np.uint8)[None]
    colours = validity_colours(codes)
    for code in Validity:
        assert tuple(colours[0, code]) == VALIDITY_COLOURS[code]
    assert not colours[0, len(Validity) :].any()


@pytest.mark.parametrize('colouring', COLOURINGS)
def test_every_colouring_has_the_size_of_its_cloud(colouring):
    moment = wall()
    for layer_m in (moment.depth_m, moment.frame.sensor_depth_m):
        colours = cloud_colours(moment, layer_m, Scale(), colouring)
        assert colours.shape == (*layer_m.shape, 3)
        assert colours.dtype == np.uint8


@pytest.mark.parametrize('colouring', ['uncertainty', 'validity'])
def test_clouds_have_the_colours_of_the_picture_until_the_layer_has_come(colouring):
    moment = wall(uncertainty_m=None, validity=None)
    np.testing.assert_array_equal(
        cloud_colours(moment, moment.depth_m, Scale(), colouring), moment.frame.image
    )
