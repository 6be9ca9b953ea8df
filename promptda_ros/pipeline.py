# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pairs of messages -> published depth: read, prepare, infer, restore, build, publish."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
import time

from torch import Tensor

from promptda_ros.cameras import Camera
from promptda_ros.core.estimator import Prepared
from promptda_ros.core.frame import Frame
from promptda_ros.core.guard import Guard
from promptda_ros.core.pairing import Pair
from promptda_ros.core.trust import require_trust
from promptda_ros.models import LoadedModel
from promptda_ros.transports import SensorMessage


@dataclass(frozen=True)
class Waiting:
    """A frame that waits for the network."""

    camera: Camera
    pair: Pair[SensorMessage]
    frame: Frame
    prepared: Prepared


class Pipeline:
    """The worker's half of the node.

    Frames of several cameras share one run of the network; what is wrong with one of them costs
    the others nothing.
    """

    def __init__(self, model: LoadedModel, *, on_error: Callable[[Exception], None]) -> None:
        self.model = model
        self._inferring = Guard(on_error)

    def process(self, pairs: Mapping[Camera, Pair[SensorMessage]]) -> None:
        """Publish the depth of each camera's pair, or drop it under a reason."""
        batch: list[Waiting] = []
        for camera, pair in pairs.items():
            camera.reading.run(self._read, camera, pair, batch)
        if not batch:
            return
        depths_m: list[Tensor] = []
        if not self._inferring.run(self._infer, batch, depths_m):
            for waiting in batch:
                waiting.camera.drops.add('failed')
        for waiting, depth_m in zip(batch, depths_m, strict=False):
            waiting.camera.publishing.run(self._publish, waiting, depth_m)

    def _read(self, camera: Camera, pair: Pair[SensorMessage], batch: list[Waiting]) -> None:
        camera.note_way(pair)
        if not camera.is_heard(pair):
            camera.drops.add('no_listener')
            return
        settings, stage = camera.settings, camera.stages.time
        with camera.dropping():
            with stage('read'):
                frame = camera.read(pair)
            with stage('prepare'):
                prepared = self.model.estimator.prepare(frame, settings.prompt, camera.history)
            batch.append(Waiting(camera, pair, frame, prepared))

    def _infer(self, batch: list[Waiting], depths_m: list[Tensor]) -> None:
        begun_sec = time.perf_counter()
        depths_m += self.model.estimator.infer([waiting.prepared for waiting in batch])
        for waiting in batch:
            waiting.camera.stages.add('infer', (time.perf_counter() - begun_sec) * 1e3)

    def _publish(self, waiting: Waiting, network_depth_m: Tensor) -> None:
        camera, frame = waiting.camera, waiting.frame
        settings, stage = camera.settings, camera.stages.time
        with camera.dropping():
            with stage('restore'):
                depth = self.model.estimator.restore(
                    waiting.prepared, network_depth_m, settings.output
                )
                require_trust(depth, settings.trust)
            with stage('build'):
                result = camera.result_of(waiting.pair, frame, depth)
                built = camera.outputs.build(result)
            with stage('publish'):
                camera.outputs.publish(built)
            camera.latest = depth
            if camera.capture.wants(waiting.pair):
                camera.capture.add(result, camera.outputs)
