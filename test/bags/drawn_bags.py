# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Channels and messages as Hypothesis draws them, and how a bag is written from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from hypothesis import strategies as st

from promptda_ros.bags.channel import Channel, RawMessage
from promptda_ros.bags.writer import BagWriter

QOS = """\
- history: 1
  depth: 1
  reliability: 1
  durability: 1
  deadline: {sec: 9223372036, nsec: 854775807}
  lifespan: {sec: 9223372036, nsec: 854775807}
  liveliness: 1
  liveliness_lease_duration: {sec: 9223372036, nsec: 854775807}
  avoid_ros_namespace_conventions: false
"""
CHANNELS = (
    Channel('/tf_static', 'a_msgs/msg/A', 'int32 a\n', 'ros2msg', 'RIHS01_0a', 'cdr', QOS),
    Channel('/images', 'a_msgs/msg/A', 'int32 a\n', 'ros2msg', 'RIHS01_0a'),
    Channel('/other', 'b_msgs/msg/B', 'module b { };\n', 'ros2idl', '', 'json'),
)
CDR = b'\x00\x01\x00\x00'


@st.composite
def messages(draw: st.DrawFn, *, in_order: bool = True) -> list[RawMessage]:
    """Draw messages of a few topics, some logged at the same time, with their numbers."""
    times = st.lists(st.integers(0, 40).map(lambda time: time * 10**9 + 2**60), max_size=30)
    logged = sorted(draw(times)) if in_order else draw(times)
    numbers = dict.fromkeys(CHANNELS, 0)
    found = []
    for logged_ns in logged:
        channel = draw(st.sampled_from(CHANNELS))
        data = CDR + draw(st.binary(max_size=8)) * draw(st.sampled_from((1, 1000)))
        published_ns = logged_ns - draw(st.integers(0, 10**9))
        sequence = draw(st.integers(0, 2**32 - 1))
        found.append(
            RawMessage(channel, numbers[channel], logged_ns, published_ns, data, sequence)
        )
        numbers[channel] += 1
    return found


def write_bag(
    folder: Path,
    recorded: Iterable[RawMessage],
    *,
    storage: str = 'mcap',
    compression: str = 'zstd',
    channels: Sequence[Channel] = (),
) -> Path:
    """Write a bag and return its folder."""
    writer = BagWriter(folder, storage, compression)
    for channel in channels:
        writer.announce(channel)
    for message in recorded:
        writer.write(message)
    writer.close()
    return folder


def file_of(folder: Path) -> Path:
    """Return the one file of a bag beside its metadata.yaml."""
    (file,) = (path for path in folder.iterdir() if path.name != 'metadata.yaml')
    return file
