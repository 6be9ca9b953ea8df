# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How long the stages of a whole recording took."""

from __future__ import annotations

from collections import Counter

from promptda_ros.core.runtime.stages import StageTimes


class StageSums(StageTimes):
    """Adds up the durations of each stage as well."""

    def __init__(self) -> None:
        super().__init__()
        self.sum_ms: Counter[str] = Counter()

    def add(self, stage: str, duration_ms: float) -> None:
        """Count a duration."""
        super().add(stage, duration_ms)
        self.sum_ms[stage] += duration_ms  # type: ignore[assignment]

    def medians_ms(self) -> dict[str, float]:
        """Return the median of recent frames for every stage of the worker."""
        return {stage: each.p50 for stage, each in self.snapshot().items()}
