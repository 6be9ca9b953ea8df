# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What became of each recording of a run, the worst first, and of all of them together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
import os
from pathlib import Path
from typing import Any

from promptda_ros.bags.planning.plan import PASSED_OVER
from promptda_ros.bags.planning.stamps import OUTSIDE
from promptda_ros.bags.processing.preview import PREVIEW
from promptda_ros.bags.processing.recipe import ALWAYS, OUTPUTS
from promptda_ros.bags.processing.record import Record
from promptda_ros.bags.processing.unit import Outcome

LEFT_OUT = (OUTSIDE, PASSED_OVER)  # reasons of images that nobody asked depth for
FAILED, UP_TO_DATE = 'failed', 'up_to_date'
# Of the network; others, such as how often it was compiled, differ between recordings.
SHOWN_FACTS = ('model.name', 'model.sha256', 'anchor.sha256', 'device', 'precision')
LARGEST_PREVIEW = 4_000_000  # bytes


@dataclass(frozen=True)
class BagSummary:
    """The figures of one recording that people compare."""

    name: str  # of the result, below the folder of the run
    state: str  # done, up_to_date or failed
    error: str = ''  # one sentence, of a failed one
    depths: int = 0  # depth images that were written
    drops: Mapping[str, int] = field(default_factory=dict)  # images without depth by reason
    warnings: Sequence[str] = ()
    pixels: Mapping[str, float] = field(default_factory=dict)  # share by code of validity
    wall_sec: float = 0.0
    tries: int = 1
    recipe: Mapping[str, Any] = field(default_factory=dict)
    made_by: str = ''  # version of this package, name and digest of the weights
    preview: bytes = b''  # animated WebP; empty without any depth

    @classmethod
    def of(cls, outcome: Outcome, out: Path) -> BagSummary:
        """Return what an outcome tells, and what lies in the folder of the result."""
        target = Path(outcome.target)
        record = None if outcome.state == FAILED else Record.read(target)
        return cls(
            name=os.path.relpath(target, out),
            state=outcome.state,
            error=outcome.error,
            depths=_frames(outcome.outputs),
            drops=outcome.drops,
            warnings=outcome.warnings,
            pixels=record.pixels if record else {},
            wall_sec=outcome.wall_sec,
            tries=outcome.tries,
            recipe=record.recipe.to_json() if record else {},
            made_by=_made_by(record) if record else '',
            preview=_read(target / PREVIEW) if record else b'',
        )

    @property
    def lost(self) -> int:
        """Return how many images have no depth although it was asked for."""
        return sum(count for reason, count in self.drops.items() if reason not in LEFT_OUT)

    @property
    def images(self) -> int:
        """Return how many images depth was asked for."""
        return self.depths + self.lost

    @property
    def lost_share(self) -> float:
        """Return the share of these images that have none."""
        return self.lost / self.images if self.images else 0.0

    @property
    def predicted(self) -> float:
        """Return the share of pixels that rest on the network alone."""
        return self.pixels.get('predicted', 0.0)

    @property
    def frames_per_sec(self) -> float:
        """Return depth images a second; 0 where nothing was computed."""
        return self.depths / self.wall_sec if self.wall_sec else 0.0


def worst_first(bags: Sequence[BagSummary]) -> list[BagSummary]:
    """Sort by failure, then images lost, then pixels predicted, both in whole percents."""
    return sorted(
        bags,
        key=lambda bag: (
            bag.state != FAILED,
            -round(bag.lost_share, 2),
            -round(bag.predicted, 2),
            -bag.lost,
            -len(bag.warnings),
            bag.name,
        ),
    )


def total_of(bags: Sequence[BagSummary]) -> BagSummary:
    """Return the sums of all recordings; shares of pixels are weighted by depth images."""
    depths = sum(bag.depths for bag in bags)
    codes = dict.fromkeys(code for bag in bags for code in bag.pixels)
    drops = sum((Counter(bag.drops) for bag in bags), Counter())
    return BagSummary(
        name='',
        state='',
        depths=depths,
        drops=dict(drops.most_common()),
        pixels={
            code: sum(bag.pixels.get(code, 0.0) * bag.depths for bag in bags) / max(1, depths)
            for code in codes
        },
        wall_sec=sum(bag.wall_sec for bag in bags),
    )


def _frames(outputs: Mapping[str, int]) -> int:
    """Return how many images have depth: of each camera the product that was written most.

    Results that are no bags have one camera, and products of other names.
    """
    most: dict[str, int] = {}
    for topic, count in outputs.items():
        product = max(filter(topic.endswith, (ALWAYS, *OUTPUTS.values())), key=len, default=topic)
        camera = topic.removesuffix(product)
        most[camera] = max(most.get(camera, 0), count)
    return sum(most.values())


def _made_by(record: Record) -> str:
    facts = {name: value for name in SHOWN_FACTS if (value := record.model.get(name))}
    known = {'promptda_ros': record.version, **facts}
    return ', '.join(f'{name} {value}' for name, value in known.items())


def _read(path: Path) -> bytes:
    """Return a preview; nothing where there is none, or something much larger."""
    try:
        return path.read_bytes() if path.stat().st_size <= LARGEST_PREVIEW else b''
    except OSError:
        return b''
