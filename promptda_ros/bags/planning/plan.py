# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which image of a recording is worked on with which depth, and why the others are not.

The recording is read once for its stamps alone. They pass the node's own pairing at the times at
which they were logged, so that the same pairs are found however the work is cut up afterwards.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass, field

from promptda_ros.bags.bag import Bag
from promptda_ros.bags.channel import RawMessage
from promptda_ros.bags.headers import read_header
from promptda_ros.bags.planning.lasting import Lasting
from promptda_ros.bags.planning.stamps import CameraStamps, LAST_NS, Logged, StampFacts
from promptda_ros.bags.processing.recipe import CameraTopics, Recipe
from promptda_ros.camera.recent import JUMP_NS
from promptda_ros.core.pairing.pairing import NANOSECONDS, Pair
from promptda_ros.core.settings.schema import Settings
from promptda_ros.messages.message_types import CAMERA_INFO

STATIC_TOPIC = '/tf_static'
KEPT = 60  # messages of a topic that a camera keeps at most, as camera_info
PASSED_OVER = 'every'  # reason of the pairs that --every leaves out


@dataclass(frozen=True)
class PlannedPair:
    """An image and its depth, by their numbers within their topics."""

    camera: str
    place: int  # among the pairs of this camera
    image: int
    depth: int
    image_stamp_ns: int
    depth_stamp_ns: int
    epoch: int
    begin_ns: int  # when the first of both was logged
    paired_ns: int  # time of the log at which the node would have known

    @classmethod
    def of(cls, camera: str, place: int, pair: Pair[Logged]) -> PlannedPair:
        """Return what is to be kept of a pair."""
        return cls(
            camera=camera,
            place=place,
            image=pair.image.number,
            depth=pair.depth.number,
            image_stamp_ns=pair.image_stamp_ns,
            depth_stamp_ns=pair.depth_stamp_ns,
            epoch=pair.epoch,
            begin_ns=min(pair.image.logged_ns, pair.depth.logged_ns),
            paired_ns=pair.paired_ns,
        )


class Pairs:
    """Pairs in the order in which they are worked on, in little memory."""

    def __init__(self, cameras: tuple[str, ...]) -> None:
        self._cameras = cameras
        self._camera = array('H')
        self._columns = [array('q') for _ in range(8)]

    def __len__(self) -> int:
        return len(self._camera)

    def __getitem__(self, number: int) -> PlannedPair:
        values = (column[number] for column in self._columns)
        return PlannedPair(self._cameras[self._camera[number]], *values)

    def __iter__(self) -> Iterator[PlannedPair]:
        return map(self.__getitem__, range(len(self)))

    def append(self, pair: PlannedPair) -> None:
        """Add a pair."""
        camera, *values = astuple(pair)
        self._camera.append(self._cameras.index(camera))
        for column, value in zip(self._columns, values, strict=True):
            column.append(value)


@dataclass
class Plan:
    """The work on one recording."""

    begin_ns: int  # what is copied and worked on, by the time of logging
    end_ns: int
    pairs: Pairs
    stamps: dict[str, StampFacts] = field(default_factory=dict)  # by camera
    passed_over: int = 0  # pairs that --every leaves out
    lasting: list[RawMessage] = field(default_factory=list)  # of /tf_static
    # By topic, of what is kept beside the pairs: when it was logged, and the first camera_info
    logged_ns: dict[str, array[int]] = field(default_factory=dict)
    first: dict[str, list[RawMessage]] = field(default_factory=dict)
    # When the stamps of such a topic jump back, so that cameras forget what they have kept of it
    forgets_ns: array[int] = field(default_factory=lambda: array('q'))

    @property
    def pairs_of(self) -> dict[str, int]:
        """Return how many pairs are worked on of each camera."""
        counts = Counter(pair.camera for pair in self.pairs)
        return {camera: counts[camera] for camera in self.stamps}

    @property
    def images(self) -> int:
        """Return how many images there are of all cameras."""
        return sum(each.images for each in self.stamps.values())

    @property
    def drops(self) -> Counter[str]:
        """Count the images that are not worked on, by reason."""
        lost = sum((each.drops for each in self.stamps.values()), Counter[str]())
        return +(lost + Counter({PASSED_OVER: self.passed_over}))


def make_plan(
    bag: Bag, topics: Mapping[str, CameraTopics], settings: Mapping[str, Settings], recipe: Recipe
) -> Plan:
    """Read the stamps of a recording and plan its work.

    Raises:
        BagError: the recording is damaged.
    """
    begin_ns, end_ns = _range(bag, recipe)
    plan = Plan(begin_ns, end_ns, Pairs(tuple(topics)))
    stamps = {
        camera: CameraStamps(each, settings[camera], begin_ns, end_ns)
        for camera, each in topics.items()
    }
    found: Counter[str] = Counter()  # pairs of each camera

    def take(camera: str, pairs: list[Pair[Logged]]) -> None:
        for pair in pairs:
            place, more = divmod(found[camera], recipe.every)
            if more == 0:
                plan.pairs.append(PlannedPair.of(camera, place, pair))
            else:
                plan.passed_over += 1
            found[camera] += 1

    beside = {topic for each in topics.values() for topic in each.beside}
    lasting, newest_ns = Lasting(bag.decode), dict.fromkeys(beside, 0)
    for raw in bag.raw(_topics_of(topics)):
        if raw.channel.topic == STATIC_TOPIC:
            lasting.take(raw)
        elif raw.channel.topic in beside:
            _note_what_is_kept(plan, raw)
            if _jumps_back(raw, newest_ns):
                plan.forgets_ns.append(raw.logged_ns)
        for camera, each in stamps.items():
            take(camera, each.add(raw))
    for camera, each in stamps.items():
        take(camera, each.finish())
        plan.stamps[camera] = each.facts()
    plan.lasting = lasting.messages
    return plan


def _range(bag: Bag, recipe: Recipe) -> tuple[int, int]:
    """Return from when and before when the recording is worked on."""
    first_ns, _ = bag.span_ns
    start_sec, end_sec = recipe.start_sec, recipe.end_sec
    begin_ns = 0 if start_sec is None else first_ns + round(start_sec * NANOSECONDS)
    end_ns = LAST_NS if end_sec is None else first_ns + round(end_sec * NANOSECONDS)
    return begin_ns, end_ns


def _topics_of(topics: Mapping[str, CameraTopics]) -> set[str]:
    """Return the topics whose stamps are read."""
    of_cameras = {topic for each in topics.values() for topic in astuple(each) if topic}
    return of_cameras | {STATIC_TOPIC}


def _note_what_is_kept(plan: Plan, raw: RawMessage) -> None:
    """Note what may be needed long after it was logged."""
    topic = raw.channel.topic
    plan.logged_ns.setdefault(topic, array('q')).append(raw.logged_ns)
    first = plan.first.setdefault(topic, [])
    if raw.channel.type_name == CAMERA_INFO and len(first) < KEPT:  # images are too large
        first.append(raw)


def _jumps_back(raw: RawMessage, newest_ns: dict[str, int]) -> bool:
    """Return whether cameras forget what was stamped before, and note the stamp."""
    topic, stamp_ns = raw.channel.topic, read_header(raw).stamp_ns or 0
    is_jump = newest_ns[topic] - stamp_ns > JUMP_NS
    newest_ns[topic] = stamp_ns if is_jump else max(stamp_ns, newest_ns[topic])
    return is_jump
