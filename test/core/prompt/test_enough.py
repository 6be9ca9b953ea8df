# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""When there is no depth to make, and what the log says then."""

from __future__ import annotations

import numpy as np
import pytest

from promptda_ros.core.frame import BadFrame, FloatImage
from promptda_ros.core.prompt.prompt import condition
from promptda_ros.core.settings.depth import PromptSettings

SETTINGS = PromptSettings()


def sky(side: float = np.inf) -> FloatImage:
    """Return what a sensor says that sees nothing in its range."""
    return np.full((48, 64), side, np.float32)


def test_a_small_thing_before_the_sky_is_enough():
    """K1: two per cent of the picture, but all of what is within the range."""
    depth_m = sky()
    depth_m[20:28, 30:38] = 0.7
    prompt = condition(depth_m, SETTINGS)
    assert prompt.measured.sum() == 64
    assert (prompt.near_m, prompt.far_m) == (np.float32(0.7), np.float32(0.7))


def test_a_small_thing_amid_what_is_unknown_is_too_little():
    depth_m = np.full((48, 64), np.nan, np.float32)
    depth_m[20:28, 30:38] = 0.7
    depth_m[:10] = np.inf
    with pytest.raises(BadFrame, match=r'2\.6% < 5\.0%') as refused:
        condition(depth_m, SETTINGS)
    assert refused.value.reason == 'prompt_too_sparse'


@pytest.mark.parametrize(
    'side, text',
    [
        (np.inf, '100% of its pixels are +inf or from prompt.max_depth 10 m on'),
        (20.0, '100% of its pixels are +inf or from prompt.max_depth 10 m on'),
        (-np.inf, '100% are -inf or nearer than prompt.min_depth 0.05 m'),
    ],
)
def test_an_empty_view_is_refused_with_what_the_sensor_says(side: float, text: str):
    """K1, K2: not as too few measurements; nothing is made up."""
    with pytest.raises(BadFrame) as refused:
        condition(sky(side), SETTINGS)
    assert refused.value.reason == 'out_of_range'
    assert text in str(refused.value)


def test_a_few_stray_pixels_before_the_sky_are_no_thing():
    """D7, K1: as many as may be strays anywhere; one zone of a coarse sensor is a thing."""
    depth_m = np.full((192, 256), np.inf, np.float32)
    depth_m[100, 100:104] = 0.7
    with pytest.raises(BadFrame) as refused:
        condition(depth_m, SETTINGS)
    assert refused.value.reason == 'out_of_range'
    zones_m = np.full((8, 8), np.inf, np.float32)
    zones_m[3, 3] = 0.7
    assert condition(zones_m, SETTINGS).measured.sum() == 1


def test_the_far_clip_of_a_simulator_is_named_beside_the_unit():
    """D2, K18: millimetres are guessed, but following the advice must not make a wall of sky."""
    with pytest.raises(BadFrame, match='unless it is the far clip of a simulator') as refused:
        condition(sky(1000.0), SETTINGS)
    assert refused.value.reason == 'depth_unit'
