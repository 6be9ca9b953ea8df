# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Every fault that the node is put through."""

from __future__ import annotations

from benchmarks.chaos.fault import Fault
from benchmarks.chaos.faults import driver_ends

FAULTS: tuple[Fault, ...] = (driver_ends.KILLED, driver_ends.STOPPED, driver_ends.STARTED_TWICE)
