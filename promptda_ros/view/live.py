# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A running node as the source of a page: an ordinary listener of its topics."""

from __future__ import annotations

from collections.abc import Callable, Collection
import threading
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.clock import Clock, ClockType
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import Image
from std_srvs.srv import Trigger
import torch

from promptda_ros.camera.camera import Camera, InputTopics
from promptda_ros.camera.extrinsics import Extrinsics
from promptda_ros.camera.sinks import NoOutputs
from promptda_ros.core.frame import BadFrame
from promptda_ros.core.pairing.pairing import PairingSettings
from promptda_ros.core.runtime.guard import guarded
from promptda_ros.core.settings.schema import Settings
from promptda_ros.messages.stamps import stamp_ns_of
from promptda_ros.node.transforms import TfTransforms
from promptda_ros.view.decoded import (
    moment_of,
    Silent,
    with_box,
    without_attachments,
)
from promptda_ros.view.listening.held import Found, Held
from promptda_ros.view.listening.parameters import NodeParameters, wait_for
from promptda_ros.view.listening.reports import Reports
from promptda_ros.view.listening.shown import PATIENCE_SEC, Shown
from promptda_ros.view.listening.subscriptions import (
    CalibrationSubscriptions,
    LayerSubscriptions,
)
from promptda_ros.view.moment import DEPTH, IMAGE, Moment, SENSOR, UNCERTAINTY, VALIDITY
from promptda_ros.view.source import Player, State

OUTPUTS = {DEPTH: 'depth/image_rect', UNCERTAINTY: 'depth/uncertainty', VALIDITY: 'depth/validity'}
INPUTS = {IMAGE: 'image', SENSOR: 'depth'}
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
ADAPT_SEC = 0.2
WAIT_SEC = 0.02
CAPTURE_SEC = 60.0  # the longest that capture.timeout may be


class LiveSource:
    """Listens to what is looked at; ROS runs on a thread of its own."""

    player: Player | None = None

    def __init__(self, node: Node, target: str, camera: str = '') -> None:
        self.title = f'{target} {camera}'.strip()
        self.knobs = NodeParameters(node, target, camera)
        self._node = node
        self._target = target
        self._prefix = f'{camera}/' if camera else ''
        self._wanted: frozenset[str] = frozenset()
        self._held = Held()
        self._layers = LayerSubscriptions(node, self._held, self._guarded)
        self._calibrations = CalibrationSubscriptions(node, self._guarded)
        self._reports = Reports(target, camera, on_new=self._forget)
        self._transforms = TfTransforms(node)
        self._camera: Camera | None = None
        self._captured: Any = None
        self._problem = ''
        self._shown = Shown(self._newest)
        node.create_subscription(
            Image, f'{target}/{self._prefix}capture/depth', self._on_captured, LATCHED
        )
        self._capture = node.create_client(Trigger, f'{target}/{self._prefix}capture')
        node.create_subscription(
            DiagnosticArray, '/diagnostics', self._guarded(self._reports.take), 10
        )
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        node.create_timer(ADAPT_SEC, self._guarded(self._adapt), clock=steady)
        self._executor = SingleThreadedExecutor(context=node.context)
        self._executor.add_node(node)
        self._thread = threading.Thread(target=self._executor.spin, name='ros', daemon=True)
        self._thread.start()

    def want(self, layers: Collection[str]) -> None:
        """Listen to these layers and to no others, soon."""
        self._wanted = frozenset(layers)

    def next_moment(self) -> Moment | None:
        """Return the newest frame that is complete, or after a while what there is of one."""
        camera, settings, wanted = self._camera, self.knobs.settings, self._wanted
        if camera is None or settings is None or not wanted:
            return None
        found = self._shown.following(wanted, time.monotonic())
        if found is None:
            return None
        self._problem = ''
        try:
            return self._moment(camera, settings, found)
        except BadFrame as error:
            self._problem = str(error)
            return None

    def state(self) -> State:
        """Return what the node reports."""
        state = self._reports.state()
        reason = '; '.join(text for text in (state.reason, self._problem) if text)
        return State(state.rate, state.stage_ms, state.drops, reason)

    def capture(self) -> tuple[Moment | None, str]:
        """Call ~/capture and show what it has published."""
        self._wait_until(lambda: self._held.has(IMAGE) and self._held.has(SENSOR))
        self._captured = None
        answer = wait_for(self._capture, Trigger.Request(), CAPTURE_SEC)
        if answer is None:
            service = f'{self._target}/{self._prefix}capture'
            return None, f'{service} does not answer; check that the node runs: ros2 node list'
        settings, camera = self.knobs.settings, self._camera
        if answer.success and settings is not None and camera is not None:
            self._wait_until(lambda: self._captured is not None)
            return self._captured_moment(camera, settings), str(answer.message)
        return None, str(answer.message)

    def close(self) -> None:
        """Stop listening."""
        self._executor.shutdown()
        self._thread.join()
        self._transforms.close()

    def _captured_moment(self, camera: Camera, settings: Settings) -> Moment | None:
        captured = self._captured
        if captured is None:
            return None
        found = self._newest((IMAGE,), stamp_ns=stamp_ns_of(captured.header))
        if found is None:
            return None
        messages = {**found.messages, DEPTH: captured}
        return self._moment(camera, settings, Found(found.stamp_ns, messages))

    def _wait_until(self, condition: Callable[[], bool]) -> None:
        end_sec = time.monotonic() + PATIENCE_SEC
        while not condition() and time.monotonic() < end_sec:
            time.sleep(WAIT_SEC)

    def _newest(self, layers: Collection[str], *, stamp_ns: int | None = None) -> Found | None:
        if self.knobs.settings is None:
            return None
        sync = PairingSettings.of(self.knobs.settings.sync)
        return self._held.newest(
            layers,
            stamp_ns=stamp_ns,
            tolerance_ns=sync.tolerance_ns,
            depth_offset_ns=sync.depth_time_offset_ns,
        )

    def _moment(self, camera: Camera, settings: Settings, found: Found) -> Moment:
        def say(problem: str) -> None:
            self._problem = problem

        return with_box(camera, moment_of(camera, settings, found), say)

    def _guarded(self, function: Callable[..., object]) -> Callable[..., bool]:
        return guarded(function, self._on_error)

    def _on_error(self, error: Exception) -> None:
        self._problem = f'{type(error).__name__}: {error}'

    def _on_captured(self, message: Image) -> None:
        self._captured = message

    def _forget(self) -> None:
        """Begin anew, as the node has."""
        self._camera = None
        self.knobs.forget()

    def _adapt(self) -> None:
        """Listen to what is wanted where it is published, and to nothing else."""
        self.knobs.ask()
        self._make_camera()
        topics = {layer: topic for layer in self._wanted if (topic := self._topic_of(layer))}
        self._layers.adapt(topics)
        self._calibrations.adapt(self._camera if self._wanted else None)

    def _topic_of(self, layer: str) -> str:
        if layer in OUTPUTS:
            return f'{self._target}/{self._prefix}{OUTPUTS[layer]}'
        return self._reports.topic(INPUTS[layer])

    def _make_camera(self) -> None:
        """Make what reads as the node does, once it is known what the node listens to."""
        settings = self.knobs.settings
        if self._camera is not None or settings is None or not self._reports.topic('image'):
            return
        roles = 'image', 'depth', 'camera_info', 'depth_camera_info'
        self._camera = Camera(
            '',
            without_attachments(settings),
            topics=InputTopics(*map(self._reports.topic, roles)),
            extrinsics=Extrinsics(self._transforms),
            device=torch.device('cpu'),
            log=Silent(),
            outputs=NoOutputs(),
        )
