# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Keeps the frames on which a method did worst, with their pictures, and no others."""

from __future__ import annotations

import heapq
import itertools

from promptda_ros.lab.evaluation.run import JudgedFrame


class WorstFrames:
    """The frames with the largest MAE of one method and one share of holes, some per sensor."""

    def __init__(self, method: str, *, per_sensor: int, hole_share: float = 0.0) -> None:
        self._method = method
        self._hole_share = hole_share
        self._per_sensor = per_sensor
        self._heaps: dict[str, list[tuple[float, int, JudgedFrame]]] = {}
        self._tie = itertools.count()  # heaps compare whole entries

    def offer(self, answer: JudgedFrame) -> None:
        """Keep the answer if it is among the worst so far."""
        score = answer.score
        if (score.method, score.hole_share) != (self._method, self._hole_share) or score.refused:
            return
        heap = self._heaps.setdefault(score.sensor, [])
        heapq.heappush(heap, (score.errors.mae_m, next(self._tie), answer))
        if len(heap) > self._per_sensor:
            heapq.heappop(heap)

    def listed(self) -> list[JudgedFrame]:
        """Return the answers, sensor by sensor, the worst first."""
        return [
            answer
            for heap in self._heaps.values()
            for _, _, answer in sorted(heap, key=lambda entry: -entry[0])
        ]
