# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What `promptda process` says while it works: to people, to programs, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
import json
import shutil
import sys
import time
from typing import Any, Protocol, TextIO

from promptda_ros.bags.processing.unit import Outcome, Unit
from promptda_ros.bags.runs.progress import duration, Progress

DRAW_SEC = 0.2
CLEAR = '\r\x1b[K'


class Telling(Protocol):
    """Hears what happens in a run."""

    def warn(self, text: str) -> None:
        """Say what is no reason to stop."""

    def note(self, text: str) -> None:
        """Say something about the results as a whole."""

    def begin(self, outcomes: Sequence[Outcome], progress: Progress) -> None:
        """Say how much there is to do, and what is up to date already."""

    def tell(self, unit: Unit, done: int, of: int) -> None:
        """Say how far a recording is."""

    def end(self, outcome: Outcome) -> None:
        """Say what came of a recording."""

    def pause(self) -> None:
        """Leave the terminal to others."""

    def close(self, outcomes: Sequence[Outcome]) -> None:
        """Say what came of all of them."""


def telling_of(*, as_json: bool, is_quiet: bool) -> Telling:
    """Return what suits the options and the terminal."""
    if as_json:
        return Events(sys.stdout)
    if is_quiet:
        return Failures(sys.stderr)
    return OnTerminal(sys.stderr) if sys.stderr.isatty() else Lines(sys.stderr)


class Failures:
    """Says what failed, and nothing else."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def warn(self, text: str) -> None:
        """Say nothing."""

    def note(self, text: str) -> None:
        """Say nothing."""

    def begin(self, outcomes: Sequence[Outcome], progress: Progress) -> None:
        """Say what failed before the work."""
        self._progress = progress
        for outcome in outcomes:
            if outcome.error:
                self.end(outcome)

    def tell(self, unit: Unit, done: int, of: int) -> None:
        """Say nothing."""

    def end(self, outcome: Outcome) -> None:
        """Say why a recording failed."""
        if outcome.error:
            self._line(f'failed: {outcome.error}')

    def pause(self) -> None:
        """Say nothing."""

    def close(self, outcomes: Sequence[Outcome]) -> None:
        """Say nothing."""

    def _line(self, text: str) -> None:
        print(text, file=self._out, flush=True)


class Lines(Failures):
    """Says a line for every recording, where no terminal could redraw one."""

    def warn(self, text: str) -> None:
        """Say it."""
        self._line(f'warning: {text}')

    def note(self, text: str) -> None:
        """Say it."""
        self._line(text)

    def begin(self, outcomes: Sequence[Outcome], progress: Progress) -> None:
        """Say how much there is to do."""
        super().begin(outcomes, progress)
        known = sum(each.state == 'up_to_date' for each in outcomes)
        noun = 'recording' if progress.recordings == 1 else 'recordings'
        loading = ', loading the network' if progress.recordings else ''
        self._line(f'{progress.recordings} {noun} to process, {known} up to date{loading}')

    def end(self, outcome: Outcome) -> None:
        """Say what came of a recording, and how far the run is."""
        if not outcome.error:
            self._line(f'{summary(outcome)} ({self._progress.describe()})')
        self._end(outcome)

    def close(self, outcomes: Sequence[Outcome]) -> None:
        """Count."""
        counts = count(outcomes)
        words = [f'{number} {state.replace("_", " ")}' for state, number in counts.items()]
        self._line(f'{", ".join(words)} in {duration(self._progress.wall_sec)}')

    def _end(self, outcome: Outcome) -> None:
        super().end(outcome)
        for warning in outcome.warnings:
            self.warn(f'{outcome.source}: {warning}')


class OnTerminal(Lines):
    """Keeps one line up to date, below those of failures and warnings."""

    def __init__(self, out: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(out)
        self._clock = clock
        self._drawn_sec = -DRAW_SEC

    def tell(self, unit: Unit, done: int, of: int) -> None:
        """Redraw the line, not more often than an eye can follow."""
        if self._clock() - self._drawn_sec >= DRAW_SEC:
            self._drawn_sec = self._clock()
            self._draw(f'{self._progress.describe()}: {unit.source.name} {done}/{of}')

    def end(self, outcome: Outcome) -> None:
        """Say what failed and what to look at; the line counts the others."""
        self._end(outcome)
        self._draw(self._progress.describe())

    def pause(self) -> None:
        """Clear the line."""
        self._draw('')

    def _draw(self, text: str) -> None:
        columns = shutil.get_terminal_size().columns - 1  # what wraps can't be redrawn
        print(f'{CLEAR}{text[:columns]}', end='', file=self._out, flush=True)

    def _line(self, text: str) -> None:
        print(f'{CLEAR}{text}', file=self._out, flush=True)


class Events:
    """Prints every event as a line of JSON."""

    def __init__(self, out: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._out = out
        self._clock = clock
        self._told_sec: dict[str, float] = {}

    def warn(self, text: str) -> None:
        """Print a warning."""
        self._event('warning', text=text)

    def note(self, text: str) -> None:
        """Print it."""
        self._event('note', text=text)

    def begin(self, outcomes: Sequence[Outcome], progress: Progress) -> None:
        """Print how much there is to do, then what needs no work."""
        self._progress = progress
        self._event('begin', recordings=progress.recordings, **count(outcomes))
        for outcome in outcomes:
            self.end(outcome)

    def tell(self, unit: Unit, done: int, of: int) -> None:
        """Print how far a recording is, about once a second."""
        source = str(unit.source)
        if done < of and self._clock() - self._told_sec.get(source, -1.0) < 1.0:
            return
        self._told_sec[source] = self._clock()
        left_sec = self._progress.left_sec
        self._event(
            'progress',
            source=source,
            pairs=done,
            of=of,
            frames_per_sec=round(self._progress.frames_per_sec, 2),
            left_sec=left_sec if left_sec is None else round(left_sec),
        )

    def end(self, outcome: Outcome) -> None:
        """Print the outcome of a recording."""
        self._event('recording', **outcome.to_json())

    def pause(self) -> None:
        """Print nothing."""

    def close(self, outcomes: Sequence[Outcome]) -> None:
        """Print the counts."""
        self._event('end', wall_sec=round(self._progress.wall_sec, 1), **count(outcomes))

    def _event(self, name: str, **values: Any) -> None:
        print(json.dumps({'event': name, **values}), file=self._out, flush=True)


def count(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """Return how many recordings ended in each state."""
    states = ('done', 'up_to_date', 'failed')
    return {state: sum(each.state == state for each in outcomes) for state in states}


def summary(outcome: Outcome) -> str:
    """Return what a recording gave, in one line."""
    rate = f', {outcome.pairs / outcome.wall_sec:.3g} frames/s' if outcome.wall_sec else ''
    return f'{outcome.source}: {outcome.pairs} pairs{others(outcome.drops)}{rate}'


def others(drops: Mapping[str, int]) -> str:
    """Count the images without depth by reason, as the end of a line; empty: there are none."""
    counted = ', '.join(f'{number} {reason}' for reason, number in drops.items())
    return f', other images: {counted}' if counted else ''
