# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Any pair of a recording, with the calibrations and transforms that belong to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from promptda_ros.bags.channel import RawMessage
from promptda_ros.bags.planning.replay import Due, look_ahead_ns, Part, Replay
from promptda_ros.bags.processing.cameras import Cameras
from promptda_ros.bags.processing.work import Work
from promptda_ros.camera.camera import Camera
from promptda_ros.core.pairing.pairing import Pair
from promptda_ros.messages.sensor_message import SensorMessage


@dataclass(frozen=True, eq=False)
class ReadPair:
    """A pair of a recording, and the camera that has heard all that belongs to it."""

    camera: Camera
    pair: Pair[SensorMessage]
    logged_ns: int


class Frames:
    """The pairs of a recording by their numbers; quickest one after the other."""

    def __init__(self, work: Work, device: torch.device) -> None:
        self._work = work
        self._device = device
        self._replay: Iterator[RawMessage | Due] = iter(())
        self._next = -1  # the number that the replay comes to
        self.cameras = self._new_cameras()

    @property
    def times_ns(self) -> list[int]:
        """Return the stamps of all images."""
        return [pair.image_stamp_ns for pair in self._work.plan.pairs]

    def at(self, number: int) -> ReadPair:
        """Return a pair.

        Raises:
            BagError: a message is damaged.
        """
        if number != self._next:
            self._begin(number)
        bag, cameras = self._work.bag, self.cameras
        self._next = -1  # until it is known that the next is as far
        for found in self._replay:
            if isinstance(found, Due):
                image, depth = bag.decode(found.image), bag.decode(found.depth)
                self._next = number + 1
                return ReadPair(
                    cameras.by_name[found.pair.camera],
                    cameras.pair_of(found, image, depth),
                    found.image.logged_ns,
                )
            if cameras.listens_to(found.channel.topic):
                cameras.take(found.channel.topic, bag.decode(found))
        raise IndexError(number)

    def _begin(self, number: int) -> None:
        work = self._work
        self.cameras = self._new_cameras()
        self._replay = iter(
            Replay(
                work.bag,
                work.plan,
                Part(number, len(work.plan.pairs)),
                work.topics,
                look_ahead_ns=look_ahead_ns(work.settings),
                wants_all=False,
            )
        )

    def _new_cameras(self) -> Cameras:
        work = self._work
        products = work.recipe.products
        made = Cameras(work.topics, work.settings, products, device=self._device, log=work.log)
        made.begin_with(work.bag, work.plan)
        return made
