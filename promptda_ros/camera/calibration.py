# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""camera_info messages kept until the picture they belong to is worked on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
import threading

from promptda_ros.camera.recent import Recent
from promptda_ros.core.frame import FloatImage, Intrinsics
from promptda_ros.core.geometry.camera import along_axis, BadIntrinsics
from promptda_ros.core.geometry.camera_info import (
    is_distorted,
    read_camera_info,
    rotation_of,
)
from promptda_ros.core.geometry.frame_ids import same_frame
from promptda_ros.core.geometry.rectify import known_lens, Lens, Rectifier, UnknownLens
from promptda_ros.core.peer_text import printable, shorten
from promptda_ros.core.runtime.log import SayOnce
from promptda_ros.core.settings.input import InputSettings
from promptda_ros.messages import stamps
from promptda_ros.messages.sensor_message import CameraInfo

KEPT = 60


@dataclass(frozen=True)
class ImageReference:
    """Stamp, frame and size of the image whose optics are wanted."""

    stamp_ns: int
    frame_id: str
    height: int
    width: int


@dataclass(frozen=True)
class Optics:
    """How the camera saw a picture."""

    intrinsics: Intrinsics  # of the picture when it is rectified, if there is a rectifier
    rectifier: Rectifier | None = None

    def depth_of_z(self, depth_m: FloatImage) -> FloatImage:
        """Return rectified depth (h, w) of depth along the optical axis."""
        return depth_m if self.rectifier is None else self.rectifier.depth(depth_m)

    def depth_of_rays(self, distance_m: FloatImage) -> FloatImage:
        """Return rectified depth (h, w) of distances along the rays of the pixels."""
        if self.rectifier is not None:
            distance_m = self.rectifier.distance(distance_m)
        return along_axis(distance_m, self.intrinsics)


@dataclass(frozen=True)
class Role:
    """What one camera is called in log lines."""

    topic: str
    picture: str
    loss: str  # what there is not without the intrinsics


COLOUR = Role(topic='camera_info', picture='image', loss='no point cloud')
DEPTH = Role(topic='depth_camera_info', picture='depth', loss='no registered depth')


class Calibration:
    """Finds the optics of a picture: those of the newest camera_info not newer than it.

    A camera that zooms or is calibrated anew changes its camera_info; the newest one may describe
    a later image. A single latched message serves every image. Safe between threads.
    """

    def __init__(
        self,
        *,
        warn: Callable[[str], object],
        error: Callable[[str], object],
        rectified: bool,
        role: Role = COLOUR,
        topic: str = '',
        info: Callable[[str], object] | None = None,
        kept_ns: int = 0,
    ) -> None:
        """Take how to log; `info` is for accepted oddities; `topic` is the resolved name."""
        self.topic = topic or role.topic
        self._say_once = SayOnce(warn)
        self._tell_once = SayOnce(info or warn)
        self._error = error
        self._rectified = rectified
        self._role = role
        self._lock = threading.Lock()
        self._infos = Recent[CameraInfo](fewest=KEPT, kept_ns=kept_ns)
        # Messages of the last camera that another one took over from, and its frame
        self._set_aside: tuple[str, list[tuple[int, CameraInfo]]] = ('', [])
        self._problem = ''
        self._rectifier: Rectifier | None = None
        self._asked: tuple[object, ...] = ()
        self._answer: Optics | None = None

    @property
    def received(self) -> bool:
        """Return whether any camera_info has arrived."""
        return bool(self._infos.messages)

    @property
    def problem(self) -> str:
        """Return why the last picture has no intrinsics, '' if it has."""
        return self._problem

    def clear(self) -> None:
        """Forget everything, as listening restarts."""
        with self._lock:
            self._infos.clear()
            self._set_aside = '', []
        self._asked = ()
        self._say_once.forget()
        self._tell_once.forget()

    def follow(self, frame_id: str, *, before: str) -> None:
        """Use only messages of a frame, whose camera has taken over the topic from another one.

        When that one returns, its messages do too: after one wrong frame_id, a camera that
        publishes a single latched camera_info would have none any more.
        """
        with self._lock:
            gone = self._infos.keep_if(lambda info: same_frame(info.header.frame_id, frame_id))
            owner, messages = self._set_aside
            if owner == frame_id:
                self._infos.restore(messages)
            if gone or owner == frame_id:
                self._set_aside = before, gone
        self._asked = ()
        self._say_once.forget()
        self._tell_once.forget()

    def add(self, message: CameraInfo) -> None:
        """Keep a message; a jump of its stamps back forgets those before it."""
        with self._lock:
            self._infos.add(stamps.stamp_ns_of(message.header), message)

    def optics_of(self, reference: ImageReference, settings: InputSettings) -> Optics | None:
        """Return the optics of an image, or None and log the reason once."""
        message = self.message_at(reference.stamp_ns)
        if message is None:
            self._problem = f'no {self._role.topic} has arrived'
            return None
        roi = message.roi
        content = (  # all but its stamp
            message.header.frame_id,
            message.width,
            message.height,
            message.distortion_model,
            *(tuple(values) for values in (message.d, message.k, message.r, message.p)),
            message.binning_x,
            message.binning_y,
            (roi.x_offset, roi.y_offset, roi.height, roi.width, roi.do_rectify),
        )
        asked = content, replace(reference, stamp_ns=0), settings
        if asked == self._asked:
            return self._answer  # nearly every picture: a camera rarely changes
        try:
            self._answer, problem = self._read(message, reference, settings), ''
        except BadIntrinsics as error:
            self._answer, problem = None, str(error)
            if problem != self._problem:
                self._error(printable(f'{self._role.loss}: {problem}'))
        self._asked, self._problem = asked, problem
        return self._answer

    def message_at(self, stamp_ns: int) -> CameraInfo | None:
        """Return the newest message not newer than a picture, else the first one."""
        with self._lock:
            found = None
            for info_ns, message in self._infos.messages:
                if found is None or info_ns <= stamp_ns:
                    found = message
            return found

    def _read(
        self, message: CameraInfo, reference: ImageReference, settings: InputSettings
    ) -> Optics:
        self._say_what_is_odd(message, reference)

        def read(*, rectified: bool) -> Intrinsics:
            reading = read_camera_info(
                message,
                height=reference.height,
                width=reference.width,
                rectified=rectified,
                rescale=settings.rescale_camera_info,
            )
            if reading.odd:
                self._say_once('reading', f'{self._role.topic}: {reading.odd}')
            return reading.intrinsics

        intrinsics = read(rectified=self._rectified)
        if self._rectified or not is_distorted(message):
            return Optics(intrinsics)
        if not settings.rectify:
            self._say_once(
                'distorted',
                f'the {self._role.picture} is not rectified ({self._role.topic} has distortion): '
                'points are distorted towards the corners; use the image_rect topic of '
                'image_proc, or set input.rectify:=true',
            )
            return Optics(intrinsics)
        rectifier = self._rectifier_of(message, intrinsics, read(rectified=True))
        return Optics(intrinsics if rectifier is None else rectifier.lens.rectified, rectifier)

    def _rectifier_of(
        self, message: CameraInfo, distorted: Intrinsics, rectified: Intrinsics
    ) -> Rectifier | None:
        """Return what undoes the distortion: the last one while nothing has changed."""
        given = Lens(
            message.distortion_model,
            tuple(message.d),
            distorted,
            rectified,
            rotation_of(message),
        )
        try:
            lens = known_lens(given)
        except UnknownLens as error:
            self._say_once(
                'lens',
                f'input.rectify cannot undo the distortion: {error}; points are distorted '
                'towards the corners; use the image_rect topic of image_proc',
            )
            return None
        if lens != given:
            self._tell_once(
                'lens',
                f"{self._role.topic} has distortion_model '{shorten(given.model)}' with "
                f'{len(given.coefficients)} coefficients: taken for {lens.model} with '
                f'{len(lens.coefficients)}',
            )
        if self._rectifier is None or self._rectifier.lens != lens:
            self._rectifier = Rectifier(lens)
        return self._rectifier

    def _say_what_is_odd(self, message: CameraInfo, reference: ImageReference) -> None:
        topic, picture = self._role.topic, self._role.picture
        # One without a frame_id contradicts nothing.
        if message.header.frame_id and not same_frame(message.header.frame_id, reference.frame_id):
            self._say_once(
                'frame',
                f"{topic} is of frame '{shorten(message.header.frame_id)}' but the "
                f"{picture} of '{shorten(reference.frame_id)}': the {picture}'s frame is taken",
            )
        if message.width == 0 or message.height == 0:
            self._say_once(
                'size',
                f'{topic} has no size: {reference.width}x{reference.height} of the {picture} '
                'is taken',
            )
