# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Nothing is asked for that nobody looks at."""

from __future__ import annotations

from promptda_ros.view.look import Look
from promptda_ros.view.moment import DEPTH, IMAGE, LAYERS, SENSOR, UNCERTAINTY, VALIDITY

BASIC = {IMAGE, SENSOR, DEPTH}


def test_the_fourth_tile_decides_what_is_asked_for():
    assert Look(trust=UNCERTAINTY).layers(probed=False) == {*BASIC, UNCERTAINTY}
    assert Look(trust=VALIDITY).layers(probed=False) == {*BASIC, VALIDITY}


def test_a_pixel_that_was_clicked_on_is_told_everything():
    assert Look().layers(probed=True) == {*LAYERS}


def test_colours_and_limits_of_the_clouds_need_their_layer():
    assert VALIDITY in Look(colouring='validity').layers(probed=False)
    limited = Look(trust=VALIDITY, uncertainty_limit_m=0.01)
    assert UNCERTAINTY in limited.layers(probed=False)
