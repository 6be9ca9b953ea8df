# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether every frame that is missing is counted in /diagnostics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

DROPS, IMAGES, DEPTHS = 'drops.', 'image.', 'depth.'
PUBLISHED = 'published.depth/image_rect'
RECEIVED, DEPTH_RECEIVED = 'image.received', 'depth.received'
# What a message that is sent twice adds explains the loss of no image.
NO_REASONS = {RECEIVED, 'image.duplicate'}
# Of a frame that came too early for a busy network
BUSY = ('drops.overrun', 'drops.compiling')
PAIRS_UNTIL_RECOVERY = 2

Counts = dict[str, dict[str, int]]  # by camera


def counts_of(statuses: Sequence[Any]) -> Counts:
    """Return the counters of a DiagnosticArray by camera."""
    counts: Counts = {}
    for status in statuses:
        camera, _, part = status.name.rpartition(': ')[2].partition(' ')
        if part in ('frames', 'pairing'):
            found = counts.setdefault(camera, {})
            found |= {
                each.key: int(each.value)
                for each in status.values
                if each.key.startswith((DROPS, IMAGES, DEPTHS, PUBLISHED))
            }
    return counts


def without_pairs(counts: Counts) -> Counts:
    """Return the counters that go on when the node is activated again."""
    return {
        camera: {key: n for key, n in own.items() if key.startswith((DROPS, PUBLISHED))}
        for camera, own in counts.items()
    }


@dataclass(frozen=True)
class Moment:
    """A moment of the steady clock, and what the node had counted by then."""

    at_ns: int
    counts: Counts
    begun: tuple[int, int]  # how often all counters, and those of pairs, began anew

    def counted(self, camera: str, until: Moment) -> Counter[str]:
        """Return what was counted of a camera until a later moment."""
        before = self.counts
        if self.begun[0] != until.begun[0]:
            before = {}
        elif self.begun != until.begun:
            before = without_pairs(before)
        own, after = before.get(camera, {}), until.counts.get(camera, {})
        return Counter({key: max(after[key] - own.get(key, 0), 0) for key in after})


@dataclass(frozen=True)
class Account:
    """The images of one camera in a while at whose ends nothing was on its way."""

    images: int
    pairs: int  # of them that have a depth
    outputs: int
    counted: Mapping[str, int]

    @property
    def lost(self) -> int:
        """Return how many pairs have no output."""
        return self.pairs - self.outputs

    @property
    def reasons(self) -> dict[str, int]:
        """Return why frames are missing; images without depth are meant to be."""
        alone = self.images - self.pairs
        found = {
            key: count
            for key, count in self.counted.items()
            if key.startswith((DROPS, IMAGES)) and key not in NO_REASONS
        }
        found['image.unpaired'] = max(found.get('image.unpaired', 0) - alone, 0)
        return {key: count for key, count in found.items() if count}

    @property
    def unexplained(self) -> int:
        """Return how many of the lost ones nothing counts."""
        return max(self.lost - sum(self.reasons.values()), 0)


def pairs_until_recovery(had_output: Sequence[bool]) -> int:
    """Return the place of the first pair with an output, of those sent after a fault; 0: none."""
    return had_output.index(True) + 1 if True in had_output else 0


def is_late(place: int, busy: int) -> bool:
    """Tell whether an output came later than after a fault; `busy` frames were told to be."""
    return place == 0 or place > PAIRS_UNTIL_RECOVERY + busy
