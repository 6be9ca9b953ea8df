# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The four pictures and what puts them into the page."""

from __future__ import annotations

import base64
import re

import cv2
import numpy as np
import pytest

from promptda_ros.view.colours import Scale
from promptda_ros.view.moment import UNCERTAINTY, VALIDITY
from promptda_ros.view.probe import probe
from promptda_ros.view.tiles import feed_html, host_html, NAMES, Tile, tiles_of
from test.view.scenes import HEIGHT, wall, WIDTH


def picture_in(html):
    """Return the picture of a feed."""
    data = base64.b64decode(re.search(r'base64,([^"]+)"', html)[1])
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


@pytest.mark.parametrize('trust', [UNCERTAINTY, VALIDITY])
def test_four_tiles_show_the_layers(trust):
    tiles = tiles_of(wall(), Scale(), trust=trust)
    assert [tile.name for tile in tiles] == [*NAMES]
    assert tiles[0].caption == 'image, 64x48'
    assert tiles[1].caption == 'sensor depth, 16x12'
    assert tiles[3].caption.startswith(trust)


def test_a_layer_that_has_not_come_is_said():
    tiles = tiles_of(wall(depth_m=None, uncertainty_m=None), Scale(), trust=UNCERTAINTY)
    assert [tile.caption for tile in tiles[2:]] == ['our depth: none yet', 'uncertainty: none yet']


def test_every_tile_has_a_place_in_the_frame():
    for name in NAMES:
        assert f'data-pda-tile="{name}"' in host_html()


def test_nothing_in_the_page_names_another_host():
    feeds = [feed_html(t, (HEIGHT, WIDTH), []) for t in tiles_of(wall(), Scale(), trust=VALIDITY)]
    for html in (host_html(), *feeds):
        assert not re.search(r'https?://|src="//', html)


def test_a_large_picture_is_thinned_and_a_small_one_kept():
    large = Tile('image', '', np.zeros((1080, 1920, 3), np.uint8))
    assert picture_in(feed_html(large, (1080, 1920), [])).shape == (270, 480, 3)
    small = Tile('sensor', '', np.zeros((6, 8, 3), np.uint8))
    assert picture_in(feed_html(small, (1080, 1920), [])).shape == (6, 8, 3)


def test_a_feed_carries_the_size_of_the_view_the_caption_and_the_marks():
    tile = Tile('depth', 'red <1> m', np.zeros((6, 8, 3), np.uint8))
    html = feed_html(tile, (HEIGHT, WIDTH), [probe(wall(), 3, 4), probe(wall(), 30, 40)])
    assert 'data-columns="64" data-rows="48"' in html
    assert 'red &lt;1&gt; m' in html
    assert html.count('&lt;circle') == 2
    assert html.count('&lt;line') == 1
