# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Counters and reasons -> /diagnostics (REP 107): each camera, the network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node

from promptda_ros.core.frame import Depth
from promptda_ros.core.health import NetworkHealth
from promptda_ros.core.pairing.offsets import OffsetSummary
from promptda_ros.core.pairing.pairing import PairingCounters
from promptda_ros.core.pairing.silence import Silence
from promptda_ros.core.peer_text import printable
from promptda_ros.loaded_model import LoadedModel
from promptda_ros.node.cameras import NodeCamera

LEVELS = {
    'ok': DiagnosticStatus.OK,
    'warn': DiagnosticStatus.WARN,
    'error': DiagnosticStatus.ERROR,
}
DIAGNOSTICS = '/diagnostics'
RECENT_SEC = 5.0
SATURATED_WARN = 0.2
LATELY = 9  # frames; one that was held up is no slow network
# How much longer than at start they may take: images may be larger than the first one.
SLOWED_WARN = 6


@dataclass(frozen=True)
class Status:
    """One diagnostic status: a part of the node, its level, text and values."""

    part: str
    level: str  # ok, warn or error
    message: str
    values: Mapping[str, object] = field(default_factory=dict)


class Diagnostics:
    """Publishes statuses on /diagnostics."""

    def __init__(self, node: Node, *, hardware_id: str) -> None:
        self._node = node
        self._hardware_id = hardware_id
        self._publisher = node.create_publisher(DiagnosticArray, DIAGNOSTICS, 10)

    def publish(self, statuses: list[Status]) -> None:
        """Publish all statuses as one message."""
        message = DiagnosticArray()
        message.header.stamp = self._node.get_clock().now().to_msg()
        message.status = [self._status(status) for status in statuses]
        self._publisher.publish(message)

    def close(self) -> None:
        """Destroy the publisher."""
        self._node.destroy_publisher(self._publisher)

    def _status(self, status: Status) -> DiagnosticStatus:
        return DiagnosticStatus(
            level=LEVELS[status.level],
            name=f'{self._node.get_fully_qualified_name().lstrip("/")}: {status.part}',
            message=printable(status.message),
            hardware_id=self._hardware_id,
            values=[KeyValue(key=key, value=_text(value)) for key, value in status.values.items()],
        )


def _text(value: object) -> str:
    return f'{value:.6g}' if isinstance(value, float) else printable(str(value))


def pairing_status(
    counters: PairingCounters,
    offsets: OffsetSummary,
    silence: Silence | None,
    topics: Mapping[str, str],
    *,
    is_error: bool,
) -> Status:
    """Report what happened to every message of the topics, and why there are no pairs."""
    values: dict[str, object] = {'pairs': counters.pairs, 'epochs': counters.resets + 1}
    for role, topic in (('image', counters.image), ('depth', counters.depth)):
        values[f'{role}.received'] = topic.received
        values.update({f'{role}.{loss.value}': number for loss, number in topic.lost.items()})
    if offsets.median_ns is not None and offsets.p95_ns is not None:
        values['offset_ms.median'] = offsets.median_ns / 1e6
        values['offset_ms.p95'] = offsets.p95_ns / 1e6
    values.update({f'topic.{role}': topic for role, topic in topics.items()})
    if silence is None:
        return Status('pairing', 'ok', 'image and depth are paired', values)
    return Status('pairing', 'error' if is_error else 'warn', silence.text, values)


def frames_status(camera: NodeCamera) -> Status:
    """Report what was published, what was dropped and why, and how long stages take."""
    values: dict[str, object] = {
        **{f'published.{output}': number for output, number in camera.outputs.published().items()},
        'drops.overrun': 0,
        **{f'drops.{reason}': number for reason, number in camera.drops.snapshot().items()},
    }
    for stage, spread in camera.stages.snapshot().items():
        values[f'stage_ms.{stage}.p50'] = spread.p50
        values[f'stage_ms.{stage}.p99'] = spread.p99
    if dropped := camera.drops.recent_text(within_sec=RECENT_SEC):
        return Status('frames', 'warn', dropped, values)
    if frames_lack_points := camera.calibration.problem or camera.withheld:
        return Status('frames', 'warn', f'no point cloud: {frames_lack_points}', values)
    return Status('frames', 'ok', 'frames pass', values)


def network_status(
    model: LoadedModel, health: NetworkHealth, cameras: Sequence[NodeCamera]
) -> Status:
    """Report the network, its device, and the depth range of each camera's prompt."""
    values: dict[str, object] = {**model.facts(), 'resolution': health.resolution.name}
    slowed = _slowed_text(model, cameras)
    warnings = [each for each in (health.resolution.warning, model.problem, slowed) if each]
    for camera in cameras:
        depth = camera.latest
        if depth is None:
            continue
        own = camera.prefix.replace('/', '.')
        values[f'{own}prompt.near_m'] = depth.prompt.near_m
        values[f'{own}prompt.far_m'] = depth.prompt.far_m
        values[f'{own}prompt.measured'] = depth.measured_fraction
        values[f'{own}prompt.beyond_range'] = depth.beyond_fraction
        values[f'{own}prompt.nearer_than_range'] = depth.nearer_fraction
        values[f'{own}prompt.averaged'] = camera.history.averaged_fraction
        values[f'{own}saturated'] = depth.saturated_fraction
        if depth.saturated_fraction > SATURATED_WARN:
            warnings.append(f'{camera.name}: ' * bool(camera.name) + _saturated_text(depth))
    if health.problem:
        return Status('network', 'error', health.problem, values)
    if warnings:
        return Status('network', 'warn', '; '.join(warnings), values)
    return Status('network', 'ok', model.describe(), values)


def of_camera(camera: NodeCamera, status: Status) -> Status:
    """Return the status under the name of its camera."""
    return replace(status, part=f'{camera.name} {status.part}') if camera.name else status


def _slowed_text(model: LoadedModel, cameras: Sequence[NodeCamera]) -> str:
    """Say that frames take far longer than at start; '' where they do not."""
    lately_sec = max(
        each.stages.lately_ms('infer', 'restore', count=LATELY) / 1e3 for each in cameras
    )
    at_start_sec = model.frame_sec * len(cameras)  # which share a run
    if lately_sec < SLOWED_WARN * at_start_sec:
        return ''
    return (
        f'frames take {lately_sec:.2g} s, against {at_start_sec:.2g} s at start, and fewer come: '
        f'{model.device} is hot or short of power, other programs use it, or images became '
        'larger; cool it, end those, or set model.resolution:=low'
    )


def _saturated_text(depth: Depth) -> str:
    return (
        f'{depth.saturated_fraction:.0%} of the depth lies at an end of what the prompt can '
        f'express ({depth.prompt.near_m:.2f} to {depth.prompt.far_m:.2f} m): nearer or farther '
        'things are cut off there; check the range of the sensor'
    )
