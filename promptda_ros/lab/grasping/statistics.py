# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How often grasps held, were missed, slipped, collided or were refused, with intervals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
import math

from promptda_ros.lab.grasping.attempts import Attempt, REFUSED
from promptda_ros.lab.grasping.clouds import EXACT, SENSOR

Z_95 = 1.959964  # of the normal distribution
HEADER = (
    *('cloud', 'scenes', 'held %', '95 %', 'missed %', 'slipped %', 'collided %', '95 %'),
    *('refused %', 'better', 'worse'),
)


@dataclass(frozen=True)
class Share:
    """How many of how many, with the interval of Wilson for 95 %."""

    count: int
    total: int

    @property
    def percent(self) -> float:
        """Return the share in percent, NaN of nothing."""
        return 100 * self.count / self.total if self.total else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Return between which percentages the true share lies in 95 % of all runs."""
        if not self.total:
            return 0.0, 100.0
        share, total, z2 = self.count / self.total, self.total, Z_95**2
        middle = (share + z2 / (2 * total)) / (1 + z2 / total)
        spread = math.sqrt(share * (1 - share) / total + z2 / (4 * total**2))
        half = Z_95 / (1 + z2 / total) * spread
        return 100 * max(0.0, middle - half), 100 * min(1.0, middle + half)


def tables(attempts: Sequence[Attempt]) -> list[tuple[str, list[list[str]]]]:
    """Return a title and lines of cells for every sensor, and what caused the failures there."""
    exact = [each for each in attempts if not each.sensor]
    sensors = list(dict.fromkeys(each.sensor for each in attempts if each.sensor))
    made = []
    for sensor in sensors or ['']:
        members = exact + [each for each in attempts if each.sensor == sensor and sensor]
        title = sensor or EXACT
        made.append((title, _outcomes(members)))
        made.append((f'{title}, what was wrong where a grasp failed', _causes(members)))
    return made


def _outcomes(attempts: Sequence[Attempt]) -> list[list[str]]:
    arms = list(dict.fromkeys(each.arm for each in attempts))
    base = {each.scene: each for each in attempts if each.arm == SENSOR}
    lines = [list(HEADER)]
    for arm in arms:
        own = [each for each in attempts if each.arm == arm]
        counts = Counter(each.verdict for each in own)
        held, collided = (Share(counts[name], len(own)) for name in ('held', 'collided'))
        others = (Share(counts[name], len(own)) for name in ('missed', 'slipped', REFUSED))
        missed, slipped, refused = (f'{each.percent:.1f}' for each in others)
        lines.append(
            [
                *(arm, str(len(own)), f'{held.percent:.1f}', _interval(held), missed, slipped),
                *(f'{collided.percent:.1f}', _interval(collided), refused),
                *_against(own, base),
            ]
        )
    return lines


def _against(own: Sequence[Attempt], base: dict[int, Attempt]) -> list[str]:
    """Count the scenes in which a grasp held where the sensor's did not, and the other way."""
    pairs = [(each, base[each.scene]) for each in own if each.scene in base]
    if not pairs or own[0].arm == SENSOR:
        return ['-', '-']
    better = sum(one.verdict == 'held' != other.verdict for one, other in pairs)
    worse = sum(one.verdict != 'held' == other.verdict for one, other in pairs)
    return [str(better), str(worse)]


def _causes(attempts: Sequence[Attempt]) -> list[list[str]]:
    failed = [each for each in attempts if each.cause]
    causes = sorted({each.cause for each in failed})
    lines = [['cloud', 'failed', *causes]]
    for arm in dict.fromkeys(each.arm for each in attempts):
        counts = Counter(each.cause for each in failed if each.arm == arm)
        lines.append([arm, str(counts.total()), *(str(counts[cause]) for cause in causes)])
    return lines


def _interval(share: Share) -> str:
    low, high = share.interval
    return f'{low:.0f}-{high:.0f}'
