# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A recording as the source of a page, without a browser."""

from __future__ import annotations

from itertools import pairwise
import time

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from promptda_ros.bags.bag import open_bag
from promptda_ros.bags.files import BagError
from promptda_ros.bags.processing.process import process_unit
from promptda_ros.bags.processing.recipe import CameraTopics, Recipe
from promptda_ros.bags.processing.unit import Unit
from promptda_ros.bags.processing.warnings import Warnings
from promptda_ros.bags.processing.work import Work
from promptda_ros.core.settings.schema import Settings
from promptda_ros.messages.stamps import stamp_ns_of
from promptda_ros.model import load_model
from promptda_ros.view.moment import DEPTH, IMAGE, SENSOR, UNCERTAINTY, VALIDITY
from promptda_ros.view.recorded.opening import open_recording
from promptda_ros.view.recording import OwnSettings, RecordingPlayer

LIMIT_SEC = 100.0
BASIC = (IMAGE, SENSOR, DEPTH)


def nothing():
    """Do nothing."""


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=30), st.floats(0.0, 3.0))
def test_a_recording_plays_on_and_begins_again_after_its_last_frame(steps_ns, elapsed_sec):
    times_ns = [int(each) for each in np.cumsum(steps_ns)]
    player = RecordingPlayer(times_ns, nothing)
    seen = [player.position]
    for _ in range(2 * len(times_ns)):
        player.advance(elapsed_sec)
        seen.append(player.position)
    assert all(0 <= each < len(times_ns) for each in seen)
    assert len(times_ns) < 2 or 0 in seen[1:]
    for before, after in pairwise(seen):
        if after > before + 1:  # what was left out was due
            assert times_ns[after] - times_ns[before] <= round(elapsed_sec * 1e9)


def test_seeking_stops_at_the_frame_and_tells_of_it():
    told = []
    player = RecordingPlayer([0, 1, 2], lambda: told.append(1))
    player.seek(2)
    assert (player.position, player.is_playing) == (2, False)
    player.play(playing=True)
    assert player.is_playing
    assert len(told) == 2


def test_settings_of_recorded_depth_act_on_the_clouds_alone():
    told = []
    own = OwnSettings(Settings(), computes=False, changed=lambda: told.append(1))
    assert 'no effect' in own.set('trust.gate', value=False)
    assert not own.set('workspace.max_depth', 2.0)
    assert own.values()['workspace.max_depth'] == 2.0
    assert len(told) == 1


def test_a_wrong_value_is_refused_with_its_limits():
    own = OwnSettings(Settings(), computes=True, changed=nothing)
    assert '0.0..1000.0 m' in own.set('workspace.max_depth', -1.0)
    assert own.settings == Settings()


@pytest.fixture
def make_source(network_folder):
    """Open a short copy of the bundled recording, with settings and outputs of process."""
    sources = []

    def make(bag, **choices):
        given = {
            'model.path': str(network_folder),
            'device': 'cpu',
            'engine': 'torch',
            'trust.gate': False,
        }
        work = Work(bag, Recipe.of(given, **choices), Warnings())
        sources.append(open_recording(work))
        return sources[-1]

    yield make
    for source in sources:
        source.close()


def moment_of(source, layers):
    """Wait for a moment with these layers."""
    source.want(layers)
    end = time.monotonic() + LIMIT_SEC
    while (moment := source.next_moment()) is None:
        assert time.monotonic() < end, source.state().reason
        time.sleep(0.01)
    return moment


def test_a_network_makes_the_depth_of_a_recording_that_has_none(copy_demo, make_source):
    with open_bag(copy_demo()) as bag:
        source = make_source(bag)
        source.player.seek(1)
        moment = moment_of(source, BASIC)
        assert moment.frame.image.shape == (480, 640, 3)
        assert moment.depth_m.shape == moment.size
        assert moment.uncertainty_m is None  # nobody looks at it
        more = moment_of(source, {*BASIC, UNCERTAINTY})
        assert more.frame.stamp_ns == moment.frame.stamp_ns
        assert more.uncertainty_m.shape == moment.size


def test_the_depth_that_was_recorded_is_shown_and_no_network_loaded(
    copy_demo, make_source, network_folder, tmp_path, monkeypatch
):
    recipe = Recipe.of(
        {
            'model.path': str(network_folder),
            'device': 'cpu',
            'engine': 'torch',
            'trust.gate': False,
        },
        outputs=('mm', 'validity', 'uncertainty'),
    )
    unit = Unit(copy_demo(), tmp_path / 'result', recipe)
    assert not process_unit(unit, load_model(recipe.settings), lambda *_: None).error
    monkeypatch.setattr('promptda_ros.view.recorded.opening.load_model', None)
    with open_bag(unit.target) as bag:
        source = make_source(bag)
        source.player.seek(2)
        moment = moment_of(source, {*BASIC, UNCERTAINTY, VALIDITY})
        recorded = {
            one.topic: one.message
            for one in bag.messages(['/promptda/depth/image_mm', '/promptda/depth/validity'])
            if stamp_ns_of(one.message.header) == moment.frame.stamp_ns
        }
    depth_mm = recorded['/promptda/depth/image_mm'].data.view(np.uint16).reshape(moment.size)
    np.testing.assert_allclose(np.nan_to_num(moment.depth_m), depth_mm / 1e3, atol=1e-6)
    codes = recorded['/promptda/depth/validity'].data.reshape(moment.size)
    np.testing.assert_array_equal(moment.validity, codes)
    assert np.nanmax(moment.uncertainty_m) > 0.0


def test_a_player_goes_to_any_frame(copy_demo, make_source):
    with open_bag(copy_demo(frames=4)) as bag:
        source = make_source(bag)
        stamps = []
        for position in (3, 0, 2):
            source.player.seek(position)
            end = time.monotonic() + LIMIT_SEC
            while (moment := moment_of(source, BASIC)).frame.stamp_ns in stamps:
                assert time.monotonic() < end
            stamps.append(moment.frame.stamp_ns)
        assert stamps[1] < stamps[2] < stamps[0]


def test_nothing_is_read_while_no_page_is_open(copy_demo, make_source):
    with open_bag(copy_demo()) as bag:
        source = make_source(bag)
        source.want(())
        source.player.play(playing=True)
        assert source.next_moment() is None
        assert not source.state().stage_ms


def test_a_setting_changes_the_frame_that_is_shown(copy_demo, make_source):
    with open_bag(copy_demo()) as bag:
        source = make_source(bag)
        source.player.seek(0)
        moment_of(source, BASIC)
        assert not source.knobs.set('workspace.max_depth', 0.7)
        assert moment_of(source, BASIC).settings.workspace.max_depth == 0.7


def test_a_box_in_a_frame_that_is_not_known_shows_no_cloud_and_says_why(copy_demo, make_source):
    """Else the cloud would be cut by a box at another place."""
    with open_bag(copy_demo()) as bag:
        source = make_source(bag)
        source.player.seek(0)
        assert moment_of(source, BASIC).frame.intrinsics is not None
        assert not source.knobs.set('workspace.box_max', (0.1, 0.1, 0.1))
        assert not source.knobs.set('workspace.frame', 'nowhere')
        while (moment := moment_of(source, BASIC)).settings.workspace.frame != 'nowhere':
            pass  # one from before
        assert (moment.frame.intrinsics, moment.box_from_camera) == (None, None)
        assert 'nowhere' in source.state().reason


def test_a_recording_without_a_camera_is_refused(copy_demo, make_source):
    with open_bag(copy_demo()) as bag, pytest.raises(BagError, match='/no/such'):
        make_source(bag, topics={'': CameraTopics(image='/no/such')})
