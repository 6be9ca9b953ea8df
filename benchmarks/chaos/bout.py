# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One time that a fault happens: before, during and after it, and what the observer says of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
import time

from benchmarks.chaos.account import (
    Account,
    BUSY,
    is_late,
    Moment,
    pairs_until_recovery,
)
from benchmarks.chaos.fault import CAMERAS, Fault
from benchmarks.chaos.stage import Stage
from benchmarks.chaos.truth import SentImage

BEFORE_SEC = 0.7
PAIRS_AFTER = 4  # of every camera at least
RECOVER_SEC = 30.0  # after which a camera counts as lost
LATE_SEC = 30.0  # after which an output counts as missing
DEPTH_TOPIC = 'depth/image_rect'
BESIDE_DEPTH = ('points', 'depth/camera_info')


@dataclass
class Bout:
    """What one time of a fault came to."""

    fault: str
    victim: str
    judged: int = 0
    wrong: list[str] = field(default_factory=list)
    lost: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    absent: int = 0  # lost uncounted while the driver or the node was not there, as it may be
    unexplained: list[str] = field(default_factory=list)
    recovery: int = 0  # pairs until the last camera had an output again
    did: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Span:
    """What is known of a time of a fault, of all cameras."""

    begin: Moment
    end: Moment  # of the fault
    settled: Moment
    published: frozenset[tuple[str, int]]  # topics and stamps

    def has(self, camera: str, topic: str, image: SentImage) -> bool:
        """Tell whether an output came of an image."""
        return (f'{camera}/{topic}', image.stamp_ns) in self.published


def run(fault: Fault, stage: Stage) -> Bout:
    """Let a fault happen to the stage, which is quiet before and after."""
    bout = Bout(fault.name, stage.victim)
    stage.told.clear()
    stage.did.clear()
    begin = moment(stage)
    stage.tell_all('resume')
    stage.hold(BEFORE_SEC)
    with fault.run(stage):
        stage.hold(fault.lasts_sec)
    end = moment(stage)
    _wait_for_recovery(stage, end.at_ns)
    settled = settle(stage)
    late_sec = time.monotonic() + LATE_SEC
    _judge(bout, fault, stage, Span(begin, end, settled, stage.observer.published()))
    while bout.unexplained and time.monotonic() < late_sec:
        stage.hold(0.5)  # on a busy machine the last frame may be in work, and nothing tells
        bout = Bout(fault.name, stage.victim)
        _judge(bout, fault, stage, Span(begin, end, moment(stage), stage.observer.published()))
    outputs = stage.observer.take()
    bout.judged = len(outputs)
    for output in outputs:
        bout.wrong += stage.judges[output.camera].wrong(output)
    bout.wrong += stage.told
    bout.did.update(stage.did)
    return bout


def warm_up(stage: Stage) -> None:
    """Let every camera have an output, which may take a compilation."""
    stage.tell_all('resume')
    stage.wait_until(
        lambda: all(map(stage.observer.depth_stamps, CAMERAS)), 'depth of every camera'
    )
    settle(stage)
    stage.observer.take()


def settle(stage: Stage) -> Moment:
    """Pause the drivers until nothing is on its way and the counters say so."""
    stage.tell_all('pause')
    stage.wait_until_counted()
    return moment(stage)


def moment(stage: Stage) -> Moment:
    """Return what is known now."""
    observer = stage.observer
    return Moment(time.monotonic_ns(), observer.counts(), observer.begun)


def _wait_for_recovery(stage: Stage, end_ns: int) -> None:
    def has_recovered(camera: str) -> bool:
        truth = stage.truths[camera]
        images = map(truth.image_at, stage.observer.depth_stamps(camera))
        came = any(image is not None and image.at_ns >= end_ns for image in images)
        return came and len(truth.pairs(end_ns, time.monotonic_ns())) >= PAIRS_AFTER

    end_sec = time.monotonic() + RECOVER_SEC
    while not all(map(has_recovered, CAMERAS)) and time.monotonic() < end_sec:
        stage.hold(0.1)


def _judge(bout: Bout, fault: Fault, stage: Stage, span: Span) -> None:
    """Judge when outputs came again and what was lost; the outputs themselves are not judged."""
    for camera in CAMERAS:
        resumed_ns = _judge_recovery(bout, stage, camera, span)
        whole = _account(stage, camera, span, span.begin, span.begin.at_ns)
        strict = whole
        if camera in stage.may_lose(fault):
            strict = _account(stage, camera, span, span.end, resumed_ns)
        _judge_losses(bout, camera, whole, strict)


def _judge_recovery(bout: Bout, stage: Stage, camera: str, span: Span) -> int:
    """Judge how soon after the fault an output came; return when its image was sent."""
    pairs = stage.truths[camera].pairs(span.end.at_ns, span.settled.at_ns)
    had = [span.has(camera, DEPTH_TOPIC, pair) for pair in pairs]
    place = pairs_until_recovery(had)
    counted = span.end.counted(camera, span.settled)
    busy = sum(counted[each] for each in BUSY)
    bout.recovery = max(bout.recovery, place or len(pairs))
    if is_late(place, busy):
        when = f'at pair {place}' if place else 'at none'
        bout.unexplained.append(
            f'{camera}: of {len(pairs)} pairs after the fault outputs came again {when}; '
            f'{busy} were told to be lost to a busy network; counted: {dict(+counted)}'
        )
    for pair, has_depth in zip(pairs[place + 1 :], had[place + 1 :], strict=True):
        for topic in BESIDE_DEPTH:
            if has_depth and not span.has(camera, topic, pair):
                bout.unexplained.append(f'{camera}/{topic} lacks {pair.stamp_ns}')
    return pairs[place - 1].at_ns if place else span.settled.at_ns


def _account(
    stage: Stage, camera: str, span: Span, counted_from: Moment, since_ns: int
) -> Account:
    truth, until_ns = stage.truths[camera], span.settled.at_ns
    pairs = truth.pairs(since_ns, until_ns)
    return Account(
        images=len(truth.images(since_ns, until_ns)),
        pairs=len(pairs),
        outputs=sum(span.has(camera, DEPTH_TOPIC, pair) for pair in pairs),
        counted=counted_from.counted(camera, span.settled),
    )


def _judge_losses(bout: Bout, camera: str, whole: Account, strict: Account) -> None:
    """Note the losses of the whole time, and judge those of the time in which each must count."""
    bout.lost += whole.lost
    if strict is not whole:
        bout.absent += whole.unexplained
    for reason, count in whole.reasons.items():
        bout.reasons[reason] = bout.reasons.get(reason, 0) + count
    if strict.unexplained:
        bout.unexplained.append(
            f'{camera}: {strict.lost} of {strict.pairs} pairs have no output, '
            f'{strict.unexplained} of them uncounted; {strict.images} images were sent; '
            f'counted: {dict(+Counter(strict.counted))}'
        )
