# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.messages.ply."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from promptda_ros.messages.ply import VERTEX, write_ply


def test_a_file_holds_the_known_points_with_their_colours_and_no_others(tmp_path: Path):
    points_m = np.arange(18, dtype=np.float32).reshape(2, 3, 3)
    points_m[0, 1] = np.nan
    colours = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)
    assert write_ply(tmp_path / 'cloud.ply', points_m, colours) == 5
    header, _, body = (tmp_path / 'cloud.ply').read_bytes().partition(b'end_header\n')
    assert b'element vertex 5\n' in header
    vertices = np.frombuffer(body, VERTEX)
    known = np.isfinite(points_m).all(axis=-1)
    np.testing.assert_array_equal(vertices['position'], points_m[known])
    np.testing.assert_array_equal(vertices['colour'], colours[known])
