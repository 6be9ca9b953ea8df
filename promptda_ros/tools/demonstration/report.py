# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the demo found: every frame accounted for, latencies, stage times, errors."""

from __future__ import annotations

from dataclasses import asdict, dataclass
import json
import math

import numpy as np

from promptda_ros.bags.recording import RecordedFrame
from promptda_ros.core.runtime.stages import Spread, spread_of, STAGES
from promptda_ros.tools.demonstration.accuracy import Accuracy, compare
from promptda_ros.tools.demonstration.listener import Listener

Sent = dict[int, RecordedFrame]  # by the stamp of the image


@dataclass(frozen=True)
class DemoReport:
    """The figures of one run; the fields of report.json."""

    frames_sent: int
    pairs: int
    depth_published: int
    points_published: int
    drops: dict[str, int]  # images by reason
    latency_ms: Spread  # image stamp to depth received
    stage_ms: dict[str, Spread]
    model: dict[str, str]
    device: str
    accuracy: dict[str, Accuracy]  # on the recording, if it has exact depth
    real: dict[str, Accuracy]  # on the real frame

    def accounted(self) -> int:
        """Return how many of the frames ended as depth or under a reason."""
        return self.depth_published + sum(self.drops.values())

    def to_json(self) -> str:
        """Return the report as it is written to report.json."""
        return json.dumps(_without_nan(asdict(self)), indent=2) + '\n'

    def table(self) -> str:
        """Return the figures that matter as a short table."""
        latency = self.latency_ms
        drops = ', '.join(f'{number} {reason}' for reason, number in self.drops.items())
        stages = '  '.join(f'{name} {self.stage_ms[name].p50:.1f}' for name in self.stage_ms)
        return '\n'.join(
            (
                f'network    {self.model["name"]} ({self.model["sha256"][:8]}) on {self.device}',
                f'frames     {self.frames_sent} sent, {self.depth_published} depth images and '
                f'{self.points_published} clouds published, dropped: {drops or "none"}',
                f'latency    {latency.p50:.0f} ms median, {latency.p99:.0f} ms p99',
                f'stages     {stages}  (ms, median)',
                *self._errors(),
            )
        )

    def _errors(self) -> list[str]:
        """Return the lines about the recording, where it has exact depth, and the real frame."""
        simulated = [f'error      {_compared(self.accuracy)}'] if self.accuracy else []
        reference = "against the camera's own depth"
        return [*simulated, f'real frame {_compared(self.real)}, {reference}']


def _compared(accuracy: dict[str, Accuracy]) -> str:
    model, bilinear = accuracy['model'], accuracy['bilinear']
    return (
        f'{model.mae_m * 1e3:.1f} mm mean, {model.rmse_m * 1e3:.1f} mm RMS; '
        f'bilinear {bilinear.mae_m * 1e3:.1f} and {bilinear.rmse_m * 1e3:.1f} mm'
    )


def make_report(sent: Sent, listener: Listener, real: dict[str, Accuracy]) -> DemoReport:
    """Compare what was sent, by stamp, with what was heard."""
    latencies_ms = sorted(each.latency_sec * 1e3 for each in listener.depths.values())
    return DemoReport(
        frames_sent=len(sent),
        pairs=listener.count('pairs'),
        depth_published=listener.count('published.depth/image_rect'),
        points_published=listener.count('published.points'),
        drops=count_drops(len(sent), listener),
        latency_ms=spread_of(latencies_ms) if latencies_ms else Spread(np.nan, np.nan),
        stage_ms=_stages(listener),
        model={key: listener.figures.get(f'model.{key}', '') for key in ('name', 'sha256')},
        device=listener.figures.get('device', ''),
        accuracy=_accuracy(sent, listener),
        real=real,
    )


def _without_nan(value: object) -> object:
    """Replace NaN, which is no JSON, by null."""
    if isinstance(value, dict):
        return {key: _without_nan(each) for key, each in value.items()}
    return None if isinstance(value, float) and math.isnan(value) else value


def count_drops(frames_sent: int, listener: Listener) -> dict[str, int]:
    """Count the images that gave no depth: lost on the way, not paired, or dropped by the node."""
    figures = listener.counts('image.')
    lost = {'not_received': frames_sent - figures.pop('received', 0)}
    reasons = {**lost, **figures, **listener.counts('drops.')}
    return {reason: number for reason, number in reasons.items() if number}


def _stages(listener: Listener) -> dict[str, Spread]:
    figures = listener.figures
    return {
        stage: Spread(
            p50=float(figures[f'stage_ms.{stage}.p50']),
            p99=float(figures[f'stage_ms.{stage}.p99']),
        )
        for stage in STAGES
        if f'stage_ms.{stage}.p50' in figures
    }


def _accuracy(sent: Sent, listener: Listener) -> dict[str, Accuracy]:
    """Compare with exact depth; nothing where the recording has none."""
    frames = [
        (received.depth_m, sent[stamp_ns].bilinear_depth_m(), exact_m)
        for stamp_ns, received in listener.depths.items()
        if (exact_m := sent[stamp_ns].exact_depth_m) is not None
    ]
    return compare(frames) if len(frames) == len(listener.depths) else {}
