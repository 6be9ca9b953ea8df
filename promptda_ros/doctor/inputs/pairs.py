# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether images and depth belong together by their stamps, and what to set."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import replace
import statistics

from promptda_ros.bags.planning.losses import explain_unpaired
from promptda_ros.core.pairing.offsets import OffsetSummary
from promptda_ros.core.pairing.silence import explain, explain_offset, explain_times
from promptda_ros.doctor.finding import ERROR, Finding, Sound, WARNING
from promptda_ros.doctor.inputs.facts import CameraFacts, Times

AT_THE_ENDS = 3  # images that may lack their depth, because listening began or ended there
SYNCHRONOUS_NS = 2_000_000  # closer stamps are of one trigger
WHY = {
    'ambiguous': 'depth of another moment is wrong wherever something moves',
    'drift': 'depth of another moment is wrong wherever something moves',
    'future': 'planners and transforms use the stamps',
}


class PairsCheck:
    """Looks at how far apart the stamps are, and at how many pairs come of it."""

    def __init__(self, facts: CameraFacts) -> None:
        self._facts = facts

    def look(self) -> Iterator[Finding | Sound]:
        """Say why images have no depth, or the wrong one."""
        facts, sync = self._facts, self._facts.settings.sync
        offsets = resolve(facts)
        told = self._of_offset(offsets)
        if told is None and not facts.stamps.counters.pairs:
            silence = explain(
                facts.image.facts,
                facts.depth.facts,
                offsets,
                sync,
                topics=facts.graph,
                prefix=facts.prefix,
            )
            why = 'without pairs no depth is published'
            told = Finding.of_sentence(silence.reason, ERROR, silence.text, why)
        if told is not None:
            yield told
            return
        yield self._of_losses()
        early_sec = -(facts.image.times.age_sec or 0.0)
        for about, sentence in explain_times(
            offsets, sync, early_sec=early_sec, prefix=facts.prefix
        ):
            yield Finding.of_sentence(about, WARNING, sentence, WHY[about])

    def _of_offset(self, offsets: OffsetSummary) -> Finding | None:
        sentence = explain_offset(offsets, self._facts.settings.sync, self._facts.prefix)
        if not sentence:
            return None
        nearest_ns, found_ns = self._facts.stamps.offsets.median_ns, offsets.median_ns
        level = WARNING if self._facts.stamps.counters.pairs else ERROR
        why = 'images and depth this far apart are not paired, so that no depth is published'
        if nearest_ns != found_ns and nearest_ns is not None:
            why = (
                f'the nearest stamps are {nearest_ns / 1e6:.1f} ms apart, so that depth of '
                'another moment is paired or none is; with this offset both arrive together'
            )
        return Finding.of_sentence('offset', level, sentence, why)

    def _of_losses(self) -> Finding | Sound:
        facts, counters = self._facts, self._facts.stamps.counters
        lost = counters.image.received - counters.pairs
        sentence = explain_unpaired(facts.name, facts.stamps, facts.settings.sync, facts.graph)
        if sentence and lost > AT_THE_ENDS:
            why = 'these images are dropped: depth is published at a lower rate'
            return Finding.of_sentence('unpaired', WARNING, sentence, why, 'see docs/drops.md')
        offset_ns = facts.stamps.offsets.median_ns or 0
        tolerance_ms = facts.settings.sync.tolerance * 1e3
        return Sound(
            'pairs',
            f'{counters.pairs} of {counters.image.received} images have depth, '
            f'{offset_ns / 1e6:.1f} ms from it (sync.tolerance {tolerance_ms:.0f} ms)',
        )


def resolve(facts: CameraFacts) -> OffsetSummary:
    """Return the offset of the stamps, which they tell up to a whole number of periods alone.

    Of several that are possible it is the one with which image and depth arrive together.
    """
    offsets = facts.stamps.offsets
    nearest_ns, period_ns = offsets.median_ns, offsets.image_period_ns
    together_ns = _offset_of_arrivals(facts.image.times, facts.depth.times)
    if nearest_ns is None or not period_ns or together_ns is None:
        return offsets
    together_ns += facts.settings.sync.depth_time_offset * 1e9
    periods = round((together_ns - nearest_ns) / period_ns)
    found_ns = nearest_ns + periods * period_ns
    is_clear = abs(together_ns - found_ns) <= period_ns / 4
    if abs(nearest_ns) <= SYNCHRONOUS_NS or periods == 0 or not is_clear:
        return offsets
    return replace(offsets, median_ns=found_ns, p95_ns=None, drift_ns_per_sec=None)


def _offset_of_arrivals(images: Times, depths: Times) -> float | None:
    """Return how much later depth is stamped than the image that arrives nearest to it."""
    if not images.arrivals_ns or not depths.arrivals_ns:
        return None
    apart = []
    for stamp_ns, arrival_ns in zip(images.stamps_ns, images.arrivals_ns, strict=True):
        at = bisect_left(depths.arrivals_ns, arrival_ns)
        around = range(max(at - 1, 0), min(at + 1, len(depths.arrivals_ns)))
        nearest = min(around, key=lambda each: abs(depths.arrivals_ns[each] - arrival_ns))
        apart.append(depths.stamps_ns[nearest] - stamp_ns)
    return statistics.median(apart)
