# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One pass over a recording: reading, computing and writing side by side."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
import time
from typing import Any

from promptda_ros.bags.bag import Bag
from promptda_ros.bags.channel import RawMessage
from promptda_ros.bags.files import BagError
from promptda_ros.bags.planning.replay import Due, Replay
from promptda_ros.bags.processing.cameras import Cameras
from promptda_ros.bags.processing.conveyor import Aborted, Conveyor, Place
from promptda_ros.bags.processing.sink import Sink
from promptda_ros.camera.pipeline import Pipeline
from promptda_ros.core.frame_outputs import FrameOutputs
from promptda_ros.core.health import Log

DAMAGED = 'damaged'  # reason of a pair whose messages can't be decoded


@dataclass(frozen=True)
class Decoded:
    """A pair with its messages."""

    due: Due
    image: Any
    depth: Any
    problem: str = ''  # why there are none


class Passage:
    """Joins the three threads; the one that calls `run` computes."""

    def __init__(
        self,
        bag: Bag,
        replay: Replay,
        cameras: Cameras,
        pipeline: Pipeline,
        sink: Sink,
        *,
        copies: Callable[[RawMessage], bool],
        show: Callable[[str, int, FrameOutputs], None],
        log: Log,
    ) -> None:
        """Take what is copied, and who looks at the results in passing."""
        self._bag = bag
        self._replay = replay
        self._cameras = cameras
        self._pipeline = pipeline
        self._sink = sink
        self._copies = copies
        self._show = show
        self._log = log
        self._belt = Conveyor()
        self.frames = 0  # with depth
        self.write_ms = 0.0  # of a frame with the originals around it

    def run(self, tell: Callable[[int], None]) -> None:
        """Pass everything on to the sink; `tell` hears how many pairs are done.

        Raises:
            BagError: the recording is damaged.
            OSError: the disk is full, or fails.
            DeviceLost: nothing can be computed in this process any more.
            GaveUp: the network fails frame after frame.
        """
        with ThreadPoolExecutor(2, thread_name_prefix='promptda') as pool:
            threads = [pool.submit(self._guarded, each) for each in (self._read, self._write)]
            with suppress(Aborted):
                self._guarded(self._work, tell)
        _raise_first(threads)

    def _guarded(self, function: Callable[..., None], *arguments: Any) -> None:
        """Let the other threads end where this one fails."""
        try:
            function(*arguments)
        except BaseException:
            self._belt.abort()
            raise

    def _read(self) -> None:
        places: dict[tuple[str, int], Place] = {}
        for found in self._replay:
            if isinstance(found, Due):
                place = places.pop((found.pair.camera, found.pair.image))
                self._belt.work(self._decoded(found), place)
                continue
            if self._copies(found):
                self._belt.original(found)
            for camera in self._replay.images_in(found):
                place = places[camera, found.number] = Place(camera, found.logged_ns)
                self._belt.keep_place(place)
            if self._cameras.listens_to(found.channel.topic):
                self._pass_on(found)
        self._belt.end()

    def _decoded(self, due: Due) -> Decoded:
        try:
            return Decoded(due, self._bag.decode(due.image), self._bag.decode(due.depth))
        except BagError as error:
            return Decoded(due, None, None, str(error))

    def _pass_on(self, raw: RawMessage) -> None:
        try:
            self._belt.work((raw.channel.topic, self._bag.decode(raw)))
        except BagError as error:
            self._log.warning(str(error))

    def _work(self, tell: Callable[[int], None]) -> None:
        done = 0
        for item, place in self._belt.works():
            if place is None:
                self._cameras.take(*item)
                continue
            self._work_on(item, place)
            self._belt.done(place)
            done += 1
            tell(done)

    def _work_on(self, item: Decoded, place: Place) -> None:
        camera = self._cameras.by_name[place.camera]
        place.pair = item.due.pair
        if item.problem:
            camera.drops.add(DAMAGED, item.problem)
            return
        pair = self._cameras.pair_of(item.due, item.image, item.depth)
        self._pipeline.process({camera: pair})
        place.result = self._cameras.result_of(place.camera)

    def _write(self) -> None:
        took_sec = 0.0
        for entry in self._belt.outputs():
            begun_sec = time.perf_counter()
            if not isinstance(entry, Place):
                self._sink.original(entry)
            elif entry.result is not None and entry.pair is not None:
                self._show(entry.camera, entry.pair.place, entry.result)
                self._sink.frame(entry.camera, entry.logged_ns, entry.result)
                self.frames += 1
            took_sec += time.perf_counter() - begun_sec
        self.write_ms = took_sec * 1e3 / max(1, self.frames)


def _raise_first(threads: list[Future[None]]) -> None:
    """Raise what a thread failed with, unless it only followed another one."""
    errors = [each.exception() for each in threads]
    for error in errors:
        if error is not None and not isinstance(error, Aborted):
            raise error
