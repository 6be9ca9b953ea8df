# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Recorded topics -> a folder of pictures that readers of folders know.

A bag is read twice and never held: first for the stamps, which say what belongs together, then for
the messages that do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
import hashlib
from pathlib import Path
import shutil
import struct
from typing import Any

import cv2
import numpy as np
from rclpy.serialization import deserialize_message
from rosbags.rosbag2 import Reader, ReaderError
from sensor_msgs.msg import CompressedImage, Image
from tqdm import tqdm

from promptda_ros import millimetres
from promptda_ros.core.frame import BadFrame, ByteImage, FloatImage
from promptda_ros.core.frame_ids import same_frame
from promptda_ros.core.pairing import Pair, Pairing, PairingSettings, Topic
from promptda_ros.core.peer_text import shorten
from promptda_ros.core.settings import InputSettings, SyncSettings
from promptda_ros.encodings import read_depth, read_image
from promptda_ros.messages import NANOSECONDS, stamp_ns_of
from promptda_ros.training.recipe import suggest
from promptda_ros.training.recordings import RecordingError

TYPES = {'sensor_msgs/msg/Image': Image, 'sensor_msgs/msg/CompressedImage': CompressedImage}
MOST_PIXELS = InputSettings().max_pixels
# Numbers of messages wait here, not messages: nothing is gained by dropping them early.
PAIRING = PairingSettings(
    tolerance_ns=round(SyncSettings().tolerance * NANOSECONDS),
    wait_ns=10 * NANOSECONDS,
    queue_size=1000,
    max_bytes=0,
    reset_threshold_ns=round(SyncSettings().reset_threshold * NANOSECONDS),
)
KINDS = ('image', 'sensor', 'depth')  # folders, in the order of the topics
# compressed_depth_image_transport: int32 format, two float32 of the inverse depth, then the PNG.
DEPTH_HEADER = struct.Struct('<iff')
PNG_BEGINS = b'\x89PNG'


@dataclass(frozen=True)
class Topics:
    """Which topics hold what; all three of the same view."""

    image: str
    sensor: str
    better: str

    @property
    def names(self) -> tuple[str, str, str]:
        """The three topics."""
        return self.image, self.sensor, self.better


@dataclass(frozen=True)
class Recorded:
    """One message of a bag and its number within the topic."""

    topic: str
    number: int
    message: Any
    logged_ns: int


def unpack(bag: Path, topics: Topics, folder: Path) -> Path:
    """Write image/, sensor/ and depth/ of a bag to a folder of its own below this one.

    Done once: the same topics of the same file are found again while it is unchanged.

    Raises:
        RecordingError: the bag lacks a topic, nothing belongs together, or a message can't be
            read.
    """
    facts = '\n'.join((str(bag.resolve()), *_state_of(bag), *topics.names))
    pictures = folder / f'{bag.stem}-{hashlib.sha256(facts.encode()).hexdigest()[:8]}'
    if pictures.is_dir():
        return pictures
    together = _pair(bag, topics)
    unfinished = pictures.with_name(f'{pictures.name}.unfinished')
    shutil.rmtree(unfinished, ignore_errors=True)
    for kind in KINDS:
        (unfinished / kind).mkdir(parents=True)
    for one in tqdm(_messages(bag, topics), desc=f'unpacking {bag.name}', unit=' messages'):
        name = together.get((one.topic, one.number))
        if name is not None:
            _write(unfinished, name, one, topics)
    unfinished.rename(pictures)
    return pictures


def _state_of(bag: Path) -> list[str]:
    """Say by size and time what a bag, a file or a folder of files, holds now."""
    files = sorted(bag.iterdir()) if bag.is_dir() else [bag]
    states = [(path.name, path.stat()) for path in files]
    return [f'{name} {state.st_size} {state.st_mtime_ns}' for name, state in states]


def _pair(bag: Path, topics: Topics) -> dict[tuple[str, int], str]:
    """Name every message of a complete trio, all three alike, in the order of the images."""
    pairings = {topic: Pairing[int](PAIRING) for topic in (topics.sensor, topics.better)}
    pairs: dict[str, list[Pair[int]]] = {topic: [] for topic in pairings}
    frame_ids: dict[str, str] = {}
    for one in _messages(bag, topics):
        stamp_ns, now_ns = stamp_ns_of(one.message.header), one.logged_ns
        frame_ids[one.topic] = one.message.header.frame_id
        for topic, pairing in pairings.items():
            if one.topic in (topics.image, topic):
                side = Topic.IMAGE if one.topic == topics.image else Topic.DEPTH
                pairs[topic] += pairing.add(side, stamp_ns, one.number, now_ns=now_ns)
    for topic, pairing in pairings.items():
        pairs[topic] += pairing.poll(now_ns=2**63)
    _warn_of_frames(topics, frame_ids)
    sensor, better = ({pair.image: pair.depth for pair in pairs[topic]} for topic in pairings)
    images = sorted(sensor.keys() & better.keys())
    if not images:
        raise RecordingError(
            f'{bag}: of the images, {len(sensor)} have sensor depth and {len(better)} better '
            f'depth within {PAIRING.tolerance_ns / 1e6:g} ms, none has both: the stamps of the '
            'three topics must come from one clock'
        )
    return {
        (topic, number): f'{image:06}'
        for image in images
        for topic, number in zip(topics.names, (image, sensor[image], better[image]), strict=True)
    }


def _warn_of_frames(topics: Topics, frame_ids: dict[str, str]) -> None:
    ours = frame_ids.get(topics.image, '')
    for topic in (topics.sensor, topics.better):
        theirs = frame_ids.get(topic, ours)
        if not same_frame(theirs, ours):
            tqdm.write(
                f"warning: {topic} has frame_id '{shorten(theirs)}', {topics.image} "
                f"'{shorten(ours)}': depth that is not registered to colour teaches a shift"
            )


def _messages(bag: Path, topics: Topics) -> Iterator[Recorded]:
    numbers = dict.fromkeys(topics.names, 0)
    try:
        with Reader(bag) as reader:
            connections = [one for one in reader.connections if one.topic in topics.names]
            _require_topics(bag, topics, {one.topic: one.msgtype for one in reader.connections})
            for connection, logged_ns, data in reader.messages(connections):
                topic = connection.topic
                message = deserialize_message(bytes(data), TYPES[connection.msgtype])
                yield Recorded(topic, numbers[topic], message, logged_ns)
                numbers[topic] += 1
    except ReaderError as error:
        raise RecordingError(f'{bag} can not be read: {error}') from None


def _require_topics(bag: Path, topics: Topics, types: dict[str, str]) -> None:
    known = [topic for topic, kind in types.items() if kind in TYPES]
    for topic in topics.names:
        if topic not in known:
            kind = f'is a {types[topic]}' if topic in types else 'is not there'
            raise RecordingError(
                f'{bag}: {topic} {kind}, not an Image or CompressedImage; {suggest(topic, known)}'
            )
    if len(set(topics.names)) < 3:
        raise RecordingError(f'{bag}: --topics names a topic twice: {" ".join(topics.names)}')


def _write(folder: Path, name: str, one: Recorded, topics: Topics) -> None:
    try:
        if one.topic == topics.image:
            pixels: np.ndarray = cv2.cvtColor(_image(one.message), cv2.COLOR_RGB2BGR)
        else:
            pixels = millimetres.from_metres(_depth_m(one.message))
    except BadFrame as error:
        raise RecordingError(f'{one.topic}, message {one.number}: {error}') from None
    kind = KINDS[topics.names.index(one.topic)]
    path = folder / kind / f'{name}.png'
    if not cv2.imwrite(str(path), pixels):
        raise OSError(f'{path} can not be written')


def _image(message: Image | CompressedImage) -> ByteImage:
    if isinstance(message, Image):
        return read_image(message, max_pixels=MOST_PIXELS)
    bgr = _decode(message, bytes(message.data), cv2.IMREAD_COLOR)
    image: ByteImage = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
    return image


def _depth_m(message: Image | CompressedImage) -> FloatImage:
    """Return metres (h, w), NaN unknown, of the four forms in which depth is recorded."""
    if isinstance(message, Image):
        return read_depth(message, depth_scale=0.0, max_pixels=MOST_PIXELS)
    data = bytes(message.data)
    if data.startswith(PNG_BEGINS):
        return millimetres.to_metres(_counts(message, data))
    counts = _counts(message, data[DEPTH_HEADER.size :])
    if not message.format.startswith('32FC1'):
        return millimetres.to_metres(counts)
    _, scale, shift = DEPTH_HEADER.unpack_from(data)
    # Counts of inverse depth; 0 is unknown.
    depth_m = scale / np.where(counts > 0, counts - np.float32(shift), np.nan)
    return np.asarray(depth_m, np.float32)


def _counts(message: CompressedImage, data: bytes) -> Any:
    counts = _decode(message, data, cv2.IMREAD_UNCHANGED)
    if counts.dtype != np.uint16 or counts.ndim != 2:
        raise BadFrame(
            'depth_encoding',
            f'{message.format!r} holds {counts.dtype} pixels, not 16-bit depth: record the depth '
            'raw or as PNG',
        )
    return counts


def _decode(message: CompressedImage, data: bytes, flags: int) -> Any:
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), flags) if data else None
    if picture is None:
        raise BadFrame(
            'encoding', f'{message.format!r} is no picture that OpenCV reads; record PNG or JPEG'
        )
    return picture
