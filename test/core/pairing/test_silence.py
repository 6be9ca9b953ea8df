# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Of all that may be wrong, the sentence names the first thing, its numbers and what fixes it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from promptda_ros.core.pairing.offsets import OffsetSummary
from promptda_ros.core.pairing.silence import explain, TopicFacts
from promptda_ros.core.settings.input import SyncSettings

IMAGE = TopicFacts('image', '/camera/image_raw', publishers=1, received=150)
DEPTH = TopicFacts('depth', '/camera/depth', publishers=1, received=150)
SYNC = SyncSettings(tolerance=0.01)
OFFSETS = OffsetSummary(150, 0, 1_000_000, drift_ns_per_sec=None, image_period_ns=None)
TOPICS = ('/camera/image_raw', '/camera/depth_aligned', '/camera/depht', '/tf', '/rosout')


def silence_of(**changes: object):
    """Explain facts of which some differ, such as image_received or offsets_median_ns."""
    facts = {'image': IMAGE, 'depth': DEPTH, 'offsets': OFFSETS, 'sync': SYNC}
    for name, value in changes.items():
        part, _, field = name.partition('_')
        facts[part] = replace(facts[part], **{field: value})
    return explain(*facts.values(), topics=TOPICS)


def test_a_topic_without_publisher_is_waited_for_and_similar_ones_are_named():
    """G6, G7: a remap misspelt."""
    silence = silence_of(depth_publishers=0, depth_received=0)
    assert silence.level == 'warn'
    assert 'waiting for depth on /camera/depth (0 publishers)' in silence.text
    assert '/camera/depht, /camera/depth_aligned' in silence.text
    assert '/rosout' not in silence.text
    assert 'set depth_topic:=' in silence.text


def test_no_similar_topic_is_made_up():
    silence = silence_of(image_name='/xyz', image_publishers=0, image_received=0)
    assert 'similar' not in silence.text
    assert 'waiting for image on /xyz (0 publishers); set image_topic:=' in silence.text


def test_a_topic_of_another_type_is_named_with_its_type():
    """C11, D16: a compressed image or a cloud where an image is meant."""
    silence = silence_of(
        image_wrong_types=('sensor_msgs/msg/CompressedImage',), image_remedy='remap it'
    )
    assert silence.level == 'warn'
    assert 'carries sensor_msgs/msg/CompressedImage, not sensor_msgs/msg/Image' in silence.text
    assert silence.text.endswith('remap it')


@pytest.mark.parametrize('name', ['/camera/depth', '/camera/depth/compressedDepth'])
def test_depth_on_the_transport_of_pictures_alone_is_told_from_depth_that_is_missing(name):
    """D15, K13: sixteen bits of a PNG are distances, eight of a JPEG are none."""
    depth = replace(DEPTH, name=name, publishers=0, received=0)
    topics = ('/camera/image_raw', '/camera/depth/compressed')
    silence = explain(IMAGE, depth, OFFSETS, SYNC, topics=topics)
    assert 'depth is published on /camera/depth/compressed only' in silence.text
    assert 'set input.depth_transport:=compressed if it is PNG' in silence.text
    assert 'publish /camera/depth/compressedDepth' in silence.text


def test_a_publisher_that_can_not_be_heard_names_the_setting():
    """G1: only where the user has asked for reliable."""
    silence = silence_of(depth_incompatible_qos=True, depth_received=0)
    assert 'best effort but qos.depth asks for reliable' in silence.text
    assert 'set qos.depth:=auto' in silence.text


def test_a_publisher_that_sends_nothing_is_named():
    """G6: one side only."""
    silence = silence_of(image_received=0)
    assert 'image topic /camera/image_raw has 1 publisher(s) but no message' in silence.text
    assert 'ros2 topic hz /camera/image_raw' in silence.text


@pytest.mark.parametrize('role', ['image', 'depth'])
def test_stamps_of_zero_are_an_error(role):
    """F7: the message belongs to no moment."""
    silence = silence_of(**{f'{role}_zero_stamps': 150})
    assert silence.level == 'error'
    assert f'{role} on' in silence.text
    assert 'zero stamps (150 messages)' in silence.text


def test_impossible_stamps_are_an_error():
    """F8: negative seconds, too many nanoseconds."""
    silence = silence_of(depth_bad_stamps=7)
    assert silence.level == 'error'
    assert 'impossible stamps (7 messages)' in silence.text


@pytest.mark.parametrize('received, duplicates', [(150, 149), (150, 150)])
def test_a_stamp_that_never_changes_is_an_error(received, duplicates):
    """F9: frozen; the first message of the stamp is none of the duplicates."""
    silence = silence_of(depth_received=received, depth_duplicates=duplicates)
    assert silence.level == 'error'
    assert f'depth on /camera/depth repeats one stamp ({duplicates} messages)' in silence.text


def test_now_and_then_a_duplicate_is_no_frozen_stamp():
    """F9: bridges deliver twice; that alone explains nothing."""
    silence = silence_of(image_duplicates=70, offsets_median_ns=500_000_000)
    assert 'lags' in silence.text


def test_an_offset_beyond_the_tolerance_is_told_with_the_setting_that_mends_it():
    """F4: depth lags by a constant."""
    silence = silence_of(offsets_median_ns=15_000_000, offsets_p95_ns=15_300_000)
    assert silence.level == 'error'
    assert silence.text == (
        'depth lags image by 15.0 ms (p95 15.3) > tolerance 10 ms; set sync.tolerance or '
        'sync.depth_time_offset:=-0.015'
    )


def test_depth_that_leads_is_shifted_forward():
    """F4: the sign is that of the setting."""
    silence = silence_of(offsets_median_ns=-40_000_000, offsets_p95_ns=None)
    assert silence.text.startswith('depth leads image by 40.0 ms > tolerance 10 ms')
    assert silence.text.endswith('sync.depth_time_offset:=0.040')


def test_no_tolerance_is_advised_that_would_pair_other_moments():
    """Beyond half the image period another image is nearer."""
    silence = silence_of(offsets_median_ns=-60_000_000, offsets_image_period_ns=100_000_000)
    assert '; set sync.depth_time_offset:=0.060' in silence.text


def test_the_offset_that_is_set_already_is_part_of_the_advice():
    """F4: what is measured comes on top of it."""
    silence = silence_of(offsets_median_ns=11_000_000, sync_depth_time_offset=-0.01)
    assert silence.text.endswith('sync.depth_time_offset:=-0.021')


def test_what_no_setting_can_do_is_not_advised():
    """K18, K25: sync.tolerance ends at 1 s, sync.depth_time_offset at 10 s."""
    silence = silence_of(offsets_median_ns=5_000_000_000)
    assert 'sync.tolerance' not in silence.text
    assert silence.text.endswith('set sync.depth_time_offset:=-5.000')
    for offset_ns, set_sec in ((1_000_000_000_000, 0.0), (5_000_000_000, -6.0)):
        silence = silence_of(offsets_median_ns=offset_ns, sync_depth_time_offset=set_sec)
        assert 'different clocks' in silence.text


@pytest.mark.parametrize('offset_ns', [1_790_000_000 * 10**9, -1_790_000_000 * 10**9])
def test_stamps_of_years_apart_come_from_different_clocks(offset_ns):
    """F6: time since boot and time since 1970."""
    silence = silence_of(offsets_median_ns=offset_ns)
    assert silence.level == 'error'
    assert 'differ by 1.79e+09 s: different clocks' in silence.text


@pytest.mark.parametrize('offset_ns', [None, 0, 10_000_000, -10_000_000])
def test_where_nothing_is_wrong_the_stamps_are_to_be_looked_at(offset_ns):
    silence = silence_of(offsets_median_ns=offset_ns)
    assert silence.level == 'warn'
    assert 'arrive (150 and 150 messages) but none can be paired' in silence.text


def test_what_is_missing_is_said_before_what_is_wrong():
    """One sentence a time, the one that must be fixed first."""
    silence = silence_of(
        depth_publishers=0, depth_received=0, image_zero_stamps=3, offsets_median_ns=5_000_000_000
    )
    assert 'image' in silence.text
    assert 'zero stamps' in silence.text
    everything = silence_of(
        image_publishers=0, depth_publishers=0, offsets_median_ns=5_000_000_000
    )
    assert 'waiting for image' in everything.text
