# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is known of a camera, whether it was heard live or recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
import statistics
from typing import Any

from promptda_ros.bags.planning.stamps import StampFacts
from promptda_ros.bags.processing.recipe import CameraTopics
from promptda_ros.camera.extrinsics import Transforms
from promptda_ros.core.pairing.pairing import Pair
from promptda_ros.core.pairing.silence import TopicFacts
from promptda_ros.core.settings.schema import Settings
from promptda_ros.messages.sensor_message import SensorMessage

FEW = 20  # steps from stamp to stamp, of which nothing can be told
SAME = 1.4  # times the shortest step: still one period
WHOLE = 0.25  # periods that a step may be off from a whole number
MANY = 1.25  # periods in a step


@dataclass(frozen=True)
class Times:
    """When the messages of a topic were stamped and when they arrived, in their order."""

    stamps_ns: tuple[int, ...] = ()
    arrivals_ns: tuple[int, ...] = ()

    @property
    def rate_hz(self) -> float | None:
        """Return how many messages came in a second; None: fewer than two came."""
        span_ns = self.arrivals_ns[-1] - self.arrivals_ns[0] if self.arrivals_ns else 0
        return (len(self.arrivals_ns) - 1) / (span_ns / 1e9) if span_ns > 0 else None

    @property
    def sent_hz(self) -> float | None:
        """Return how many are sent in a second if many of them are missing, by their stamps.

        Then the stamps are whole numbers of periods apart; jitter does not look like that.
        """
        stamps_ns = sorted(set(self.stamps_ns))
        steps_ns = [after - before for before, after in pairwise(stamps_ns)]
        if len(steps_ns) < FEW:
            return None
        period_ns = statistics.median(each for each in steps_ns if each < SAME * min(steps_ns))
        periods = [each / period_ns for each in steps_ns]
        if any(abs(each - round(each)) > WHOLE for each in periods):
            return None
        is_missing_many = sum(map(round, periods)) > MANY * len(periods)
        return 1e9 / period_ns if is_missing_many else None

    @property
    def age_sec(self) -> float | None:
        """Return how old messages are when they arrive; None: none came."""
        ages_ns = [
            arrival_ns - stamp_ns
            for stamp_ns, arrival_ns in zip(self.stamps_ns, self.arrivals_ns, strict=True)
        ]
        return statistics.median(ages_ns) / 1e9 if ages_ns else None


@dataclass(frozen=True)
class Stream:
    """The topic of images or that of depth."""

    facts: TopicFacts
    publishers: tuple[str, ...]  # by the names of their nodes
    times: Times


@dataclass(frozen=True)
class CameraFacts:
    """One camera, and what came of it in a few seconds."""

    name: str
    settings: Settings
    topics: CameraTopics
    image: Stream
    depth: Stream
    stamps: StampFacts
    pairs: tuple[Pair[SensorMessage], ...]  # a few of them, from the beginning to the end
    beside: Mapping[str, tuple[Any, ...]]  # messages by role: camera_info, mask and so on
    transforms: Transforms
    graph: tuple[str, ...]  # all topics

    @property
    def prefix(self) -> str:
        """Return what begins the names of the camera's parameters."""
        return f'{self.name}.' if self.name else ''

    @cached_property
    def streams(self) -> tuple[Stream, Stream]:
        """Return the topics of images and of depth."""
        return self.image, self.depth
