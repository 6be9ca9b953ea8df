# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What each camera has of its own, in a node or in a recording; the network is shared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
import re
import time

import torch

from promptda_ros.camera.calibration import Calibration, COLOUR, DEPTH, Role
from promptda_ros.camera.extrinsics import Extrinsics
from promptda_ros.camera.products import CLOUDS
from promptda_ros.camera.reader import PairReader
from promptda_ros.camera.recent import kept_ns_of
from promptda_ros.camera.sinks import CaptureSink, NoCapture, OutputSink
from promptda_ros.core.cloud.workspace import has_box
from promptda_ros.core.frame import BadFrame, Depth, Frame
from promptda_ros.core.frame_outputs import FrameOutputs
from promptda_ros.core.geometry.frame_ids import plain
from promptda_ros.core.health import Log
from promptda_ros.core.pairing.pairing import Pair
from promptda_ros.core.peer_text import shorten
from promptda_ros.core.prompt.history import DepthHistory
from promptda_ros.core.runtime.guard import Guard
from promptda_ros.core.runtime.lasting import OneStream
from promptda_ros.core.runtime.log import Drops, keep_traceback, SayOnce
from promptda_ros.core.runtime.rate_limit import RateLimit
from promptda_ros.core.runtime.stages import StageTimes
from promptda_ros.core.settings.schema import Settings
from promptda_ros.messages.encodings import surplus_bytes
from promptda_ros.messages.sensor_message import SensorMessage
from promptda_ros.messages.stamps import NANOSECONDS

# image_rect, image_rect_color, rgb/rect/image; not image_corrected
RECTIFIED_TOPIC = re.compile(r'(^|[/_])rect([/_]|$)')
# What may come later than the first frames, when everything is started at once
MISSING = ('no_transform', 'no_confidence', 'no_camera_info', 'no_depth_camera_info')
GRACE_SEC = 5.0
# What only a person can fix
SET_UP_WRONG = ('mixed_cameras', 'no_transform', 'depth_unit', 'depth_aspect')
# What the worker waits for; a camera that waits in vain does so once in a while, or the others
# would wait with it for every frame.
WAITED_FOR = ('no_transform', 'no_confidence')
IMPATIENCE_SEC = 1.0
# Two names on one topic that take turns within this time are two cameras.
MIXED_SEC = 5.0


@dataclass(frozen=True)
class InputTopics:
    """The whole names of a camera's topics."""

    image: str
    depth: str
    camera_info: str = ''
    depth_camera_info: str = ''


class Camera:
    """One camera with its depth sensor; `settings` may be replaced between frames."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        *,
        topics: InputTopics,
        extrinsics: Extrinsics,
        device: torch.device,
        log: Log,
        outputs: OutputSink,
        capture: CaptureSink | None = None,
        clock_ns: Callable[[], int] = time.monotonic_ns,
        stamp_clock_ns: Callable[[], int] = int,
        is_ending: Callable[[], bool] = bool,
        kept_ns: int | None = None,
    ) -> None:
        """Take what differs between a node and a recording.

        Args:
            device: where depth is registered.
            clock_ns: time that goes on steadily with the frames, such as when they were logged.
            stamp_clock_ns: the clock that stamps are of; 0 where it is not known.
            is_ending: tells whether the program ends, so that failures are nothing to speak of.
            kept_ns: how long what comes beside the pairs is kept; None: as the settings wait.
        """
        self.name = name
        self.settings = settings
        self.topics = topics
        self.extrinsics = extrinsics
        self.log = log
        self.outputs = outputs
        self.capture = capture or NoCapture()
        self.clock_ns = clock_ns
        self.drops = Drops(
            log.warning,
            what='frame dropped',
            error=log.error,
            errors=SET_UP_WRONG,
        )
        self.stages = StageTimes()
        self._kept_ns = kept_ns_of(settings) if kept_ns is None else kept_ns
        self.calibration = self._new_calibration(COLOUR, topics.image, topics.camera_info)
        self.depth_calibration = self._new_calibration(
            DEPTH, topics.depth, topics.depth_camera_info
        )
        self.reader = PairReader(
            calibration=self.calibration,
            depth_calibration=self.depth_calibration,
            extrinsics=extrinsics,
            device=device,
            warn=log.warning,
            kept_ns=self._kept_ns,
        )
        self.history = DepthHistory()
        self.rate_limit = RateLimit()
        self.latest: Depth | None = None
        self.early_sec = 0.0  # how far ahead of the clock the last image was stamped
        # What its messages can do to reading cannot be listed, and must not end the other cameras.
        self.reading = Guard(partial(self._report, 'read_failed'), patience=None)
        # One for each part of the work: the first succeeds even if the last always fails.
        report = partial(self._report, 'failed')
        self.preparing, self.publishing = Guard(report), Guard(report)
        self.withheld = ''  # why the last frame has no clouds though its intrinsics are known
        self._stamp_clock_ns = stamp_clock_ns
        self._is_ending = is_ending
        self._say_once = SayOnce(log.warning)
        self._streams = OneStream(MIXED_SEC), OneStream(MIXED_SEC)
        # What nearly every frame has in common with the last one
        self._names: tuple[str, str] | None = None
        self._followed: dict[Role, str] = {}  # frame_id of the last frame that had one
        self._form: tuple[object, ...] = ()
        self._epoch = 0
        self._begun_ns = clock_ns()
        self._impatient_until_ns = 0

    def clear(self) -> None:
        """Forget the stream so far, as listening restarts."""
        self.reader.clear()
        self.history.clear()
        self._say_once.forget()
        self._form = ()
        self._epoch = 0
        self._begun_ns = self.clock_ns()

    def drop(self, error: BadFrame) -> None:
        """Count a frame under the reason of the error."""
        self._note_wait(error)
        is_young = self.clock_ns() - self._begun_ns < GRACE_SEC * NANOSECONDS
        self.drops.add(error.reason, '' if is_young and error.reason in MISSING else str(error))

    def read(self, pair: Pair[SensorMessage], settings: Settings) -> Frame:
        """Return the frame of a pair.

        Raises:
            BadFrame: it can't be read, or what is needed beside it has not come.
        """
        names = pair.image.header.frame_id, pair.depth.header.frame_id
        if names != self._names:
            self._names = None  # until a frame of one camera comes
            self._follow_cameras(pair)
            self._names = names
        if pair.epoch != self._epoch:
            self._epoch = pair.epoch
            self.extrinsics.clear()
        if self.clock_ns() < self._impatient_until_ns:
            settings = without_waits(settings)
        frame = self.reader.read(pair, settings)
        form = (*names, len(pair.image.data), len(pair.depth.data))
        if form != self._form:
            self._form = form
            self._note_what_is_odd(pair, frame)
        now_ns = self._stamp_clock_ns()
        if now_ns > 0:  # a simulated clock that has not begun knows no age
            self.early_sec = (frame.stamp_ns - now_ns) / 1e9
        return frame

    def result_of(
        self, pair: Pair[SensorMessage], frame: Frame, depth: Depth, settings: Settings
    ) -> FrameOutputs:
        """Return the outputs of a frame, without clouds if the workspace frame is unknown."""
        self.withheld = 'its mask is missing' if frame.points_withheld else ''
        workspace = settings.workspace
        if not (workspace.frame and has_box(workspace) and self._shows_points(pair)):
            return FrameOutputs(frame, depth, settings)
        is_impatient = self.clock_ns() < self._impatient_until_ns
        timeout_sec = 0.0 if is_impatient else settings.extrinsics.timeout
        try:
            box_from_camera = self.extrinsics.lookup(
                workspace.frame, frame.frame_id, frame.stamp_ns, timeout_sec
            )
        except BadFrame as error:
            self._note_wait(error)
            self.withheld = str(error)
            self._say_once('workspace', f'no point cloud: {error}')
            return FrameOutputs(replace(frame, points_withheld=True), depth, settings)
        return FrameOutputs(frame, depth, settings, box_from_camera)

    def _shows_points(self, pair: Pair[SensorMessage]) -> bool:
        has_subscribers = not CLOUDS.isdisjoint(self.outputs.subscribed())
        return has_subscribers or self.capture.wants(pair)

    def _follow_cameras(self, pair: Pair[SensorMessage]) -> None:
        """Notice a camera that takes over a topic; refuse frames while two take turns."""
        now_sec = self.clock_ns() / NANOSECONDS
        image = COLOUR, pair.image, self.topics.image
        depth = DEPTH, pair.depth, self.topics.depth
        for (role, message, topic), stream in zip((image, depth), self._streams, strict=True):
            name = plain(message.header.frame_id)
            if stream.is_mixed(name, now_sec):
                one, other = sorted(map(shorten, stream.others))
                raise BadFrame(
                    'mixed_cameras',
                    f"frames '{one}' and '{other}' alternate on {topic}: two cameras publish "
                    'there, which must not be mixed; give each a topic of its own',
                )
            before = self._followed.get(role, name)
            self._followed[role] = name or before
            if name and before not in ('', name):
                self._forget(role, topic, before, name)

    def _forget(self, role: Role, topic: str, before: str, name: str) -> None:
        """Use nothing of the camera that published on a topic before another one took over."""
        calibration = self.calibration if role is COLOUR else self.depth_calibration
        calibration.follow(name, before=before)
        self.history.clear()
        self.log.info(
            f"frame_id on {topic} changed from '{shorten(before)}' to '{shorten(name)}': taken "
            f'for another camera; the {role.topic} of the one before is not used any more'
        )

    def _note_wait(self, error: BadFrame) -> None:
        is_alone = len(self.settings.cameras) == 1
        if error.reason in WAITED_FOR and not is_alone:
            self._impatient_until_ns = self.clock_ns() + round(IMPATIENCE_SEC * NANOSECONDS)

    def _note_what_is_odd(self, pair: Pair[SensorMessage], frame: Frame) -> None:
        """Warn once about oddities of messages that can still be used."""
        for role, message in (('image', pair.image), ('depth', pair.depth)):
            if (surplus := surplus_bytes(message)) > 0:
                text = f'{role} has {surplus} bytes more than its rows; they are not read'
                self._say_once(f'{role} surplus', text)
        if not frame.frame_id:
            self._say_once(
                'frame_id',
                'the image has no frame_id: no consumer can place the depth; set it in the driver',
            )
        elif frame.frame_id != plain(frame.frame_id):
            self._say_once(
                'frame_id',
                f"the image's frame_id '{shorten(frame.frame_id)}' begins with a slash, which "
                'consumers that use TF refuse; set it without the slash in the driver',
            )

    def _new_calibration(self, role: Role, picture: str, topic: str) -> Calibration:
        is_rectified, log = RECTIFIED_TOPIC.search(picture) is not None, self.log
        return Calibration(
            warn=log.warning,
            error=log.error,
            # A line of its own: rclpy raises where one line logs under two severities.
            info=lambda text: log.info(text),
            rectified=is_rectified,
            role=role,
            topic=topic,
            kept_ns=self._kept_ns,
        )

    def _report(self, reason: str, error: Exception) -> None:
        """Count a frame that failed with an unexpected exception."""
        if self._is_ending():
            return
        if self.drops.add(reason, f'{type(error).__name__}: {error}'):
            keep_traceback(error)


def without_waits(settings: Settings) -> Settings:
    """Return settings under which the worker waits for nothing that a camera lacks."""
    return replace(
        settings,
        sync=replace(settings.sync, wait=0.0),
        extrinsics=replace(settings.extrinsics, timeout=0.0),
    )
