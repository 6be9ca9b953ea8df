# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The three lines of the diagnostics: pairing, frames, network."""

from __future__ import annotations

from promptda_ros.core.pairing import PairingCounters
from promptda_ros.core.silence import PairingFacts, Silence
from promptda_ros.core.worker import WorkerCounters
from promptda_ros.diagnostics import Status
from promptda_ros.pipeline import Pipeline

RECENT_SEC = 5.0
SATURATED_WARN = 0.2


def pairing_status(
    counters: PairingCounters, offsets: PairingFacts, silence: Silence | None, *, is_error: bool
) -> Status:
    """Tell what became of every message, and why there are no pairs."""
    values: dict[str, object] = {'pairs': counters.pairs, 'epochs': counters.resets + 1}
    for role, topic in (('image', counters.image), ('depth', counters.depth)):
        values[f'{role}.received'] = topic.received
        values.update({f'{role}.{loss.value}': number for loss, number in topic.lost.items()})
    if offsets.offset_sec is not None and offsets.offset_p95_sec is not None:
        values['offset_ms.median'] = offsets.offset_sec * 1e3
        values['offset_ms.p95'] = offsets.offset_p95_sec * 1e3
    if silence is None:
        return Status('pairing', 'ok', 'image and depth are paired', values)
    return Status('pairing', 'error' if is_error else 'warn', silence.text, values)


def frames_status(pipeline: Pipeline, worker: WorkerCounters) -> Status:
    """Tell what was published, what was dropped under which reason, and how long stages take."""
    values: dict[str, object] = {
        **{
            f'published.{output}': number
            for output, number in pipeline.outputs.published().items()
        },
        'drops.overrun': worker.overrun,
        **{f'drops.{reason}': number for reason, number in pipeline.drops.snapshot().items()},
    }
    for stage, spread in pipeline.stages.snapshot().items():
        values[f'stage_ms.{stage}.p50'] = spread.p50
        values[f'stage_ms.{stage}.p99'] = spread.p99
    if dropped := pipeline.drops.recent_text(within_sec=RECENT_SEC):
        return Status('frames', 'warn', dropped, values)
    if frames_lack_points := pipeline.calibration.problem:
        return Status('frames', 'warn', f'no point cloud: {frames_lack_points}', values)
    return Status('frames', 'ok', 'frames pass', values)


def network_status(pipeline: Pipeline) -> Status:
    """Tell which network runs where, and how far the prompt lets it see."""
    model, depth = pipeline.model, pipeline.latest
    values: dict[str, object] = dict(model.facts())
    if depth is None:
        return Status('network', 'ok', model.describe(), values)
    values['prompt.near_m'] = depth.near_m
    values['prompt.far_m'] = depth.far_m
    values['prompt.measured'] = depth.measured_fraction
    values['prompt.averaged'] = pipeline.history.averaged_fraction
    values['saturated'] = depth.saturated_fraction
    if depth.saturated_fraction <= SATURATED_WARN:
        return Status('network', 'ok', model.describe(), values)
    text = (
        f'{depth.saturated_fraction:.0%} of the depth lies at an end of what the prompt can '
        f'express ({depth.near_m:.2f} to {depth.far_m:.2f} m): nearer or farther things are cut '
        'off there; check the range of the sensor'
    )
    return Status('network', 'warn', text, values)
