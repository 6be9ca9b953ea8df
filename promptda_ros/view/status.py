# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One line on how things are, from what the node reports in /diagnostics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from promptda_ros.core.runtime.stages import STAGES
from promptda_ros.view.source import State

PUBLISHED = 'published.depth/image_rect'
# Beside losses: what has arrived, and what was not done because nobody wanted it
NO_LOSS = ('received', 'no_listener')
CHOOSE = 'name one: promptda view --cameras NAME'
SILENT_SEC = 4.0  # the node reports once a second


@dataclass(frozen=True)
class Part:
    """What one part of the node reports: pairing, frames, network."""

    is_ok: bool
    message: str
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    """What the node reported at one time."""

    arrived_sec: float
    parts: Mapping[str, Part]  # by name, those of one camera
    cameras: tuple[str, ...] = ()  # of the node, those with names

    def figure(self, name: str) -> float:
        """Return a figure of any part; 0 where there is none."""
        return float(next((p.values[name] for p in self.parts.values() if name in p.values), 0))

    def below(self, prefix: str, suffix: str = '') -> dict[str, float]:
        """Return the figures of all parts between a prefix and a suffix."""
        return {
            name.removeprefix(prefix).removesuffix(suffix): float(value)
            for part in self.parts.values()
            for name, value in part.values.items()
            if name.startswith(prefix) and name.endswith(suffix)
        }


def state_of(reports: Sequence[Report], *, node: str, now_sec: float) -> State:
    """Return the state that the last reports of a node tell; the newest is last."""
    if not reports or now_sec - reports[-1].arrived_sec > SILENT_SEC:
        return State(
            reason=f'nothing is heard from the node {node}: start it (ros2 launch promptda_ros '
            'depth.launch.py), name it (promptda view --node NAME), or compare ROS_DOMAIN_ID'
        )
    last, first = reports[-1], reports[0]
    if 'pairing' not in last.parts:
        names = ', '.join(last.cameras) or 'one without a name'
        return State(
            reason=f'the node {node} has no such camera: its cameras are {names}; {CHOOSE}'
        )
    span_sec = last.arrived_sec - first.arrived_sec
    frames = last.figure(PUBLISHED) - first.figure(PUBLISHED)
    drops = {
        name: int(number)
        for prefix in ('image.', 'drops.')
        for name, number in last.below(prefix).items()
        if number and name not in NO_LOSS
    }
    return State(
        rate=max(0.0, frames / span_sec) if span_sec > 0 else 0.0,
        stage_ms=last.below('stage_ms.', '.p50'),
        drops=drops,
        reason='; '.join(part.message for part in last.parts.values() if not part.is_ok),
    )


def line_of(state: State) -> str:
    """Return the figures as one line."""
    known = [(name, round(state.stage_ms.get(name, 0.0))) for name in STAGES]
    latency = f'latency {sum(state.stage_ms.values()):.0f} ms'
    if stages := ', '.join(f'{name} {value}' for name, value in known if value):
        latency += f' ({stages})'
    drops = ', '.join(f'{number} {name}' for name, number in state.drops.items()) or 'none'
    return f'{state.rate:.1f} frames/s · {latency} · dropped: {drops}'
