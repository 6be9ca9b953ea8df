# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The worst recordings come first, and sums are of what was worked on."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
import pytest

from promptda_ros import __version__
from promptda_ros.bags.processing.preview import PREVIEW
from promptda_ros.bags.processing.recipe import Recipe
from promptda_ros.bags.processing.record import Record
from promptda_ros.bags.processing.unit import Outcome, State, Unit
from promptda_ros.bags.runs.summary import (
    BagSummary,
    LARGEST_PREVIEW,
    total_of,
    worst_first,
)


def summary(name, state, depths, lost, predicted, left_out):
    pixels = {'predicted': predicted}
    drops = {'late': lost, 'every': left_out}
    return BagSummary(name, state, depths=depths, pixels=pixels, drops=drops)


COUNTS = st.integers(0, 50)
STATES = st.sampled_from(['done', 'up_to_date', 'failed'])
SUMMARIES = st.builds(
    summary, st.text(max_size=3), STATES, COUNTS, COUNTS, st.floats(0.0, 1.0), COUNTS
)


def bag(name, *, state='done', depths=100, lost=0, predicted=0.0, **more):
    pixels = {'predicted': predicted, 'measured': 1.0 - predicted}
    return BagSummary(name, state, depths=depths, pixels=pixels, drops={'late': lost}, **more)


def test_failed_then_lost_then_predicted_recordings_come_first():
    expected = [
        bag('failed', state='failed', depths=0, error='cut off'),
        bag('nothing', depths=0, lost=100),
        bag('lost', depths=90, lost=10),
        bag('predicted', predicted=0.4),
        bag('a few', depths=10_000, lost=3),
        bag('warned', warnings=('slow',)),
        bag('a', state='up_to_date'),
        bag('b'),
    ]
    assert worst_first(expected[::-1]) == expected


def test_one_lost_image_of_a_thousand_is_no_worse_than_much_that_is_predicted():
    lost, predicted = bag('a', depths=999, lost=1), bag('b', predicted=0.5)
    assert worst_first([lost, predicted]) == [predicted, lost]


@given(st.lists(SUMMARIES, max_size=8))
def test_every_recording_stays_and_no_failed_one_follows_another(bags):
    ordered = worst_first(bags)

    assert sorted(map(repr, ordered)) == sorted(map(repr, bags))
    failed = [each.state == 'failed' for each in ordered]
    assert failed == sorted(failed, reverse=True)


@given(st.lists(SUMMARIES, max_size=8))
def test_sums_are_of_all_recordings(bags):
    total = total_of(bags)

    assert total.images == sum(each.images for each in bags)
    assert total.lost == sum(each.lost for each in bags)
    assert sum(total.drops.values()) == sum(sum(each.drops.values()) for each in bags)
    assert 0.0 <= total.predicted <= 1.0 + 1e-9


def test_shares_of_pixels_are_weighted_by_depth_images():
    long, short = bag('long', depths=900, predicted=0.1), bag('short', predicted=0.9)
    assert total_of([long, short]).predicted == pytest.approx(0.18)


def test_frames_a_second_are_those_of_the_time_spent():
    fast, slow = bag('fast', wall_sec=10.0), bag('slow', wall_sec=40.0)
    assert fast.frames_per_sec == pytest.approx(10.0)
    assert total_of([fast, slow]).frames_per_sec == pytest.approx(4.0)
    assert bag('failed', wall_sec=0.0).frames_per_sec == 0.0


@pytest.fixture
def unit(tmp_path):
    """Return a unit whose result is there."""
    unit = Unit(tmp_path / 'in/a/run1.mcap', tmp_path / 'out/a/run1', Recipe.of({}))
    unit.target.mkdir(parents=True)
    (unit.target / PREVIEW).write_bytes(b'RIFF')
    return unit


def record_of(unit):
    return Record(
        recipe=unit.recipe,
        source=str(unit.source),
        input=(),
        model={'model.name': 'tiny', 'model.sha256': 'beef', 'sizes compiled': '1'},
        topics={},
        images=12,
        pairs=10,
        outputs={
            '/promptda/left/depth/camera_info': 3,
            '/promptda/left/depth/image_mm/compressedDepth': 4,
            '/promptda/right/points': 5,
        },
        drops={'unpaired': 2, 'contradicts_sensor': 1, 'every': 40, 'outside': 7},
        pixels={'measured': 0.75, 'predicted': 0.25},
        wall_sec=3.0,
    )


@pytest.mark.parametrize('state', ['done', State.UP_TO_DATE.value])
def test_a_summary_tells_what_the_result_and_its_record_tell(unit, tmp_path, state):
    record = record_of(unit)
    record.write(unit.target)

    found = BagSummary.of(Outcome.of(unit, state, record), tmp_path / 'out')

    assert found.name == 'a/run1'
    assert (found.state, found.images, found.depths, found.lost) == (state, 12, 9, 3)
    assert found.frames_per_sec == pytest.approx(3.0)
    assert found.predicted == 0.25
    assert found.recipe['prefix'] == '/promptda'
    assert found.made_by == f'promptda_ros {__version__}, model.name tiny, model.sha256 beef'
    assert found.preview == b'RIFF'


def test_of_a_failed_recording_nothing_older_is_told(unit, tmp_path):
    record_of(unit).write(unit.target)

    found = BagSummary.of(Outcome.failed(unit, 'run1.mcap is empty'), tmp_path / 'out')

    assert (found.state, found.error) == ('failed', 'run1.mcap is empty')
    assert (found.preview, found.pixels, found.made_by, found.depths) == (b'', {}, '', 0)


def test_a_result_without_record_or_with_a_huge_preview_is_told_all_the_same(unit, tmp_path):
    outcome = Outcome.of(unit, 'done', record_of(unit))
    assert BagSummary.of(outcome, tmp_path / 'out').depths == 9

    record_of(unit).write(unit.target)
    (unit.target / PREVIEW).write_bytes(bytes(LARGEST_PREVIEW + 1))
    assert BagSummary.of(outcome, tmp_path / 'out').preview == b''


def test_products_of_pictures_and_data_sets_are_of_one_camera(unit, tmp_path):
    record = replace(record_of(unit), outputs={'promptda': 9, 'validity': 9, 'preview': 9})
    assert BagSummary.of(Outcome.of(unit, 'done', record), tmp_path / 'out').depths == 9
