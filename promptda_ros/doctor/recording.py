# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The cameras of a recording, as far as a few seconds of it tell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any

from promptda_ros.bags.bag import Bag
from promptda_ros.bags.channel import RawMessage
from promptda_ros.bags.headers import read_header
from promptda_ros.bags.planning.losses import topic_facts
from promptda_ros.bags.planning.plan import STATIC_TOPIC
from promptda_ros.bags.planning.replay import TF_TOPIC
from promptda_ros.bags.planning.topics import find_topics
from promptda_ros.bags.processing.recipe import CameraTopics
from promptda_ros.bags.processing.transforms import RecordedTransforms
from promptda_ros.bags.storage.qos import is_best_effort, offered
from promptda_ros.core.pairing.stream import Topic, TopicCounters
from promptda_ros.core.settings.schema import Settings
from promptda_ros.doctor.inputs.facts import CameraFacts, Stream
from promptda_ros.doctor.inputs.hearing import Arrival, Hearing

WINDOW_NS = 10_000_000_000
BESIDE = ('camera_info', 'depth_camera_info', 'confidence', 'mask')
OUR_RESULTS = '/promptda'  # begins topics that promptda process has written
NOT_RECORDED = 'a recorded publisher'


def recorded_cameras(
    bag: Bag, asked: Mapping[str, CameraTopics], settings: Mapping[str, Settings]
) -> list[CameraFacts]:
    """Listen to the first seconds.

    Raises:
        BagError: a topic is not there, or the recording is damaged.
    """
    cameras = [
        _RecordedCamera(
            bag,
            name,
            find_topics(bag, topics, settings[name], camera=name, without=OUR_RESULTS),
            settings[name],
        )
        for name, topics in asked.items()
    ]
    transforms = RecordedTransforms(lambda _: None)
    topics = {TF_TOPIC, STATIC_TOPIC}.union(*(each.wanted for each in cameras)) & {*bag.types}
    for raw in bag.raw(topics, end_ns=bag.span_ns[0] + WINDOW_NS):
        if raw.channel.topic in (TF_TOPIC, STATIC_TOPIC):
            transforms.take(bag.decode(raw), static=raw.channel.topic == STATIC_TOPIC)
        for camera in cameras:
            camera.take(raw)
    return [camera.facts(transforms) for camera in cameras]


class _RecordedCamera:
    """Takes the messages of one camera."""

    def __init__(self, bag: Bag, name: str, topics: CameraTopics, settings: Settings) -> None:
        self._bag, self._name, self._topics, self._settings = bag, name, topics, settings
        self._hearing = Hearing(topics, settings)
        self._beside: defaultdict[str, list[Any]] = defaultdict(list)
        self.wanted = {topics.image, topics.depth, *topics.beside}

    def take(self, raw: RawMessage) -> None:
        """Take a message of any topic."""
        topic = raw.channel.topic
        for side, name in ((Topic.IMAGE, self._topics.image), (Topic.DEPTH, self._topics.depth)):
            if topic == name:
                load = partial(self._bag.decode, raw)
                arrival = Arrival(read_header(raw), raw.logged_ns, len(raw.data), load)
                self._hearing.take(side, arrival)
        roles = [role for role in BESIDE if topic == getattr(self._topics, role)]
        if roles:
            message = self._bag.decode(raw)
            for role in roles:
                self._beside[role].append(message)

    def facts(self, transforms: RecordedTransforms) -> CameraFacts:
        """Return what is known now."""
        self._hearing.finish()
        stamps = self._hearing.stamps()
        return CameraFacts(
            name=self._name,
            settings=self._settings,
            topics=self._topics,
            image=self._stream(Topic.IMAGE, self._topics.image, stamps.counters.image),
            depth=self._stream(Topic.DEPTH, self._topics.depth, stamps.counters.depth),
            stamps=stamps,
            pairs=self._hearing.pairs(),
            beside={role: tuple(messages) for role, messages in self._beside.items()},
            transforms=transforms,
            graph=tuple(self._bag.types),
        )

    def _stream(self, side: Topic, topic: str, counters: TopicCounters) -> Stream:
        channels = [each for each in self._bag.channels if each.topic == topic]
        profiles = [offered(each.qos) for each in channels]
        wanted = getattr(self._settings.qos, side.value)
        is_deaf = wanted == 'reliable' and any(map(is_best_effort, chain(*profiles)))
        facts = replace(
            topic_facts(side.value, topic, counters),
            type=self._bag.types[topic],
            incompatible_qos=is_deaf,
        )
        # A publisher that was started again, with other QoS, is in a channel of its own.
        publishers = (NOT_RECORDED,) * max([1, *map(len, profiles)])
        return Stream(facts, publishers, self._hearing.times(side))
