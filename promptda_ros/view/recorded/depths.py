# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where the depth of a recording comes from: it was recorded, or a network makes it now."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from promptda_ros.bags.bag import Bag
from promptda_ros.bags.headers import read_header
from promptda_ros.bags.processing.results import topic_of
from promptda_ros.camera.pipeline import Pipeline
from promptda_ros.core.frame_outputs import FrameOutputs
from promptda_ros.core.pairing.pairing import NANOSECONDS
from promptda_ros.core.settings.schema import Settings
from promptda_ros.view.decoded import codes_of, metres_of
from promptda_ros.view.moment import DEPTH, Moment, UNCERTAINTY, VALIDITY
from promptda_ros.view.recorded.frames import Frames, ReadPair

# The topics that hold a layer, the best first
PRODUCTS: Mapping[str, tuple[str, ...]] = {
    DEPTH: (
        'depth/image_rect',
        'depth/image_mm',
        'depth/image_mm/compressedDepth',
        'depth/image_rect/compressedDepth',
    ),
    UNCERTAINTY: ('depth/uncertainty', 'uncertainty'),
    VALIDITY: ('depth/validity', 'validity'),
}
LATE_NS = 3 * NANOSECONDS  # how much later than its image depth may have been logged


class Made(Protocol):
    """What was made of one pair."""

    def moment(self, layers: Collection[str], settings: Settings) -> Moment:
        """Return these layers of it.

        Raises:
            BadFrame: something can't be read.
        """


class Depths(Protocol):
    """Makes or finds depth."""

    @property
    def computes(self) -> bool:
        """Return whether depth is made now, so that settings act on it."""

    def of(self, found: ReadPair, settings: Settings) -> Made:
        """Return what there is for a pair.

        Raises:
            BagError: the recording is damaged.
            GaveUp: the network fails frame after frame.
        """


@dataclass(frozen=True, eq=False)
class Undone:
    """A pair of which nothing was made."""

    found: ReadPair
    messages: Mapping[str, Any] = field(default_factory=dict)

    def moment(self, layers: Collection[str], settings: Settings) -> Moment:
        """Return the pair, and what was recorded of its depth."""
        wanted = {layer: each for layer, each in self.messages.items() if layer in layers}
        return Moment(
            frame=self.found.camera.read(self.found.pair, settings),
            depth_m=metres_of(wanted.get(DEPTH), settings),
            uncertainty_m=metres_of(wanted.get(UNCERTAINTY), settings),
            validity=codes_of(wanted.get(VALIDITY), settings),
            settings=settings,
        )


@dataclass(frozen=True, eq=False)
class Computed:
    """What a network made of a pair."""

    result: FrameOutputs

    def moment(self, layers: Collection[str], settings: Settings) -> Moment:
        """Return the layers, each computed when it is first asked for."""
        result = self.result
        return Moment(
            frame=result.frame,
            depth_m=result.image_depth.depth_m,
            uncertainty_m=result.uncertainty_m if UNCERTAINTY in layers else None,
            validity=result.validity if VALIDITY in layers else None,
            settings=settings,
            box_from_camera=result.box_from_camera,
        )


class RecordedDepths:
    """The depth that `promptda process` or a node has put into the recording."""

    computes = False

    def __init__(self, bag: Bag, prefix: str, camera: str) -> None:
        self._bag = bag
        self._topics = {
            layer: topic
            for layer, names in PRODUCTS.items()
            for topic in [topic_of(prefix, camera, name) for name in reversed(names)]
            if topic in bag.types
        }

    @property
    def are_there(self) -> bool:
        """Return whether there is any depth."""
        return DEPTH in self._topics

    def of(self, found: ReadPair, _settings: Settings) -> Made:
        """Return the messages with the stamp of the image."""
        layers = {topic: layer for layer, topic in self._topics.items()}
        messages: dict[str, Any] = {}
        begin_ns = found.logged_ns
        for raw in self._bag.raw(layers, begin_ns=begin_ns, end_ns=begin_ns + LATE_NS):
            if read_header(raw).stamp_ns == found.pair.image_stamp_ns:
                messages[layers[raw.channel.topic]] = self._bag.decode(raw)
                if len(messages) == len(layers):
                    break
        return Undone(found, messages)


class NetworkDepths:
    """Depth that the pipeline of the node makes of a pair."""

    computes = True

    def __init__(self, pipeline: Pipeline, frames: Frames) -> None:
        self._pipeline = pipeline
        self._frames = frames

    def of(self, found: ReadPair, settings: Settings) -> Made:
        """Run the network; the pair alone where it is dropped."""
        found.camera.settings = settings
        self._pipeline.process({found.camera: found.pair})
        result = self._frames.cameras.result_of(found.camera.name)
        return Undone(found) if result is None else Computed(result)
