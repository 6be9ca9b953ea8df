# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether pairs can be read as frames: encodings, sizes, transforms, units, valid depth."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np

from promptda_ros.core.frame import Frame
from promptda_ros.core.peer_text import shorten
from promptda_ros.core.prompt.sensor_range import read_sides
from promptda_ros.doctor.finding import ERROR, Finding, Sound, WARNING
from promptda_ros.doctor.inputs.facts import CameraFacts
from promptda_ros.doctor.inputs.reading import Reading
from promptda_ros.messages.sensor_message import SensorMessage

WHERE = 'docs/drops.md explains the reason'


class FramesCheck:
    """Says why frames would be dropped, and what the sensor measures in the others.

    `said` is what another check says of the same frames.
    """

    def __init__(self, facts: CameraFacts, reading: Reading, said: Collection[str]) -> None:
        self._facts, self._reading, self._said = facts, reading, said

    def look(self) -> Iterator[Finding | Sound]:
        """Say it by reason, then what the node warns of."""
        pairs = len(self._facts.pairs)
        for reason, sentence in self._reading.drops.items():
            why = f'{self._reading.counts[reason]} of {pairs} pairs that were read give no depth'
            yield Finding.of_sentence(reason, ERROR, sentence, why, WHERE)
        if not self._reading.frames:
            return  # the rest is of them
        told = self._reading.told
        for sentence in (*told.errors, *told.warnings):
            if sentence not in self._said:
                why = 'depth comes, and is as wrong as this is'
                yield Finding.of_sentence('frames', WARNING, sentence, why, 'see docs/topics.md')
        yield self._of_frames(self._reading.frames)

    def _of_frames(self, frames: list[Frame]) -> Sound:
        settings = self._facts.settings.prompt
        depths_m = [each.sensor_depth_m for each in frames]
        measured = [read_sides(each, settings).measured for each in depths_m]
        values_m = np.concatenate(
            [each[mask] for each, mask in zip(depths_m, measured, strict=True)]
        )
        near_m, far_m = np.quantile(values_m, (0.02, 0.98))
        share = float(np.mean([mask.mean() for mask in measured]))
        pair = self._facts.pairs[0]
        return Sound(
            'frames',
            f'image {_form(pair.image)}, depth {_form(pair.depth)} of frame '
            f"'{shorten(pair.depth.header.frame_id)}': {share:.0%} valid, {near_m:.3g} to "
            f'{far_m:.3g} m',
        )


def _form(message: SensorMessage) -> str:
    """Return size and encoding, as far as the message states them."""
    sides = [getattr(message, side, 0) for side in ('width', 'height')]
    size = f'{sides[0]}x{sides[1]} ' if all(sides) else ''
    encoding = getattr(message, 'encoding', '') or getattr(message, 'format', '')
    return f'{size}{shorten(encoding) or "points"}'
