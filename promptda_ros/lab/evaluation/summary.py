# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Scores of single frames -> one row for each sensor, share of holes and method."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
import math

import numpy as np

from promptda_ros.lab.evaluation.metrics import FrameErrors
from promptda_ros.lab.evaluation.run import Score

Key = tuple[str, float, str]  # sensor, share of holes, method


@dataclass(frozen=True)
class SummaryRow:
    """Means over frames: every frame counts the same, however many pixels it has."""

    sensor: str
    hole_share: float
    method: str
    frames: int
    refused: int  # frames without an answer
    means: FrameErrors  # of the frames that have the figure
    counts: FrameErrors  # how many those are
    worst: float  # of the frames, the largest MAE relative to that of bilinear upsampling


def summarise(scores: Iterable[Score]) -> list[SummaryRow]:
    """Group scores in the order in which sensors, shares and methods appear."""
    groups: dict[Key, list[Score]] = {}
    for score in scores:
        key = (score.sensor, score.hole_share, score.method)
        groups.setdefault(key, []).append(score)
    order: dict[object, int] = {}
    for key in groups:
        for part in key:
            order.setdefault(part, len(order))
    return [_row(groups[key]) for key in sorted(groups, key=lambda key: _place(key, order))]


def of_all_sources(scores: Sequence[Score]) -> list[SummaryRow]:
    """Return rows in which every frame of every source counts the same; none for a single one."""
    sources = {score.sensor for score in scores}
    if len(sources) < 2:
        return []
    return summarise(replace(score, sensor=f'all {len(sources)} sources') for score in scores)


def _place(key: Key, order: dict[object, int]) -> tuple[int, float, int]:
    sensor, share, method = key
    return order[sensor], share, order[method]


def _known(values: Iterable[float]) -> list[float]:
    return [value for value in values if not math.isnan(value)]


def _row(scores: list[Score]) -> SummaryRow:
    names = [field.name for field in fields(FrameErrors)]
    values = np.array([[getattr(score.errors, name) for name in names] for score in scores])
    known = np.isfinite(values)
    counts = known.sum(axis=0)
    totals = np.where(known, values, 0).sum(axis=0)
    means = np.divide(totals, counts, out=np.full(len(names), np.nan), where=counts > 0)
    first = scores[0]
    return SummaryRow(
        sensor=first.sensor,
        hole_share=first.hole_share,
        method=first.method,
        frames=len(scores),
        refused=sum(bool(score.refused) for score in scores),
        means=FrameErrors(*means.tolist()),
        counts=FrameErrors(*counts.tolist()),
        worst=max(_known(score.errors.relative_mae for score in scores), default=math.nan),
    )
