# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One run's figures as results.csv (every frame) and results.json (means, versions, models)."""

from __future__ import annotations

from collections.abc import Sequence
import csv
from dataclasses import asdict, dataclass, fields
import json
import math
from pathlib import Path
import platform

import cv2
import numpy as np
import torch

from promptda_ros.lab.evaluation.flicker import Flicker
from promptda_ros.lab.evaluation.metrics import FrameErrors
from promptda_ros.lab.evaluation.run import Score
from promptda_ros.lab.evaluation.summary import SummaryRow


@dataclass(frozen=True)
class EvaluationReport:
    """Everything that one run found."""

    source: str
    seed: int
    resolution: str
    asked: dict[str, object]  # what else of the command line decides the figures
    models: list[dict[str, str]]
    missing: list[str]  # methods that could not run, and why
    rows: list[SummaryRow]
    flickers: list[Flicker]
    averaging: str = 'every figure is the mean over frames of the figure of each frame'

    def to_json(self) -> str:
        """Return the report as it is written to results.json; what is unknown is null."""
        content = {**asdict(self), 'versions': versions()}
        return json.dumps(_without_nan(content), indent=2) + '\n'


def versions() -> dict[str, str]:
    """Return the versions of what computes."""
    return {
        'python': platform.python_version(),
        'numpy': np.__version__,
        'opencv': cv2.__version__,
        'torch': torch.__version__,
        'machine': platform.machine(),
    }


def write_scores(path: Path, scores: Sequence[Score]) -> None:
    """Write one line for every frame, share of holes and method; metres."""
    figures = [field.name for field in fields(FrameErrors)]
    with path.open('w', newline='') as file:
        table = csv.writer(file)
        table.writerow(['frame', 'sensor', 'hole_share', 'method', 'refused', *figures])
        for score in scores:
            values = (getattr(score.errors, name) for name in figures)
            table.writerow(
                [
                    score.frame,
                    score.sensor,
                    score.hole_share,
                    score.method,
                    score.refused,
                    *('' if math.isnan(value) else f'{value:.6g}' for value in values),
                ]
            )


def _without_nan(value: object) -> object:
    """Replace NaN, which is no JSON, by null."""
    if isinstance(value, dict):
        return {key: _without_nan(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_without_nan(each) for each in value]
    return None if isinstance(value, float) and math.isnan(value) else value
