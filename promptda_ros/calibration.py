# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""camera_info messages kept until the image they belong to is worked on."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
import threading

from sensor_msgs.msg import CameraInfo

from promptda_ros import messages
from promptda_ros.core.camera import BadIntrinsics
from promptda_ros.core.frame import Frame, Intrinsics
from promptda_ros.once import SayOnce

KEPT = 60


class Calibration:
    """Finds the intrinsics of a frame: those of the last camera_info not younger than it.

    A camera that zooms or is calibrated anew changes its camera_info; the newest one may describe
    a later image. A single latched message serves every image. Safe between threads.
    """

    def __init__(
        self, *, warn: Callable[[str], object], error: Callable[[str], object], rectified: bool
    ) -> None:
        self._say_once = SayOnce(warn)
        self._error = error
        self._rectified = rectified
        self._lock = threading.Lock()
        self._infos: deque[tuple[int, CameraInfo]] = deque(maxlen=KEPT)
        self._problem = ''

    @property
    def received(self) -> bool:
        """Tell whether any camera_info has arrived."""
        return bool(self._infos)

    @property
    def problem(self) -> str:
        """Return why the last image has no intrinsics, '' if it has."""
        return self._problem

    def clear(self) -> None:
        """Forget everything, because listening starts anew."""
        with self._lock:
            self._infos.clear()
        self._say_once.forget()

    def add(self, message: CameraInfo) -> None:
        """Keep a message; a jump of its stamps back forgets those before it."""
        stamp_ns = messages.stamp_ns_of(message.header)
        with self._lock:
            if self._infos and stamp_ns < self._infos[-1][0]:
                self._infos.clear()
            self._infos.append((stamp_ns, message))

    def intrinsics_of(self, frame: Frame, *, rescale: bool = False) -> Intrinsics | None:
        """Return the intrinsics of the frame's image, or None with the reason said once."""
        message = self._message_at(frame.stamp_ns)
        if message is None:
            self._problem = 'no camera_info has arrived'
            return None
        self._judge(message, frame)
        height, width = frame.image.shape[:2]
        try:
            intrinsics = messages.read_intrinsics(
                message, height=height, width=width, rectified=self._rectified, rescale=rescale
            )
        except BadIntrinsics as error:
            if str(error) != self._problem:
                self._error(f'no point cloud: {error}')
            self._problem = str(error)
            return None
        self._problem = ''
        return intrinsics

    def _message_at(self, stamp_ns: int) -> CameraInfo | None:
        with self._lock:
            if not self._infos:
                return None
            earlier = [message for info_ns, message in self._infos if info_ns <= stamp_ns]
            return earlier[-1] if earlier else self._infos[0][1]

    def _judge(self, message: CameraInfo, frame: Frame) -> None:
        if message.header.frame_id != frame.frame_id:
            self._say_once(
                'frame',
                f"camera_info is of frame '{messages.shown(message.header.frame_id)}' but the "
                f"image of '{messages.shown(frame.frame_id)}': the image's frame is published",
            )
        if messages.is_distorted(message) and not self._rectified:
            self._say_once(
                'distorted',
                'the image is not rectified (camera_info has distortion): points are bent towards '
                'the corners; use the image_rect topic of image_proc',
            )
        if message.width == 0 or message.height == 0:
            height, width = frame.image.shape[:2]
            self._say_once(
                'size', f'camera_info has no size: {width}x{height} of the image is taken'
            )
