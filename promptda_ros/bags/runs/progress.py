# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How far a run is: recordings, frames a second, and the time that is left."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
import time

from promptda_ros.bags.processing.unit import Outcome, Unit

FIRST_SEC = 3.0  # after which a rate says something


class Progress:
    """Counts what is done of recordings of known sizes, which stand for the time they take."""

    def __init__(
        self, sizes: Mapping[Path, int], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Begin a run; `sizes` are the bytes of every recording that there is work on."""
        self._sizes = {str(path): max(1, size) for path, size in sizes.items()}
        self._shares: dict[str, float] = {}  # of each recording that was begun
        self._pairs: dict[str, int] = {}
        self._clock = clock
        self._begun_sec = clock()
        self._first_sec: float | None = None  # when a pair was first done, the network loaded
        self._first_pairs = 0
        self.recordings = len(sizes)
        self.ended = 0

    def tell(self, unit: Unit, done: int, of: int) -> None:
        """Take over how many pairs of a unit are done."""
        if self._first_sec is None:
            self._first_sec, self._first_pairs = self._clock(), done
        source = str(unit.source)
        self._shares[source] = done / of if of else 0.0
        self._pairs[source] = done

    def end(self, outcome: Outcome) -> None:
        """Take over that a recording is finished or failed."""
        if self._first_sec is None:
            self._first_sec, self._first_pairs = self._clock(), outcome.pairs
        self.ended += 1
        self._shares[outcome.source] = 1.0
        self._pairs[outcome.source] = outcome.pairs

    @property
    def wall_sec(self) -> float:
        """Return how long the run has taken."""
        return self._clock() - self._begun_sec

    @property
    def frames_per_sec(self) -> float:
        """Return how many pairs are worked on in a second, without the start; 0: not known."""
        pairs = sum(self._pairs.values()) - self._first_pairs
        return max(0, pairs) / self._elapsed_sec if self._elapsed_sec > 0 else 0.0

    @property
    def left_sec(self) -> float | None:
        """Return about how long the rest will take; None: not known yet."""
        done = sum(self._sizes[source] * share for source, share in self._shares.items())
        if not done or self._elapsed_sec < FIRST_SEC:
            return None
        return self._elapsed_sec * (sum(self._sizes.values()) / done - 1)

    @property
    def _elapsed_sec(self) -> float:
        return 0.0 if self._first_sec is None else self._clock() - self._first_sec

    def describe(self) -> str:
        """Return one line."""
        words = [f'{self.ended}/{self.recordings} recordings']
        if rate := self.frames_per_sec:
            words.append(f'{rate:.3g} frames/s')
        if (left_sec := self.left_sec) is not None:
            words.append(f'{duration(left_sec)} left')
        return ', '.join(words)


def duration(seconds: float) -> str:
    """Return a time in the two units that matter."""
    whole = round(seconds)
    if whole < 60:
        return f'{whole} s'
    minutes = whole // 60
    return f'{minutes} min' if minutes < 60 else f'{minutes // 60} h {minutes % 60} min'
