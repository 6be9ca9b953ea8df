# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The cameras that publish now, heard for some seconds as the node would hear them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, fields, replace
from functools import partial
import time
from typing import Any

from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import ReliabilityPolicy

from promptda_ros.bags.headers import Header
from promptda_ros.bags.processing.recipe import CameraTopics
from promptda_ros.camera.transports import RAW
from promptda_ros.core.pairing.stream import checked_stamp_ns, Topic, TopicCounters
from promptda_ros.core.settings.schema import Settings
from promptda_ros.doctor.inputs.facts import CameraFacts, Stream
from promptda_ros.doctor.inputs.hearing import Arrival, Hearing
from promptda_ros.doctor.machine.transport import Process
from promptda_ros.doctor.processes import Processes
from promptda_ros.node.graph import nodes_of
from promptda_ros.node.subscriptions import CameraInfoInput, SensorInput
from promptda_ros.node.transforms import TfTransforms

OUR_NODE = '/promptda'
ADAPT_SEC = 0.2
SPIN_SEC = 0.05


def remappings(topics: Mapping[str, CameraTopics]) -> Iterator[str]:
    """Yield the arguments of ROS that lead the inputs of a node to these topics."""
    for camera, each in topics.items():
        for role, topic in zip(fields(each), astuple(each), strict=True):
            if topic:
                yield from ('-r', f'{_prefix(camera)}{role.name}:={topic}')


def live_cameras(
    node: Node,
    topics: Mapping[str, CameraTopics],
    settings: Mapping[str, Settings],
    *,
    seconds: float,
) -> tuple[list[CameraFacts], list[Process]]:
    """Listen, and return what is known of the cameras and of the processes on their topics."""
    transforms = TfTransforms(node)
    transforms.listen()
    cameras = [_LiveCamera(node, name, each, settings[name]) for name, each in topics.items()]
    executor = SingleThreadedExecutor(context=node.context)
    executor.add_node(node)
    for _ in _moments(cameras, seconds):
        executor.spin_once(SPIN_SEC)
    executor.remove_node(node)
    subscribed = {topic for camera in cameras for topic in camera.topics}
    found = Processes(node).of_topics(sorted(subscribed))
    return [camera.facts(transforms) for camera in cameras], found


def _moments(cameras: Sequence[_LiveCamera], seconds: float) -> Iterator[None]:
    """Go on for so long from when all topics are heard; for twice as long if they are not."""
    adapted_sec = begin_sec = time.monotonic()
    end_sec = begin_sec + 2 * seconds
    while (now_sec := time.monotonic()) < end_sec:
        yield
        if now_sec - adapted_sec > ADAPT_SEC:
            adapted_sec = now_sec
            for camera in cameras:
                camera.adapt()
        if not all(camera.is_heard for camera in cameras):
            begin_sec = now_sec
        elif now_sec - begin_sec > seconds:
            return


class _LiveCamera:
    """The subscriptions of one camera."""

    def __init__(self, node: Node, name: str, topics: CameraTopics, settings: Settings) -> None:
        self._node, self._name, self._topics, self._settings = node, name, topics, settings
        self._hearing = Hearing(topics, settings)
        self._beside: defaultdict[str, list[Any]] = defaultdict(list)
        listen = partial(SensorInput, node, prefix=_prefix(name))
        self._inputs = {
            Topic.IMAGE: listen(
                'image',
                transport=settings.input.image_transport,
                reliability=settings.qos.image,
            ),
            Topic.DEPTH: listen(
                'depth',
                transport=settings.input.depth_transport,
                reliability=settings.qos.depth,
            ),
        }
        for side, each in self._inputs.items():
            each.registerCallback(self._take, side)
        infos = [
            CameraInfoInput(node, _prefix(name) + role, self._beside[role].append)
            for role in ('camera_info', 'depth_camera_info')
        ]
        self._subscriptions: list[SensorInput | CameraInfoInput] = [*self._inputs.values(), *infos]
        needed = {
            'confidence': settings.input.min_confidence > 0,
            'mask': settings.input.mask != 'off',
        }
        for role in (role for role, is_needed in needed.items() if is_needed):
            listen(role, transport=RAW.name).registerCallback(self._beside[role].append)

    @property
    def topics(self) -> list[str]:
        """List the topics of images and depth, as they are subscribed to."""
        return [each.topic for each in self._inputs.values()]

    @property
    def is_heard(self) -> bool:
        """Return whether both have sent something."""
        return all(map(self._hearing.has, Topic))

    def adapt(self) -> None:
        """Adapt to the publishers, as the node does."""
        for each in self._subscriptions:
            each.adapt()

    def facts(self, transforms: TfTransforms) -> CameraFacts:
        """Return what is known now."""
        self._hearing.finish()
        stamps = self._hearing.stamps()
        names = (name for name, _ in self._node.get_topic_names_and_types())
        return CameraFacts(
            name=self._name,
            settings=self._settings,
            topics=self._topics,
            image=self._stream(Topic.IMAGE, stamps.counters.image),
            depth=self._stream(Topic.DEPTH, stamps.counters.depth),
            stamps=stamps,
            pairs=self._hearing.pairs(),
            beside={role: tuple(messages) for role, messages in self._beside.items()},
            transforms=transforms,
            graph=tuple(name for name in names if self._node.count_publishers(name)),
        )

    def _take(self, message: Any, side: Topic) -> None:
        stamp = message.header.stamp
        header = Header(checked_stamp_ns(stamp.sec, stamp.nanosec), message.header.frame_id)
        now_ns = int(self._node.get_clock().now().nanoseconds)
        self._hearing.take(side, Arrival(header, now_ns, len(message.data), lambda: message))

    def _stream(self, side: Topic, counters: TopicCounters) -> Stream:
        heard = self._inputs[side]
        facts = heard.facts(side.value, received=counters.received, lost=counters.lost)
        if self._is_our_node_deaf(heard.topic):
            facts = replace(facts, incompatible_qos=True)
        return Stream(facts, tuple(heard.publishers()), self._hearing.times(side))

    def _is_our_node_deaf(self, topic: str) -> bool:
        """Return whether a running node asks for reliable what is sent as best effort."""
        asked = self._node.get_subscriptions_info_by_topic(topic)
        offered = self._node.get_publishers_info_by_topic(topic)
        return any(
            each.qos_profile.reliability == ReliabilityPolicy.RELIABLE
            for each in asked
            if nodes_of([each]) == [OUR_NODE]
        ) and any(
            each.qos_profile.reliability == ReliabilityPolicy.BEST_EFFORT for each in offered
        )


def _prefix(camera: str) -> str:
    return f'{camera}/' if camera else ''
