# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The service ~/capture: one fresh frame, or the median of several, published latched.

Requests wait on the executor without holding it up; the worker adds each frame to all of them
that it is fresh enough for, until it suffices. Those that rest on the same frames share a capture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
import threading
import time
from typing import Any

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.task import Future
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from std_srvs.srv import Trigger

from promptda_ros.camera.products import make
from promptda_ros.core.frame import FloatImage, Frame
from promptda_ros.core.frame_outputs import FrameOutputs
from promptda_ros.core.pairing.pairing import Pair
from promptda_ros.core.peer_text import printable
from promptda_ros.core.prompt.median import median_depth
from promptda_ros.core.settings.schema import CaptureSettings
from promptda_ros.messages.message_types import ros_types
from promptda_ros.messages.sensor_message import SensorMessage
from promptda_ros.messages.stamps import NANOSECONDS

# Whoever asks for a capture and subscribes later still gets it.
LATCHED_QOS = QoSProfile(
    depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL, reliability=ReliabilityPolicy.RELIABLE
)
# A burst of requests waits here to be taken one by one: what finds no place gets no answer ever.
REQUEST_QOS = QoSProfile(depth=1000)
MOST_WAITING = 8  # captures: rclpy looks at each whenever it does anything
CAPTURED = {'depth': Image, 'points': PointCloud2, 'camera_info': CameraInfo}
# What of the stream each shows one frame of.
SOURCES = {
    'depth': 'depth/image_rect',
    'points': 'points',
    'camera_info': 'depth/camera_info',
}
# Stamps this near to the clock are of the same clock; those of a recording are not.
SAME_CLOCK_NS = 1_000_000_000


@dataclass(eq=False)
class PendingCapture:
    """A capture that is waited for, by one request or several that arrived together."""

    settings: CaptureSettings
    asked_ns: int  # steady clock
    asked_stamp_ns: int  # the node's clock
    done: Future
    depths_m: list[FloatImage] = field(default_factory=list)
    problem: str = ''

    def accepts(self, pair: Pair[SensorMessage], now_ns: int) -> bool:
        """Return whether the image was taken after the request, as far as the clocks can tell.

        Where the camera's clock is the node's, its stamp must be later than the request;
        otherwise it must have arrived later.
        """
        if pair.image_arrival_ns < self.asked_ns:
            return False
        arrived_ns = now_ns - (time.monotonic_ns() - pair.image_arrival_ns)
        age_ns = arrived_ns - pair.image_stamp_ns
        is_same_clock = 0 <= age_ns <= SAME_CLOCK_NS
        return not is_same_clock or pair.image_stamp_ns >= self.asked_stamp_ns

    def add(self, frame: Frame, depth_m: FloatImage) -> bool:
        """Keep the depth of one frame; return whether there are enough."""
        if frame.intrinsics is None or frame.points_withheld:
            self.problem = 'the points of the frame are not known'
            return False
        if self.depths_m and self.depths_m[-1].shape != depth_m.shape:
            self.depths_m.clear()  # another resolution: another scene to be safe
        self.depths_m.append(depth_m)
        return len(self.depths_m) == self.settings.frames


class Capture:
    """The service and the latched topics of one camera."""

    def __init__(self, node: Node, prefix: str, settings: Callable[[], CaptureSettings]) -> None:
        self._node = node
        self._settings = settings
        self._explain: Callable[[], str] | None = None
        self._lock = threading.Lock()
        self._captures: list[PendingCapture] = []
        self._publishers = {
            name: node.create_publisher(kind, f'~/{prefix}capture/{name}', LATCHED_QOS)
            for name, kind in CAPTURED.items()
        }
        # In the node's own group a request that waits would keep every other callback waiting.
        self._service = node.create_service(
            Trigger,
            f'~/{prefix}capture',
            self._serve,
            qos_profile=REQUEST_QOS,
            callback_group=ReentrantCallbackGroup(),
        )

    def open(self, explain: Callable[[], str]) -> None:
        """Take requests; `explain` says why no frames come, '' if they do."""
        self._explain = explain

    def refuse(self) -> None:
        """Refuse requests while the node does not listen."""
        self._explain = None
        for capture in self._waiting():
            text = 'the node was deactivated before the capture finished'
            self._answer(capture, success=False, message=text)

    def close(self) -> None:
        """Destroy the service and the publishers."""
        self._node.destroy_service(self._service)
        for publisher in self._publishers.values():
            self._node.destroy_publisher(publisher)

    # On the executor

    async def _serve(
        self, _request: Trigger.Request, response: Trigger.Response
    ) -> Trigger.Response:
        if self._explain is None:
            response.message = 'the node is not active, so that nothing is captured; activate it'
            return response
        others = self._take_waiting()
        # Begun after all of them were sent, so that its frames suit them, too.
        capture = self._new_capture()
        with self._lock:
            is_full = len(self._captures) >= MOST_WAITING
            if not is_full:
                self._captures.append(capture)
        if is_full:
            response.message = (
                f'{MOST_WAITING} captures are waited for already, so that this one is refused; '
                'call again when one of them is answered'
            )
        else:
            response.success, response.message = await self._outcome(capture)
        for header in others:
            self._service.send_response(response, header)
        return response

    def _take_waiting(self) -> list[Any]:
        """Take all requests that have arrived; return what each is answered by."""
        headers = []
        handle = self._service.handle
        with handle:
            while (header := handle.service_take_request(Trigger.Request)[1]) is not None:
                headers.append(header)
        return headers

    async def _outcome(self, capture: PendingCapture) -> tuple[bool, str]:
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        timer = self._node.create_timer(
            capture.settings.timeout, partial(self._give_up, capture), clock=steady
        )
        success, message = await capture.done
        self._node.destroy_timer(timer)
        return success, message

    def _new_capture(self) -> PendingCapture:
        return PendingCapture(
            settings=self._settings(),
            asked_ns=time.monotonic_ns(),
            asked_stamp_ns=self._now_ns(),
            done=Future(executor=self._node.executor),
        )

    def _give_up(self, capture: PendingCapture) -> None:
        if self._explain is None:
            return
        came, wanted = len(capture.depths_m), capture.settings.frames
        why = self._explain() or capture.problem or 'frames pass too slowly; raise capture.timeout'
        message = f'{came} of {wanted} frames came within {capture.settings.timeout:g} s: {why}'
        self._answer(capture, success=False, message=message)

    # On the worker

    def wants(self, pair: Pair[SensorMessage]) -> bool:
        """Return whether somebody waits for the depth of a pair."""
        if not self._captures:  # nearly always
            return False
        now_ns = self._now_ns()
        return any(capture.accepts(pair, now_ns) for capture in self._waiting())

    def add(self, pair: Pair[SensorMessage], result: FrameOutputs) -> None:
        """Give a frame to those who want it, and publish the captures that it completes."""
        now_ns, depth_m = self._now_ns(), result.depth.depth_m
        # By the frames that they rest on
        complete: dict[tuple[int, ...], list[PendingCapture]] = {}
        for capture in self._waiting():
            if capture.accepts(pair, now_ns) and capture.add(result.frame, depth_m):
                complete.setdefault(tuple(map(id, capture.depths_m)), []).append(capture)
        for captures in complete.values():
            self._complete(captures, result)

    def _complete(self, captures: list[PendingCapture], result: FrameOutputs) -> None:
        """Publish one capture and answer all who asked for these frames."""
        depths_m = captures[0].depths_m
        result = replace(result, depth=result.depth.with_depth(median_depth(depths_m)))
        types = ros_types()
        messages = {name: make(output, result, types) for name, output in SOURCES.items()}
        frames = f'{len(depths_m)} frames' if len(depths_m) > 1 else 'one frame'
        # As floats they would be rounded.
        sec, nanosec = divmod(result.frame.stamp_ns, NANOSECONDS)
        message = f'captured {frames}, stamp {sec}.{nanosec:09d}'
        claimed = [capture for capture in captures if self._claim(capture)]
        if not claimed:
            return
        for name, each in messages.items():
            self._publishers[name].publish(each)
        for capture in claimed:
            capture.done.set_result((True, message))

    # On either

    def _waiting(self) -> list[PendingCapture]:
        with self._lock:
            return [*self._captures]

    def _answer(self, capture: PendingCapture, *, success: bool, message: str) -> None:
        if self._claim(capture):
            capture.done.set_result((success, printable(message)))

    def _claim(self, capture: PendingCapture) -> bool:
        """Claim the right to answer a capture; only one thread gets it."""
        with self._lock:
            is_ours = capture in self._captures
            if is_ours:
                self._captures.remove(capture)
            return is_ours

    def _now_ns(self) -> int:
        return int(self._node.get_clock().now().nanoseconds)
