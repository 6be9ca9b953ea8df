# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.bags.planning.plan, .stamps and .replay."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

from promptda_ros.bags.channel import Channel, RawMessage
from promptda_ros.bags.headers import Header, read_header
from promptda_ros.bags.planning.plan import make_plan
from promptda_ros.bags.planning.replay import Due, Part, Replay
from promptda_ros.bags.processing.recipe import CameraTopics, Recipe
from promptda_ros.core.pairing.pairing import Pairing, PairingSettings
from promptda_ros.core.pairing.stream import Topic
from promptda_ros.core.settings.schema import Settings
from test.bags.planning.log import header, Log, MS

RECIPE = Recipe.of({})
TOPICS = {'': CameraTopics('/image', '/depth', '/camera_info')}
SETTINGS = {'': Settings()}
BEGIN_MS = 1_000_000
AHEAD_MS = 100


@st.composite
def logs(draw: st.DrawFn) -> Log:
    """Draw a camera of 30 Hz whose messages are late, lost or out of order."""
    entries = []
    for number in range(draw(st.integers(1, 25))):
        stamp_ms = BEGIN_MS + 33 * number
        for topic in ('/image', '/depth', '/camera_info', '/tf'):
            late_ms = draw(st.integers(0, 150))
            offset_ms = draw(st.integers(-20, 20)) if topic == '/depth' else 0
            if draw(st.integers(0, 9)) or (topic == '/image' and not number):
                entries.append((topic, stamp_ms + late_ms, stamp_ms + offset_ms))
    return Log(entries)


def plan_of(log, **choices):
    return make_plan(log, TOPICS, SETTINGS, replace(RECIPE, **choices))


def replay_of(log, plan, part, *, wants_all=False):
    ahead_ns = AHEAD_MS * MS
    return Replay(log, plan, part, TOPICS, look_ahead_ns=ahead_ns, wants_all=wants_all)


def whole(plan):
    return Part(0, len(plan.pairs))


@settings(max_examples=40)
@given(logs(), st.integers(1, 4), st.none() | st.integers(0, 500))
def test_every_image_is_worked_on_or_has_a_reason(log, every, start_ms):
    start_sec = None if start_ms is None else start_ms / 1e3
    plan = plan_of(log, every=every, start_sec=start_sec)
    assert plan.images == len(plan.pairs) + sum(plan.drops.values())


@settings(max_examples=40)
@given(logs())
def test_pairs_are_those_of_the_node_at_the_times_of_the_log(log):
    """The node asks every 20 ms what has waited long enough, here every millisecond."""
    pairing = Pairing[RawMessage](PairingSettings.of(Settings().sync))
    found, waiting = [], [*log.raw({'/image', '/depth'})]
    for now_ms in range(BEGIN_MS, BEGIN_MS + 2000):
        while waiting and waiting[0].logged_ns == now_ms * MS:
            each = waiting.pop(0)
            found += pairing.poll(now_ns=now_ms * MS)
            side = Topic.IMAGE if each.channel.topic == '/image' else Topic.DEPTH
            stamp_ns = read_header(each).stamp_ns
            found += pairing.add(side, stamp_ns, each, now_ns=now_ms * MS, nbytes=len(each.data))
        found += pairing.poll(now_ns=now_ms * MS)
    expected = [(each.image.number, each.depth.number) for each in found]
    assert [(each.image, each.depth) for each in plan_of(log).pairs] == expected


@settings(max_examples=40)
@given(logs())
def test_a_pair_comes_once_when_the_log_has_gone_on_and_not_before(log):
    plan, seen, due = plan_of(log), [], []
    for each in replay_of(log, plan, whole(plan), wants_all=True):
        if isinstance(each, Due):
            due.append(each)
            until_ns = each.pair.paired_ns + AHEAD_MS * MS
            assert seen == [raw for raw in log.raw() if raw.logged_ns <= until_ns][: len(seen)]
            assert len(seen) == sum(raw.logged_ns <= until_ns for raw in log.raw())
        else:
            seen.append(each)
    assert seen == list(log.raw())
    assert [each.pair for each in due] == list(plan.pairs)
    for each in due:
        assert (each.image.number, each.depth.number) == (each.pair.image, each.pair.depth)


@given(st.integers(1, 9), st.integers(0, 40))
def test_pairs_come_before_a_jump_makes_cameras_forget_what_belongs_to_them(frames, info_ms):
    """Also where camera_info is the first that jumps; else they got that of another time."""
    entries = []
    for lap, begin_ms in enumerate((BEGIN_MS, BEGIN_MS - 60_000)):
        for number in range(frames):
            logged_ms, stamp_ms = BEGIN_MS + 33 * (frames * lap + number), begin_ms + 33 * number
            entries += [('/image', logged_ms + 20, stamp_ms), ('/depth', logged_ms + 20, stamp_ms)]
            entries.append(('/camera_info', logged_ms + info_ms, stamp_ms))
    log = Log(entries)
    plan, latest_ns, pairs = plan_of(log), 0, 0
    for each in replay_of(log, plan, whole(plan)):
        if isinstance(each, Due):
            assert abs(each.pair.image_stamp_ns - latest_ns) < 10_000 * MS
            pairs += 1
        elif each.channel.topic == '/camera_info':
            latest_ns = read_header(each).stamp_ns
    assert pairs == len(plan.pairs)


@settings(max_examples=40)
@given(logs(), st.data())
def test_parts_have_the_pairs_of_the_whole_and_what_a_camera_still_keeps(log, data):
    """The node keeps 60 camera_info and ten seconds of /tf: here all of them."""
    plan = plan_of(log)
    at = data.draw(st.integers(0, len(plan.pairs)))
    whole_due = [each for each in replay_of(log, plan, whole(plan)) if isinstance(each, Due)]
    found = []
    for part in (Part(0, at), Part(at, len(plan.pairs))):
        heard: dict[str, list[RawMessage]] = {'/camera_info': [], '/tf': []}
        for each in replay_of(log, plan, part):
            if isinstance(each, Due):
                found.append(each)
                until_ns = each.pair.paired_ns + AHEAD_MS * MS
                for topic, messages in heard.items():
                    logged = [raw for raw in log.raw({topic}) if raw.logged_ns <= until_ns]
                    assert messages == logged
            elif each.channel.topic in heard:
                heard[each.channel.topic].append(each)
    assert found == whole_due


@pytest.mark.parametrize('order', ['little', 'big'])
@given(st.integers(0, 2**31 - 1), st.integers(0, 999_999_999), st.text(max_size=20))
def test_a_header_is_read_from_its_bytes(order, sec, nanosec, name):
    frame = name.replace('\0', '').encode(errors='ignore')
    little = order == 'little'
    numbers = (each.to_bytes(4, order) for each in (sec, nanosec, len(frame) + 1))
    data = bytes((0, little, 0, 0)) + b''.join(numbers) + frame + b'\0' + b'pixels'
    found = read_header(RawMessage(Channel('/image', ''), 0, 0, 0, data))
    assert found == Header(sec * 10**9 + nanosec, frame.decode())


@given(st.integers(0, 15))
def test_a_message_that_is_cut_off_in_its_header_has_no_stamp(length):
    data = header(5 * 10**9)[:length]
    assert read_header(RawMessage(Channel('/image', ''), 0, 0, 0, data)).stamp_ns is None
