# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which topics of a recording are of a camera: those named, and those of which only one fits."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any, Protocol

from promptda_ros.bags.files import BagError
from promptda_ros.bags.kinds import base_of, EXACT_DEPTH_TOPIC, has_depth
from promptda_ros.bags.processing.recipe import CameraTopics
from promptda_ros.bags.processing.record import Record
from promptda_ros.camera.transports import AUTO, Transport, TRANSPORTS
from promptda_ros.core.errors import suggest
from promptda_ros.core.peer_text import shorten
from promptda_ros.core.settings.schema import Settings
from promptda_ros.messages.message_types import (
    CAMERA_INFO,
    COMPRESSED_IMAGE,
    IMAGE,
    POINT_CLOUD,
)

CALIBRATION = (Transport('raw', CAMERA_INFO),)
# By what a topic is for
FORMS = {**TRANSPORTS, 'camera_info': CALIBRATION, 'depth_camera_info': CALIBRATION}
NO_DEPTH = ('confidence', 'mask')  # in the names of pictures that are neither colour nor depth


class Topics(Protocol):
    """What is asked of a recording."""

    path: Path
    types: dict[str, str]  # by topic

    def messages(self, topics: Collection[str]) -> Any:
        """Yield the messages of some topics."""


def beside(topic: str) -> str:
    """Return the topic of the camera_info that belongs to a picture by its name."""
    return f'{_parent(topic)}/camera_info'


def find_topics(
    bag: Topics, asked: CameraTopics, settings: Settings, *, camera: str = '', without: str = ''
) -> CameraTopics:
    """Return the topics of a camera; `without` begins those that promptda has written itself.

    Raises:
        BagError: a topic is not there, or it is not clear which one is meant.
    """
    return _Search(bag, settings, camera, without).find(asked)


class _Search:
    """Looks for the topics of one camera."""

    def __init__(self, bag: Topics, settings: Settings, camera: str, without: str) -> None:
        self._bag = bag
        self._settings = settings
        self._camera = camera
        ours, made = f'{without}/', _made_of_another(bag.path)
        self._types = {
            topic: kind
            for topic, kind in bag.types.items()
            if not topic.startswith(ours)
            and topic not in made
            and (not camera or camera in topic.split('/'))
        }

    def find(self, asked: CameraTopics) -> CameraTopics:
        if not self._bag.types:
            raise BagError(
                f'{self._bag.path} has no topics: nothing was recorded, or it is cut off before '
                'the first one'
            )
        depths = [] if asked.image and asked.depth else self._depths()
        clouds = [topic for topic, kind in self._types.items() if kind == POINT_CLOUD]
        colours = [topic for topic in self._pictures() if topic not in depths]
        image = self._named('image', asked.image) or self._only('image', colours)
        depth = self._named('depth', asked.depth) or self._only('depth', depths or clouds)
        info = self._named('camera_info', asked.camera_info) or self._info_of(image)
        depth_info = self._named('depth_camera_info', asked.depth_camera_info)
        own_info = beside(depth)
        return CameraTopics(
            image=image,
            depth=depth,
            camera_info=info,
            depth_camera_info=depth_info or (own_info if own_info in self._types else ''),
            confidence=self._confidence(asked.confidence),
            mask=self._mask(asked.mask),
        )

    def _named(self, role: str, topic: str) -> str:
        """Return the named topic, or the form of it that is in the recording."""
        if not topic:
            return ''
        wanted = getattr(self._settings.input, f'{role}_transport', AUTO)
        kinds = {form.type_name for form in FORMS[role]}
        for form in FORMS[role]:
            found = topic + form.suffix
            is_meant = wanted in (AUTO, form.name)
            if is_meant and self._bag.types.get(found) == form.type_name:
                return found
        if self._bag.types.get(topic) in kinds:
            return topic  # with its suffix
        raise BagError(self._refusal(role, topic, kinds))

    def _refusal(self, role: str, topic: str, kinds: Collection[str]) -> str:
        option = f'--{role.replace("_", "-")}'
        if topic in self._bag.types:
            kind = shorten(self._bag.types[topic])
            return (
                f'{self._bag.path}: {topic} is a {kind}, which {option} does not take; name a '
                f'topic of {" or ".join(sorted(kinds))}'
            )
        fitting = [known for known, kind in self._bag.types.items() if kind in kinds]
        hint = suggest(topic, fitting) if fitting else f'it has {self._there()}'
        return f'{self._bag.path} has no topic {topic} for {option}; {hint}'

    def _only(self, role: str, fitting: list[str]) -> str:
        of_camera = f' of camera {self._camera}' if self._camera else ''
        if not fitting:
            raise BagError(
                f'{self._bag.path} has no {role} topic{of_camera}, name one with --{role}: it has '
                f'{self._there()}'
            )
        if len({base_of(topic) for topic in fitting}) > 1:
            found = ', '.join(map(shorten, sorted(fitting)))
            raise BagError(
                f'{self._bag.path} has several {role} topics{of_camera}, {found}: name one with '
                f'--{role}, or the driver with --camera'
            )
        return self._named(role, base_of(fitting[0]))

    def _info_of(self, image: str) -> str:
        infos = [topic for topic, kind in self._types.items() if kind == CAMERA_INFO]
        if beside(image) in infos:
            return beside(image)
        others = {_parent(topic) for topic in self._pictures()} - {_parent(image)}
        fitting = [topic for topic in infos if _parent(topic) not in others]
        return self._only('camera_info', fitting) if len(fitting) == 1 else ''

    def _confidence(self, asked: str) -> str:
        if self._settings.input.min_confidence == 0:
            return ''
        found = self._named('confidence', asked) or self._called('confidence')
        if not found:
            raise BagError(
                f'{self._bag.path} has no confidence topic, which input.min_confidence '
                f'{self._settings.input.min_confidence:g} needs: name it with --confidence, or '
                'set input.min_confidence:=0'
            )
        return found

    def _mask(self, asked: str) -> str:
        if self._settings.input.mask == 'off':
            return ''
        return self._named('mask', asked) or self._called('mask')

    def _called(self, word: str) -> str:
        """Return the one image topic that has the word in its name."""
        images = [topic for topic, kind in self._types.items() if kind == IMAGE]
        fitting = [topic for topic in images if word in topic]
        return fitting[0] if len(fitting) == 1 else ''

    def _pictures(self) -> list[str]:
        return [
            topic
            for topic, kind in self._types.items()
            if kind in (IMAGE, COMPRESSED_IMAGE)
            and topic != EXACT_DEPTH_TOPIC
            and not any(word in topic for word in NO_DEPTH)
        ]

    def _depths(self) -> list[str]:
        return [topic for topic in self._pictures() if has_depth(self._bag.messages([topic]))]

    def _there(self) -> str:
        return ', '.join(map(shorten, sorted(self._bag.types)))


def _parent(topic: str) -> str:
    return base_of(topic).rpartition('/')[0]


def _made_of_another(path: Path) -> Collection[str]:
    """Return the topics of a result that no sensor has measured."""
    record = Record.read(path if path.is_dir() else path.parent)
    return record.outputs if record else ()
