# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Notices depth that no longer changes though its stamps go on."""

from __future__ import annotations

from array import array
from collections.abc import Callable

WARN_SEC = 2.0


class FrozenDepth:
    """Compares each depth message with the last one; warns once each time they freeze.

    The noise of a real sensor ends the comparison after a few bytes.
    """

    def __init__(self, warn: Callable[[str], object]) -> None:
        self._warn = warn
        self.clear()

    def clear(self) -> None:
        """Forget the last message."""
        self._data: array[int] | None = None
        self._since_ns = 0
        self._said = False

    def look(self, data: array[int], stamp_ns: int) -> None:
        """Take the bytes of the next message."""
        if data != self._data or stamp_ns < self._since_ns:
            self._data, self._since_ns, self._said = data, stamp_ns, False
            return
        still_sec = (stamp_ns - self._since_ns) / 1e9
        if still_sec > WARN_SEC and not self._said:
            self._said = True
            self._warn(
                f'depth unchanged for {still_sec:.1f} s though its stamps go on: the sensor or '
                'its driver hangs; restart it (a simulation without noise is as still)'
            )
