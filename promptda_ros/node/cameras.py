# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What each camera of the node has of its own; the network is shared."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
import re
import time

from rclpy.node import Node
import torch

from promptda_ros.camera.calibration import Calibration, COLOUR, DEPTH, Role
from promptda_ros.camera.extrinsics import Extrinsics
from promptda_ros.camera.products import CLOUDS
from promptda_ros.camera.reader import PairReader
from promptda_ros.core.cloud.workspace import has_box
from promptda_ros.core.frame import BadFrame, Depth, Frame
from promptda_ros.core.frame_outputs import FrameOutputs
from promptda_ros.core.geometry.frame_ids import plain
from promptda_ros.core.pairing.pairing import Pair
from promptda_ros.core.peer_text import shorten
from promptda_ros.core.prompt.history import DepthHistory
from promptda_ros.core.runtime.guard import Guard
from promptda_ros.core.runtime.lasting import OneStream
from promptda_ros.core.runtime.log import Drops, keep_traceback, SayOnce
from promptda_ros.core.runtime.stages import StageTimes
from promptda_ros.core.settings.schema import Settings
from promptda_ros.messages.encodings import surplus_bytes
from promptda_ros.messages.sensor_message import SensorMessage
from promptda_ros.node.capture import Capture
from promptda_ros.node.outputs import Outputs

# image_rect, image_rect_color, rgb/rect/image; not image_corrected
RECTIFIED_TOPIC = re.compile(r'(^|[/_])rect([/_]|$)')
# What may come later than the first frames, when everything is started at once
MISSING = ('no_transform', 'no_confidence', 'no_camera_info', 'no_depth_camera_info')
GRACE_SEC = 5.0
# What the worker waits for; a camera that waits in vain does so once in a while, or the others
# would wait with it for every frame.
WAITED_FOR = ('no_transform', 'no_confidence')
IMPATIENCE_SEC = 1.0
# Two names on one topic that changed there and back within this time are two cameras.
MIXED_SEC = 5.0


class Camera:
    """One camera with its depth sensor; `settings` may be replaced between frames.

    Topics, services and parameters of a camera with a name begin with it.
    """

    def __init__(
        self,
        name: str,
        node: Node,
        settings: Settings,
        extrinsics: Extrinsics,
        device: torch.device,
    ) -> None:
        """Take the device on which depth is registered."""
        self.name = name
        self.prefix = f'{name}/' if name else ''
        self.settings = settings
        self.log = node.get_logger().get_child(name) if name else node.get_logger()
        self.drops = Drops(self.log.warning, what='frame dropped')
        self.stages = StageTimes()
        self.calibration = self._new_calibration(node, 'image', COLOUR)
        self.depth_calibration = self._new_calibration(node, 'depth', DEPTH)
        self.reader = PairReader(
            calibration=self.calibration,
            depth_calibration=self.depth_calibration,
            extrinsics=extrinsics,
            device=device,
            warn=self.log.warning,
        )
        self.history = DepthHistory()
        self.outputs = Outputs(node, self.prefix)
        self.capture = Capture(node, self.prefix, lambda: self.settings.capture)
        self.latest: Depth | None = None
        self.early_sec = 0.0  # how far ahead of the clock the last image was stamped
        # What its messages can do to reading cannot be listed, and must not end the other cameras.
        self.reading = Guard(partial(self._report, 'read_failed'), patience=None)
        # One for each part of the work: the first succeeds even if the last always fails.
        report = partial(self._report, 'failed')
        self.preparing, self.publishing = Guard(report), Guard(report)
        self.withheld = ''  # why the last frame has no clouds though its intrinsics are known
        self._node = node
        self.extrinsics = extrinsics
        self._say_once = SayOnce(self.log.warning)
        self._streams = {role: OneStream(MIXED_SEC) for role in ('image', 'depth')}
        # What nearly every frame has in common with the last one
        self._names: tuple[str, str] | None = None
        self._form: tuple[object, ...] = ()
        self._epoch = 0
        self._begun_sec = time.monotonic()
        self._impatient_until_sec = 0.0

    def clear(self) -> None:
        """Forget the stream so far, as listening restarts."""
        self.reader.clear()
        self.history.clear()
        self._say_once.forget()
        self._form = ()
        self._epoch = 0
        self._begun_sec = time.monotonic()

    def close(self) -> None:
        """Destroy the outputs and the service."""
        self.outputs.close()
        self.capture.close()

    def drop(self, error: BadFrame) -> None:
        """Count a frame under the reason of the error."""
        self._note_wait(error)
        is_young = time.monotonic() - self._begun_sec < GRACE_SEC
        self.drops.add(error.reason, '' if is_young and error.reason in MISSING else str(error))

    def read(self, pair: Pair[SensorMessage], settings: Settings) -> Frame:
        """Return the frame of a pair.

        Raises:
            BadFrame: it can't be read, or what is needed beside it has not come.
        """
        names = pair.image.header.frame_id, pair.depth.header.frame_id
        if names != self._names:
            self._names = None  # until a frame of one camera comes
            self._require_one_camera(pair)
            self._names = names
        if pair.epoch != self._epoch:
            self._epoch = pair.epoch
            self.extrinsics.clear()
        if time.monotonic() < self._impatient_until_sec:
            settings = _without_waits(settings)
        frame = self.reader.read(pair, settings)
        form = (*names, len(pair.image.data), len(pair.depth.data))
        if form != self._form:
            self._form = form
            self._note_what_is_odd(pair, frame)
        now_ns = self._node.get_clock().now().nanoseconds
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
        is_impatient = time.monotonic() < self._impatient_until_sec
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

    def _require_one_camera(self, pair: Pair[SensorMessage]) -> None:
        """Refuse frames while two cameras or two sensors publish on one topic, taking turns."""
        now_sec = time.monotonic()
        for role, message in (('image', pair.image), ('depth', pair.depth)):
            stream = self._streams[role]
            if stream.is_mixed(plain(message.header.frame_id), now_sec):
                one, other = sorted(map(shorten, stream.others))
                topic = self._node.resolve_topic_name(f'{self.prefix}{role}')
                raise BadFrame(
                    'mixed_cameras',
                    f"frames '{one}' and '{other}' alternate on {topic}: two cameras publish "
                    'there, which must not be mixed; give each a topic of its own',
                )

    def _note_wait(self, error: BadFrame) -> None:
        is_alone = len(self.settings.cameras) == 1
        if error.reason in WAITED_FOR and not is_alone:
            self._impatient_until_sec = time.monotonic() + IMPATIENCE_SEC

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

    def _new_calibration(self, node: Node, picture: str, role: Role) -> Calibration:
        topic = node.resolve_topic_name(f'{self.prefix}{picture}')
        is_rectified = RECTIFIED_TOPIC.search(topic) is not None
        log = self.log
        return Calibration(
            warn=log.warning,
            error=log.error,
            # A line of its own: rclpy raises where one line logs under two severities.
            info=lambda text: log.info(text),
            rectified=is_rectified,
            role=role,
            topic=node.resolve_topic_name(f'{self.prefix}{role.topic}'),
        )

    def _report(self, reason: str, error: Exception) -> None:
        """Count a frame that failed with an unexpected exception."""
        if not self._node.context.ok():
            return  # a signal ended the context while somebody still used it
        if self.drops.add(reason, f'{type(error).__name__}: {error}'):
            keep_traceback(error)


def _without_waits(settings: Settings) -> Settings:
    """Return settings under which the worker waits for nothing that a camera lacks."""
    return replace(
        settings,
        sync=replace(settings.sync, wait=0.0),
        extrinsics=replace(settings.extrinsics, timeout=0.0),
    )
