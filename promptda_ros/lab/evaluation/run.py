# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Runs methods over samples and judges every answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np

from promptda_ros.core.frame import BadFrame, FloatImage
from promptda_ros.core.settings.depth import PromptSettings
from promptda_ros.lab.evaluation.holes import with_holes
from promptda_ros.lab.evaluation.methods import Method
from promptda_ros.lab.evaluation.metrics import FrameErrors, Judge
from promptda_ros.lab.evaluation.sample import Sample

UNKNOWN = FrameErrors(**{field.name: np.nan for field in fields(FrameErrors)})


@dataclass(frozen=True)
class Score:
    """How one method did on one frame."""

    frame: str
    sensor: str
    hole_share: float
    method: str
    errors: FrameErrors
    refused: str  # why the method gave no answer; empty when it did


@dataclass(frozen=True)
class JudgedFrame:
    """A score, and the pictures behind it."""

    score: Score
    sample: Sample  # with its holes
    bilinear_m: FloatImage  # (H, W)
    depth_m: FloatImage  # (H, W), NaN unknown


def evaluate(
    samples: Iterable[Sample],
    methods: Sequence[Method],
    *,
    hole_shares: Sequence[float] = (0.0,),
    seed: int = 0,
    settings: PromptSettings | None = None,
) -> Iterator[JudgedFrame]:
    """Yield every method's answer on every sample with every share of holes.

    A frame whose sensor measured too little for any method has NaN for every figure and counts
    as refused.
    """
    for sample in samples:
        for share in hole_shares:
            cut = with_holes(sample, share, seed=seed)
            yield from _judge(cut, share, methods, settings or PromptSettings())


def _judge(
    sample: Sample, share: float, methods: Sequence[Method], settings: PromptSettings
) -> Iterator[JudgedFrame]:
    nothing_m = np.full(sample.truth_m.shape, np.nan, np.float32)
    try:
        judge = Judge.of(sample, settings)
    except BadFrame as error:
        for method in methods:
            score = Score(
                sample.name, sample.sensor, share, method.name, UNKNOWN, refused=error.reason
            )
            yield JudgedFrame(score, sample, bilinear_m=nothing_m, depth_m=nothing_m)
        return
    for method in methods:
        try:
            depth_m, refused = method(sample.image, sample.sensor_depth_m), ''
        except BadFrame as error:
            depth_m, refused = nothing_m, error.reason
        errors = judge.errors(depth_m, space=method.space)
        score = Score(sample.name, sample.sensor, share, method.name, errors, refused)
        yield JudgedFrame(score, sample, bilinear_m=judge.bilinear_m, depth_m=depth_m)
