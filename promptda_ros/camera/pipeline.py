# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pairs of messages -> published depth: read, prepare, infer, restore, build, publish."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
import time

from torch import Tensor

from promptda_ros.camera.camera import Camera
from promptda_ros.core.estimator import Prepared
from promptda_ros.core.frame import BadFrame, Frame
from promptda_ros.core.health import ANSWERED, NetworkHealth
from promptda_ros.core.pairing.pairing import Pair
from promptda_ros.core.restore.trust import require_trust
from promptda_ros.core.runtime.faults import OutOfMemory, run_on_device
from promptda_ros.core.runtime.guard import Guard
from promptda_ros.core.settings.schema import Settings
from promptda_ros.loaded_model import LoadedModel
from promptda_ros.messages.sensor_message import SensorMessage

FRAMES_AT_ONCE = 64  # more cameras than anybody has


@dataclass(eq=False)
class Work:
    """A frame on its way: what each stage makes of it, as long as it is not dropped."""

    camera: Camera
    pair: Pair[SensorMessage]
    settings: Settings  # those that held when the work on it began
    frame: Frame | None = None
    prepared: Prepared | None = None
    network_depth_m: Tensor | None = None  # (h, w)


class Pipeline:
    """What is done with pairs, by the worker of a node or for a recording.

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
        # Others may hold before a frame is done.
        works = [Work(camera, pair, camera.settings) for camera, pair in pairs.items()]
        for work in works:
            work.camera.reading.run(self._attempt, self._read, work)
            if work.frame is not None:
                work.camera.preparing.run(self._attempt, self._prepare, work)
        pending = [work for work in works if work.prepared is not None]
        if pending and not self._inferring.run(self._infer, pending):
            for work in pending:
                work.camera.drops.add('failed')
        for work in works:
            if work.network_depth_m is not None:
                work.camera.publishing.run(self._attempt, self._publish, work)
        before = self.health.resolution.name
        self.health.note(self._outcomes)
        if self.health.resolution.name != before:
            self.model.resize(self.health.resolution.name)
            self._at_once = FRAMES_AT_ONCE
        if self.model.next_pause:
            self._pause()

    def _attempt(self, function: Callable[[Work], None], work: Work) -> None:
        """Do a part of the work on a frame; one that is refused is dropped under its reason."""
        try:
            run_on_device(function, work)
        except BadFrame as error:
            if isinstance(error, OutOfMemory):
                self.model.free_memory()
            self._outcomes.add(error.reason)
            work.camera.drop(error)

    def _read(self, work: Work) -> None:
        camera, pair = work.camera, work.pair
        camera.stages.add('pair', (pair.paired_ns - pair.image_arrival_ns) / 1e6)
        camera.stages.add('hand_over', (camera.clock_ns() - pair.paired_ns) / 1e6)
        wanted = camera.capture.wants(pair)
        if not (wanted or camera.outputs.subscribed()):
            camera.drops.add('no_listener')
            return
        rate_hz = work.settings.output.max_rate
        is_due = rate_hz <= 0 or camera.rate_limit.keeps(pair.image_stamp_ns, rate_hz=rate_hz)
        if not (wanted or is_due):
            camera.drops.add('rate_limit')
            return
        with camera.stages.time('read'):
            work.frame = camera.read(pair, work.settings)

    def _prepare(self, work: Work) -> None:
        assert work.frame is not None
        camera, settings = work.camera, work.settings
        with camera.stages.time('prepare'):
            work.prepared = self.model.estimator.prepare(
                work.frame, settings.prompt, settings.output, camera.history
            )

    def _infer(self, pending: list[Work]) -> None:
        """Let frames pass the network, or drop them; those that are left have failed."""
        while pending:
            batch = pending[: self._at_once]
            begun_sec = time.perf_counter()
            prepared = [work.prepared for work in batch if work.prepared is not None]
            try:
                depths_m = run_on_device(self.model.estimator.infer, prepared)
            except OutOfMemory as error:
                self._make_room(pending, len(batch), error)
                continue
            del pending[: len(batch)]
            took_ms = (time.perf_counter() - begun_sec) * 1e3
            for work, depth_m in zip(batch, depths_m, strict=True):
                work.network_depth_m = depth_m
                work.camera.stages.add('infer', took_ms)

    def _make_room(self, pending: list[Work], count: int, error: OutOfMemory) -> None:
        """Free memory, or try fewer frames at once, or drop the first."""
        if self.model.free_memory():
            return
        if count > 1:
            self._at_once = count // 2
            return
        self._outcomes.add(error.reason)
        pending.pop(0).camera.drop(error)

    def _publish(self, work: Work) -> None:
        """Restore the depth, build and publish what is listened to."""
        assert work.frame is not None
        assert work.prepared is not None
        assert work.network_depth_m is not None
        camera, settings, stages = work.camera, work.settings, work.camera.stages
        with stages.time('restore'):
            depth = self.model.estimator.restore(
                work.prepared, work.network_depth_m, settings.output
            )
            self._outcomes.add(ANSWERED)
            require_trust(depth, settings.trust)
        camera.latest = replace(depth, on_device=None)  # which would keep memory of the device
        begun_sec = time.perf_counter()
        result = camera.result_of(work.pair, work.frame, depth, settings)
        publish_sec = camera.outputs.publish(result)
        build_sec = time.perf_counter() - begun_sec - publish_sec
        stages.add('build', build_sec * 1e3)
        stages.add('publish', publish_sec * 1e3)
        if camera.capture.wants(work.pair):
            camera.capture.add(work.pair, result)

    def _pause(self) -> None:
        """Do pending work that delays frames, such as compiling, and log it."""
        what = self.model.next_pause
        self._say(f'{what} the network for a new size of image: frames pause until then')
        begun_sec = time.perf_counter()
        self.model.between_frames()
        took = f'after {time.perf_counter() - begun_sec:.1f} s frames go on'
        self._say(f'{took}: {self.model.problem or "the network runs compiled"}')
