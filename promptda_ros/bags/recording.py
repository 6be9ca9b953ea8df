# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A camera recording: colour, sensor depth and camera_info of any bag, with or without truth."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import cv2

from promptda_ros.bags import decoding
from promptda_ros.bags.bag import Bag, Decode, open_bag, PICTURES
from promptda_ros.bags.files import BagError
from promptda_ros.bags.index import index, newest_before, pair, PAIRING
from promptda_ros.bags.kinds import base_of, EXACT_DEPTH_TOPIC, has_depth
from promptda_ros.bags.planning.topics import beside
from promptda_ros.core.errors import suggest
from promptda_ros.core.frame import BadFrame, ByteImage, FloatImage
from promptda_ros.core.prompt.prompt import condition
from promptda_ros.core.settings.depth import PromptSettings
from promptda_ros.core.settings.input import InputSettings
from promptda_ros.messages.decoding import read_any_depth, read_any_image
from promptda_ros.messages.message_types import CAMERA_INFO
from promptda_ros.messages.stamps import stamp_ns_of

SETTINGS = InputSettings()
# The number of the message of every topic that one frame is made of
Parts: TypeAlias = dict[str, int]


@dataclass(frozen=True)
class CameraTopics:
    """Which topics of a bag are of one camera; empty where there is none."""

    image: str
    depth: str
    camera_info: str = ''
    exact_depth: str = ''

    @property
    def names(self) -> list[str]:
        """The topics that there are."""
        topics = (self.image, self.depth, self.camera_info, self.exact_depth)
        return [topic for topic in topics if topic]


@dataclass(frozen=True)
class RecordedFrame:
    """One moment of the recording."""

    stamp_ns: int
    frame_id: str
    image: ByteImage  # (H, W, 3) RGB
    depth: Any  # the message of the sensor, with its own stamp
    camera_info: Any = None  # the message; None if there is none
    exact_depth_m: FloatImage | None = None  # (H, W), NaN unknown

    def sensor_depth_m(self) -> FloatImage:
        """Return what the sensor measured (h, w), NaN unknown."""
        return read_any_depth(self.depth, SETTINGS)

    def bilinear_depth_m(self) -> FloatImage:
        """Return what comes without a network (H, W): the hole-filled prompt, interpolated."""
        prompt = condition(self.sensor_depth_m(), PromptSettings())
        height, width = self.image.shape[:2]
        depth_m: FloatImage = cv2.resize(
            prompt.depth_m, (width, height), interpolation=cv2.INTER_LINEAR
        )
        return depth_m


def read_recording(path: Path, decode: Decode = decoding.decode) -> list[RecordedFrame]:
    """Read all frames of a bag with one camera; they must fit into memory."""
    with open_bag(path, decode) as bag:
        return list(read_frames(bag, find_topics(bag)))


def find_topics(
    bag: Bag, *, image: str = '', depth: str = '', camera_info: str = ''
) -> CameraTopics:
    """Return the topics of a camera: those named, and those of which there is only one.

    Raises:
        BagError: a topic is not there, or it is not clear which one is meant.
    """
    pictures = [topic for topic, kind in bag.types.items() if kind in PICTURES]
    infos = [topic for topic, kind in bag.types.items() if kind == CAMERA_INFO]
    depths = [topic for topic in pictures if has_depth(bag.messages([topic]))]
    exact = EXACT_DEPTH_TOPIC if EXACT_DEPTH_TOPIC in depths else ''
    colours = [topic for topic in pictures if topic not in depths]
    own_depths = [topic for topic in depths if topic != exact]
    image = _the_one(bag, 'image', image, pictures, colours)
    depth = _the_one(bag, 'depth', depth, pictures, own_depths)
    if infos or camera_info:
        fitting = [topic for topic in infos if topic == beside(image)] or infos
        camera_info = _the_one(bag, 'camera-info', camera_info, infos, fitting)
    return CameraTopics(image, depth, camera_info, exact)


def read_frames(bag: Bag, topics: CameraTopics) -> Iterator[RecordedFrame]:
    """Yield what belongs together, in the order of the images.

    Raises:
        BagError: nothing belongs together, or a message can't be read.
    """
    plan = _plan(bag, topics)
    needed = {part for parts in plan for part in parts.items()}
    todo = deque(plan)
    waiting: dict[tuple[str, int], Any] = {}
    for one in bag.messages(topics.names):
        key = one.topic, one.number
        if key in needed:
            waiting[key] = one.message
        while todo and all(part in waiting for part in todo[0].items()):
            parts = todo.popleft()
            yield _frame(bag, topics, parts, waiting)
            for topic in (topics.image, topics.depth, topics.exact_depth):
                waiting.pop((topic, parts.get(topic, -1)), None)


def _plan(bag: Bag, topics: CameraTopics) -> list[Parts]:
    """List the frames of a recording by the numbers of their messages."""
    entries = index(bag, topics.names)
    depths = pair(entries, topics.image, topics.depth)
    if not depths:
        counts = [sum(one.topic == topic for one in entries) for topic in topics.names[:2]]
        raise BagError(
            f'{bag.path}: none of {counts[0]} images on {topics.image} has depth of {counts[1]} '
            f'on {topics.depth} within {PAIRING.tolerance_ns / 1e6:g} ms: the stamps of both '
            'topics must come from one clock'
        )
    others = {
        topics.depth: depths,
        topics.camera_info: newest_before(entries, topics.image, topics.camera_info),
        topics.exact_depth: pair(entries, topics.image, topics.exact_depth),
    }
    return [
        {topics.image: image}
        | {topic: numbers[image] for topic, numbers in others.items() if image in numbers}
        for image in sorted(depths)
    ]


def _frame(
    bag: Bag, topics: CameraTopics, parts: Parts, messages: dict[tuple[str, int], Any]
) -> RecordedFrame:
    found = {topic: messages[topic, number] for topic, number in parts.items()}
    colour, exact = found[topics.image], found.get(topics.exact_depth)
    try:
        return RecordedFrame(
            stamp_ns=stamp_ns_of(colour.header),
            frame_id=colour.header.frame_id,
            image=read_any_image(colour, SETTINGS),
            depth=found[topics.depth],
            camera_info=found.get(topics.camera_info),
            exact_depth_m=None if exact is None else read_any_depth(exact, SETTINGS),
        )
    except BadFrame as error:
        numbers = ', '.join(f'{topic} message {number}' for topic, number in parts.items())
        raise BagError(f'{bag.path}: {error} ({numbers})') from None


def _the_one(bag: Bag, role: str, wanted: str, known: list[str], fitting: list[str]) -> str:
    if wanted:
        if wanted not in known:
            raise BagError(
                f'{bag.path} has no topic {wanted} for --{role}; {suggest(wanted, known)}'
            )
        return wanted
    if not fitting:
        there = ', '.join(sorted(bag.types)) or 'none'
        raise BagError(f'{bag.path} has no {role} topic, name one with --{role}: it has {there}')
    if len({base_of(topic) for topic in fitting}) > 1:
        found = ', '.join(fitting)
        raise BagError(f'{bag.path} has several {role} topics, {found}: name one with --{role}')
    return min(fitting, key=len)  # raw before compressed
