# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether a stamp belongs to the present epoch: new, a duplicate, late, or a jump back in time.

A single old message is legal, so a jump counts only when the other topic agrees or when three
messages in a row on one topic are old. In the latter case the other topic stays behind until it
jumps too or arrives at the new time: what it still delivers may be the tail of the old epoch. A
tail ends, so that after ten messages the topic is followed wherever it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from promptda_ros.core.pairing.stream import Loss, Stream

T = TypeVar('T')

OLD_MESSAGES_OF_A_JUMP = 3
MESSAGES_OF_A_TAIL = 10


@dataclass(frozen=True)
class Jump:
    """Stamps that start again from an earlier time."""

    back_ns: int
    stale_ns: int | None  # latest stamp of the other topic where only this one has jumped


def admit(
    stream: Stream[T], other: Stream[T], stamp_ns: int, *, reset_threshold_ns: int
) -> Loss | Jump | None:
    """Return None for a message to hold, Jump for the first one of a new epoch, else the loss."""
    if stream.stale_ns is not None and _is_tail(stream, other, stamp_ns, reset_threshold_ns):
        stream.tail_run += 1
        return Loss.LATE
    if stream.latest_ns is not None and stream.latest_ns - stamp_ns > reset_threshold_ns:
        stream.old_run += 1
        return _jump(stream, other, stamp_ns, reset_threshold_ns) or Loss.LATE
    stream.old_run = 0
    if stream.has_seen(stamp_ns):
        return Loss.DUPLICATE
    if stream.floor_ns is not None and stamp_ns <= stream.floor_ns:
        return Loss.LATE
    return None


def _is_tail(stream: Stream[T], other: Stream[T], stamp_ns: int, reset_threshold_ns: int) -> bool:
    assert stream.stale_ns is not None
    if stream.tail_run == MESSAGES_OF_A_TAIL:
        return False
    has_jumped = stream.stale_ns - stamp_ns > reset_threshold_ns
    return not has_jumped and not _agrees(other, stamp_ns, reset_threshold_ns)


def _jump(
    stream: Stream[T], other: Stream[T], stamp_ns: int, reset_threshold_ns: int
) -> Jump | None:
    assert stream.latest_ns is not None
    back_ns = stream.latest_ns - stamp_ns
    if other.old_run > 0 or _agrees(other, stamp_ns, reset_threshold_ns):
        return Jump(back_ns, stale_ns=None)
    if stream.old_run < OLD_MESSAGES_OF_A_JUMP:
        return None
    return Jump(back_ns, stale_ns=other.stale_ns if other.latest_ns is None else other.latest_ns)


def _agrees(other: Stream[T], stamp_ns: int, reset_threshold_ns: int) -> bool:
    """Whether the other topic is near this stamp, nearer than any tail of an old epoch is."""
    return (
        other.latest_ns is not None and 2 * abs(other.latest_ns - stamp_ns) <= reset_threshold_ns
    )
