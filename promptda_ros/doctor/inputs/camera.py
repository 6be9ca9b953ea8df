# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""All checks of one camera, in an order in which one fault is said once."""

from __future__ import annotations

from collections.abc import Iterator

from promptda_ros.doctor.finding import Finding, Sound
from promptda_ros.doctor.inputs.calibration import CameraInfoCheck
from promptda_ros.doctor.inputs.facts import CameraFacts
from promptda_ros.doctor.inputs.frames import FramesCheck
from promptda_ros.doctor.inputs.pairs import PairsCheck
from promptda_ros.doctor.inputs.reading import Reading
from promptda_ros.doctor.inputs.registration import RegistrationCheck
from promptda_ros.doctor.inputs.streams import StreamsCheck

# Whatever is read of pairs that are no pairs says nothing of the camera.
NO_PAIRS = ('offset', 'unpaired')


class CameraCheck:
    """Looks at the streams, at their pairs, then at what the pairs hold."""

    def __init__(self, facts: CameraFacts) -> None:
        self._facts = facts

    def look(self) -> Iterator[Finding | Sound]:
        """Yield what each check says, until one finds what those after it stand on."""
        streams = [*StreamsCheck(self._facts).look()]
        yield from streams
        if any(isinstance(each, Finding) for each in streams):
            return
        pairs = [*PairsCheck(self._facts).look()]
        yield from pairs
        if not self._facts.pairs or any(each.id in NO_PAIRS for each in pairs if _is_bad(each)):
            return
        reading, calibration = Reading(self._facts), CameraInfoCheck(self._facts)
        yield from calibration.look()
        frames = [*FramesCheck(self._facts, reading, calibration.said).look()]
        yield from frames
        if reading.frames and not any(map(_is_bad, frames)):
            yield from RegistrationCheck(self._facts, reading).look()


def _is_bad(each: Finding | Sound) -> bool:
    return isinstance(each, Finding)
