# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Inverse depth is told from depth by its planes, and depth is never taken for it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from promptda_ros.bags.recording import read_recording
from promptda_ros.core.frame import BadFrame, FloatImage
from promptda_ros.core.prompt.disparity import DisparityWatch, PERIOD_NS, refuse_disparity
from promptda_ros.share import share_folder

SIZE = (48, 64)
seeds = st.integers(0, 2**32 - 1)


@st.composite
def tables(draw: st.DrawFn) -> FloatImage:
    """Slanted planes before a wall, with boxes, holes and noise."""
    rng = np.random.default_rng(draw(seeds))
    rows, columns = np.mgrid[0:1:48j, 0:1:64j]
    table_m = 1.6 / (0.6 + draw(st.floats(0.6, 3.0)) * rows + draw(st.floats(-0.3, 0.3)) * columns)
    depth_m = np.where(rows < draw(st.floats(0.0, 0.3)), 2.5, table_m)
    for _ in range(draw(st.integers(0, 4))):
        top, left = rng.integers(0, 40, 2)
        depth_m[top : top + 8, left : left + 10] = rng.uniform(0.5, 1.0)
    depth_m *= 1 + draw(st.floats(0.0, 0.004)) * rng.standard_normal(SIZE)
    depth_m[rng.random(SIZE) < draw(st.floats(0.0, 0.4))] = np.nan
    return depth_m.astype(np.float32)


@settings(max_examples=50)
@given(tables())
def test_depth_of_planes_is_never_refused(depth_m):
    refuse_disparity(depth_m)


@settings(max_examples=50)
@given(seeds, st.sampled_from([SIZE, (8, 8), (1, 700)]))
def test_depth_without_planes_is_never_refused(seed, size):
    """Nor zones, lines, noise and what is nothing but holes."""
    rng = np.random.default_rng(seed)
    for values in (rng.uniform(0.3, 4.0, size), np.full(size, 0.8), np.full(size, np.nan)):
        refuse_disparity(values.astype(np.float32))
    refuse_disparity(np.where(rng.random(size) < 0.5, np.inf, -1.0).astype(np.float32))


def recorded_depth() -> list[FloatImage]:
    frames = read_recording(share_folder() / 'assets' / 'demo.mcap')
    return [frame.sensor_depth_m() for frame in frames[::15]]


def test_depth_of_a_cell_is_told_from_its_inverse():
    """K4: in most frames; where no table is seen, nothing tells."""
    depths_m = recorded_depth()
    for depth_m in depths_m:
        refuse_disparity(depth_m)
    reasons = [reason_of(1 / depth_m) for depth_m in depths_m]
    assert reasons.count('inverse_depth') >= len(depths_m) * 0.6


def reason_of(values: FloatImage) -> str:
    try:
        refuse_disparity(values)
    except BadFrame as error:
        return error.reason
    return ''


def test_a_stream_is_looked_at_once_in_a_while_and_after_a_bad_frame():
    depth_m = recorded_depth()[0]
    watch = DisparityWatch()
    for stamp_ns in (0, 1):
        with pytest.raises(BadFrame, match='looks like disparity or inverse depth'):
            watch.check(1 / depth_m, stamp_ns)
    watch.check(depth_m, 2)
    watch.check(1 / depth_m, 3)  # not looked at: this costs some milliseconds
    with pytest.raises(BadFrame):
        watch.check(1 / depth_m, 2 + PERIOD_NS)
    watch.check(depth_m, 3 + PERIOD_NS)
    watch.clear()
    with pytest.raises(BadFrame):
        watch.check(1 / depth_m, 4 + PERIOD_NS)
