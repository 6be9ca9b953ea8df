# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The stamps of one camera's recording, paired as the node would have paired them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from promptda_ros.bags.channel import RawMessage
from promptda_ros.bags.headers import Header, read_header
from promptda_ros.bags.processing.recipe import CameraTopics
from promptda_ros.core.pairing.offsets import OffsetSummary
from promptda_ros.core.pairing.pairing import (
    NANOSECONDS,
    Pair,
    Pairing,
    PairingCounters,
    PairingSettings,
)
from promptda_ros.core.pairing.stream import Topic
from promptda_ros.core.settings.schema import Settings

LAST_NS = 2**63 - 1
OUTSIDE = 'outside'  # reason of the images before --start and after --end
# How long an image could wait where nobody waits for its depth.
PATIENCE_NS, PATIENT_QUEUE = 5 * NANOSECONDS, 1000


class Logged(NamedTuple):
    """Where a message is in a recording."""

    number: int  # within its topic
    logged_ns: int


@dataclass(frozen=True)
class StampFacts:
    """What the stamps of one camera tell about its pairs."""

    topics: CameraTopics
    images: int
    outside: int  # images that nobody asked for
    counters: PairingCounters
    offsets: OffsetSummary
    has_one_frame: bool  # neither topic changes its frame_id
    patient_pairs: int  # how many there would be if images waited as long as they can
    patience_sec: float  # how long they would wait

    @property
    def drops(self) -> Counter[str]:
        """Count the images that belong to no pair, by reason."""
        lost = {loss.value: count for loss, count in self.counters.image.lost.items()}
        return +Counter({OUTSIDE: self.outside, **lost})


class CameraStamps:
    """Takes the stamps of one camera in the order of logging, and pairs them."""

    def __init__(
        self, topics: CameraTopics, settings: Settings, begin_ns: int, end_ns: int
    ) -> None:
        """Take the range of log time in which images are wanted."""
        self.topics = topics
        self._range_ns = begin_ns, end_ns
        asked = PairingSettings.of(settings.sync)
        self._pairing = Pairing[Logged](asked)
        patient = replace(asked, wait_ns=PATIENCE_NS, queue_size=PATIENT_QUEUE)
        self._patient = Pairing[Logged](patient)
        self._images = self._outside = self._patience_ns = 0
        self._frame_ids: dict[str, set[str]] = {topics.image: set(), topics.depth: set()}

    def add(self, raw: RawMessage) -> list[Pair[Logged]]:
        """Take a message of any topic; return the pairs that are decided at its time."""
        topic, now_ns = raw.channel.topic, raw.logged_ns
        # What waits no longer than until now does not see this message, as on a robot.
        pairs = self.poll(now_ns)
        if topic == self.topics.image:
            self._images += 1
            begin_ns, end_ns = self._range_ns
            if begin_ns <= now_ns < end_ns:
                return pairs + self._receive(Topic.IMAGE, raw)
            self._outside += 1
        elif topic == self.topics.depth:
            return pairs + self._receive(Topic.DEPTH, raw)
        return pairs

    def poll(self, now_ns: int) -> list[Pair[Logged]]:
        """Return the pairs whose wait is over."""
        return self._pairing.poll(now_ns=now_ns)

    def finish(self) -> list[Pair[Logged]]:
        """Return the pairs that waited for more to come."""
        self._note_patience(self._patient.poll(now_ns=LAST_NS))
        return self.poll(LAST_NS)

    def facts(self) -> StampFacts:
        """Return what is known of the stamps."""
        return StampFacts(
            topics=self.topics,
            images=self._images,
            outside=self._outside,
            counters=self._pairing.counters,
            offsets=self._pairing.offsets,
            has_one_frame=all(len(each) <= 1 for each in self._frame_ids.values()),
            patient_pairs=self._patient.counters.pairs,
            patience_sec=self._patience_ns / NANOSECONDS,
        )

    def receive(
        self, topic: Topic, header: Header, logged: Logged, *, nbytes: int
    ) -> list[Pair[Logged]]:
        """Take what is known of an image or a depth; return the pairs that it completes."""
        name = self.topics.image if topic is Topic.IMAGE else self.topics.depth
        self._frame_ids[name].add(header.frame_id)
        stamp_ns, now_ns = header.stamp_ns, logged.logged_ns
        self._note_patience(self._patient.add(topic, stamp_ns, logged, now_ns=now_ns))
        return self._pairing.add(topic, stamp_ns, logged, now_ns=now_ns, nbytes=nbytes)

    def _receive(self, topic: Topic, raw: RawMessage) -> list[Pair[Logged]]:
        logged = Logged(raw.number, raw.logged_ns)
        return self.receive(topic, read_header(raw), logged, nbytes=len(raw.data))

    def _note_patience(self, pairs: Iterable[Pair[Logged]]) -> None:
        for pair in pairs:
            waited_ns = min(pair.paired_ns, pair.depth.logged_ns) - pair.image.logged_ns
            self._patience_ns = max(self._patience_ns, waited_ns)
