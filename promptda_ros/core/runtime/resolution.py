# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How large the network works: smaller while there is too little memory, larger again later."""

from __future__ import annotations

import math

# From small to large; pixels that the network sees at most.
PIXELS_OF_RESOLUTION = {
    'low': 252 * 336,
    'medium': 378 * 504,
    'high': 518 * 686,
    'full': 756 * 1008,
}
SIZES = tuple(PIXELS_OF_RESOLUTION)
FAILURES_IN_A_ROW = 3
# Whoever took the memory may give it back. Each try in vain costs a frame.
FIRST_TRY_SEC = 60.0
LAST_TRY_SEC = 3600.0


def scale_to(pixels: int, height: int, width: int) -> float:
    """Return the scale, 1 at most, at which a picture has no more than so many pixels."""
    return min(1.0, math.sqrt(pixels / (height * width)))


class Resolution:
    """Follows which frames fit into memory; `name` is the size for the next frame."""

    def __init__(self, name: str, *, may_shrink: bool) -> None:
        self.name = self.wanted = name
        self._may_shrink = may_shrink
        self._failures = 0
        self._is_trying = False
        self._wait_sec = FIRST_TRY_SEC
        self._try_at_sec = 0.0

    @property
    def is_stuck(self) -> bool:
        """Whether frames don't fit and nothing smaller is allowed."""
        return self._failures >= FAILURES_IN_A_ROW and self._smaller() is None

    @property
    def warning(self) -> str:
        """Why depth is coarser than it was to be; '' if it is not."""
        if self.name == self.wanted:
            return ''
        return f'not enough memory: resolution {self.name} instead of {self.wanted}'

    def fitted(self, now_sec: float) -> None:
        """Note frames that fitted; after a while a larger size is tried."""
        self._failures = 0
        if self._is_trying:
            self._is_trying = False
            self._wait(FIRST_TRY_SEC, now_sec)
        elif self.name != self.wanted and now_sec >= self._try_at_sec:
            self._is_trying = True
            self.name = SIZES[SIZES.index(self.name) + 1]

    def ran_out(self, now_sec: float) -> None:
        """Note frames that did not fit; the third in a row makes the next ones smaller."""
        self._failures += 1
        smaller = self._smaller()
        if smaller is None:
            return
        if self._is_trying:
            self._is_trying, self._failures = False, 0
            self.name = smaller
            self._wait(min(2 * self._wait_sec, LAST_TRY_SEC), now_sec)
        elif self._failures >= FAILURES_IN_A_ROW:
            self.name = smaller
            self._wait(FIRST_TRY_SEC, now_sec)

    def _wait(self, wait_sec: float, now_sec: float) -> None:
        self._wait_sec = wait_sec
        self._try_at_sec = now_sec + wait_sec

    def _smaller(self) -> str | None:
        index = SIZES.index(self.name)
        return SIZES[index - 1] if self._may_shrink and index > 0 else None
