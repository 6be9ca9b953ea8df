# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The service ~/capture: one fresh frame, or the median of several, published latched.

A request waits on the executor without holding it up; the worker adds frames until they suffice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
import threading
import time

from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.task import Future
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from std_srvs.srv import Trigger

from promptda_ros.core.frame import FloatImage, Frame
from promptda_ros.core.median import median_depth
from promptda_ros.core.pairing import Pair
from promptda_ros.core.peer_text import printable
from promptda_ros.core.result import Result
from promptda_ros.core.settings import CaptureSettings
from promptda_ros.messages import NANOSECONDS
from promptda_ros.outputs import Outputs
from promptda_ros.transports import SensorMessage

# Whoever asks for a capture and subscribes later still gets it.
LATCHED_QOS = QoSProfile(
    depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL, reliability=ReliabilityPolicy.RELIABLE
)
OUTPUTS = {'depth': Image, 'points': PointCloud2, 'camera_info': CameraInfo}
# What of the stream each shows one frame of.
SOURCES = {
    'depth': 'depth/image_rect',
    'points': 'points',
    'camera_info': 'depth/camera_info',
}
# Stamps this near to the clock are of the same clock; those of a recording are not.
SAME_CLOCK_NS = 1_000_000_000


@dataclass
class Wish:
    """A capture that somebody waits for."""

    settings: CaptureSettings
    asked_ns: int  # steady clock
    asked_stamp_ns: int  # the node's clock
    done: Future
    depths_m: list[FloatImage] = field(default_factory=list)
    problem: str = ''

    def accepts(self, pair: Pair[SensorMessage], now_ns: int) -> bool:
        """Tell whether the image was taken after the request, as far as the clocks can tell.

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
    """The service and the latched topics of one camera; answers one request after the other."""

    def __init__(self, node: Node, prefix: str, settings: Callable[[], CaptureSettings]) -> None:
        self._node = node
        self._settings = settings
        self._explain: Callable[[], str] | None = None
        self._lock = threading.Lock()
        self._wish: Wish | None = None
        self._publishers = {
            name: node.create_publisher(kind, f'~/{prefix}capture/{name}', LATCHED_QOS)
            for name, kind in OUTPUTS.items()
        }
        # In the node's own group a request that waits would keep every other callback waiting.
        group = MutuallyExclusiveCallbackGroup()
        self._service = node.create_service(
            Trigger, f'~/{prefix}capture', self._serve, callback_group=group
        )

    def open(self, explain: Callable[[], str]) -> None:
        """Take requests; `explain` says why no frames come, '' if they do."""
        self._explain = explain

    def refuse(self) -> None:
        """Take no requests, because the node listens no more."""
        self._explain = None
        self._answer(self._wish, success=False, message='the node was deactivated meanwhile')

    def close(self) -> None:
        """Destroy the service and the publishers."""
        self._node.destroy_service(self._service)
        for publisher in self._publishers.values():
            self._node.destroy_publisher(publisher)

    # On the executor

    async def _serve(
        self, request: Trigger.Request, response: Trigger.Response
    ) -> Trigger.Response:
        if self._explain is None:
            response.message = 'the node is not active, so that nothing is captured; activate it'
            return response
        self._wish = wish = self._new_wish()
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        timer = self._node.create_timer(wish.settings.timeout, self._give_up, clock=steady)
        response.success, response.message = await wish.done
        self._node.destroy_timer(timer)
        return response

    def _new_wish(self) -> Wish:
        return Wish(
            settings=self._settings(),
            asked_ns=time.monotonic_ns(),
            asked_stamp_ns=self._now_ns(),
            done=Future(executor=self._node.executor),
        )

    def _give_up(self) -> None:
        wish = self._wish
        if wish is None or self._explain is None:
            return
        came, wanted = len(wish.depths_m), wish.settings.frames
        why = self._explain() or wish.problem or 'frames pass too slowly; raise capture.timeout'
        message = f'{came} of {wanted} frames came within {wish.settings.timeout:g} s: {why}'
        self._answer(wish, success=False, message=message)

    # On the worker

    def wants(self, pair: Pair[SensorMessage]) -> bool:
        """Tell whether somebody waits for the depth of a pair."""
        wish = self._wish
        return wish is not None and wish.accepts(pair, self._now_ns())

    def add(self, result: Result, outputs: Outputs) -> None:
        """Take a wanted frame; the one that completes a capture publishes it."""
        wish, frame = self._wish, result.frame
        if wish is None or not wish.add(frame, result.depth.depth_m):
            return
        depth = result.depth.with_depth(median_depth(wish.depths_m))
        result = replace(result, depth=depth)
        messages = {name: outputs.make(output, result) for name, output in SOURCES.items()}
        frames = f'{len(wish.depths_m)} frames' if len(wish.depths_m) > 1 else 'one frame'
        sec, nanosec = divmod(frame.stamp_ns, NANOSECONDS)  # as floats they would be rounded
        message = f'captured {frames}, stamp {sec}.{nanosec:09d}'
        if self._claim(wish):
            for name, each in messages.items():
                self._publishers[name].publish(each)
            wish.done.set_result((True, message))

    # On either

    def _answer(self, wish: Wish | None, *, success: bool, message: str) -> None:
        if wish is not None and self._claim(wish):
            wish.done.set_result((success, printable(message)))

    def _claim(self, wish: Wish) -> bool:
        """Take the right to answer a wish, which only one thread gets."""
        with self._lock:
            if self._wish is not wish:
                return False
            self._wish = None
            return True

    def _now_ns(self) -> int:
        return int(self._node.get_clock().now().nanoseconds)
