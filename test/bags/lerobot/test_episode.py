# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.bags.lerobot.episode and of what it counts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
import numpy as np
import pytest

pytest.importorskip('pyarrow')

from promptda_ros.bags.lerobot import episode as under_test
from promptda_ros.bags.lerobot.depth_pictures import AT_MOST, counts_of, Rounding
from promptda_ros.bags.lerobot.layout import LeRobotError
from promptda_ros.bags.lerobot.statistics import combine, of_numbers, PixelStatistics


def test_a_frame_of_another_size_is_refused(tmp_path, write_episode, make_frame):
    write = under_test.EpisodeWriter(tmp_path, '').add
    first, other = make_frame(0.0).frame, make_frame(0.1, size=(48, 64)).frame
    write(first.stamp_ns, first.image, first.sensor_depth_m, first.sensor_depth_m)
    with pytest.raises(LeRobotError, match='frame 1 has images of 64x48'):
        write(other.stamp_ns, other.image, other.sensor_depth_m, other.sensor_depth_m)


@pytest.mark.parametrize('sec, text', [(0.0, '0.000 s'), (-2.5, '2.500 s')])
def test_stamps_that_do_not_go_on_are_refused(tmp_path, write_episode, sec, text):
    with pytest.raises(LeRobotError, match=f'lies {text} before the one ahead of it'):
        write_episode(tmp_path, 'run', [0.0, sec])


def test_frames_of_several_groups_are_one_episode(tmp_path, write_episode, monkeypatch):
    """What waits in memory is bounded."""
    pq = pytest.importorskip('pyarrow.parquet')
    seconds = [0.0, 0.1, 0.2, 0.3, 0.4]
    write_episode(tmp_path, 'one', seconds)
    monkeypatch.setattr(under_test, 'GROUP_BYTES', 6000)
    write_episode(tmp_path, 'several', seconds)
    one, several = (
        pq.ParquetFile(tmp_path / 'episodes' / name / 'episode.parquet')
        for name in ('one', 'several')
    )
    assert one.num_row_groups < several.num_row_groups
    assert one.read() == several.read()
    texts = [
        (tmp_path / 'episodes' / name / 'episode.json').read_text() for name in ('one', 'several')
    ]
    assert texts[0] == texts[1]


@given(arrays(np.float32, (4, 5), elements=st.floats(-1, 70, width=32) | st.just(np.nan)))
def test_no_known_depth_is_off_by_more_than_half_a_millimetre_or_wraps(depth_m):
    """N1: also where the package takes 16-bit pictures as signed."""
    counts, rounding = counts_of(depth_m), Rounding()
    rounding.add(depth_m, counts)
    assert (counts.astype(np.int16) >= 0).all()
    kept = counts > 0
    assert np.abs(depth_m[kept].astype(float) * 1000 - counts[kept]).max(initial=0) <= 0.502
    assert rounding.largest_mm <= 0.502
    assert rounding.pixels + rounding.lost == np.isfinite(depth_m).sum()
    sure = (depth_m > 0.001) & (depth_m < AT_MOST / 1000)
    assert (counts[sure] > 0).all()


@given(arrays(np.uint8, (3, 6, 7, 3)))
def test_counted_pixels_have_the_statistics_of_all_pixels(pictures):
    counted = PixelStatistics(3, 256)
    for picture in pictures:
        counted.add(picture)
    found, pixels = counted.result(), pictures.reshape(-1, 3).astype(float)
    np.testing.assert_allclose(np.ravel(found['mean']), pixels.mean(axis=0))
    np.testing.assert_allclose(np.ravel(found['std']), pixels.std(axis=0), atol=1e-9)
    np.testing.assert_array_equal(np.ravel(found['min']), pixels.min(axis=0))
    np.testing.assert_array_equal(np.ravel(found['max']), pixels.max(axis=0))
    expected = np.quantile(pixels, 0.9, axis=0, method='inverted_cdf')
    np.testing.assert_array_equal(np.ravel(found['q90']), expected)


@given(st.lists(arrays(np.int64, st.integers(1, 9), elements=st.integers(-99, 99)), min_size=1))
def test_statistics_of_episodes_together_are_those_of_all_numbers(episodes):
    found, together = combine([of_numbers(each) for each in episodes]), np.concatenate(episodes)
    for name in ('min', 'max', 'mean', 'std', 'count'):
        np.testing.assert_allclose(found[name], of_numbers(together)[name], atol=1e-9)
