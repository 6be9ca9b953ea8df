# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether images and depth arrive: publishers, types, QoS, rates, stamps."""

from __future__ import annotations

from collections.abc import Iterator

from promptda_ros.core.pairing.silence import explain_rivals, explain_topic
from promptda_ros.core.peer_text import shorten
from promptda_ros.doctor.finding import ERROR, Finding, Sound
from promptda_ros.doctor.inputs.facts import CameraFacts, Stream, Times

OTHER_CLOCK_SEC = 1000.0  # such as that of a simulator
BY_STAMPS = ('zero_stamps', 'bad_stamps', 'frozen_stamps')


class StreamsCheck:
    """Looks at the topic of images and at that of depth."""

    def __init__(self, facts: CameraFacts) -> None:
        self._facts = facts

    def look(self) -> Iterator[Finding | Sound]:
        """Say of each what is wrong, or how it arrives."""
        for stream in self._facts.streams:
            yield self._of(stream)

    def _of(self, stream: Stream) -> Finding | Sound:
        facts = stream.facts
        if len(stream.publishers) > 1:
            why = 'depth of one camera may be paired with images of another, and would be wrong'
            sentence = explain_rivals(facts.name, stream.publishers)
            return Finding.of_sentence('publishers', ERROR, sentence, why)
        silence = explain_topic(facts, self._facts.graph)
        if silence is not None:
            why = f'without {facts.role} there is nothing to pair, and no depth is published'
            if silence.reason in BY_STAMPS:
                why = 'images and depth are paired by their stamps, so that there are no pairs'
            return Finding.of_sentence(silence.reason, ERROR, silence.text, why)
        sender = ', '.join(map(shorten, stream.publishers))
        return Sound(
            facts.role,
            f'{facts.name} ({facts.type.rpartition("/")[2]}) of {sender}: {facts.received} '
            f'messages{_rate(stream.times)}, {_age(stream.times)}',
        )


def _rate(times: Times) -> str:
    if times.rate_hz is None:
        return ''
    if times.sent_hz is None:
        return f', {times.rate_hz:.1f} Hz'
    return (
        f', {times.rate_hz:.1f} of ~{times.sent_hz:.0f} Hz (gaps: the camera leaves frames out, '
        'or they are lost on the way, see docs/install.md)'
    )


def _age(times: Times) -> str:
    age_sec = times.age_sec
    if age_sec is None:
        return 'without stamps'
    if abs(age_sec) > OTHER_CLOCK_SEC:
        return 'stamped by another clock than that of the system'
    return f'{age_sec:.3f} s after its stamp'
