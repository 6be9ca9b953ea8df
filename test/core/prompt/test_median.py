# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The median of frames: numpy's where a pixel is known often enough, else unknown."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
import numpy as np

from promptda_ros.core.prompt.median import median_depth, ROWS

NAN = float('nan')


def column(*values: float) -> list[np.ndarray]:
    """Return frames of one pixel."""
    return [np.array([[value]], np.float32) for value in values]


def test_one_frame_is_itself():
    frame = np.ones((2, 3), np.float32)
    assert median_depth([frame]) is frame


def test_a_stray_frame_does_not_move_the_median():
    assert median_depth(column(1.0, 9.0, 1.1, 1.05, 0.9)) == np.float32(1.05)


def test_unknown_frames_do_not_count():
    assert median_depth(column(1.0, NAN, 2.0)) == 1.5
    assert median_depth(column(NAN, 2.0)) == 2.0


def test_a_pixel_known_in_fewer_than_half_of_the_frames_is_unknown():
    assert np.isnan(median_depth(column(1.0, NAN, NAN)))
    assert np.isnan(median_depth(column(NAN, NAN)))


@given(
    npst.arrays(
        np.float32,
        st.tuples(st.integers(2, 7), st.sampled_from([1, ROWS - 1, ROWS + 1]), st.integers(1, 3)),
        elements=st.one_of(st.just(NAN), st.floats(0.125, 8, width=32)),
    )
)
def test_it_is_the_median_of_numpy_where_half_of_the_frames_know_the_pixel(frames_m):
    found_m = median_depth(list(frames_m))
    known = np.isfinite(frames_m).sum(axis=0)
    enough = 2 * known >= len(frames_m)
    assert found_m.dtype == np.float32
    assert np.isnan(found_m[~enough]).all()
    expected_m = np.nanmedian(np.where(enough, frames_m, 1.0), axis=0)
    np.testing.assert_allclose(found_m[enough], expected_m[enough], rtol=1e-6)
