# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What has been so for a while, or has happened often: a moment's state is worth no warning."""

from __future__ import annotations

from collections import deque

CHANGES_OF_TWO = 3  # of the name on a topic, where two streams take turns


class Lasting:
    """Tells whether a condition has held without a break for some seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._since_sec: dict[str, float] = {}

    def has_lasted(self, about: str, is_so: bool, now_sec: float) -> bool:
        """Note how it is now and return whether it has lasted; `about` names what is meant."""
        if not is_so:
            self._since_sec.pop(about, None)
            return False
        return now_sec - self._since_sec.setdefault(about, now_sec) >= self._seconds


class Recent:
    """Counts events of the last seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._times_sec: deque[float] = deque()

    def count(self, number: int, now_sec: float) -> int:
        """Note how often it happened since the last call; return how often lately."""
        self._times_sec.extend([now_sec] * number)
        while self._times_sec and now_sec - self._times_sec[0] > self._seconds:
            self._times_sec.popleft()
        return len(self._times_sec)


class OneStream:
    """Tells two streams that are mixed on one topic from one that changes its name."""

    def __init__(self, seconds: float) -> None:
        self._changes = Recent(seconds)
        self._last = ''
        self.others = ('', '')

    def is_mixed(self, name: str, now_sec: float) -> bool:
        """Note the name of a message; mixed are those that went there, back and there lately.

        One wrong name amid right ones costs no message after it. A message without a name may be
        of either stream.
        """
        is_change = bool(name and self._last and name != self._last)
        if is_change:
            self.others = (self._last, name)
        self._last = name or self._last
        return self._changes.count(int(is_change), now_sec) >= CHANGES_OF_TWO
