# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where a page gets its moments from: a running node, or a recording."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from promptda_ros.core.settings.setting import Value
from promptda_ros.view.moment import Moment


@dataclass(frozen=True)
class State:
    """How things are: the figures of a line, and why nothing comes."""

    rate: float = 0.0  # frames with depth per second
    stage_ms: Mapping[str, float] = field(default_factory=dict)  # medians
    drops: Mapping[str, int] = field(default_factory=dict)  # images by reason
    reason: str = ''  # why nothing comes, or what is degraded; '' if all is well


class Knobs(Protocol):
    """The settings that a page can change while frames pass."""

    def values(self) -> Mapping[str, Value]:
        """Return the present values by name; empty as long as they are not known."""

    def set(self, name: str, value: Value) -> str:
        """Change one; return why that was refused, '' if it was not."""


class Player(Protocol):
    """Moves through a recording."""

    @property
    def count(self) -> int:
        """Return the number of frames."""

    @property
    def position(self) -> int:
        """Return the number of the frame that is shown."""

    @property
    def is_playing(self) -> bool:
        """Return whether frames follow each other."""

    def play(self, *, playing: bool) -> None:
        """Let frames follow each other, or stop at this one."""

    def seek(self, position: int) -> None:
        """Go to a frame."""


class Source(Protocol):
    """What a page shows, and what it can be asked for."""

    title: str

    @property
    def knobs(self) -> Knobs:
        """Return the settings that can be changed."""

    @property
    def player(self) -> Player | None:
        """Return what moves through a recording, None where time passes by itself."""

    def want(self, layers: Collection[str]) -> None:
        """Say what open pages show; empty: there is none."""

    def next_moment(self) -> Moment | None:
        """Return what is newest, None if that was returned before."""

    def state(self) -> State:
        """Return how things are."""

    def capture(self) -> tuple[Moment | None, str]:
        """Take one frame with care; return it, and what there is to say."""

    def close(self) -> None:
        """Let go of everything."""
