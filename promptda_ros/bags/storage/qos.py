# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Offered QoS as recordings name it: numbers before Jazzy, words since then."""

from __future__ import annotations

from rosbags.interfaces import Qos, QosReliability
from rosbags.rosbag2.errors import ReaderError
from rosbags.rosbag2.metadata import dump_qos_v8, parse_qos
import yaml

# What ROS 1 calls latched; of several publishers of one topic every message is kept.
LATCHED = """\
- history: 2
  depth: 0
  reliability: 1
  durability: 1
  deadline: {sec: 9223372036, nsec: 854775807}
  lifespan: {sec: 9223372036, nsec: 854775807}
  liveliness: 1
  liveliness_lease_duration: {sec: 9223372036, nsec: 854775807}
  avoid_ros_namespace_conventions: false
"""


def in_numbers(text: str) -> str:
    """Return a text that every version reads: Humble and Iron do not know the words.

    One that can't be read is returned as it is: those who play the bag may know what it means.
    """
    try:
        profiles = yaml.safe_load(text) or []
        if all(isinstance(one['history'], int) for one in profiles):
            return text
        return dump_qos_v8(parse_qos(profiles))
    except (yaml.YAMLError, KeyError, TypeError):
        return text


def offered(text: str) -> list[Qos]:
    """Return the profile of each publisher that was recorded; none of what can't be read."""
    try:
        return parse_qos(text)
    except (ReaderError, KeyError, TypeError):
        return []


def is_best_effort(profile: Qos) -> bool:
    """Return whether a publisher can't reach subscriptions that ask for reliable."""
    return profile.reliability == QosReliability.BEST_EFFORT
