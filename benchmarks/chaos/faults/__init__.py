# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Every fault that the node is put through."""

from __future__ import annotations

from benchmarks.chaos.fault import Fault
from benchmarks.chaos.faults import (
    clocks,
    driver_ends,
    life_cycle,
    node_ends,
    pairs,
    storms,
    topics,
)

FAULTS: tuple[Fault, ...] = (
    driver_ends.KILLED,
    driver_ends.STOPPED,
    driver_ends.STARTED_TWICE,
    node_ends.KILLED,
    node_ends.ENDED,
    node_ends.STOPPED,
    topics.OTHER_QOS,
    topics.FAST,
    topics.ALL_FAST,
    topics.SPOILT,
    topics.TWICE,
    topics.FROZEN,
    topics.RESIZED,
    topics.NO_INFO,
    topics.WRONG_INFO,
    clocks.AHEAD,
    clocks.BEHIND,
    clocks.ALL_AHEAD,
    clocks.ALL_BEHIND,
    clocks.DEPTH_AHEAD,
    clocks.DEPTH_BEHIND,
    life_cycle.DEACTIVATED,
    life_cycle.UNLOADED,
    life_cycle.DOWN_AND_UP,
    storms.PARAMETERS,
    storms.CAPTURES,
    *pairs.PAIRS,
)
