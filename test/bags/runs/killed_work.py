# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The work of `promptda process`, whose worker is killed once in the middle of a recording.

Other processes import it by its name, so it imports nothing of the tests.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import os
from pathlib import Path
import signal
from typing import Any

from promptda_ros.bags.processing.unit import Outcome, Unit
from promptda_ros.bags.runs.work import Processing

KILLED_AFTER = 2  # pairs


@dataclass(frozen=True)
class KilledOnce(Processing):
    """Kills its process in the recording of a name, unless `mark` is there."""

    name: str
    mark: Path

    def process(self, unit: Unit, model: Any, tell: Callable[[int, int], None]) -> Outcome:
        def tell_or_die(done: int, of: int) -> None:
            tell(done, of)
            if unit.source.name == self.name and done == KILLED_AFTER and not self.mark.exists():
                self.mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)

        return super().process(unit, model, tell_or_die)
