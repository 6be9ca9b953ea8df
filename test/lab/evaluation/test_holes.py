# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.lab.evaluation.holes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from promptda_ros.lab.evaluation.holes import with_holes
from promptda_ros.lab.evaluation.sample import Sample


def sample_of(rows: int, columns: int, *, name: str = '1', unknown_rows: int = 0) -> Sample:
    depth_m = np.linspace(1, 2, rows * columns, dtype=np.float32).reshape(rows, columns)
    depth_m[:unknown_rows] = np.nan
    image, truth_m = np.zeros((48, 64, 3), np.uint8), np.ones((48, 64), np.float32)
    return Sample(name, 'test', image, depth_m, truth_m)


@pytest.mark.parametrize('share', [0.1, 0.25, 0.5, 0.9])
@pytest.mark.parametrize('rows, columns, unknown_rows', [(48, 64, 0), (48, 64, 20), (8, 8, 0)])
def test_exactly_the_share_of_the_measurements_goes(rows, columns, unknown_rows, share):
    sample = sample_of(rows, columns, unknown_rows=unknown_rows)
    cut_m = with_holes(sample, share, seed=1).sensor_depth_m
    measured = int(np.isfinite(sample.sensor_depth_m).sum())
    assert int(np.isfinite(cut_m).sum()) == measured - round(share * measured)
    kept = np.isfinite(cut_m)
    np.testing.assert_array_equal(cut_m[kept], sample.sensor_depth_m[kept])


def test_what_is_out_of_range_is_no_measurement_to_be_cut():
    """K1, K2: and it stays what it is."""
    sample = sample_of(48, 64)
    sample.sensor_depth_m[:9], sample.sensor_depth_m[9:12] = np.inf, -np.inf
    cut_m = with_holes(sample, 0.5, seed=1).sensor_depth_m
    np.testing.assert_array_equal(cut_m[:12], sample.sensor_depth_m[:12])
    assert np.isfinite(cut_m).sum() == 36 * 32


def test_a_larger_share_contains_the_holes_of_a_smaller():
    sample = sample_of(48, 64)
    small, large = (with_holes(sample, share, seed=1).sensor_depth_m for share in (0.1, 0.5))
    assert np.isnan(large[np.isnan(small)]).all()


def test_holes_are_blobs():
    cut_m = with_holes(sample_of(48, 64), 0.25, seed=1).sensor_depth_m
    count, _ = cv2.connectedComponents(np.isnan(cut_m).astype(np.uint8))
    assert 2 <= count <= 25  # 768 pixels by themselves would be hundreds


def test_the_seed_and_the_frame_decide_where_holes_are():
    def cut(name: str, seed: int) -> bytes:
        return with_holes(sample_of(48, 64, name=name), 0.25, seed=seed).sensor_depth_m.tobytes()

    assert cut('1', 5) == cut('1', 5)
    assert len({cut('1', 5), cut('1', 6), cut('2', 5)}) == 3


def test_no_holes_leave_the_sample_as_it_is():
    sample = sample_of(48, 64)
    assert with_holes(sample, 0.0, seed=1) is sample
