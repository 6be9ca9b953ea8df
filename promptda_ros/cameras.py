# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What each camera of the node has of its own; the network is shared."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import re
import time

from rclpy.node import Node

from promptda_ros.calibration import Calibration
from promptda_ros.capture import Capture
from promptda_ros.core.frame import BadFrame, Depth, Frame
from promptda_ros.core.guard import Guard
from promptda_ros.core.history import History
from promptda_ros.core.pairing import Pair
from promptda_ros.core.settings import Settings
from promptda_ros.core.stages import StageTimes
from promptda_ros.diagnostics import Drops
from promptda_ros.encodings import surplus_bytes
from promptda_ros.once import SayOnce
from promptda_ros.outputs import Outputs
from promptda_ros.tracebacks import keep_traceback
from promptda_ros.transports import SensorMessage

# image_rect, image_rect_color, rgb/rect/image; not image_corrected
RECTIFIED_TOPIC = re.compile(r'(^|[/_])rect([/_]|$)')


class Camera:
    """One camera with its depth sensor; `settings` may be replaced between frames.

    Topics, services and parameters of a camera with a name begin with it.
    """

    def __init__(self, name: str, node: Node, settings: Settings) -> None:
        self.name = name
        self.prefix = f'{name}/' if name else ''
        self.settings = settings
        self.log = node.get_logger().get_child(name) if name else node.get_logger()
        self.drops = Drops(self.log.warning, what='frame dropped')
        self.stages = StageTimes()
        self.calibration = self._calibration(node)
        self.history = History()
        self.outputs = Outputs(node, self.prefix)
        self.capture = Capture(node, self.prefix, lambda: self.settings.capture)
        self.latest: Depth | None = None
        self.early_sec = 0.0  # how far ahead of the clock the last image was stamped
        # One for each half of the work: the first succeeds even if the second always fails.
        self.reading, self.publishing = Guard(self._report), Guard(self._report)
        self._node = node
        self._say_once = SayOnce(self.log.warning)

    def clear(self) -> None:
        """Forget the stream so far, because listening starts anew."""
        self.calibration.clear()
        self.history.clear()

    def close(self) -> None:
        """Destroy the outputs and the service."""
        self.outputs.close()
        self.capture.close()

    def is_heard(self, pair: Pair[SensorMessage]) -> bool:
        """Tell whether anybody wants the depth of a pair."""
        return self.outputs.wanted() or self.capture.wants(pair)

    @contextmanager
    def dropping(self) -> Iterator[None]:
        """Count a frame that the body of the `with` refuses, under its reason."""
        try:
            yield
        except BadFrame as error:
            self.drops.add(error.reason, str(error))

    def note_way(self, pair: Pair[SensorMessage]) -> None:
        """Count how long the pair took until the worker had it."""
        self.stages.add('pair', (pair.paired_ns - pair.image_arrival_ns) / 1e6)
        self.stages.add('hand_over', (time.monotonic_ns() - pair.paired_ns) / 1e6)

    def note_what_is_odd(self, pair: Pair[SensorMessage], frame: Frame) -> None:
        """Say once what is strange about messages that can be used all the same."""
        for role, message in (('image', pair.image), ('depth', pair.depth)):
            if (surplus := surplus_bytes(message)) > 0:
                text = f'{role} has {surplus} bytes more than its rows; they are not read'
                self._say_once(f'{role} surplus', text)
        if not frame.frame_id:
            self._say_once(
                'frame_id',
                'the image has no frame_id: no consumer can place the depth; set it in the driver',
            )
        now_ns = self._node.get_clock().now().nanoseconds
        if now_ns > 0:  # a simulated clock that has not begun knows no age
            self.early_sec = (frame.stamp_ns - now_ns) / 1e9

    def _calibration(self, node: Node) -> Calibration:
        topic = node.resolve_topic_name(f'{self.prefix}image')
        is_rectified = RECTIFIED_TOPIC.search(topic) is not None
        return Calibration(warn=self.log.warning, error=self.log.error, rectified=is_rectified)

    def _report(self, error: Exception) -> None:
        """Count a frame that failed in a way nobody foresaw."""
        if not self._node.context.ok():
            return  # a signal ended the context while somebody still used it
        if self.drops.add('failed', f'{type(error).__name__}: {error}'):
            keep_traceback(error)
