# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Faults of a live graph, with real publishers: the right finding, and no other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
import threading
from typing import Any

import pytest
import rclpy
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo, Image

from promptda_ros.bags.processing.recipe import CameraTopics
from promptda_ros.core.settings import build
from promptda_ros.doctor.finding import Finding
from promptda_ros.doctor.inputs.camera import CameraCheck
from promptda_ros.doctor.live import live_cameras, remappings
from promptda_ros.doctor.machine.transport import Process
from test.sensors import Sensors

TOPICS = CameraTopics('/cam/image', '/cam/depth', '/cam/camera_info', '/cam/depth_camera_info')
PERIOD_SEC = 0.05
LISTEN_SEC = 1.0


class Camera:
    """Sends what a camera sends, until it is closed."""

    def __init__(self, context: Context) -> None:
        self._node = rclpy.create_node('camera', context=context)
        self._sensors = Sensors()
        self._publishers: list[tuple[str, Any]] = []
        self._executor = SingleThreadedExecutor(context=context)
        self._executor.add_node(self._node)
        self._node.create_timer(PERIOD_SEC, self._send)
        self._thread = threading.Thread(target=self._spin)

    def advertise(self, role: str, kind: type = Image, qos: Any = qos_profile_sensor_data) -> None:
        """Send on one more topic."""
        self._publishers.append((role, self.offer(role, kind, qos)))

    def offer(self, role: str, kind: type, qos: Any = qos_profile_sensor_data) -> Any:
        """Publish on a topic, and send nothing."""
        return self._node.create_publisher(kind, getattr(TOPICS, role), qos)

    def advertise_all(self) -> None:
        """Send all that registered depth needs."""
        for role, kind in (('image', Image), ('depth', Image), ('camera_info', CameraInfo)):
            self.advertise(role, kind)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def close(self) -> None:
        """End it."""
        self._executor.shutdown()
        if self._thread.is_alive():
            self._thread.join()
        self._node.destroy_node()

    def _spin(self) -> None:
        with suppress(ExternalShutdownException):
            self._executor.spin()

    def _send(self) -> None:
        stamp_ns = self._node.get_clock().now().nanoseconds
        for role, publisher in self._publishers:
            publisher.publish(getattr(self._sensors, role)(stamp_ns))


@pytest.fixture
def camera(make_context: Callable[..., Context]) -> Iterator[Camera]:
    """Make a camera that does not send yet, as if it were a process of its own."""
    made = Camera(make_context())
    yield made
    made.close()


@pytest.fixture
def listen(ros_context: Context) -> Iterator[Callable[..., tuple[list[Finding], list[Process]]]]:
    """Return what listens with these parameters, and gives findings and processes."""
    nodes = []

    def run(**given: object) -> tuple[list[Finding], list[Process]]:
        settings = build({name.replace('__', '.'): value for name, value in given.items()})
        arguments = ['--ros-args', *remappings({'': TOPICS})]
        nodes.append(Node('promptda_doctor', context=ros_context, cli_args=arguments))
        (facts,), processes = live_cameras(
            nodes[0], {'': TOPICS}, {'': settings}, seconds=LISTEN_SEC
        )
        said = CameraCheck(facts).look()
        return [each for each in said if isinstance(each, Finding)], processes

    yield run
    for node in nodes:
        node.destroy_node()


def test_a_sound_camera_gives_no_finding_and_its_process_is_found(camera, listen):
    """The camera is of this very process."""
    camera.advertise_all()
    camera.start()

    findings, processes = listen()

    assert findings == []
    assert [each.name for each in processes] == ['/camera']
    started = Path('/proc/self/environ').read_text().split('\0')
    assert {f'{name}={value}' for name, value in processes[0].environ.items()} <= {*started}


def test_best_effort_depth_is_not_heard_by_who_asks_for_reliable(camera, listen):
    camera.advertise_all()
    camera.start()

    (found,), _ = listen(qos__depth='reliable')

    assert found.id == 'qos'
    assert 'qos.depth:=auto' in found.fix


def test_a_running_node_that_asks_for_reliable_is_told(camera, listen, make_context):
    """Whatever the doctor itself is asked to do."""
    camera.advertise_all()
    camera.start()
    node = Node('promptda', context=make_context())
    node.create_subscription(Image, TOPICS.depth, lambda _: None, 5)

    (found,), processes = listen()

    assert found.id == 'qos'
    assert '/promptda' in [each.name for each in processes]
    node.destroy_node()


def test_two_publishers_on_one_topic_are_told(camera, listen):
    camera.advertise_all()
    camera.advertise('depth')
    camera.start()

    (found,), _ = listen()

    assert found.id == 'publishers'
    assert TOPICS.depth in found.what


def test_a_topic_of_another_type_is_told(camera, listen):
    camera.advertise('image')
    camera.offer('depth', CameraInfo)
    camera.start()

    (found,), _ = listen()

    assert found.id == 'type'
    assert 'sensor_msgs/msg/CameraInfo' in found.what


def test_a_topic_that_nobody_publishes_is_told_with_those_that_are_near(camera, listen):
    camera.advertise('image')
    camera.start()

    (found,), _ = listen()

    assert found.id == 'publisher'
    assert TOPICS.depth in found.what
    assert TOPICS.image in found.fix or TOPICS.image in found.what
