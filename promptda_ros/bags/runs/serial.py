# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One recording after the other, in this process."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from promptda_ros.bags.processing.unit import Unit
from promptda_ros.bags.runs.work import Outcomes, Tell, Work


class Serial:
    """Works on units in their order."""

    def __init__(self, work: Work, tell: Tell) -> None:
        self._work = work
        self._tell = tell

    def run(self, units: Sequence[Unit]) -> Outcomes:
        """Yield outcomes; see Runner."""
        model = self._work.load()
        for unit in units:
            yield self._work.process(unit, model, partial(self._tell, unit))
