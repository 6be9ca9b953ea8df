# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What would be done with a recording: its topics and pairs, found without any network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from promptda_ros.bags.bag import open_bag
from promptda_ros.bags.files import holds_pictures
from promptda_ros.bags.pictures.choice import choose_pairs
from promptda_ros.bags.planning.outlook import Outlook
from promptda_ros.bags.processing.unit import Outcome, Unit
from promptda_ros.core.errors import PromptdaError
from promptda_ros.tools.processing.telling import others


@dataclass(frozen=True)
class Forecast:
    """What is known of a recording before the work."""

    source: str
    target: str
    state: str = 'to_do'
    topics: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # by camera
    images: int = 0
    pairs: int = 0  # that the network would run on
    drops: Mapping[str, int] = field(default_factory=dict)  # other images by reason
    warnings: tuple[str, ...] = ()
    error: str = ''

    @classmethod
    def of_known(cls, outcome: Outcome) -> Forecast:
        """Return what needs no work."""
        known = (outcome.source, outcome.target, outcome.state)
        return cls(*known, pairs=outcome.pairs, drops=outcome.drops, error=outcome.error)

    def to_json(self) -> dict[str, Any]:
        """Return plain values for a line of JSON."""
        return asdict(self)

    def lines(self) -> Iterator[str]:
        """Yield what people read of it."""
        if self.error:
            yield f'failed: {self.error}'
            return
        yield f'{self.source} -> {self.target}: {self.state.replace("_", " ")}'
        for camera, roles in self.topics.items():
            found = ', '.join(f'{role} {topic}' for role, topic in roles.items() if topic)
            yield f'  {camera}: {found}' if camera else f'  {found}'
        if self.topics or self.images:
            yield f'  {self.images} images, {self.pairs} pairs{others(self.drops)}'
        for warning in self.warnings:
            yield f'  warning: {warning}'


def forecast(unit: Unit) -> Forecast:
    """Look at a recording; one that can't be used is a forecast, not an exception."""
    try:
        return _of_pictures(unit) if holds_pictures(unit.source) else _of_bag(unit)
    except PromptdaError as error:
        return Forecast(str(unit.source), str(unit.target), 'failed', error=str(error))


def _of_pictures(unit: Unit) -> Forecast:
    chosen = choose_pairs(unit.source, unit.recipe)
    return Forecast(
        str(unit.source),
        str(unit.target),
        images=chosen.images,
        pairs=len(chosen.pairs),
        drops=chosen.drops,
    )


def _of_bag(unit: Unit) -> Forecast:
    with open_bag(unit.source) as bag:
        outlook = Outlook.of(bag, unit.recipe)
        outlook.require_pairs(bag)
        plan = outlook.plan
        return Forecast(
            str(unit.source),
            str(unit.target),
            topics={camera: asdict(each) for camera, each in outlook.topics.items()},
            images=plan.images,
            pairs=len(plan.pairs),
            drops=dict(plan.drops),
            warnings=(*bag.warnings, *outlook.losses),
        )
