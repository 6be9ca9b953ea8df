# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where a recording can be cut so that the depth of no pair depends on the piece it is in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from promptda_ros.bags.planning.plan import Plan
from promptda_ros.bags.planning.replay import Part
from promptda_ros.core.errors import PromptdaError
from promptda_ros.core.pairing.pairing import NANOSECONDS
from promptda_ros.core.prompt.disparity import period_of
from promptda_ros.core.settings.schema import Settings


class CannotSplit(PromptdaError):
    """The depth of a recording depends on its past; the text says why and what to do."""


def require_no_past(settings: Mapping[str, Settings]) -> None:
    """Refuse settings that make depth depend on the frames before.

    Raises:
        CannotSplit: a camera has such.
    """
    for camera, each in settings.items():
        of_the_past = {
            'prompt.smoothing': each.prompt.smoothing,
            'output.max_rate': each.output.max_rate,
        }
        for setting, value in of_the_past.items():
            if value > 0:
                name = f'{camera}.{setting}' if camera else setting
                raise CannotSplit(
                    f'--split needs depth that does not depend on earlier frames, and {name} is '
                    f'{value:g}: set {name}:=0, or leave out --split'
                )


def cut(plan: Plan, settings: Mapping[str, Settings], split_sec: float) -> list[Part]:
    """Return parts of at least this length, as far as the recording allows.

    A jump of the stamps, frames of two names on one topic, and when the gate last looked whether
    depth is disparity are remembered for a while: where one of them matters, it is not cut.
    """
    places = [0]
    if all(each.has_one_frame and not each.counters.resets for each in plan.stamps.values()):
        is_gated = any(each.trust.gate for each in settings.values())
        if not is_gated or len(settings) == 1:
            places += _places(plan, round(split_sec * NANOSECONDS), is_gated=is_gated)
    ends = [*places[1:], len(plan.pairs)]
    return [Part(first, last) for first, last in zip(places, ends, strict=True)]


def _places(plan: Plan, length_ns: int, *, is_gated: bool) -> Iterator[int]:
    """Yield the pairs before which the recording is cut."""
    first = plan.pairs[0]
    begun_ns, period = first.image_stamp_ns, period_of(first.depth_stamp_ns)
    for number, pair in enumerate(plan.pairs):
        before, period = period, period_of(pair.depth_stamp_ns)
        is_long = pair.image_stamp_ns - begun_ns >= length_ns
        if is_long and (period != before or not is_gated):
            begun_ns = pair.image_stamp_ns
            yield number
