# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Stamps of headers in nanoseconds; needs no ROS."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from std_msgs.msg import Header

NANOSECONDS = 1_000_000_000


def stamp_ns_of(header: Header) -> int:
    """Return the moment of a header in nanoseconds."""
    return int(header.stamp.sec) * NANOSECONDS + int(header.stamp.nanosec)
