# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.lab.evaluation.run, summary, table and worst."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from promptda_ros.core.depth_space import METRES
from promptda_ros.core.frame import BadFrame, ByteImage, FloatImage
from promptda_ros.core.settings import build
from promptda_ros.lab.evaluation.methods import Bilinear
from promptda_ros.lab.evaluation.run import evaluate
from promptda_ros.lab.evaluation.sample import Sample
from promptda_ros.lab.evaluation.summary import summarise
from promptda_ros.lab.evaluation.table import aligned, error_tables
from promptda_ros.lab.evaluation.worst import WorstFrames


@dataclass(frozen=True)
class Offset:
    """Answers the first measurement and an offset everywhere."""

    name: str
    offset_m: float
    space = METRES

    def __call__(self, image: ByteImage, sensor_depth_m: FloatImage) -> FloatImage:
        first_m = sensor_depth_m[np.isfinite(sensor_depth_m)][0]
        return np.full(image.shape[:2], first_m + self.offset_m, np.float32)


@dataclass(frozen=True)
class Refusing:
    """Never answers."""

    name: str = 'refusing'
    space = METRES

    def __call__(self, image: ByteImage, sensor_depth_m: FloatImage) -> FloatImage:
        raise BadFrame('because', 'it will not')


def wall(
    name: str, depth_m: float, *, sensor: str = 'a', measured: bool = True, off_m: float = 0.0
) -> Sample:
    truth_m = np.full((48, 64), depth_m, np.float32)
    sensor_m = np.full((12, 16), depth_m + off_m if measured else np.nan, np.float32)
    return Sample(name, sensor, np.zeros((48, 64, 3), np.uint8), sensor_m, truth_m)


BILINEAR = Bilinear(build({}))


def test_every_method_is_judged_on_every_sample_with_every_share_of_holes():
    methods = [BILINEAR, Offset('two', 0.02)]
    samples = [wall('1', 1.0), wall('2', 1.5)]
    answers = list(evaluate(samples, methods, hole_shares=(0.0, 0.25)))
    found = [(each.score.frame, each.score.hole_share, each.score.method) for each in answers]
    assert found == [
        (frame, share, method)
        for frame in '12'
        for share in (0.0, 0.25)
        for method in ('bilinear', 'two')
    ]
    assert answers[1].score.errors.mae_m == pytest.approx(0.02, rel=1e-4)


def test_samples_are_read_one_at_a_time():
    """Hundreds of frames at full size do not fit into memory."""
    read = []

    def reader():
        for number in range(3):
            read.append(number)
            yield wall(str(number), 1.0)

    answers = evaluate(reader(), [BILINEAR])
    next(answers)
    assert read == [0]


def test_a_refused_frame_is_counted_and_judged_as_bilinear():
    rows = summarise(answer.score for answer in evaluate([wall('1', 1.0)], [Refusing()]))
    assert (rows[0].refused, rows[0].means.coverage, rows[0].means.mae_m) == (1, 0.0, 0.0)


def test_a_frame_that_no_method_can_use_counts_as_refused_and_in_no_mean():
    samples = [wall('1', 1.0), wall('2', 1.0, measured=False)]
    (row,) = summarise(each.score for each in evaluate(samples, [Offset('two', 0.02)]))
    assert (row.frames, row.refused, row.counts.mae_m) == (2, 1, 1)
    assert row.means.mae_m == pytest.approx(0.02, rel=1e-4)


def test_means_are_over_frames_and_only_those_that_have_the_figure():
    samples = [wall('1', 0.4), wall('2', 0.8), wall('3', 1.6)]
    (row,) = summarise(each.score for each in evaluate(samples, [Offset('two', 0.04)]))
    assert row.means.abs_rel == pytest.approx(0.04 * (1 / 0.4 + 1 / 0.8 + 1 / 1.6) / 3, rel=1e-4)
    assert (row.counts.mae_m, row.counts.to_half_m, row.counts.edge_mae_m) == (3, 1, 0)
    assert row.means.to_half_m == pytest.approx(0.04, rel=1e-4)
    assert np.isnan(row.means.edge_mae_m)


def test_rows_are_grouped_by_sensor_then_share_then_method():
    samples = [wall('1', 1.0, sensor='b'), wall('1', 1.0), wall('2', 1.0, sensor='b')]
    methods = [BILINEAR, Offset('two', 0.02)]
    rows = summarise(each.score for each in evaluate(samples, methods, hole_shares=(0.5, 0.0)))
    assert [(row.sensor, row.hole_share, row.method, row.frames) for row in rows] == [
        (sensor, share, method, frames)
        for sensor, frames in (('b', 2), ('a', 1))
        for share in (0.0, 0.5)
        for method in ('bilinear', 'two')
    ]


def test_relative_errors_are_means_of_those_of_each_frame_and_the_worst_is_told():
    samples = [wall('1', 0.5, off_m=0.01), wall('2', 3.0, off_m=0.1)]
    (row,) = summarise(each.score for each in evaluate(samples, [Offset('two', 0.02)]))
    assert row.means.relative_mae == pytest.approx((3 + 1.2) / 2, rel=1e-3)
    assert row.worst == pytest.approx(3, rel=1e-3)


def test_tables_are_in_millimetres_with_columns_aligned_and_remarks_for_what_is_missing():
    samples = [wall('1', 0.8, off_m=0.01)]
    methods = [Offset('bilinear', 0.0), Offset('two', 0.01)]
    rows = summarise(each.score for each in evaluate(samples, methods))
    ((title, lines),) = error_tables(rows, ['guided not installed'])
    assert title == 'a, 0% cut out, 1 frames'
    header, first, second, remark = aligned(lines).splitlines()
    assert second.split()[:4] == ['two', '20.0', '2.00', '2.00']
    assert header.index('RMSE') + len('RMSE') == first.index('10.0', 20) + len('10.0')
    assert remark.split() == ['guided', 'not', 'installed']


def test_the_worst_frames_of_each_sensor_are_kept():
    samples = [wall(str(number), 1.0, sensor=name) for name in 'ab' for number in range(5)]
    worst = WorstFrames('drift', per_sensor=2)
    for number, sample in enumerate(samples):
        for answer in evaluate([sample], [BILINEAR, Offset('drift', 0.01 * (number % 5))]):
            worst.offer(answer)
    kept = [(each.score.sensor, each.score.frame) for each in worst.listed()]
    assert kept == [('a', '4'), ('a', '3'), ('b', '4'), ('b', '3')]
