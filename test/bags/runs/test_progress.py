# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.bags.runs.progress, on a clock that the tests set."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from promptda_ros.bags.processing.recipe import Recipe
from promptda_ros.bags.processing.unit import Outcome, Unit
from promptda_ros.bags.runs.progress import duration, Progress


@pytest.fixture
def clock() -> SimpleNamespace:
    return SimpleNamespace(now=100.0)


def unit(name: str) -> Unit:
    return Unit(Path(name), Path('out') / name, Recipe({}, {}, model_sha256=''))


def progress_of(clock: SimpleNamespace, **sizes: int) -> Progress:
    return Progress({Path(name): size for name, size in sizes.items()}, lambda: clock.now)


def test_the_rate_leaves_out_the_start(clock):
    progress = progress_of(clock, a=100, b=300)
    clock.now += 60.0  # the network loads
    progress.tell(unit('a'), 1, 50)  # the first, whose share of the start is not known
    assert progress.frames_per_sec == 0.0
    clock.now += 10.0
    progress.tell(unit('a'), 26, 50)
    assert progress.frames_per_sec == pytest.approx(2.5)
    assert progress.wall_sec == pytest.approx(70.0)


def test_the_time_left_goes_by_the_sizes_of_recordings(clock):
    progress = progress_of(clock, a=100, b=300)
    progress.tell(unit('a'), 0, 50)
    assert progress.left_sec is None
    clock.now += 10.0
    progress.tell(unit('a'), 25, 50)
    assert progress.left_sec == pytest.approx(70.0)  # 50 of 400 bytes in 10 s
    progress.end(Outcome('a', 'out/a', 'done', pairs=50))
    assert progress.left_sec == pytest.approx(30.0)
    assert progress.describe() == '1/2 recordings, 5 frames/s, 30 s left'


def test_a_recording_without_pairs_is_no_division_by_zero(clock):
    progress = progress_of(clock, a=0)
    progress.tell(unit('a'), 0, 0)
    progress.end(Outcome('a', 'out/a', 'failed', error='empty'))
    assert progress.describe() == '1/1 recordings'


@pytest.mark.parametrize(
    'seconds, text',
    [(0.4, '0 s'), (59.4, '59 s'), (59.6, '1 min'), (3599, '59 min'), (7500, '2 h 5 min')],
)
def test_a_duration_has_the_units_that_matter(seconds, text):
    assert duration(seconds) == text
