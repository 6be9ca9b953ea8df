# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Once a second: adapt to the publishers, say why nothing is published, report how things are."""

from __future__ import annotations

from collections.abc import Callable
import time

from rclpy.node import Node
from sensor_msgs.msg import Image

from promptda_ros.core.pairing import Loss, Pair, PairingCounters, TopicCounters
from promptda_ros.core.silence import explain, PairingFacts, Silence, TopicFacts
from promptda_ros.core.worker import Worker
from promptda_ros.diagnostics import Status
from promptda_ros.inputs import ImageInput, Inputs
from promptda_ros.pipeline import Pipeline

QUIET_WARN_SEC = 2.0
QUIET_ERROR_SEC = 5.0
SAY_AGAIN_SEC = 30.0
SATURATED_WARN = 0.2


class Supervisor:
    """Turns what it sees into log lines and statuses; runs on the executor."""

    def __init__(
        self, node: Node, inputs: Inputs, worker: Worker[Pair[Image]], pipeline: Pipeline
    ) -> None:
        self._node = node
        self._log = node.get_logger()
        self._inputs = inputs
        self._worker = worker
        self._pipeline = pipeline
        self._counters = self._at_last_pair = inputs.pairing.counters
        self._last_pair_sec = self._started_sec = time.monotonic()
        self._said_sec: float | None = None
        self._said_camera_info = False

    def tick(self) -> list[Status]:
        """Look at everything once and return the statuses to be published."""
        self._inputs.adapt()
        self._note_pairs()
        self._say_missing_camera_info()
        silence = self._silence()
        self._say(silence)
        return [self._pairing(silence), self._frames(), self._network()]

    def _note_pairs(self) -> None:
        before, self._counters = self._counters, self._inputs.pairing.counters
        if self._counters.pairs == before.pairs:
            return
        self._last_pair_sec = time.monotonic()
        self._at_last_pair = self._counters
        if self._said_sec is not None:
            self._log.info('image and depth are paired again')
            self._said_sec = None

    def _quiet_sec(self) -> float:
        return time.monotonic() - self._last_pair_sec

    def _silence(self) -> Silence | None:
        if self._quiet_sec() < QUIET_WARN_SEC:
            return None
        names = (name for name, _ in self._node.get_topic_names_and_types())
        topics = tuple(name for name in names if self._node.count_publishers(name))
        return explain(
            self._topic(self._inputs.image, 'image', lambda counters: counters.image),
            self._topic(self._inputs.depth, 'depth', lambda counters: counters.depth),
            self._offsets(),
            topics,
        )

    def _say(self, silence: Silence | None) -> None:
        if silence is None or self._quiet_sec() < QUIET_ERROR_SEC:
            return
        now_sec = time.monotonic()
        if self._said_sec is not None and now_sec - self._said_sec < SAY_AGAIN_SEC:
            return
        self._said_sec = now_sec
        text = f'no pair for {self._quiet_sec():.0f} s: {silence.text}'
        (self._log.error if silence.level == 'error' else self._log.warning)(text)

    def _say_missing_camera_info(self) -> None:
        waited_sec = time.monotonic() - self._started_sec
        paired = self._counters.pairs > 0
        if self._said_camera_info or self._pipeline.calibration.received or not paired:
            return
        if waited_sec >= QUIET_ERROR_SEC:
            self._said_camera_info = True
            topic = self._node.resolve_topic_name('camera_info')
            self._log.warning(
                f'no camera_info on {topic}: depth is published, camera_info and points are not; '
                'set camera_info_topic:=... of the launch file'
            )

    def _topic(
        self, topic: ImageInput, role: str, of: Callable[[PairingCounters], TopicCounters]
    ) -> TopicFacts:
        now, then = of(self._counters), of(self._at_last_pair)

        def since(loss: Loss) -> int:
            return now.lost.get(loss, 0) - then.lost.get(loss, 0)

        return topic.facts(
            role,
            received=now.received - then.received,
            zero_stamps=since(Loss.ZERO_STAMP),
            bad_stamps=since(Loss.BAD_STAMP),
        )

    def _offsets(self) -> PairingFacts:
        offsets = self._inputs.pairing.offsets
        return PairingFacts(
            tolerance_sec=self._pipeline.settings.sync.tolerance,
            offset_sec=_seconds(offsets.median_ns),
            offset_p95_sec=_seconds(offsets.p95_ns),
        )

    def _pairing(self, silence: Silence | None) -> Status:
        counters, offsets = self._counters, self._offsets()
        values: dict[str, object] = {'pairs': counters.pairs, 'epochs': counters.resets + 1}
        for role, topic in (('image', counters.image), ('depth', counters.depth)):
            values[f'{role}.received'] = topic.received
            values.update({f'{role}.{loss.value}': n for loss, n in topic.lost.items()})
        if offsets.offset_sec is not None and offsets.offset_p95_sec is not None:
            values['offset_ms.median'] = offsets.offset_sec * 1e3
            values['offset_ms.p95'] = offsets.offset_p95_sec * 1e3
        if silence is None:
            return Status('pairing', 'ok', 'image and depth are paired', values)
        level = 'error' if self._quiet_sec() >= QUIET_ERROR_SEC else 'warn'
        return Status('pairing', level, silence.text, values)

    def _frames(self) -> Status:
        pipeline = self._pipeline
        values: dict[str, object] = {
            **{f'published.{output}': n for output, n in pipeline.outputs.published().items()},
            'drops.overrun': self._worker.counters.overrun,
            'drops.failed': self._worker.counters.failed,
            **{f'drops.{reason}': n for reason, n in pipeline.drops.snapshot().items()},
        }
        for stage, spread in pipeline.stages.snapshot().items():
            values[f'stage_ms.{stage}.p50'] = spread.p50
            values[f'stage_ms.{stage}.p99'] = spread.p99
        dropped = pipeline.drops.recent_text(within_sec=QUIET_ERROR_SEC)
        return Status('frames', 'warn' if dropped else 'ok', dropped or 'frames pass', values)

    def _network(self) -> Status:
        model, depth = self._pipeline.model, self._pipeline.latest
        values: dict[str, object] = dict(model.facts())
        if depth is None:
            return Status('network', 'ok', model.describe(), values)
        values['prompt.near_m'] = depth.near_m
        values['prompt.far_m'] = depth.far_m
        values['prompt.measured'] = depth.measured_fraction
        values['saturated'] = depth.saturated_fraction
        if depth.saturated_fraction <= SATURATED_WARN:
            return Status('network', 'ok', model.describe(), values)
        text = (
            f'{depth.saturated_fraction:.0%} of the depth lies at an end of what the prompt can '
            f'express ({depth.near_m:.2f} to {depth.far_m:.2f} m): nearer or farther things '
            'are cut off there; check the range of the sensor'
        )
        return Status('network', 'warn', text, values)


def _seconds(nanoseconds: int | None) -> float | None:
    return None if nanoseconds is None else nanoseconds / 1e9
