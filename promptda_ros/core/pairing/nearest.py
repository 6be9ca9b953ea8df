# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which depth belongs to the oldest image, and whether that is certain yet.

An image is decided as soon as nothing that can still arrive would be nearer: usually when the
first depth at or after its stamp arrives. Where that depth may be nearer to the next image, the
oldest one waits for the next and leaves it the depth. Without this rule one lost depth would
shift every following pair by a frame once the tolerance exceeds half a period.

Where depth has come out of order lately, an image without one waits until two later depths have
passed it. Nothing that follows is paired meanwhile, so that the order of pairs holds: a swapped
neighbour is found again at the price of one period for the pair after it.
"""

from __future__ import annotations

import enum
from typing import TypeVar

from promptda_ros.core.pairing.stream import Held, Stream

T = TypeVar('T')

PASSED_BY = 2  # later depths that end the wait for one that may come late


class Verdict(enum.Enum):
    """What the oldest image does with a depth."""

    TAKE = enum.auto()
    LEAVE = enum.auto()
    WAIT = enum.auto()


def choose_depth(
    images: Stream[T], depths: Stream[T], *, tolerance_ns: int, reuse_depth: bool, final: bool
) -> Held[T] | Verdict:
    """Return the depth of the oldest image, LEAVE for none, or WAIT; `final` never waits."""
    image_ns = images.held[0].stamp_ns
    candidates = [
        depth
        for depth in depths.around(image_ns)
        if abs(depth.stamp_ns - image_ns) <= tolerance_ns
    ]
    nearest = _nearest(candidates, image_ns)
    if nearest is None or nearest.stamp_ns < image_ns:
        reach_ns = tolerance_ns if nearest is None else image_ns - nearest.stamp_ns
        if not final and not depths.has_passed(image_ns + reach_ns):
            return Verdict.WAIT
        if nearest is None and not final and _may_come_late(images, depths, image_ns + reach_ns):
            return Verdict.WAIT
        return nearest or Verdict.LEAVE
    verdict = Verdict.TAKE if reuse_depth else _claim(images, depths, nearest, final=final)
    if verdict is Verdict.LEAVE and candidates[0] is not nearest:
        return candidates[0]
    return nearest if verdict is Verdict.TAKE else verdict


def _may_come_late(images: Stream[T], depths: Stream[T], passed_ns: int) -> bool:
    """Whether the depth of the oldest image may follow the one that has just passed it."""
    if depths.disorder == 0 or depths.held_from(passed_ns) >= PASSED_BY:
        return False
    image_spacing_ns, spacing_ns = images.held[0].spacing_ns, depths.spacing_ns()
    if image_spacing_ns is None or spacing_ns is None:
        return False
    return 2 * spacing_ns <= 3 * image_spacing_ns  # of a slower sensor most images have no depth


def _claim(images: Stream[T], depths: Stream[T], depth: Held[T], *, final: bool) -> Verdict:
    """Decide whether the oldest image takes a later depth or leaves it to the next image."""
    image, *following = images.held[:2]
    margin_ns = depth.stamp_ns - image.stamp_ns
    if image.spacing_ns is None or 2 * margin_ns <= image.spacing_ns:
        return Verdict.TAKE  # the next image comes too late to be nearer
    if not following:
        return Verdict.TAKE if final else Verdict.WAIT
    rival_ns = following[0].stamp_ns
    rival_margin_ns = abs(depth.stamp_ns - rival_ns)
    if rival_margin_ns >= margin_ns or _nearest(depths.around(rival_ns), rival_ns) is not depth:
        return Verdict.TAKE
    passed = depths.has_passed(rival_ns + rival_margin_ns)
    return Verdict.LEAVE if final or passed else Verdict.WAIT


def _nearest(depths: list[Held[T]], stamp_ns: int) -> Held[T] | None:
    """Return the nearest of the depths, the earlier of two that are equally near."""
    return min(depths, key=lambda depth: abs(depth.stamp_ns - stamp_ns), default=None)
