# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A recording as the source of a page: play, pause, step and seek."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
import threading
import time

from promptda_ros.camera.camera import Camera, without_waits
from promptda_ros.core.errors import PromptdaError
from promptda_ros.core.pairing.pairing import NANOSECONDS
from promptda_ros.core.runtime.guard import Guard
from promptda_ros.core.runtime.lasting import Recent
from promptda_ros.core.settings import describe, with_values
from promptda_ros.core.settings.schema import Settings
from promptda_ros.core.settings.setting import SettingError, Value
from promptda_ros.view.decoded import with_box
from promptda_ros.view.moment import Moment
from promptda_ros.view.recorded.depths import Depths, Made
from promptda_ros.view.recorded.frames import Frames
from promptda_ros.view.source import State

SETTINGS = {each.name: each for each in describe()}
# What changes the clouds of depth that is there already
OF_CLOUDS = ('workspace.', 'output.edge_')
RATE_SEC = 5.0
PERIOD_SEC = 0.2  # between frames, as of the page


class OwnSettings:
    """Settings that are changed here and nowhere else."""

    def __init__(self, settings: Settings, *, computes: bool, changed: Callable[[], None]) -> None:
        self.settings = settings
        self._computes = computes
        self._changed = changed

    def values(self) -> Mapping[str, Value]:
        """Return all values."""
        found: dict[str, Value] = {}
        for name in SETTINGS:
            group, _, own = name.rpartition('.')
            found[name] = getattr(getattr(self.settings, group) if group else self.settings, own)
        return found

    def set(self, name: str, value: Value) -> str:
        """Change one setting."""
        if not self._computes and not name.startswith(OF_CLOUDS):
            return f'{name} has no effect on depth that was recorded'
        try:
            self.settings = with_values(self.settings, {name: SETTINGS[name].check(value)})
        except SettingError as error:
            return str(error)
        self._changed()
        return ''


class RecordingPlayer:
    """Where in a recording the page is; safe between threads."""

    def __init__(self, times_ns: list[int], changed: Callable[[], None]) -> None:
        self._times_ns = times_ns
        self._changed = changed
        self._position = 0
        self._is_playing = True

    @property
    def count(self) -> int:
        """Return the number of frames."""
        return len(self._times_ns)

    @property
    def position(self) -> int:
        """Return the number of the frame that is shown."""
        return self._position

    @property
    def is_playing(self) -> bool:
        """Return whether frames follow each other."""
        return self._is_playing

    def play(self, *, playing: bool) -> None:
        """Let frames follow each other, from the beginning again after the last."""
        self._is_playing = playing
        self._changed()

    def seek(self, position: int) -> None:
        """Stop at a frame."""
        self._position, self._is_playing = position, False
        self._changed()

    def advance(self, elapsed_sec: float) -> None:
        """Go on by so much of the recording, at least a frame; after the last to the first."""
        following = self._position + 1
        due_ns = self._times_ns[self._position] + round(elapsed_sec * NANOSECONDS)
        while following + 1 < self.count and self._times_ns[following + 1] <= due_ns:
            following += 1
        self._position = following if following < self.count else 0


class RecordingSource:
    """Reads and computes on a thread of its own, only while somebody looks."""

    def __init__(self, title: str, frames: Frames, depths: Depths, settings: Settings) -> None:
        self.title = title
        self._frames = frames
        self._depths = depths
        self._awake = threading.Condition()
        self._is_stale = True
        self._is_closed = False
        self._layers: frozenset[str] = frozenset()
        self._new: Moment | None = None
        self._problem = ''
        self._made: Made | None = None
        self._made_for: tuple[object, ...] = ()
        self._begun_sec = 0.0
        self._recent = Recent(RATE_SEC)
        self.knobs = OwnSettings(
            without_waits(settings), computes=depths.computes, changed=self._refresh
        )
        self.player = RecordingPlayer(frames.times_ns, self._refresh)
        self._thread = threading.Thread(target=self._work, name='recording', daemon=True)
        self._thread.start()

    def want(self, layers: Collection[str]) -> None:
        """Make these layers from now on."""
        layers = frozenset(layers)
        if layers != self._layers:
            self._layers = layers
            self._refresh()

    def next_moment(self) -> Moment | None:
        """Return the frame that was made last, once."""
        with self._awake:  # one that comes meanwhile is not lost
            moment, self._new = self._new, None
        return moment

    def state(self) -> State:
        """Return how quickly frames come, and why none do."""
        camera = self._camera
        return State(
            rate=self._count(0) / RATE_SEC,
            stage_ms={name: each.p50 for name, each in camera.stages.snapshot().items()},
            drops=camera.drops.snapshot(),
            reason=self._problem or camera.drops.recent_text(within_sec=RATE_SEC),
        )

    def capture(self) -> tuple[Moment | None, str]:
        """Stop at the frame that is shown."""
        self.player.play(playing=False)
        return None, 'a recording has nothing to capture: it is paused'

    def close(self) -> None:
        """Stop."""
        with self._awake:
            self._is_closed = True
            self._awake.notify_all()
        self._thread.join()

    @property
    def _camera(self) -> Camera:
        (camera,) = self._frames.cameras.by_name.values()
        return camera

    def _refresh(self) -> None:
        with self._awake:
            self._is_stale = True
            self._awake.notify_all()

    def _work(self) -> None:
        guard = Guard(self._on_error, patience=None)
        while self._wait():
            self._begun_sec = time.monotonic()
            guard.run(self._show)

    def _wait(self) -> bool:
        """Wait until there is a frame to show; False: it is over."""
        with self._awake:
            self._awake.wait_for(self._has_work)
            left_sec = self._begun_sec + PERIOD_SEC - time.monotonic()
            self._awake.wait_for(lambda: self._is_closed or self._is_stale, max(0.0, left_sec))
            if not self._is_stale:
                self.player.advance(time.monotonic() - self._begun_sec)
            self._is_stale = False
            return not self._is_closed

    def _has_work(self) -> bool:
        is_due = self._is_stale or self.player.is_playing
        return self._is_closed or (bool(self._layers) and is_due)

    def _show(self) -> None:
        position, settings = self.player.position, self.knobs.settings
        problems: list[str] = []
        needs = position, settings if self._depths.computes else None
        try:
            if self._made is None or needs != self._made_for:
                self._made = self._depths.of(self._frames.at(position), settings)
                self._made_for = needs
                self._count(1)
            moment = self._made.moment(self._layers, settings)
            moment = with_box(self._camera, moment, problems.append)
            self._problem = '; '.join(problems)
            with self._awake:
                self._new = moment
        except PromptdaError as error:
            self._problem = str(error)
            self.player.play(playing=False)

    def _count(self, number: int) -> int:
        """Note frames that were made, and return how many were lately."""
        with self._awake:
            return self._recent.count(number, time.monotonic())

    def _on_error(self, error: Exception) -> None:
        self._problem = f'{type(error).__name__}: {error}'
        self.player.play(playing=False)
