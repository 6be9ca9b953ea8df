# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Moments that tests know everything about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from promptda_ros.core.frame import Frame, Intrinsics
from promptda_ros.core.restore.trust import Validity
from promptda_ros.view.moment import Moment
from promptda_ros.view.source import State

WIDTH, HEIGHT = 64, 48
CAMERA = Intrinsics(WIDTH, HEIGHT, fx=60.0, fy=60.0, cx=31.5, cy=23.5)
WALL_M, SENSOR_M = 2.0, 2.02


def wall(**changes: Any) -> Moment:
    """Return a wall that the sensor, a quarter as large, sees 20 mm too far away."""
    frame = Frame(
        stamp_ns=1_700_000_000_000_000_000,
        frame_id='camera',
        image=np.random.default_rng(1).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8),
        sensor_depth_m=np.full((HEIGHT // 4, WIDTH // 4), SENSOR_M, np.float32),
        intrinsics=CAMERA,
    )
    moment = Moment(
        frame=frame,
        depth_m=np.full((HEIGHT, WIDTH), WALL_M, np.float32),
        uncertainty_m=np.full((HEIGHT, WIDTH), 0.004, np.float32),
        validity=np.full((HEIGHT, WIDTH), Validity.MEASURED, np.uint8),
    )
    return replace(moment, **changes)


class NoKnobs:
    """Settings that note what is asked of them, and refuse some."""

    def __init__(self) -> None:
        self.asked: dict[str, Any] = {}

    def values(self) -> dict[str, Any]:
        """Return values other than the defaults."""
        return {'workspace.max_depth': 3.0, 'trust.gate': False}

    def set(self, name: str, value: Any) -> str:
        """Refuse."""
        self.asked[name] = value
        return f'{name} is refused'


class StillSource:
    """A wall that stands still."""

    title = 'wall'
    player = None

    def __init__(self, moment: Moment) -> None:
        self.moment = moment
        self.knobs = NoKnobs()
        self.layers: frozenset[str] = frozenset()

    def want(self, layers: Any) -> None:
        """Note what is looked at."""
        self.layers = frozenset(layers)

    def next_moment(self) -> Moment | None:
        """Return the wall again and again."""
        return replace(self.moment)

    def state(self) -> State:
        """Return figures and a reason."""
        return State(4.0, {'infer': 60.0}, {'overrun': 2}, 'depth <lags> image')

    def capture(self) -> tuple[Moment | None, str]:
        """Return the wall, nearer."""
        return replace(self.moment, depth_m=self.moment.depth_m / 2), 'captured a frame'

    def close(self) -> None:
        """Do nothing."""
