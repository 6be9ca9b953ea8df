# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Offered QoS as recordings name it: numbers before Jazzy, words since then."""

from __future__ import annotations

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
