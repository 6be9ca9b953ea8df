# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What exists while the node is active: the inputs, the worker, the supervision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
import time

from rclpy.clock import Clock, ClockType
from rclpy.node import Node

from promptda_ros.camera.camera import Camera
from promptda_ros.camera.pipeline import Pipeline
from promptda_ros.core.pairing.pairing import Pair
from promptda_ros.core.runtime.faults import DeviceLost
from promptda_ros.core.runtime.guard import guarded
from promptda_ros.core.runtime.watchdog import Watchdog
from promptda_ros.core.runtime.worker import Worker
from promptda_ros.messages.sensor_message import SensorMessage
from promptda_ros.node.bond import bond_of
from promptda_ros.node.cameras import NodeCamera
from promptda_ros.node.diagnostics import Diagnostics, network_status, Status
from promptda_ros.node.graph import GraphWatch
from promptda_ros.node.inputs import Inputs
from promptda_ros.node.supervision import Supervisor

STOP_TIMEOUT_SEC = 1.5
REPORT_PERIOD_SEC = 1.0
WATCH_PERIOD_SEC = 0.2
# How much longer than at start a frame may take before it counts as hung: images may be larger
# than the first one, and the machine busier.
SLOWEST = 10


class Session:
    """Listens to all cameras, works on their pairs on one thread, reports once a second.

    `on_error` hears what a callback or a frame failed with, `on_end` why no frame will be worked
    on any more.
    """

    def __init__(
        self,
        node: Node,
        cameras: Sequence[NodeCamera],
        pipeline: Pipeline,
        diagnostics: Diagnostics,
        *,
        on_error: Callable[[Exception], None],
        on_end: Callable[[BaseException], None],
    ) -> None:
        self._node = node
        self._on_error = on_error
        self._on_end = on_end
        self._cameras = cameras
        self._pipeline = pipeline
        self._diagnostics = diagnostics
        self.worker: Worker[Camera, Pair[SensorMessage]] = Worker(
            pipeline.process, on_error=on_error, on_fatal=on_end
        )
        self.inputs = {camera: self._listen(camera) for camera in cameras}
        self._graph = GraphWatch(node)
        self.supervisors = [Supervisor(node, *each) for each in self.inputs.items()]
        for camera, supervisor in zip(cameras, self.supervisors, strict=True):
            camera.capture.open(supervisor.explain)
        # Steady time: a simulation may pause its clock, and that is worth a report too.
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.watchdog = Watchdog()
        self._timers = [
            node.create_timer(period_sec, guarded(look, on_error), clock=steady)
            for look, period_sec in (
                (self._report, REPORT_PERIOD_SEC),
                (self.watch, WATCH_PERIOD_SEC),
            )
        ]
        self._bond = bond_of(node, is_managed=not cameras[0].settings.autostart)
        self.worker.start()

    def apply(self) -> None:
        """Apply changed settings of the cameras."""
        for camera, inputs in self.inputs.items():
            inputs.apply(camera.settings)

    def close(self) -> bool:
        """Stop listening, then working; False while a frame or a compilation is in work.

        May be called again.
        """
        if self._bond is not None:
            self._bond.close()
            self._bond = None
        for timer in self._timers:
            self._node.destroy_timer(timer)
        for camera, inputs in self.inputs.items():
            camera.capture.refuse()
            inputs.close()
        self._timers, self.inputs = [], {}
        return self.worker.stop(STOP_TIMEOUT_SEC)

    def _listen(self, camera: NodeCamera) -> Inputs:
        camera.clear()
        return Inputs(
            self._node,
            camera.settings,
            prefix=camera.prefix,
            stages=camera.stages,
            on_pair=partial(self._hand_over, camera),
            on_camera_info=camera.calibration.add,
            on_depth_camera_info=camera.depth_calibration.add,
            on_confidence=camera.reader.confidence.add,
            on_mask=camera.reader.masks.add,
            on_error=self._on_error,
        )

    def _hand_over(self, camera: NodeCamera, pair: Pair[SensorMessage]) -> None:
        if self.worker.offer(camera, pair):
            camera.drops.add('compiling' if self._pipeline.model.is_paused else 'overrun')

    def _report(self) -> None:
        self._graph.tick()
        statuses = [status for each in self.supervisors for status in each.tick()]
        network = network_status(self._pipeline.model, self._pipeline.health, self._cameras)
        self._diagnostics.publish([*statuses, network])

    def watch(self) -> None:
        """End the process if the worker hangs, by what `on_end` does."""
        since_ns = self.worker.busy_since_ns  # asked once: the next batch has other limits
        busy_sec = self.watchdog.measure(since_ns, time.monotonic_ns())
        if since_ns is None or busy_sec < self.limit_sec(since_ns):
            return
        for timer in self._timers:
            timer.cancel()  # this is the last word
        text = (
            f'the network hangs on {self._pipeline.model.device}: no answer for {busy_sec:.1f} s '
            '(watchdog.inference_timeout), the process ends for a restart'
        )
        self._diagnostics.publish([Status('network', 'error', text)])
        self._on_end(DeviceLost(text))

    def limit_sec(self, since_ns: int) -> float:
        """Return how long the worker may take for all cameras, with all that it waits for."""
        every = [camera.settings for camera in self._cameras]
        frames_sec = SLOWEST * self._pipeline.model.frame_sec * len(every)
        # Where the sensor is, and where the box of the cloud is.
        waits_sec = sum(each.sync.wait + 2 * each.extrinsics.timeout for each in every)
        pause_sec = self._pipeline.model.pause_sec(since_ns)
        return max(every[0].watchdog.inference_timeout, frames_sec) + waits_sec + pause_sec
