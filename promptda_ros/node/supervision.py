# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Once a second: adapt to the publishers, say what is wrong, report how things are."""

from __future__ import annotations

from collections.abc import Callable
import math
import time

from rclpy.node import Node

from promptda_ros.core.pairing.pairing import PairingCounters
from promptda_ros.core.pairing.silence import (
    explain,
    explain_no_camera_info,
    explain_rivals,
    explain_times,
    Silence,
    TopicFacts,
)
from promptda_ros.core.pairing.stream import Loss, TopicCounters
from promptda_ros.core.runtime.lasting import Lasting, Recent
from promptda_ros.core.runtime.log import SayOnce
from promptda_ros.node.cameras import NodeCamera
from promptda_ros.node.diagnostics import frames_status, of_camera, pairing_status, Status
from promptda_ros.node.graph import nodes_of
from promptda_ros.node.inputs import Inputs
from promptda_ros.node.subscriptions import SensorInput

QUIET_WARN_SEC = 2.0
QUIET_ERROR_SEC = 5.0
SAY_AGAIN_SEC = 30.0
RESETS_SEC = 10.0
ENDLESS_RESETS = 5  # in this time; a short recording in a loop has fewer


class Supervisor:
    """Turns what it sees of one camera into log lines and statuses; runs on the executor."""

    def __init__(self, node: Node, camera: NodeCamera, inputs: Inputs) -> None:
        self._node = node
        self._log = camera.log
        self._camera = camera
        self._inputs = inputs
        self._parameters = camera.prefix.replace('/', '.')  # their names begin with it
        self._counters = self._at_last_pair = inputs.pairing.counters
        self._last_pair_sec = self._started_sec = time.monotonic()
        self._said_sec: float | None = None
        self._said_resets_sec = -math.inf
        self._resets = Recent(RESETS_SEC)
        self._rivals = Lasting(QUIET_ERROR_SEC)
        self._say_once = SayOnce(self._log.warning)

    def tick(self) -> list[Status]:
        """Check everything once and return the statuses to publish."""
        self._inputs.adapt()
        self._note_pairs()
        self._say_missing_camera_info()
        self._say_rivals()
        self._say_old_names()
        self._say_time()
        silence = self._silence()
        self._say(silence)
        pairing = pairing_status(
            self._counters,
            self._inputs.pairing.offsets,
            silence,
            self._inputs.topics,
            is_error=self._quiet_sec() >= QUIET_ERROR_SEC,
        )
        return [of_camera(self._camera, each) for each in (pairing, frames_status(self._camera))]

    def explain(self) -> str:
        """Explain why there is no depth: no pairs, or dropped ones; '' if there is depth."""
        self._note_pairs()
        silence = self._silence()
        if silence is not None:
            return silence.text
        dropped = self._camera.drops.recent_text(within_sec=QUIET_ERROR_SEC)
        return dropped or self._camera.calibration.problem or self._camera.withheld

    def _note_pairs(self) -> None:
        before, self._counters = self._counters, self._inputs.pairing.counters
        self._say_resets(self._counters.resets - before.resets)
        if self._counters.pairs == before.pairs:
            return
        self._last_pair_sec = time.monotonic()
        self._at_last_pair = self._counters
        if self._said_sec is not None:
            self._log.info('image and depth are paired again')
            self._said_sec = None

    def _say_resets(self, number: int) -> None:
        """Log a jump in time, and occasionally that the jumps continue."""
        now_sec = time.monotonic()
        lately = self._resets.count(number, now_sec)
        if number and lately < ENDLESS_RESETS:
            self._log.info(f'pairing restarts: {self._counters.last_reset}')
        if lately < ENDLESS_RESETS or now_sec - self._said_resets_sec < SAY_AGAIN_SEC:
            return
        self._said_resets_sec = now_sec
        self._log.warning(
            f'pairing restarted {lately} times in {RESETS_SEC:.0f} s, the last time because '
            f'{self._counters.last_reset}: few frames can be paired; {self._cause_of_resets()}'
        )

    def _cause_of_resets(self) -> str:
        clocks = self._node.count_publishers('/clock')
        if clocks > 1:
            return f'/clock has {clocks} publishers: end all but one'
        for topic in (self._inputs.image, self._inputs.depth):
            if len(names := topic.publishers()) > 1:
                return (
                    f'{len(names)} publish on {topic.topic} ({", ".join(names)}): end all but one'
                )
        return 'let the drivers stamp with one clock that never goes back'

    def _say_rivals(self) -> None:
        """Warn once about an input with several publishers."""
        for topic in (self._inputs.image, self._inputs.depth):
            names = topic.publishers()
            is_so = self._rivals.has_lasted(topic.topic, len(names) > 1, time.monotonic())
            if is_so:
                self._say_once(topic.topic, explain_rivals(topic.topic, names))

    def _say_old_names(self) -> None:
        """Warn once about each output that is subscribed to under its old name."""
        for old, new in self._camera.outputs.heard_by_old_names().items():
            names = nodes_of(self._node.get_subscriptions_info_by_topic(old))
            self._say_once(
                old,
                f'{" and ".join(names) or "somebody"} subscribed to {old}, which is named {new} '
                f'now; the next version has the new name only: subscribe to {new}',
            )

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
            self._inputs.pairing.offsets,
            self._camera.settings.sync,
            topics=topics,
            prefix=self._parameters,
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
        if self._camera.calibration.received or self._counters.pairs == 0:
            return
        if time.monotonic() - self._started_sec >= QUIET_ERROR_SEC:
            topic = self._camera.topics.camera_info
            self._say_once('camera_info', explain_no_camera_info(topic))

    def _say_time(self) -> None:
        """Warn once about each oddity of the stamps while frames pass."""
        for about, text in explain_times(
            self._inputs.pairing.offsets,
            self._camera.settings.sync,
            early_sec=self._camera.early_sec,
            prefix=self._parameters,
        ):
            self._say_once(about, text)

    def _topic(
        self, topic: SensorInput, role: str, of: Callable[[PairingCounters], TopicCounters]
    ) -> TopicFacts:
        now, then = of(self._counters), of(self._at_last_pair)

        lost = {loss: now.lost.get(loss, 0) - then.lost.get(loss, 0) for loss in Loss}
        return topic.facts(role, received=now.received - then.received, lost=lost)
