# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The rules of pairing, written slowly: the judge of `core/pairing`, from which it takes nothing.

All messages of an epoch are kept, each with what became of it. Every question (what is held, where
a topic stands, whether it comes in order) is answered by looking at all of them again.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

from promptda_ros.core.pairing.pairing import PairingSettings

LAST_STAMP_NS = (2**31 - 1) * 10**9 + 999_999_999
NEVER = 10**20
OTHER = {'image': 'depth', 'depth': 'image'}


@dataclass(eq=False, slots=True)
class Arrival:
    """One message and what became of it."""

    number: int
    topic: str
    stamp_ns: int  # on the time line of images
    at_ns: int
    nbytes: int
    refused: str = ''  # why it was not held; 'old': from before a jump, perhaps
    is_held: bool = False
    is_paired: bool = False
    came_late: bool = False  # after one that was stamped later
    spacing_ns: int | None = None  # of images, when it came


@dataclass
class Epoch:
    """Everything between two jumps of the stamps."""

    arrivals: dict[str, list[Arrival]] = field(  # of each topic, as they came
        default_factory=lambda: {'image': [], 'depth': []}
    )
    tail_topic: str = ''  # this topic may still deliver from before the jump
    tail_ns: int = 0  # where it stood then

    def admitted(self, topic: str) -> list[Arrival]:
        """Return what was not refused, as it came."""
        return [each for each in self.arrivals[topic] if not each.refused]

    def held(self, topic: str) -> list[Arrival]:
        """Return what still waits, by stamp."""
        waiting = [each for each in self.arrivals[topic] if each.is_held]
        return sorted(waiting, key=lambda arrival: arrival.stamp_ns)

    def latest_ns(self, topic: str) -> int | None:
        """Return the stamp of what was admitted last."""
        for arrival in reversed(self.arrivals[topic]):
            if not arrival.refused:
                return arrival.stamp_ns
        return None

    def has_passed(self, stamp_ns: int) -> bool:
        """Whether depth in order of stamps can't come before a stamp any more."""
        latest_ns = self.latest_ns('depth')
        return latest_ns is not None and latest_ns >= stamp_ns

    def tail(self, topic: str) -> int | None:
        """Return where a topic stood when the other one alone jumped; None once it is followed."""
        is_tail = topic == self.tail_topic and not self.admitted(topic)
        return self.tail_ns if is_tail else None


class Rules:
    """What must become of each message."""

    def __init__(self, settings: PairingSettings) -> None:
        self.settings = settings
        self.fates: Counter[tuple[str, str]] = Counter()  # topic and loss, or 'paired'
        self.received: Counter[str] = Counter()
        self.epochs = [Epoch()]

    @property
    def epoch(self) -> Epoch:
        """The epoch of the next pair."""
        return self.epochs[-1]

    # What happens

    def change(self, settings: PairingSettings) -> None:
        """Set other settings."""
        if settings.depth_time_offset_ns != self.settings.depth_time_offset_ns:
            self.reset()
        if not settings.reuse_depth:
            for depth in self.epoch.held('depth'):
                depth.is_held = not depth.is_paired
        self.settings = settings

    def reset(self) -> None:
        """Begin an epoch."""
        for topic in OTHER:
            for arrival in self.epoch.held(topic):
                self._lose(arrival, 'cleared')
        self.epochs.append(Epoch())

    def add(
        self, number: int, topic: str, stamp_ns: int | None, *, now_ns: int, nbytes: int
    ) -> list[tuple[Arrival, Arrival]]:
        """Take a message and return the pairs that must be made now."""
        self.received[topic] += 1
        if stamp_ns == 0:
            self.fates[topic, 'zero_stamp'] += 1
        elif stamp_ns is None or stamp_ns < 0 or stamp_ns > LAST_STAMP_NS:
            self.fates[topic, 'bad_stamp'] += 1
        else:
            shift_ns = self.settings.depth_time_offset_ns if topic == 'depth' else 0
            self._admit(Arrival(number, topic, stamp_ns + shift_ns, now_ns, nbytes))
        return self.decide(now_ns)

    def held(self, topic: str) -> int:
        """Count what is neither paired nor lost."""
        return sum(not each.is_paired for each in self.epoch.held(topic))

    # Which messages are held

    def _admit(self, arrival: Arrival) -> None:
        arrival.refused = self._refusal(arrival)
        if arrival.refused == 'old' and (jump := self._jump(arrival)):
            self.reset()
            self.epochs[-1] = jump
            arrival.refused = ''
        is_old = arrival.refused in ('old', 'tail')
        latest_ns = self.epoch.latest_ns(arrival.topic)
        arrival.came_late = (
            not is_old
            and arrival.refused != 'duplicate'
            and latest_ns is not None
            and arrival.stamp_ns < latest_ns
        )
        self.epoch.arrivals[arrival.topic].append(arrival)
        if arrival.topic == 'image':
            arrival.spacing_ns = self._image_spacing_ns()
        arrival.is_held = not arrival.refused
        if arrival.refused:
            self.fates[arrival.topic, 'late' if is_old else arrival.refused] += 1

    def _refusal(self, arrival: Arrival) -> str:
        epoch, threshold_ns = self.epoch, self.settings.reset_threshold_ns
        before = epoch.arrivals[arrival.topic]
        tail_ns = epoch.tail(arrival.topic)
        if tail_ns is not None:
            has_jumped = tail_ns - arrival.stamp_ns > threshold_ns
            if len(before) < 10 and not has_jumped and not self._agrees(arrival):
                return 'tail'
        latest_ns = epoch.latest_ns(arrival.topic)
        if latest_ns is not None and latest_ns - arrival.stamp_ns > threshold_ns:
            return 'old'
        admitted = epoch.admitted(arrival.topic)
        held = [each.stamp_ns for each in admitted if each.is_held]
        paired = [each.stamp_ns for each in admitted if each.is_paired]
        if arrival.stamp_ns in [*held, *(each.stamp_ns for each in admitted[-64:])]:
            return 'duplicate'
        return 'late' if arrival.stamp_ns <= max(paired, default=-NEVER) else ''

    def _agrees(self, arrival: Arrival) -> bool:
        """Whether the other topic stands within half a jump of the message."""
        other_ns = self.epoch.latest_ns(OTHER[arrival.topic])
        if other_ns is None:
            return False
        return abs(other_ns - arrival.stamp_ns) <= self.settings.reset_threshold_ns / 2

    def _jump(self, arrival: Arrival) -> Epoch | None:
        """Return the epoch that an old message begins, None where it is only old."""
        topic, other = arrival.topic, OTHER[arrival.topic]
        if self._old_in_a_row(other) > 0 or self._agrees(arrival):
            return Epoch()
        if self._old_in_a_row(topic) < 2:
            return None
        stood_ns = self.epoch.latest_ns(other)
        if stood_ns is None:
            stood_ns = self.epoch.tail(other)
        return Epoch() if stood_ns is None else Epoch(tail_topic=other, tail_ns=stood_ns)

    def _old_in_a_row(self, topic: str) -> int:
        count = 0
        for arrival in reversed(self.epoch.arrivals[topic]):
            if arrival.refused != 'old':
                break
            count += 1
        return count

    def _image_spacing_ns(self) -> int | None:
        """Return the shortest of the last 16 steps forward between images that are no repeats."""
        steps: list[int] = []
        for epoch in reversed(self.epochs):
            stamps = [
                each.stamp_ns for each in epoch.arrivals['image'] if each.refused != 'duplicate'
            ]
            forward = [after - before for before, after in pairwise(stamps) if after > before]
            steps = forward + steps
            if len(steps) >= 16:
                break
        return min(steps[-16:], default=None)

    # Which of them are paired

    def decide(self, now_ns: int) -> list[tuple[Arrival, Arrival]]:
        """Decide images, oldest first, until one has to wait."""
        pairs = []
        while images := self.epoch.held('image'):
            image = images[0]
            is_over = self._is_over('image')
            final = is_over or now_ns >= image.at_ns + self.settings.wait_ns
            choice = self._choice(image, images[1:2], final=final)
            if choice == 'wait':
                break
            if isinstance(choice, Arrival):
                self._pair(image, choice)
                pairs.append((image, choice))
            else:
                self._lose(image, 'overflow' if is_over else 'unpaired')
        self._release()
        return pairs

    def _choice(self, image: Arrival, following: list[Arrival], *, final: bool) -> Arrival | str:
        """Return the depth of the oldest image, 'none' or 'wait'."""
        depths, reach_ns = self.epoch.held('depth'), self.settings.tolerance_ns
        fitting = [each for each in depths if abs(each.stamp_ns - image.stamp_ns) <= reach_ns]
        nearest = nearest_to(image.stamp_ns, fitting)
        if nearest is None:
            return self._without(image, final=final)
        distance_ns = abs(nearest.stamp_ns - image.stamp_ns)
        if nearest.stamp_ns < image.stamp_ns:
            is_certain = final or self.epoch.has_passed(image.stamp_ns + distance_ns)
            return nearest if is_certain else 'wait'
        if self.settings.reuse_depth:
            return nearest
        claim = self._claim(image, following, nearest, final=final)
        earlier = [depth for depth in fitting if depth.stamp_ns < image.stamp_ns]
        if claim == 'leave':
            return earlier[-1] if earlier else 'none'
        return nearest if claim == 'take' else 'wait'

    def _without(self, image: Arrival, *, final: bool) -> str:
        """Wait for depth where some may still come."""
        if final:
            return 'none'
        end_ns = image.stamp_ns + self.settings.tolerance_ns
        if not self.epoch.has_passed(end_ns):
            return 'wait'
        passed_by = sum(depth.stamp_ns >= end_ns for depth in self.epoch.held('depth'))
        if passed_by >= 2 or not self._comes_late_lately():
            return 'none'
        stamps = sorted(each.stamp_ns for each in self.epoch.admitted('depth')[-64:])
        steps = [after - before for before, after in pairwise(stamps)]
        if image.spacing_ns is None or not steps:
            return 'none'
        return 'wait' if min(steps) <= 1.5 * image.spacing_ns else 'none'

    def _comes_late_lately(self) -> bool:
        """Whether one of the last 1000 depths came after one that was stamped later."""
        known = [each for each in self.epoch.arrivals['depth'] if each.refused in ('', 'late')]
        return any(each.came_late for each in known[-1000:])

    def _claim(
        self, image: Arrival, following: list[Arrival], depth: Arrival, *, final: bool
    ) -> str:
        """Say whether a later depth is the image's, or of the image after it."""
        distance_ns = depth.stamp_ns - image.stamp_ns
        if image.spacing_ns is None or distance_ns <= image.spacing_ns / 2:
            return 'take'
        if not following:
            return 'take' if final else 'wait'
        rival_ns = following[0].stamp_ns
        rival_distance_ns = abs(depth.stamp_ns - rival_ns)
        if distance_ns <= rival_distance_ns:
            return 'take'
        if nearest_to(rival_ns, self.epoch.held('depth')) is not depth:
            return 'take'
        is_certain = final or self.epoch.has_passed(rival_ns + rival_distance_ns)
        return 'leave' if is_certain else 'wait'

    def _pair(self, image: Arrival, depth: Arrival) -> None:
        for each in self.epoch.held('depth'):
            if each.stamp_ns < depth.stamp_ns:
                self._lose(each, 'unpaired')
        self.fates['image', 'paired'] += 1
        self.fates['depth', 'paired'] += not depth.is_paired
        image.is_paired = depth.is_paired = True
        image.is_held = False
        depth.is_held = self.settings.reuse_depth

    def _release(self) -> None:
        """Lose the depths that no image can use, and those for which there is no room."""
        latest_ns = self.epoch.latest_ns('image')
        if latest_ns is not None:
            stamps = [latest_ns, *(image.stamp_ns for image in self.epoch.held('image'))]
            reach_ns = min(stamps) - self.settings.tolerance_ns
            for depth in self.epoch.held('depth'):
                if depth.stamp_ns < reach_ns:
                    self._lose(depth, 'unpaired')
        while self._is_over('depth'):
            self._lose(self.epoch.held('depth')[0], 'overflow')

    def _is_over(self, topic: str) -> bool:
        """Whether a topic has to give something back; the one with more bytes gives bytes."""
        held = self.epoch.held(topic)
        if len(held) > self.settings.queue_size:
            return True
        mine = sum(each.nbytes for each in held)
        others = sum(each.nbytes for each in self.epoch.held(OTHER[topic])) if held else 0
        if topic == 'image' and mine < others:
            return False
        return bool(held) and mine + others > self.settings.max_bytes

    def _lose(self, arrival: Arrival, reason: str) -> None:
        if arrival.is_held and not arrival.is_paired:
            self.fates[arrival.topic, reason] += 1
        arrival.is_held = False


def nearest_to(stamp_ns: int, arrivals: list[Arrival]) -> Arrival | None:
    """Return the nearest, the earlier of two that are equally near."""

    def distance(arrival: Arrival) -> tuple[int, int]:
        return abs(arrival.stamp_ns - stamp_ns), arrival.stamp_ns

    return min(arrivals, key=distance, default=None)
