# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Recorded topics -> a folder of pictures that readers of folders know."""

from __future__ import annotations

from dataclasses import dataclass
import hashlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from promptda_ros.bags.bag import Bag, open_bag, PICTURES, Recorded, say_warnings
from promptda_ros.bags.files import BagError
from promptda_ros.bags.index import index, pair, PAIRING
from promptda_ros.core.errors import suggest
from promptda_ros.core.frame import BadFrame, ByteImage
from promptda_ros.core.geometry.frame_ids import same_frame
from promptda_ros.core.output_folder import OutputFolder
from promptda_ros.core.peer_text import shorten
from promptda_ros.core.settings.input import InputSettings
from promptda_ros.messages import millimetres
from promptda_ros.messages.decoding import read_any_depth, read_any_image
from promptda_ros.messages.picture_files import write_picture

Counts = npt.NDArray[np.uint16]
KINDS = ('image', 'sensor', 'depth')  # folders, in the order of the topics
SETTINGS = InputSettings()


@dataclass(frozen=True)
class Topics:
    """Topics of one view; without a reference depth, the sensor depth takes its place."""

    image: str
    sensor: str
    reference: str = ''

    @property
    def names(self) -> tuple[str, ...]:
        """The topics that there are."""
        return tuple(name for name in (self.image, self.sensor, self.reference) if name)

    @property
    def kinds(self) -> dict[str, str]:
        """The folder of each topic."""
        return dict(
            zip(self.names, KINDS if self.reference else (KINDS[0], KINDS[2]), strict=True)
        )


def unpack_bag(bag: Path, topics: Topics, folder: Path) -> Path:
    """Write image/, sensor/ and depth/ of a bag to a folder of its own below this one.

    Done once: the same topics of the same file are found again while it is unchanged.

    Raises:
        BagError: the bag lacks a topic, nothing belongs together, or a message can't be
            read.
    """
    facts = '\n'.join((str(bag.resolve()), *_state_of(bag), *topics.names))
    pictures = folder / f'{bag.stem}-{hashlib.sha256(facts.encode()).hexdigest()[:8]}'
    if pictures.is_dir():
        return pictures
    with open_bag(bag) as opened, OutputFolder(folder) as unfinished:
        _require_whole(opened)
        say_warnings(opened)
        _require_topics(opened, topics)
        together = _pair(opened, topics)
        for kind in topics.kinds.values():
            (unfinished / pictures.name / kind).mkdir(parents=True)
        messages = opened.messages(topics.names)
        for one in tqdm(messages, desc=f'unpacking {bag.name}', unit=' messages'):
            name = together.get((one.topic, one.number))
            if name is not None:
                _write(unfinished / pictures.name, name, one, topics)
    return pictures


def _state_of(bag: Path) -> list[str]:
    """Say by size and time what a bag, a file or a folder of files, holds now."""
    files = sorted(bag.iterdir()) if bag.is_dir() else [bag]
    states = [(path.name, path.stat()) for path in files]
    return [f'{name} {state.st_size} {state.st_mtime_ns}' for name, state in states]


def _pair(bag: Bag, topics: Topics) -> dict[tuple[str, int], str]:
    """Name every message of a complete trio, all three alike, in the order of the images."""
    entries = index(bag, topics.names)
    _warn_of_frames(topics, {one.topic: one.frame_id for one in entries})
    depths = {topic: pair(entries, topics.image, topic) for topic in topics.names[1:]}
    images = sorted(set.intersection(*(set(numbers) for numbers in depths.values())))
    if not images:
        counts = ', '.join(f'{len(numbers)} have {topic}' for topic, numbers in depths.items())
        raise BagError(
            f'{bag.path}: of the images, {counts} within {PAIRING.tolerance_ns / 1e6:g} ms, none '
            f'has all: the stamps of the {len(topics.names)} topics must come from one clock'
        )
    pairs = {(topics.image, image): f'{image:06}' for image in images}
    for topic, numbers in depths.items():
        pairs |= {(topic, numbers[image]): f'{image:06}' for image in images}
    return pairs


def _warn_of_frames(topics: Topics, frame_ids: dict[str, str]) -> None:
    ours = frame_ids.get(topics.image, '')
    for topic in topics.names[1:]:
        theirs = frame_ids.get(topic, ours)
        if not same_frame(theirs, ours):
            tqdm.write(
                f"warning: {topic} has frame_id '{shorten(theirs)}', {topics.image} "
                f"'{shorten(ours)}': depth that is not registered to colour teaches a shift"
            )


def _require_whole(bag: Bag) -> None:
    if bag.cut_off:
        why = 'training and evaluation take whole recordings, so that results can be compared'
        raise BagError(f'{bag.cut_off}; {why}')


def _require_topics(bag: Bag, topics: Topics) -> None:
    known = [topic for topic, kind in bag.types.items() if kind in PICTURES]
    for topic in topics.names:
        if topic not in known:
            kind = f'is a {bag.types[topic]}' if topic in bag.types else 'is not there'
            raise BagError(
                f'{bag.path}: {topic} {kind}, not an Image or CompressedImage; '
                f'{suggest(topic, known)}'
            )
    if len(set(topics.names)) < len(topics.names):
        raise BagError(f'{bag.path}: --topics names a topic twice: {" ".join(topics.names)}')


def _write(folder: Path, name: str, one: Recorded, topics: Topics) -> None:
    pixels: ByteImage | Counts
    kind = topics.kinds[one.topic]
    try:
        if one.topic == topics.image:
            image = read_any_image(one.message, SETTINGS)
            pixels = np.ascontiguousarray(image[..., ::-1])
        elif kind == 'sensor':
            pixels = millimetres.from_sensor(read_any_depth(one.message, SETTINGS))
        else:
            pixels = millimetres.counts_of_metres(read_any_depth(one.message, SETTINGS))
    except BadFrame as error:
        raise BagError(f'{one.topic}, message {one.number}: {error}') from None
    write_picture(folder / kind / f'{name}.png', pixels)
