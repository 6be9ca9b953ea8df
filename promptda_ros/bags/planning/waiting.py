# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The images and depths of pairs, from when they are read until the last pair that needs them."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping

from promptda_ros.bags.channel import RawMessage
from promptda_ros.bags.planning.plan import PlannedPair
from promptda_ros.bags.processing.recipe import CameraTopics


class Waiting:
    """Holds the images and depths of pairs until they are worked on."""

    def __init__(self, pairs: Iterable[PlannedPair], topics: Mapping[str, CameraTopics]) -> None:
        self._held: dict[tuple[str, str, int], RawMessage] = {}
        # By camera and topic: how many pairs need each message
        self._uses = {
            (camera, topic): array('H')
            for camera, each in topics.items()
            for topic in (each.image, each.depth)
        }
        self._topics = topics
        for pair in pairs:
            for topic, message in self._needs(pair):
                uses = self._uses[pair.camera, topic]
                uses.extend([0] * (message + 1 - len(uses)))
                uses[message] += 1

    def take(self, raw: RawMessage) -> None:
        """Hold a message if a pair needs it."""
        for camera, topic in self._uses:
            if topic == raw.channel.topic and self._count(camera, topic, raw.number):
                self._held[camera, topic, raw.number] = raw

    def give(self, pair: PlannedPair) -> list[RawMessage]:
        """Return image and depth of a pair, and let go of what no other pair needs."""
        found = []
        for topic, number in self._needs(pair):
            uses = self._uses[pair.camera, topic]
            found.append(self._held[pair.camera, topic, number])
            uses[number] -= 1
            if not uses[number]:
                del self._held[pair.camera, topic, number]
        return found

    def holds(self, pair: PlannedPair) -> bool:
        """Return whether image and depth of a pair are there."""
        needs = ((pair.camera, topic, number) for topic, number in self._needs(pair))
        return all(each in self._held for each in needs)

    def images_in(self, raw: RawMessage) -> list[str]:
        """List the cameras that have a pair with this message as its image."""
        return [
            camera
            for camera, each in self._topics.items()
            if each.image == raw.channel.topic and self._count(camera, each.image, raw.number)
        ]

    def _needs(self, pair: PlannedPair) -> tuple[tuple[str, int], tuple[str, int]]:
        each = self._topics[pair.camera]
        return (each.image, pair.image), (each.depth, pair.depth)

    def _count(self, camera: str, topic: str, number: int) -> int:
        uses = self._uses[camera, topic]
        return uses[number] if number < len(uses) else 0
