# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The frames of a running node, heard on its topics."""

from __future__ import annotations

from collections.abc import Callable
import time

from promptda_ros.core.settings.schema import Settings
from promptda_ros.rig.meter import RigMeter
from promptda_ros.rig.sight import NotMeasurable, Sight
from promptda_ros.view.moment import DEPTH, IMAGE, Moment, SENSOR, UNCERTAINTY
from promptda_ros.view.source import Source

LAYERS = (IMAGE, SENSOR, DEPTH, UNCERTAINTY)
SILENT_SEC = 30.0  # a node on a slow CPU takes seconds for a frame
WAIT_SEC = 0.01


def measure_node(
    source: Source, meter: RigMeter, frames: int, tell: Callable[[int, int], None]
) -> Settings:
    """Show frames with depth to a meter, each as soon as it is complete; return its settings.

    Raises:
        NotMeasurable: none comes, or they show no board.
    """
    source.want(LAYERS)
    heard_sec, settings = time.monotonic(), Settings()
    taken: set[int] = set()  # stamps; a frame comes twice where a later one has no depth yet
    while meter.frames < frames:
        moment = source.next_moment()
        if moment is not None and _is_whole(moment) and moment.frame.stamp_ns not in taken:
            taken.add(moment.frame.stamp_ns)
            meter.add(Sight(moment.frame, moment.depth_m, moment.uncertainty_m))
            tell(meter.frames, frames)
            heard_sec, settings = time.monotonic(), moment.settings
        elif time.monotonic() - heard_sec > SILENT_SEC:
            reason = source.state().reason or 'no image comes whose depth is published'
            raise NotMeasurable(f'{source.title}: {reason}')
        else:
            time.sleep(WAIT_SEC)
    return settings


def _is_whole(moment: Moment) -> bool:
    return moment.depth_m is not None and moment.uncertainty_m is not None
