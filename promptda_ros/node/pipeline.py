# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pairs of messages -> published depth: read, prepare, infer, restore, build, publish."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
import time

from torch import Tensor

from promptda_ros.core.estimator import Prepared
from promptda_ros.core.frame import BadFrame, Frame
from promptda_ros.core.health import ANSWERED, NetworkHealth
from promptda_ros.core.pairing.pairing import Pair
from promptda_ros.core.restore.trust import require_trust
from promptda_ros.core.runtime.faults import OutOfMemory, run_on_device
from promptda_ros.core.runtime.guard import Guard
from promptda_ros.core.schema import Settings
from promptda_ros.messages.sensor_message import SensorMessage
from promptda_ros.model import LoadedModel
from promptda_ros.node.cameras import Camera

FRAMES_AT_ONCE = 64  # more cameras than anybody has


@dataclass(frozen=True)
class Waiting:
    """A frame that waits for the network."""

    camera: Camera
    pair: Pair[SensorMessage]
    settings: Settings  # those that held when the work on it began
    frame: Frame
    prepared: Prepared


Answer = tuple[Waiting, Tensor]  # a frame and metres (h, w) of the network


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
        say: Callable[[str], object],
        on_error: Callable[[Exception], None],
    ) -> None:
        self.model = model
        self.health = health
        self._say = say
        self._inferring = Guard(on_error)
        self._outcomes: set[str] = set()  # of the frames of the batch in work
        self._at_once = FRAMES_AT_ONCE  # less where memory was short for more

    def process(self, pairs: Mapping[Camera, Pair[SensorMessage]]) -> None:
        """Publish the depth of each camera's pair, or drop it under a reason.

        Raises:
            DeviceLost: nothing will ever be published by this process.
        """
        self._outcomes.clear()
        self._work_on(pairs)
        before = self.health.resolution.name
        self.health.note(self._outcomes)
        if self.health.resolution.name != before:
            self.model.resize(self.health.resolution.name)
            self._at_once = FRAMES_AT_ONCE
        self._pause()

    def _pause(self) -> None:
        """Do pending work that delays frames, such as compiling, and log it."""
        what = self.model.next_pause
        if what:
            self._say(f'{what} the network for a new size of image: frames pause until then')
        begun_sec = time.perf_counter()
        self.model.between_frames()
        if what:
            took = f'after {time.perf_counter() - begun_sec:.1f} s frames go on'
            self._say(f'{took}: {self.model.problem or "the network runs compiled"}')

    def _work_on(self, pairs: Mapping[Camera, Pair[SensorMessage]]) -> None:
        batch: list[Waiting] = []
        for camera, pair in pairs.items():
            settings = camera.settings  # once: others may hold before the frame is done
            frames: list[Frame] = []
            camera.reading.run(self._read, camera, pair, settings, frames)
            for frame in frames:
                camera.preparing.run(self._prepare, camera, pair, settings, frame, batch)
        if not batch:
            return
        answers: list[Answer] = []
        pending = list(batch)
        if not self._inferring.run(self._infer, pending, answers):
            for waiting in pending:
                waiting.camera.drops.add('failed')
        for waiting, depth_m in answers:
            waiting.camera.publishing.run(self._publish, waiting, depth_m)

    def _read(
        self,
        camera: Camera,
        pair: Pair[SensorMessage],
        settings: Settings,
        frames: list[Frame],
    ) -> None:
        camera.record_queue_times(pair)
        if not camera.is_heard(pair):
            camera.drops.add('no_listener')
            return
        with self._dropping(camera), camera.stages.time('read'):
            frames.append(run_on_device(camera.read, pair, settings))

    def _prepare(
        self,
        camera: Camera,
        pair: Pair[SensorMessage],
        settings: Settings,
        frame: Frame,
        batch: list[Waiting],
    ) -> None:
        with self._dropping(camera), camera.stages.time('prepare'):
            prepared = run_on_device(
                self.model.estimator.prepare,
                frame,
                settings.prompt,
                settings.output,
                camera.history,
            )
            batch.append(Waiting(camera, pair, settings, frame, prepared))

    def _infer(self, pending: list[Waiting], answers: list[Answer]) -> None:
        """Move frames from those that wait to those that are answered, or drop them."""
        while pending:
            batch = pending[: self._at_once]
            begun_sec = time.perf_counter()
            try:
                depths_m = run_on_device(
                    self.model.estimator.infer, [waiting.prepared for waiting in batch]
                )
            except OutOfMemory as error:
                self._make_room(pending, len(batch), error)
                continue
            del pending[: len(batch)]
            for waiting, depth_m in zip(batch, depths_m, strict=True):
                answers.append((waiting, depth_m))
                waiting.camera.stages.add('infer', (time.perf_counter() - begun_sec) * 1e3)

    def _make_room(self, pending: list[Waiting], count: int, error: OutOfMemory) -> None:
        """Free memory, or try fewer frames at once, or drop the first."""
        if self.model.free_memory():
            return
        if count > 1:
            self._at_once = count // 2
            return
        self._outcomes.add(error.reason)
        pending.pop(0).camera.drop(error)

    def _publish(self, waiting: Waiting, network_depth_m: Tensor) -> None:
        camera, frame = waiting.camera, waiting.frame
        settings, stages = waiting.settings, camera.stages
        with self._dropping(camera):
            with stages.time('restore'):
                depth = run_on_device(
                    self.model.estimator.restore,
                    waiting.prepared,
                    network_depth_m,
                    settings.output,
                )
                self._outcomes.add(ANSWERED)
                require_trust(depth, settings.trust)
            camera.latest = depth.with_depth(depth.depth_m)  # which keeps no memory of the device
            # One by one: a depth image does not wait until the cloud is built.
            with stages.sum('build', 'publish') as stage:
                with stage.time('build'):
                    result = camera.result_of(waiting.pair, frame, depth, settings)
                for output in camera.outputs.heard(result):
                    with stage.time('build'):
                        message = run_on_device(camera.outputs.make, output, result)
                    with stage.time('publish'):
                        camera.outputs.publish(output, message)
            if camera.capture.wants(waiting.pair):
                camera.capture.add(waiting.pair, result, camera.outputs)

    @contextmanager
    def _dropping(self, camera: Camera) -> Iterator[None]:
        with camera.dropping():
            try:
                yield
            except BadFrame as error:
                if isinstance(error, OutOfMemory):
                    self.model.free_memory()
                self._outcomes.add(error.reason)
                raise
