# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Random streams of images and depth for pairing: each seed is another camera, sensor and fault.

Stamps, limits and times of arrival are often multiples of one step, so that ties and limits that
are met exactly are common.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
import random
from typing import TypeVar

from promptda_ros.core.pairing.pairing import PairingSettings

T = TypeVar('T')
MS = 1_000_000
SEC = 1_000 * MS
NEVER = 10**15
IMPOSSIBLE = (None, 0, -1, -SEC, 2**31 * SEC - 1, 2**31 * SEC, 2**70)
Frame = tuple[int, int]  # number of jumps before it, and its own number


@dataclass(frozen=True)
class Message:
    """One message as it arrives."""

    at_ns: int
    topic: str
    stamp_ns: int | None
    nbytes: int
    frame: Frame


@dataclass(frozen=True)
class Poll:
    """The timer of the node."""

    at_ns: int


@dataclass(frozen=True)
class Reset:
    """The clock jumped."""

    at_ns: int


@dataclass(frozen=True)
class Change:
    """Somebody set parameters."""

    at_ns: int
    settings: PairingSettings


Event = Message | Poll | Reset | Change


@dataclass(frozen=True)
class Case:
    """Settings and everything that happens under them, in the order of time."""

    settings: PairingSettings
    events: list[Event]
    is_tellable: bool  # a pair of two frames is wrong whatever the rules say


@dataclass(frozen=True)
class Jump:
    """From one frame on, stamps of each topic are moved."""

    frames: dict[str, int]  # where on each topic
    by_ns: int


@dataclass(frozen=True)
class Feed:
    """How the messages of one topic are stamped and delivered."""

    topic: str
    begun_ns: int  # first stamp
    period_ns: int
    lag_ns: int  # of the stamps
    jitter_ns: int  # of the stamps, either way
    delay_ns: int  # of the arrival
    transport_jitter_ns: int
    loss: float
    repeated: float
    overtaken: float
    burst_ns: int  # everything waits for the next multiple of it; 0: none


class World:
    """What one seed makes."""

    def __init__(self, seed: int) -> None:
        self.chance = chance = random.Random(seed)
        self.calm = chance.choice([0.4, 0.6, 0.8, 0.95])
        self.period_ns = chance.choice([8, 20, 33, 33, 50, 100]) * MS
        self.step_ns = chance.choice([1, MS, MS, MS, self.period_ns // 4])
        self.threshold_ns = self._mostly(SEC, 3 * self.period_ns, 10 * self.period_ns)
        self.frames = chance.choice([30, 60, 120])
        if chance.random() < 0.003:
            self.frames = 1500  # longer than anything that pairing remembers
        rate = self._mostly(1.0, 0.5, 0.9, 1.37, 2.0, 3.0)
        self.feeds = (self._feed('image', 1.0), self._feed('depth', rate))
        self.jumps = [self._jump() for _ in range(self._mostly(0, 1, 2, 4))]
        self.garbage = self._mostly(0.0, 0.01, 0.05)
        self.most_tens = self._mostly(0, 3)  # of bytes of a message

    def case(self) -> Case:
        """Return the case."""
        settings = self.settings()
        events: list[Event] = [each for feed in self.feeds for each in self._messages(feed)]
        end_ns = max((event.at_ns for event in events), default=0)
        events += [Poll(self._round(at)) for at in self._polls_ns(end_ns)]
        events += [event for _ in range(2) for event in self._interventions(settings, end_ns)]
        self.chance.shuffle(events)  # of what comes at the same time
        events.sort(key=lambda event: event.at_ns)
        events.append(Poll(end_ns + NEVER))
        return Case(settings, events, self._is_tellable(settings, events))

    def settings(self) -> PairingSettings:
        """Return random settings that suit the period, or do not."""
        chance, period_ns, step_ns = self.chance, self.period_ns, self.step_ns
        half_ns = self._round(period_ns // 2)
        anywhere_ns = chance.randint(0, 2 * period_ns)
        near_ns = self._mostly(half_ns, 0, step_ns, period_ns, 2 * period_ns, anywhere_ns)
        lag_ns = self.feeds[1].lag_ns
        return PairingSettings(
            tolerance_ns=max(near_ns + chance.choice([0, 0, -1, 1]), 0),
            wait_ns=self._mostly(100 * MS, 0, step_ns, period_ns, 3 * period_ns, NEVER),
            queue_size=self._mostly(10, 1, 2, 3, 100),
            max_bytes=60 if self.most_tens else 256 * MS,
            reset_threshold_ns=self.threshold_ns,
            depth_time_offset_ns=self._mostly(-lag_ns, 0, half_ns, -step_ns),
            reuse_depth=self._mostly(False, True),
        )

    def _mostly(self, usual: T, *others: T) -> T:
        """Return what is usual, unless this world is a wild one."""
        return usual if self.chance.random() < self.calm else self.chance.choice(others)

    def _feed(self, topic: str, periods: float) -> Feed:
        period_ns, half_ns = self.period_ns, self._round(self.period_ns // 2)
        anywhere_ns = self._round(self.chance.randint(-period_ns, period_ns))
        lag_ns = self._mostly(self._round(anywhere_ns // 4), half_ns, -half_ns, anywhere_ns)
        return Feed(
            topic,
            begun_ns=self._mostly(50 * SEC, 49 * SEC, SEC),
            period_ns=round(periods * period_ns),
            lag_ns=0 if topic == 'image' else lag_ns,
            jitter_ns=round(self._mostly(0.02, 0.0, 0.2, 0.5, 1.2) * period_ns),
            delay_ns=round(self._mostly(0.5, 0.0, 1.0, 3.0) * period_ns),
            transport_jitter_ns=round(self._mostly(0.3, 0.0, 0.9, 2.0) * period_ns),
            loss=self._mostly(0.0, 0.05, 0.3, 0.7),
            repeated=self._mostly(0.0, 0.05, 0.2),
            overtaken=self._mostly(0.0, 0.02, 0.2),
            burst_ns=self._mostly(0, 5 * period_ns),
        )

    def _jump(self) -> Jump:
        chance, threshold_ns = self.chance, self.threshold_ns
        at = chance.randrange(self.frames)
        apart = self._mostly(0, 1, 2, 5, 20, self.frames)
        first, second = chance.sample(['image', 'depth'], 2)
        far_ns = chance.randint(threshold_ns, 5 * SEC)
        beyond_ns = self._mostly(far_ns, -self.step_ns, 0, 1, self.step_ns)
        by_ns = threshold_ns + beyond_ns
        return Jump({first: at, second: at + apart}, self._mostly(-by_ns, by_ns))

    def _messages(self, feed: Feed) -> Iterator[Message]:
        chance = self.chance
        for number in range(round(self.frames * self.period_ns / feed.period_ns)):
            moment_ns = number * feed.period_ns
            if chance.random() < feed.loss:
                continue
            jumps = [j for j in self.jumps if moment_ns >= j.frames[feed.topic] * self.period_ns]
            error_ns = feed.lag_ns + chance.randint(-feed.jitter_ns, feed.jitter_ns)
            moved_ns = sum(jump.by_ns for jump in jumps)
            stamp_ns = self._round(feed.begun_ns + moment_ns + error_ns) + moved_ns
            message = Message(
                self._arrival_ns(feed, moment_ns),
                feed.topic,
                stamp_ns if chance.random() >= self.garbage else chance.choice(IMPOSSIBLE),
                10 * chance.randint(0, self.most_tens),
                (len(jumps), number),
            )
            yield message
            if chance.random() < feed.repeated:
                yield replace(message, at_ns=self._arrival_ns(feed, moment_ns))

    def _arrival_ns(self, feed: Feed, moment_ns: int) -> int:
        delay_ns = feed.delay_ns + self.chance.randint(0, feed.transport_jitter_ns)
        if self.chance.random() < feed.overtaken:
            delay_ns += 3 * feed.period_ns // 2
        at_ns = self._round(moment_ns + delay_ns)
        return -(-at_ns // feed.burst_ns) * feed.burst_ns if feed.burst_ns else at_ns

    def _polls_ns(self, end_ns: int) -> Iterator[int]:
        mean_ns = 4 * self.period_ns
        at_ns = 0.0
        while at_ns < end_ns:
            at_ns += self.chance.expovariate(1 / mean_ns)
            yield int(at_ns)

    def _interventions(self, settings: PairingSettings, end_ns: int) -> Iterator[Event]:
        at_ns, draw = self.chance.randint(0, end_ns), self.chance.random()
        if draw < 0.05:
            yield Reset(at_ns)
        elif draw < 0.15:
            yield Change(at_ns, self.settings())
        elif draw < 0.2:
            yield Change(at_ns, replace(settings, reuse_depth=not settings.reuse_depth))

    def _is_tellable(self, settings: PairingSettings, events: list[Event]) -> bool:
        image, depth = self.feeds
        error_ns = abs(depth.lag_ns + settings.depth_time_offset_ns) + self.step_ns
        error_ns += image.jitter_ns + depth.jitter_ns
        half_ns = self.period_ns // 2
        return (
            error_ns < half_ns
            and settings.tolerance_ns <= half_ns
            and (image.period_ns, image.begun_ns) == (depth.period_ns, depth.begun_ns)
            and self.garbage == 0.0
            and all(jump.frames['image'] == jump.frames['depth'] for jump in self.jumps)
            and all(jump.by_ns <= -2 * self.threshold_ns for jump in self.jumps)
            and not any(isinstance(event, Change) for event in events)
        )

    def _round(self, time_ns: int) -> int:
        return time_ns // self.step_ns * self.step_ns
