# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One pair of messages -> published depth: read, prepare, infer, restore, build, publish."""

from __future__ import annotations

from collections.abc import Callable
import time

from sensor_msgs.msg import Image

from promptda_ros import messages
from promptda_ros.calibration import Calibration
from promptda_ros.core.frame import BadFrame, Depth, Frame
from promptda_ros.core.history import History
from promptda_ros.core.pairing import Pair
from promptda_ros.core.settings import Settings
from promptda_ros.core.stages import StageTimes
from promptda_ros.diagnostics import Drops
from promptda_ros.encodings import surplus_bytes
from promptda_ros.models import LoadedModel
from promptda_ros.once import SayOnce
from promptda_ros.outputs import Outputs


class Pipeline:
    """The worker's half of the node; `settings` may be replaced between frames.

    `now_ns` is the clock of the stamps.
    """

    def __init__(
        self,
        *,
        model: LoadedModel,
        calibration: Calibration,
        outputs: Outputs,
        drops: Drops,
        settings: Settings,
        now_ns: Callable[[], int],
        warn: Callable[[str], object],
    ) -> None:
        self.settings = settings
        self.model = model
        self.stages = StageTimes()
        self.drops = drops
        self.outputs = outputs
        self.latest: Depth | None = None
        self.calibration = calibration
        self.history = History()
        self._now_ns = now_ns
        self._say_once = SayOnce(warn)
        self.early_sec = 0.0  # how far ahead of the clock the last image was stamped

    def process(self, pair: Pair[Image]) -> None:
        """Publish the depth of one pair, or drop it under a reason."""
        self.stages.add('pair', (pair.paired_ns - pair.image_arrival_ns) / 1e6)
        self.stages.add('hand_over', (time.monotonic_ns() - pair.paired_ns) / 1e6)
        if not self.outputs.wanted():
            self.drops.add('no_listener')
            return
        try:
            self._publish_depth(pair)
        except BadFrame as error:
            self.drops.add(error.reason, str(error))

    def _publish_depth(self, pair: Pair[Image]) -> None:
        settings, stage, estimator = self.settings, self.stages.time, self.model.estimator
        with stage('read'):
            frame = messages.read_frame(pair.image, pair.depth, settings.input)
            self._note_what_is_odd(pair, frame)
            intrinsics = self.calibration.intrinsics_of(
                frame, rescale=settings.input.rescale_camera_info
            )
        with stage('prepare'):
            prepared = estimator.prepare(frame, settings.prompt, self.history)
        with stage('infer'):
            (network_depth_m,) = estimator.infer([prepared])
        with stage('restore'):
            depth = estimator.restore(prepared, network_depth_m, settings.output)
        with stage('build'):
            built = self.outputs.build(frame, depth, intrinsics, settings.output)
        with stage('publish'):
            self.outputs.publish(built)
        self.latest = depth

    def _note_what_is_odd(self, pair: Pair[Image], frame: Frame) -> None:
        for role, message in (('image', pair.image), ('depth', pair.depth)):
            if (surplus := surplus_bytes(message)) > 0:
                text = f'{role} has {surplus} bytes more than its rows; they are not read'
                self._say_once(f'{role} surplus', text)
        if not frame.frame_id:
            self._say_once(
                'frame_id',
                'the image has no frame_id: no consumer can place the depth; set it in the driver',
            )
        now_ns = self._now_ns()
        if now_ns > 0:  # a simulated clock that has not begun knows no age
            self.early_sec = (frame.stamp_ns - now_ns) / 1e9
