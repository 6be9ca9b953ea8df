# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which messages of a recording belong together, by their stamps.

A bag is read twice and never held: first for the stamps, then for the messages that are needed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from promptda_ros.bags.bag import Bag
from promptda_ros.core.pairing.pairing import Pair, Pairing, PairingSettings
from promptda_ros.core.pairing.stream import Topic
from promptda_ros.core.settings.input import SyncSettings
from promptda_ros.messages.stamps import NANOSECONDS, stamp_ns_of

# Numbers of messages wait here, not messages: nothing is gained by dropping them early.
PAIRING = PairingSettings(
    tolerance_ns=round(SyncSettings().tolerance * NANOSECONDS),
    wait_ns=10 * NANOSECONDS,
    queue_size=1000,
    max_bytes=0,
)


@dataclass(frozen=True)
class Entry:
    """Where a message is in a recording, and what its header says."""

    topic: str
    number: int
    stamp_ns: int
    logged_ns: int
    frame_id: str


def index(bag: Bag, topics: Collection[str]) -> list[Entry]:
    """List the messages of these topics in the order of logging."""
    return [
        Entry(
            one.topic,
            one.number,
            stamp_ns_of(one.message.header),
            one.logged_ns,
            one.message.header.frame_id,
        )
        for one in bag.messages(topics)
    ]


def pair(entries: Sequence[Entry], image: str, depth: str) -> dict[int, int]:
    """Return the number of the depth that belongs to an image, by the number of the image."""
    pairing = Pairing[int](PAIRING)
    pairs: list[Pair[int]] = []
    for entry in entries:
        if entry.topic in (image, depth):
            side = Topic.IMAGE if entry.topic == image else Topic.DEPTH
            pairs += pairing.add(side, entry.stamp_ns, entry.number, now_ns=entry.logged_ns)
    pairs += pairing.poll(now_ns=2**63)
    return {one.image: one.depth for one in pairs}


def newest_before(entries: Sequence[Entry], image: str, info: str) -> dict[int, int]:
    """Return for every image the newest message of another topic that is not newer, or its first.

    As camera_info is taken: of a latched one there is a single message, stamped at any time.
    """
    infos = sorted((one.stamp_ns, one.number) for one in entries if one.topic == info)
    if not infos:
        return {}
    stamps = [stamp_ns for stamp_ns, _ in infos]
    return {
        one.number: infos[max(0, bisect_right(stamps, one.stamp_ns) - 1)][1]
        for one in entries
        if one.topic == image
    }
