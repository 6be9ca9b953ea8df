# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Why images of a recording got no depth, and what to set."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
import math

from promptda_ros.bags.planning.stamps import StampFacts
from promptda_ros.core.pairing.silence import explain, TopicFacts
from promptda_ros.core.pairing.stream import Loss, TopicCounters
from promptda_ros.core.settings.input import SyncSettings

WORTH_SAYING = 0.05  # share of the pairs
LONGEST_QUEUE = 100  # that sync.queue_size may be
ASKED_FOR = ('rate_limit',)  # reasons that a user has chosen


def explain_unpaired(
    camera: str, facts: StampFacts, sync: SyncSettings, topics: Collection[str]
) -> str:
    """Say why so many images found no depth; empty: few did."""
    counters = facts.counters
    images = counters.image.received
    lost = images - counters.pairs
    if not images or lost <= WORTH_SAYING * images:
        return ''
    prefix = f'{camera}.' if camera else ''
    share = f'{lost} of {images} images on {facts.topics.image} ({lost / images:.0%})'
    return f'{share} have no depth: {_why(facts, sync, prefix, topics)}'


def explain_drops(pairs: int, drops: Mapping[str, int]) -> str:
    """Say how many pairs gave no depth, by reason; empty: few did not."""
    drops = {reason: count for reason, count in drops.items() if reason not in ASKED_FOR}
    lost = sum(drops.values())
    if lost <= WORTH_SAYING * pairs:
        return ''
    reasons = ', '.join(f'{count} {reason}' for reason, count in drops.items())
    return (
        f'{lost} of {pairs} pairs ({lost / pairs:.0%}) gave no depth: {reasons}; what to set is '
        'said below or in docs/drops.md'
    )


def _why(facts: StampFacts, sync: SyncSettings, prefix: str, topics: Collection[str]) -> str:
    image, depth = facts.counters.image, facts.counters.depth
    told = explain(
        topic_facts('image', facts.topics.image, image),
        topic_facts('depth', facts.topics.depth, depth),
        facts.offsets,
        sync,
        topics=tuple(topics),
        prefix=prefix,
    )
    return next(_particular(facts, sync, prefix), told.text)


def _particular(facts: StampFacts, sync: SyncSettings, prefix: str) -> Iterator[str]:
    """Yield what a recording tells and a stream does not."""
    image, depth = facts.counters.image, facts.counters.depth
    more = facts.patient_pairs - facts.counters.pairs
    lost = image.received - facts.counters.pairs
    if 2 * more >= lost:
        wait_sec = math.ceil(facts.patience_sec * 10 + 1) / 10
        yield (
            f'{more} more would if they waited for it, up to {facts.patience_sec:.2f} s: set '
            f'{prefix}sync.wait:={min(wait_sec, 5.0):g} {prefix}sync.queue_size:={LONGEST_QUEUE}'
        )
    if 2 * image.lost.get(Loss.CLEARED, 0) >= lost or 2 * image.lost.get(Loss.LATE, 0) >= lost:
        yield (
            f'stamps jumped back {facts.counters.resets} times, the last time because '
            f'{facts.counters.last_reset or "images are out of order"}: record with one clock'
        )
    is_unpaired = 2 * image.lost.get(Loss.UNPAIRED, 0) >= lost
    is_near = facts.offsets.median_ns is not None and (
        abs(facts.offsets.median_ns) <= sync.tolerance * 1e9
    )
    if is_unpaired and is_near and depth.received < image.received:
        yield (
            f'there are {depth.received} depth messages on {facts.topics.depth}; to use each for '
            f'several images, set {prefix}sync.reuse_depth:=true and a larger '
            f'{prefix}sync.tolerance ({sync.tolerance:g} s now)'
        )
    if is_near and facts.counters.pairs:
        yield (
            f'no depth of {facts.topics.depth} was stamped within {prefix}sync.tolerance '
            f'({sync.tolerance:g} s) of them; see docs/drops.md for their reasons'
        )


def topic_facts(role: str, name: str, counters: TopicCounters) -> TopicFacts:
    """Return what the counters tell about a recorded topic."""
    return TopicFacts(
        role=role,
        name=name,
        publishers=1,
        received=counters.received,
        zero_stamps=counters.lost.get(Loss.ZERO_STAMP, 0),
        bad_stamps=counters.lost.get(Loss.BAD_STAMP, 0),
        duplicates=counters.lost.get(Loss.DUPLICATE, 0),
    )
