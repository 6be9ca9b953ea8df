# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The cameras of a recording, in the place of those of a node."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from typing import Any

import torch

from promptda_ros.bags.bag import Bag
from promptda_ros.bags.kinds import base_of
from promptda_ros.bags.planning.plan import Plan, STATIC_TOPIC
from promptda_ros.bags.planning.replay import Due, TF_TOPIC
from promptda_ros.bags.processing.recipe import CameraTopics
from promptda_ros.bags.processing.stage_sums import StageSums
from promptda_ros.bags.processing.transforms import RecordedTransforms
from promptda_ros.camera.camera import Camera, InputTopics, without_waits
from promptda_ros.camera.extrinsics import Extrinsics
from promptda_ros.camera.recent import kept_ns_of
from promptda_ros.core.frame_outputs import FrameOutputs
from promptda_ros.core.health import Log
from promptda_ros.core.pairing.pairing import Pair
from promptda_ros.core.settings.schema import Settings
from promptda_ros.messages.sensor_message import SensorMessage

# What these are made of may be on the device, where only the thread of the network may compute.
OF_THE_DEVICE = {'points': 'points', 'points_dense': 'dense', 'points_normals': 'with_normals'}


class LogClock:
    """The time of the log, as far as the work has come."""

    def __init__(self) -> None:
        self.now_ns = 0  # long before any log: no frame is too early to be said something about

    def __call__(self) -> int:
        """Return the time."""
        return self.now_ns


class Catch:
    """Keeps what was made of a pair."""

    def __init__(self, products: Collection[str], device: torch.device) -> None:
        self._products = products
        self._is_host = device.type == 'cpu'
        self._result: FrameOutputs | None = None

    def subscribed(self) -> Collection[str]:
        """Return the products that are wanted."""
        return self._products

    def publish(self, result: FrameOutputs) -> float:
        """Keep a result; messages are made of it by the thread that writes."""
        if not self._is_host:
            for attribute in ('image_depth', *map(OF_THE_DEVICE.get, self._products)):
                if attribute and (attribute == 'image_depth' or result.frame.intrinsics):
                    getattr(result, attribute)
        self._result = result
        return 0.0

    def take(self) -> FrameOutputs | None:
        """Return the last result, once; None if its pair was dropped."""
        result, self._result = self._result, None
        return result


class Cameras:
    """Every camera of a recording, and what it hears beside its pairs."""

    def __init__(
        self,
        topics: Mapping[str, CameraTopics],
        settings: Mapping[str, Settings],
        products: Collection[str],
        *,
        device: torch.device,
        log: Log,
    ) -> None:
        self.clock, self.stages = LogClock(), StageSums()
        self._transforms = RecordedTransforms(log.warning)
        extrinsics = Extrinsics(self._transforms)
        kept_ns = max(map(kept_ns_of, settings.values()))
        self._caught = {camera: Catch(products, device) for camera in topics}
        self.by_name = {
            camera: Camera(
                camera,
                without_waits(settings[camera]),  # all that belongs to a pair has come before it
                topics=resolved(each),
                extrinsics=extrinsics,
                device=device,
                log=log,
                outputs=self._caught[camera],
                clock_ns=self.clock,
                kept_ns=kept_ns,
            )
            for camera, each in topics.items()
        }
        for each in self.by_name.values():
            each.stages = self.stages
        self._listeners = self._listen(topics)

    def begin_with(self, bag: Bag, plan: Plan) -> None:
        """Take what holds from the beginning, whenever it was logged."""
        self._transforms.begin_with([bag.decode(raw) for raw in plan.lasting])
        for topic, messages in plan.first.items():
            if messages:
                self.take(topic, bag.decode(messages[0]))

    def listens_to(self, topic: str) -> bool:
        """Return whether messages of a topic matter beside the pairs."""
        return topic in self._listeners

    def take(self, topic: str, message: Any) -> None:
        """Take a message that matters beside the pairs."""
        for listener in self._listeners[topic]:
            listener(message)

    def pair_of(self, due: Due, image: SensorMessage, depth: SensorMessage) -> Pair[SensorMessage]:
        """Return a pair of the plan with its messages, and let the clock go on to it."""
        self.clock.now_ns = due.image.logged_ns
        return Pair(
            image=image,
            depth=depth,
            image_stamp_ns=due.pair.image_stamp_ns,
            depth_stamp_ns=due.pair.depth_stamp_ns,
            epoch=due.pair.epoch,
            image_arrival_ns=due.image.logged_ns,
            paired_ns=due.image.logged_ns,
        )

    def result_of(self, camera: str) -> FrameOutputs | None:
        """Return what the last pair of a camera has given, once."""
        return self._caught[camera].take()

    def _listen(
        self, topics: Mapping[str, CameraTopics]
    ) -> Mapping[str, list[Callable[[Any], object]]]:
        listeners: defaultdict[str, list[Callable[[Any], object]]] = defaultdict(list)
        listeners[TF_TOPIC].append(lambda message: self._transforms.take(message, static=False))
        listeners[STATIC_TOPIC].append(lambda message: self._transforms.take(message, static=True))
        for name, each in topics.items():
            camera = self.by_name[name]
            for topic, listener in (
                (each.camera_info, camera.calibration.add),
                (each.depth_camera_info, camera.depth_calibration.add),
                (each.confidence, camera.reader.confidence.add),
                (each.mask, camera.reader.masks.add),
            ):
                if topic:
                    listeners[topic].append(listener)
        return dict(listeners)


def resolved(topics: CameraTopics) -> InputTopics:
    """Return the names without those of transports, as the node has them."""
    image, depth = base_of(topics.image), base_of(topics.depth)
    return InputTopics(image, depth, topics.camera_info, topics.depth_camera_info)
