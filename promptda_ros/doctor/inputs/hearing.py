# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What arrives of one camera, kept as far as checks need it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from promptda_ros.bags.headers import Header
from promptda_ros.bags.planning.stamps import CameraStamps, LAST_NS, Logged, StampFacts
from promptda_ros.bags.processing.recipe import CameraTopics
from promptda_ros.core.pairing.pairing import Pair
from promptda_ros.core.pairing.stream import Topic
from promptda_ros.core.settings.schema import Settings
from promptda_ros.doctor.inputs.facts import Times
from promptda_ros.messages.sensor_message import SensorMessage

PAIRS = 8  # that are looked at


@dataclass(frozen=True)
class Arrival:
    """A message that came, and how to get at it."""

    header: Header
    now_ns: int
    nbytes: int
    load: Callable[[], Any]


class Hearing:
    """Pairs the images and the depth of a camera as the node does, and keeps some pairs."""

    def __init__(self, topics: CameraTopics, settings: Settings) -> None:
        self._stamps = CameraStamps(topics, settings, 0, LAST_NS)
        self._queue = settings.sync.queue_size + 1
        self._waiting: dict[Topic, dict[int, Arrival]] = {topic: {} for topic in Topic}
        self._numbers = dict.fromkeys(Topic, 0)
        self._times: dict[Topic, list[tuple[int, int]]] = {topic: [] for topic in Topic}
        self._pairs: list[tuple[Pair[Logged], Arrival, Arrival]] = []
        self._found, self._stride = 0, 1

    def take(self, topic: Topic, arrival: Arrival) -> None:
        """Take an image or a depth."""
        number, stamp_ns = self._numbers[topic], arrival.header.stamp_ns
        self._numbers[topic] += 1
        if stamp_ns:
            self._times[topic].append((stamp_ns, arrival.now_ns))
        waiting = self._waiting[topic]
        waiting[number] = arrival
        waiting.pop(number - self._queue, None)
        self._keep(self._stamps.poll(arrival.now_ns))
        logged = Logged(number, arrival.now_ns)
        self._keep(self._stamps.receive(topic, arrival.header, logged, nbytes=arrival.nbytes))

    def finish(self) -> None:
        """Pair what waited for more to come."""
        self._keep(self._stamps.finish())

    def has(self, topic: Topic) -> bool:
        """Return whether something came on a topic."""
        return self._numbers[topic] > 0

    def stamps(self) -> StampFacts:
        """Return what is known of the stamps."""
        return self._stamps.facts()

    def times(self, topic: Topic) -> Times:
        """Return the times of a topic."""
        return Times(*zip(*self._times[topic], strict=True))

    def pairs(self) -> tuple[Pair[SensorMessage], ...]:
        """Return the messages of some pairs."""
        step = max(1, len(self._pairs) // PAIRS)
        return tuple(
            Pair(
                image=image.load(),
                depth=depth.load(),
                image_stamp_ns=pair.image_stamp_ns,
                depth_stamp_ns=pair.depth_stamp_ns,
                epoch=pair.epoch,
                image_arrival_ns=pair.image_arrival_ns,
                paired_ns=pair.paired_ns,
            )
            for pair, image, depth in self._pairs[::step]
        )

    def _keep(self, pairs: list[Pair[Logged]]) -> None:
        """Keep every n-th pair, so that a few are left of however many come."""
        for pair in pairs:
            self._found += 1
            image = self._waiting[Topic.IMAGE].get(pair.image.number)
            depth = self._waiting[Topic.DEPTH].get(pair.depth.number)
            if (self._found - 1) % self._stride or image is None or depth is None:
                continue
            self._pairs.append((pair, image, depth))
            if len(self._pairs) == 2 * PAIRS:
                self._pairs, self._stride = self._pairs[::2], 2 * self._stride
