# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A rig: the node under test and a peer that plays the sensors and listens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
import pytest
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo, Image

from test.sensors import Sensors

LIMIT_SEC = 100.0  # far above what anything here takes
SPIN_SEC = 0.02
FIRST_STAMP_NS = 1_700_000_000_123_456_789
PERIOD_NS = 33_333_333


def stamp_ns_of(message: Any) -> int:
    """Return the stamp of a message."""
    stamp = message.header.stamp
    return stamp.sec * 1_000_000_000 + stamp.nanosec


class Bench:
    """A node and a peer node, spun by one executor."""

    def __init__(self, context: Context, node: Node) -> None:
        self.node: Any = node
        # Arguments meant for the node must not rename the peer.
        self.peer = rclpy.create_node('peer', context=context, use_global_arguments=False)
        self.executor = SingleThreadedExecutor(context=context)
        self.executor.add_node(node)
        self.executor.add_node(self.peer)
        self.sensors = Sensors()
        self.stamp_ns = FIRST_STAMP_NS
        self.publishers: dict[str, Any] = {}
        self._listening: dict[str, Any] = {}

    def close(self) -> None:
        """Destroy both nodes."""
        self.executor.shutdown()
        self.peer.destroy_node()
        self.node.destroy_node()

    def spin_once(self) -> None:
        """Run the callback that comes next."""
        self.executor.spin_once(SPIN_SEC)

    def spin_until(self, condition: Callable[[], object], timeout_sec: float = LIMIT_SEC) -> None:
        """Spin until the condition holds; fail when it does not in time."""
        end = time.monotonic() + timeout_sec
        while not condition():
            assert time.monotonic() < end, 'nothing came of it in time'
            self.spin_once()

    def advertise(self, role: str, qos: Any = 10, *, topic: str = '', matched: bool = True) -> Any:
        """Publish a sensor's topic, and wait until the subscription of the node matches."""
        kind = CameraInfo if role.endswith('camera_info') else Image
        publisher = self.peer.create_publisher(kind, topic or f'/{role}', qos)
        self.publishers[role] = publisher
        if matched:
            self.spin_until(lambda: self.are_matched(publisher, self.node))
        return publisher

    def advertise_all(self, prefix: str = '') -> None:
        """Publish all three inputs of a camera."""
        for role in ('image', 'depth', 'camera_info'):
            self.advertise(prefix + role)

    def listen(self, output: str, kind: type = Image, *, name: str = '/promptda') -> list[Any]:
        """Collect what the node publishes on an output, from when it knows of the listener."""
        heard: list[Any] = []
        topic = f'{name}/{output}'
        subscription = self.peer.create_subscription(kind, topic, heard.append, 10)
        publisher = self.publisher_of(topic)
        self.spin_until(lambda: self.are_matched(publisher, self.peer))
        self._listening[output] = (subscription, publisher)
        return heard

    def publisher_of(self, topic: str) -> Any:
        """Return what the node publishes on a topic with."""
        return next(each for each in self.node.publishers if each.topic_name == topic)

    def are_matched(self, publisher: Any, listener: Node) -> bool:
        """Tell whether a message would arrive: each side finds the other at its own time."""
        topic = publisher.topic_name
        if publisher.get_subscription_count() != 1:
            return False
        subscriptions = [each for each in listener.subscriptions if each.topic_name == topic]
        return all(
            each.get_publisher_count() == listener.count_publishers(topic)
            for each in subscriptions
            if hasattr(each, 'get_publisher_count')  # Humble can't tell
        )

    def stop_listening(self, output: str) -> None:
        """Destroy the subscription of an output and wait until the node knows."""
        subscription, publisher = self._listening.pop(output)
        self.peer.destroy_subscription(subscription)
        self.spin_until(lambda: publisher.get_subscription_count() == 0)

    def next_stamp_ns(self) -> int:
        """Return the stamp of the next frame."""
        self.stamp_ns += PERIOD_NS
        return self.stamp_ns

    def send(self, prefix: str = '', **messages: Any) -> int:
        """Send one frame of a camera's advertised sensors, or these messages instead."""
        stamp_ns = self.next_stamp_ns()
        for role in ('camera_info', 'depth', 'image'):
            if prefix + role in self.publishers:
                make = getattr(self.sensors, role)
                self.publishers[prefix + role].publish(messages.get(role) or make(stamp_ns))
        return stamp_ns

    def call(self, kind: type, service: str, request: Any) -> Any:
        """Call a service of the node and return the response."""
        client = self.peer.create_client(kind, service)
        self.spin_until(client.service_is_ready)
        future = client.call_async(request)
        self.spin_until(future.done)
        self.peer.destroy_client(client)
        return future.result()


class Rig(Bench):
    """The node under test and its peer; what fails in a callback is guarded, as in main."""

    def close(self) -> None:
        """Stop the node, then destroy both."""
        assert self.node.stop()
        super().close()

    def spin_once(self) -> None:
        """Run the callback that comes next."""
        self.node.guard.run(super().spin_once)

    @property
    def camera(self) -> Any:
        """The first camera of the node."""
        return self.node.cameras[0]

    @property
    def pairing(self) -> Any:
        """The pairing of the first camera."""
        return self.node.session.inputs[self.camera].pairing

    @property
    def drops(self) -> dict[str, int]:
        """Dropped frames of the first camera by reason."""
        return self.camera.drops.snapshot()

    def send_through(self, heard: list[Any], **messages: Any) -> Any:
        """Send one frame, or these messages instead, and return what the node makes of it."""
        stamp_ns = self.send(**messages)
        if 'image' in messages:
            stamp_ns = stamp_ns_of(messages['image'])
        self.spin_until(lambda: heard and stamp_ns_of(heard[-1]) == stamp_ns)
        return heard[-1]

    def watch_offers(self) -> list[Any]:
        """Return a list that grows by the camera of every pair that the worker is offered."""
        offered: list[Any] = []
        worker = self.node.session.worker
        offer = worker.offer

        def noted(camera: Any, pair: Any) -> bool:
            is_overrun: bool = offer(camera, pair)
            offered.append(camera)
            return is_overrun

        worker.offer = noted
        return offered

    def hear_statuses(self) -> Callable[[str], tuple[str, str, dict[str, str]] | None]:
        """Listen to /diagnostics; return what tells level, message and values of a part now."""
        heard: list[DiagnosticArray] = []
        self.peer.create_subscription(DiagnosticArray, '/diagnostics', heard.append, 10)

        def latest(part: str) -> tuple[str, str, dict[str, str]] | None:
            if not heard:
                return None
            (found,) = (each for each in heard[-1].status if each.name.endswith(f': {part}'))
            values = {each.key: each.value for each in found.values}
            return ('ok', 'warn', 'error')[found.level[0]], found.message, values

        return latest


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nodes started from now on report many times a second."""
    monkeypatch.setattr('promptda_ros.node.session.REPORT_PERIOD_SEC', 0.02)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch, often: None) -> None:
    """Let them lose patience soon, too."""
    monkeypatch.setattr('promptda_ros.node.supervision.QUIET_WARN_SEC', 0.1)
    monkeypatch.setattr('promptda_ros.node.supervision.QUIET_ERROR_SEC', 0.2)
    monkeypatch.setattr('promptda_ros.camera.camera.GRACE_SEC', 0.0)


@pytest.fixture(scope='session')
def sensors() -> Sensors:
    """Return messages of a camera and a depth sensor."""
    return Sensors()


def parameters(values: dict[str, object]) -> list[Parameter]:
    """Return parameters of names with `__` for the dot."""
    return [Parameter(name.replace('__', '.'), value=value) for name, value in values.items()]


@pytest.fixture
def make_bench(make_context: Callable[..., Context]) -> Iterator[Callable[..., Bench]]:
    """Make benches with a plain node from ROS arguments and parameters (`sync__wait=0.5`)."""
    benches = []

    def make(*ros_arguments: str, **values: object) -> Bench:
        context = make_context(*ros_arguments)
        node = Node('promptda', context=context, parameter_overrides=parameters(values))
        benches.append(Bench(context, node))
        return benches[-1]

    yield make
    for bench in benches:
        bench.close()


@pytest.fixture
def bench(make_bench: Callable[..., Bench]) -> Bench:
    """Make a bench with a plain node."""
    return make_bench()


@pytest.fixture
def make_rig(
    make_context: Callable[..., Context], network_folder: Path
) -> Iterator[Callable[..., Rig]]:
    """Make rigs from ROS arguments and parameters (`sync__wait=0.5`); the node is not started."""
    from promptda_ros.node.node import PromptDepthNode

    rigs = []

    def make(*ros_arguments: str, **values: object) -> Rig:
        context = make_context(*ros_arguments)
        # What a network of random weights says contradicts its sensor, and rightly.
        given = {
            'model.path': str(network_folder),
            'device': 'cpu',
            'engine': 'torch',
            'trust.gate': False,
            **values,
        }
        node = PromptDepthNode(context=context, parameter_overrides=parameters(given))
        rigs.append(Rig(context, node))
        return rigs[-1]

    yield make
    for rig in rigs:
        rig.close()


@pytest.fixture
def rig(make_rig: Callable[..., Rig]) -> Rig:
    """Start a node with a peer that publishes all inputs."""
    rig = make_rig()
    rig.node.start()
    rig.advertise_all()
    return rig
