# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A running node as the source of a page: an ordinary listener of its topics."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
import threading
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.clock import Clock, ClockType
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, qos_profile_sensor_data, QoSProfile
from sensor_msgs.msg import CompressedImage, Image, PointCloud2
from std_srvs.srv import Trigger
import torch

from promptda_ros.camera.camera import Camera, InputTopics
from promptda_ros.camera.extrinsics import Extrinsics
from promptda_ros.core.cloud.workspace import has_box
from promptda_ros.core.frame import BadFrame
from promptda_ros.core.geometry.transform import Transform
from promptda_ros.core.pairing.pairing import NANOSECONDS
from promptda_ros.core.runtime.guard import guarded
from promptda_ros.core.settings.schema import Settings
from promptda_ros.messages.stamps import stamp_ns_of
from promptda_ros.node.subscriptions import CameraInfoInput
from promptda_ros.node.transforms import TfTransforms
from promptda_ros.view.decoded import moment_of, NoOutputs, without_attachments
from promptda_ros.view.listening.held import Found, Held
from promptda_ros.view.listening.parameters import NodeParameters, wait_for
from promptda_ros.view.moment import DEPTH, IMAGE, Moment, SENSOR, UNCERTAINTY, VALIDITY
from promptda_ros.view.source import Player, State
from promptda_ros.view.status import Part, Report, SILENT_SEC, state_of

OUTPUTS = {DEPTH: 'depth/image_rect', UNCERTAINTY: 'depth/uncertainty', VALIDITY: 'depth/validity'}
INPUTS = {IMAGE: 'topic.image', SENSOR: 'topic.depth'}  # values in /diagnostics
KINDS = {
    f'sensor_msgs/msg/{kind.__name__}': kind for kind in (Image, CompressedImage, PointCloud2)
}
# Hears every publisher, and lets none of them wait or send again.
QOS = qos_profile_sensor_data
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
ADAPT_SEC = 0.2
REPORTS = 6  # seconds over which the rate is measured
PATIENCE_SEC = 1.0  # after which an image is shown without what is made of it
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
        self._part = f'{camera} ' if camera else ''
        self._wanted: frozenset[str] = frozenset()
        self._subscriptions: dict[str, Any] = {}
        self._held = Held()
        self._reports: tuple[Report, ...] = ()  # replaced as a whole: two threads read it
        self._transforms = TfTransforms(node)
        self._camera: Camera | None = None
        self._infos: list[CameraInfoInput] = []
        self._captured: Any = None
        self._problem = ''
        self._shown_ns, self._shown_sec = 0, 0.0
        node.create_subscription(
            Image, f'{target}/{self._prefix}capture/depth', self._on_captured, LATCHED
        )
        self._capture = node.create_client(Trigger, f'{target}/{self._prefix}capture')
        node.create_subscription(
            DiagnosticArray, '/diagnostics', self._guarded(self._on_diagnostics), 10
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
        found = self._unshown(wanted, settings)
        if found is None and time.monotonic() - self._shown_sec > PATIENCE_SEC:
            found = self._unshown((IMAGE,), settings)
        if found is None:
            return None
        self._shown_ns = found.stamp_ns
        if wanted <= found.messages.keys():
            self._shown_sec = time.monotonic()
        try:
            moment = moment_of(camera, settings, found, self._box(camera, settings, found))
        except BadFrame as error:
            self._problem = str(error)
            return None
        self._problem = ''
        return moment

    def state(self) -> State:
        """Return what the node reports."""
        state = state_of(self._reports, node=self._target, now_sec=time.monotonic())
        reason = '; '.join(text for text in (state.reason, self._problem) if text)
        return State(state.rate, state.stage_ms, state.drops, reason)

    def capture(self) -> tuple[Moment | None, str]:
        """Call ~/capture and show what it has published."""
        self._wait_until(lambda: self._held.has(IMAGE) and self._held.has(SENSOR))
        self._captured = None
        answer = wait_for(self._capture, Trigger.Request(), CAPTURE_SEC)
        if answer is None:
            return None, f'{self._target}/{self._prefix}capture does not answer'
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
        found = self._newest((IMAGE,), settings, stamp_ns=stamp_ns_of(captured.header))
        if found is None:
            return None
        messages = {**found.messages, DEPTH: captured}
        box = self._box(camera, settings, found)
        return moment_of(camera, settings, Found(found.stamp_ns, messages), box)

    def _wait_until(self, condition: Callable[[], bool]) -> None:
        end_sec = time.monotonic() + PATIENCE_SEC
        while not condition() and time.monotonic() < end_sec:
            time.sleep(WAIT_SEC)

    def _unshown(self, layers: Collection[str], settings: Settings) -> Found | None:
        found = self._newest(layers, settings)
        return None if found is None or found.stamp_ns == self._shown_ns else found

    def _newest(
        self, layers: Collection[str], settings: Settings, *, stamp_ns: int | None = None
    ) -> Found | None:
        return self._held.newest(
            layers,
            stamp_ns=stamp_ns,
            tolerance_ns=round(settings.sync.tolerance * NANOSECONDS),
            depth_offset_ns=round(settings.sync.depth_time_offset * NANOSECONDS),
        )

    def _box(self, camera: Camera, settings: Settings, found: Found) -> Transform | None:
        frame = settings.workspace.frame
        if not (frame and has_box(settings.workspace)):
            return None
        header = found.messages[IMAGE].header
        timeout_sec = settings.extrinsics.timeout
        return camera.extrinsics.lookup(frame, header.frame_id, found.stamp_ns, timeout_sec)

    def _guarded(self, function: Callable[..., object]) -> Callable[..., bool]:
        return guarded(function, self._on_error)

    def _on_error(self, error: Exception) -> None:
        self._problem = f'{type(error).__name__}: {error}'

    def _on_captured(self, message: Image) -> None:
        self._captured = message

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        begin = f'{self._target.lstrip("/")}: '
        ours = [each for each in message.status if each.name.startswith(begin)]
        if not ours:
            return
        parts = {
            each.name.removeprefix(begin).removeprefix(self._part): Part(
                each.level == DiagnosticStatus.OK,
                each.message,
                {value.key: value.value for value in each.values},
            )
            for each in ours
        }
        now_sec = time.monotonic()
        if self._reports and now_sec - self._reports[-1].arrived_sec > SILENT_SEC:
            self._reports = ()
            self.knobs.forget()
        self._reports = (*self._reports, Report(now_sec, parts))[-REPORTS:]

    def _adapt(self) -> None:
        """Subscribe to what is wanted where it is published, and to nothing else."""
        self.knobs.ask()
        self._make_camera()
        topics = {layer: topic for layer in self._wanted if (topic := self._topic_of(layer))}
        for layer, subscription in [*self._subscriptions.items()]:
            if subscription.topic_name != topics.get(layer):
                self._node.destroy_subscription(self._subscriptions.pop(layer))
                self._held.clear(layer)
        for layer in topics.keys() - self._subscriptions.keys():
            self._subscribe(layer, topics[layer])
        self._adapt_infos()

    def _subscribe(self, layer: str, topic: str) -> None:
        publishers = self._node.get_publishers_info_by_topic(topic)
        kinds = [KINDS[each.topic_type] for each in publishers if each.topic_type in KINDS]
        if kinds:
            add = self._guarded(partial(self._held.add, layer))
            self._subscriptions[layer] = self._node.create_subscription(kinds[0], topic, add, QOS)

    def _topic_of(self, layer: str) -> str:
        if layer in OUTPUTS:
            return f'{self._target}/{self._prefix}{OUTPUTS[layer]}'
        return self._reported(INPUTS[layer])

    def _reported(self, value: str) -> str:
        parts = self._reports[-1].parts if self._reports else {}
        return parts['pairing'].values.get(value, '') if 'pairing' in parts else ''

    def _make_camera(self) -> None:
        """Make what reads as the node does, once it is known what the node listens to."""
        settings = self.knobs.settings
        if self._camera is not None or settings is None or not self._reported('topic.image'):
            return
        roles = 'image', 'depth', 'camera_info', 'depth_camera_info'
        self._camera = Camera(
            '',
            without_attachments(settings),
            topics=InputTopics(*(self._reported(f'topic.{role}') for role in roles)),
            extrinsics=Extrinsics(self._transforms),
            device=torch.device('cpu'),
            log=self._node.get_logger(),
            outputs=NoOutputs(),
        )

    def _adapt_infos(self) -> None:
        camera = self._camera
        if camera is None:
            return
        if not self._wanted:
            while self._infos:
                self._infos.pop().close()
        elif not self._infos:
            for topic, role in (
                (camera.topics.camera_info, camera.calibration),
                (camera.topics.depth_camera_info, camera.depth_calibration),
            ):
                if topic:
                    add = self._guarded(role.add)
                    self._infos.append(CameraInfoInput(self._node, topic, add))
        for each in self._infos:
            each.adapt()
