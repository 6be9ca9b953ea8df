# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The result of a recording, of the pieces that it was worked on in."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
import shutil
import statistics

from promptda_ros.bags.channel import Channel, RawMessage
from promptda_ros.bags.files import BagError
from promptda_ros.bags.headers import read_header
from promptda_ros.bags.planning.replay import Due, Part
from promptda_ros.bags.processing.copied import Copied
from promptda_ros.bags.processing.process import make_result, settled
from promptda_ros.bags.processing.record import Record
from promptda_ros.bags.processing.shown import Shown
from promptda_ros.bags.processing.sink import Sink
from promptda_ros.bags.processing.unit import Outcome
from promptda_ros.bags.processing.work import Figures, Work
from promptda_ros.bags.splitting.pieces import FRAMES, Piece, prefix_of, SHOWN
from promptda_ros.bags.splitting.spool import Spool


def join(pieces: Sequence[Piece]) -> Outcome:
    """Make the result of a recording whose pieces are all done, and remove them."""
    unit = pieces[0]
    outcome = settled(unit, lambda: make_result(unit, partial(_join, pieces), unit.plan))
    if not outcome.error:
        for kept in unit.target.parent.glob(f'{prefix_of(unit)}*'):
            shutil.rmtree(kept, ignore_errors=True)
    return outcome


def _join(pieces: Sequence[Piece], work: Work, sink: Sink, copied: Copied | None) -> Figures:
    """Pass originals and the messages of all pieces to the sink, in the order of the log."""
    assert copied is not None
    pieces[0].files.require_unchanged()
    spools, numbers = _Spools(pieces, work.results.channels), Counter[Channel]()
    replay = work.replay(Part(0, len(work.plan.pairs)), wants_all=True)
    for found in replay:
        if isinstance(found, Due):
            continue
        if copied(found):
            sink.original(found)
        for camera in replay.images_in(found):
            for channel, data in spools.messages(camera, found):
                place, logged_ns = numbers[channel], found.logged_ns
                numbers[channel] += 1
                sink.original(RawMessage(channel, place, logged_ns, logged_ns, data, place))
    spools.close()
    return _figures(pieces, work)


class _Spools:
    """Finds the messages of a frame in the pieces, of which a few are open at a time."""

    def __init__(self, pieces: Sequence[Piece], channels: list[Channel]) -> None:
        self._pieces = pieces
        self._channels = channels
        self._begins_ns = [each.plan.pairs[each.part.first].image_stamp_ns for each in pieces]
        self._open: dict[int, Spool] = {}

    def messages(self, camera: str, image: RawMessage) -> Iterator[tuple[Channel, bytes]]:
        """Yield what was made of an image; those about a cut may be of either side."""
        stamp_ns = read_header(image).stamp_ns or 0
        at = bisect_right(self._begins_ns, stamp_ns) - 1
        for number in (at - 1, at, at + 1):
            if 0 <= number < len(self._pieces):
                yield from self._spool(number).messages(camera, image.logged_ns, stamp_ns)
        for number in [each for each in self._open if abs(each - at) > 1]:
            self._open.pop(number).close()

    def close(self) -> None:
        """Close all files."""
        for spool in self._open.values():
            spool.close()

    def _spool(self, number: int) -> Spool:
        if number not in self._open:
            self._open[number] = Spool(self._pieces[number].folder, self._channels)
        return self._open[number]


def _figures(pieces: Sequence[Piece], work: Work) -> Figures:
    """Add up what the pieces came to."""
    shown, records = Shown(work.plan.pairs_of), []
    for piece in pieces:
        record = Record.read(piece.folder)
        if record is None:
            raise BagError(f'{piece.folder} is missing: run the same command again')
        records.append(record)
        shown.join(piece.folder / SHOWN)
        for warning in record.warnings:
            work.log.warning(warning)
    wall_sec = sum(each.wall_sec for each in records)
    stages = dict.fromkeys(stage for each in records for stage in each.stage_ms)
    return Figures(
        shown=shown,
        pairs=sum(each.pairs for each in records),
        frames=sum(each.outputs[FRAMES] for each in records),
        drops=sum((Counter(each.drops) for each in records), Counter()),
        stage_ms={
            stage: statistics.median(each.stage_ms.get(stage, 0.0) for each in records)
            for stage in stages
        },
        network_sec=sum(each.network_busy * each.wall_sec for each in records),
        wall_sec=wall_sec,
        model=records[0].model,
    )
