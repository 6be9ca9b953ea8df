# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pairs of messages -> published depth: read, prepare, infer, restore, build, publish."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
import time

from torch import Tensor

from promptda_ros.cameras import Camera
from promptda_ros.core.device_faults import OutOfMemory, run_on_device
from promptda_ros.core.estimator import Prepared
from promptda_ros.core.frame import BadFrame, Frame
from promptda_ros.core.guard import Guard
from promptda_ros.core.pairing import Pair
from promptda_ros.core.trust import require_trust
from promptda_ros.models import LoadedModel
from promptda_ros.network_health import ANSWERED, NetworkHealth
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

    def __init__(
        self,
        model: LoadedModel,
        health: NetworkHealth,
        *,
        on_error: Callable[[Exception], None],
    ) -> None:
        self.model = model
        self.health = health
        self._inferring = Guard(on_error)
        self._fates: set[str] = set()  # of the frames of the batch in work

    def process(self, pairs: Mapping[Camera, Pair[SensorMessage]]) -> None:
        """Publish the depth of each camera's pair, or drop it under a reason.

        Raises:
            DeviceLost: nothing will ever be published by this process.
        """
        self._fates.clear()
        self._work_on(pairs)
        self.health.note(self._fates)
        self.model.estimator.resolution = self.health.resolution.name

    def _work_on(self, pairs: Mapping[Camera, Pair[SensorMessage]]) -> None:
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
        with self._dropping(camera):
            with stage('read'):
                frame = camera.read(pair)
            with stage('prepare'):
                prepared = run_on_device(
                    self.model.estimator.prepare, frame, settings.prompt, camera.history
                )
            batch.append(Waiting(camera, pair, frame, prepared))

    def _infer(self, batch: list[Waiting], depths_m: list[Tensor]) -> None:
        begun_sec = time.perf_counter()
        try:
            depths_m += run_on_device(
                self.model.estimator.infer, [waiting.prepared for waiting in batch]
            )
        except OutOfMemory as error:
            self._fates.add(error.reason)
            for waiting in batch:
                waiting.camera.drop(error)
            return
        for waiting in batch:
            waiting.camera.stages.add('infer', (time.perf_counter() - begun_sec) * 1e3)

    def _publish(self, waiting: Waiting, network_depth_m: Tensor) -> None:
        camera, frame = waiting.camera, waiting.frame
        settings, stage = camera.settings, camera.stages.time
        with self._dropping(camera):
            with stage('restore'):
                depth = run_on_device(
                    self.model.estimator.restore,
                    waiting.prepared,
                    network_depth_m,
                    settings.output,
                )
                self._fates.add(ANSWERED)
                require_trust(depth, settings.trust)
            with stage('build'):
                result = camera.result_of(waiting.pair, frame, depth)
                built = run_on_device(camera.outputs.build, result)
            with stage('publish'):
                camera.outputs.publish(built)
            camera.latest = depth
            if camera.capture.wants(waiting.pair):
                camera.capture.add(result, camera.outputs)

    @contextmanager
    def _dropping(self, camera: Camera) -> Iterator[None]:
        with camera.dropping():
            try:
                yield
            except BadFrame as error:
                self._fates.add(error.reason)
                raise
