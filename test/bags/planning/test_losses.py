# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Why images of a recording have no depth is said with what to set."""

from __future__ import annotations

from collections.abc import Sequence

from promptda_ros.bags.channel import Channel, RawMessage
from promptda_ros.bags.headers import LITTLE
from promptda_ros.bags.planning.losses import explain_drops, explain_unpaired
from promptda_ros.bags.planning.stamps import CameraStamps, LAST_NS
from promptda_ros.bags.processing.recipe import CameraTopics
from promptda_ros.core.settings import build

TOPICS = CameraTopics(image='/image', depth='/depth')
IMAGE, DEPTH = (Channel(topic, 'sensor_msgs/msg/Image') for topic in ('/image', '/depth'))
SETTINGS = build({})
BEGIN_SEC = 100


def why(image_ms: Sequence[int], depth_ms: Sequence[int], *, begin_ns: int = 0) -> str:
    """Explain the losses of images and depths that were stamped and logged at some times."""
    stamps = CameraStamps(TOPICS, SETTINGS, begin_ns, LAST_NS)
    stamped = [(ms, IMAGE) for ms in image_ms] + [(ms, DEPTH) for ms in depth_ms]
    for ms, channel in sorted(stamped, key=lambda each: each[0]):
        nanosec = ms * 1_000_000
        data = b'\0\1\0\0' + LITTLE.pack(BEGIN_SEC, nanosec, 1) + b'\0'
        logged_ns = BEGIN_SEC * 1_000_000_000 + nanosec
        stamps.add(RawMessage(channel, 0, logged_ns, logged_ns, data))
    stamps.finish()
    return explain_unpaired('', stamps.facts(), SETTINGS.sync, ())


def test_nothing_is_said_where_every_image_has_its_depth():
    assert why(range(0, 900, 30), range(0, 900, 30)) == ''


def test_a_slower_depth_sensor_is_said_with_what_reuses_its_depth():
    said = why(range(0, 900, 30), range(0, 900, 60))
    assert '15 of 30 images on /image (50%) have no depth: there are 15 depth messages' in said
    assert 'sync.reuse_depth:=true' in said


def test_of_a_part_of_a_recording_it_is_not_said_that_nothing_can_be_paired():
    """Depth is counted in the whole recording, of which only some images were asked for."""
    begin_ns = BEGIN_SEC * 1_000_000_000 + 600_000_000
    depth_ms = [ms for ms in range(0, 900, 30) if ms not in (720, 750)]
    said = why(range(0, 900, 30), depth_ms, begin_ns=begin_ns)
    assert '2 of 10 images on /image (20%) have no depth: no depth of /depth was stamped' in said
    assert 'within sync.tolerance (0.015 s) of them' in said


def test_frames_that_the_rate_leaves_out_as_asked_are_no_loss():
    assert explain_drops(10, {'rate_limit': 5}) == ''
    assert explain_drops(10, {'rate_limit': 5, 'no_transform': 1}).startswith('1 of 10 pairs')
