# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The last reports of a node on /diagnostics."""

from __future__ import annotations

from collections.abc import Callable
import time

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus

from promptda_ros.view.source import State
from promptda_ros.view.status import Part, Report, SILENT_SEC, state_of

KEPT = 6  # seconds over which the rate is measured
PARTS = ('pairing', 'frames', 'network')


class Reports:
    """Takes what one node reports of one camera; `on_new` is called when it begins anew."""

    def __init__(self, target: str, camera: str, on_new: Callable[[], None]) -> None:
        self._target = target
        self._camera = f'{camera} ' if camera else ''
        self._on_new = on_new
        self._reports: tuple[Report, ...] = ()  # replaced as a whole: two threads read it

    def take(self, message: DiagnosticArray) -> None:
        """Take a message; what it says of others is passed over."""
        begin = f'{self._target.lstrip("/")}: '
        ours = [each for each in message.status if each.name.startswith(begin)]
        if not ours:
            return
        now_sec = time.monotonic()
        if self._reports and now_sec - self._reports[-1].arrived_sec > SILENT_SEC:
            self._reports = ()
            self._on_new()
        parts, cameras = {}, set()
        for each in ours:
            name = each.name.removeprefix(begin)
            camera, _, part = name.rpartition(' ')
            cameras.add(camera)
            if part in PARTS and (part == 'network' or name == self._camera + part):
                values = {value.key: value.value for value in each.values}
                parts[part] = Part(each.level == DiagnosticStatus.OK, each.message, values)
        report = Report(now_sec, parts, tuple(sorted(cameras - {''})))
        self._reports = (*self._reports, report)[-KEPT:]

    def topic(self, role: str) -> str:
        """Return the topic on which the node listens for a role; '' while that is not known."""
        parts = self._reports[-1].parts if self._reports else {}
        return parts['pairing'].values.get(f'topic.{role}', '') if 'pairing' in parts else ''

    def state(self) -> State:
        """Return how the node is."""
        return state_of(self._reports, node=self._target, now_sec=time.monotonic())
