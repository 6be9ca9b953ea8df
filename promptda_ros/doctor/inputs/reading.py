# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the node's own reader makes of a few pairs, and what it says meanwhile."""

from __future__ import annotations

from collections import Counter

import torch

from promptda_ros.bags.processing.cameras import resolved
from promptda_ros.camera.camera import Camera, without_waits
from promptda_ros.camera.extrinsics import Extrinsics
from promptda_ros.camera.sinks import NoOutputs
from promptda_ros.core.frame import BadFrame, Frame
from promptda_ros.core.pairing.pairing import Pair
from promptda_ros.core.prompt.prompt import condition
from promptda_ros.core.runtime.guard import Guard
from promptda_ros.doctor.inputs.facts import CameraFacts
from promptda_ros.messages.sensor_message import SensorMessage
from promptda_ros.messages.stamps import stamp_ns_of

SOON_NS = 500_000_000  # what belongs to a pair has come by then
FAILED = 'read_failed'


class Told:
    """Keeps what is logged."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.errors: list[str] = []

    def info(self, text: str) -> None:
        """Leave out what is as it should be."""

    def warning(self, text: str) -> None:
        """Keep what is worse than it should be."""
        self.warnings.append(text)

    def error(self, text: str) -> None:
        """Keep what costs a part of the output."""
        self.errors.append(text)


class Reading:
    """Frames of a camera's pairs; `drops` says why there are not as many as pairs."""

    def __init__(self, facts: CameraFacts) -> None:
        self.frames: list[Frame] = []
        self.drops: dict[str, str] = {}  # a sentence by reason
        self.counts: Counter[str] = Counter()  # of the drops
        self.told = Told()
        self._settings = without_waits(facts.settings)
        self._camera = Camera(
            facts.name,
            self._settings,
            topics=resolved(facts.topics),
            extrinsics=Extrinsics(facts.transforms),
            device=torch.device('cpu'),
            log=self.told,
            outputs=NoOutputs(),
        )
        self._beside = [
            (listener, [*facts.beside.get(role, ())])
            for role, listener in (
                ('camera_info', self._camera.calibration.add),
                ('depth_camera_info', self._camera.depth_calibration.add),
                ('confidence', self._camera.reader.confidence.add),
                ('mask', self._camera.reader.masks.add),
            )
        ]
        guard = Guard(self._fail, patience=None)  # messages can do to it what no list holds
        for pair in facts.pairs:
            self._take_beside(pair.image_stamp_ns + SOON_NS)
            guard.run(self._read, pair)

    def _take_beside(self, until_ns: int) -> None:
        """Take what came beside the pairs by now, and the first of each at once."""
        for listener, messages in self._beside:
            while messages and stamp_ns_of(messages[0].header) <= until_ns:
                listener(messages.pop(0))
            if messages and not self.frames:
                listener(messages.pop(0))

    def _read(self, pair: Pair[SensorMessage]) -> None:
        try:
            frame = self._camera.read(pair, self._settings)
            condition(frame.sensor_depth_m, self._settings.prompt)
        except BadFrame as error:
            self._note(error.reason, str(error))
        else:
            self.frames.append(frame)

    def _fail(self, error: Exception) -> None:
        self._note(FAILED, f'{type(error).__name__}: {error}')

    def _note(self, reason: str, sentence: str) -> None:
        self.drops.setdefault(reason, sentence)
        self.counts[reason] += 1
