# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which image to show next: the last that is complete, or after a while what there is of one."""

from __future__ import annotations

from collections.abc import Callable, Collection

from promptda_ros.view.listening.held import Found
from promptda_ros.view.moment import IMAGE

PATIENCE_SEC = 1.0  # after which an image is shown without what is made of it
NOTHING = Found(0, {})


class Shown:
    """Shows every image once, and again when more of it has come.

    The depth of a slow node belongs to an image that is older than the last one: it is shown when
    it comes, but not again after each newer image without depth.
    """

    def __init__(self, find: Callable[[Collection[str]], Found | None]) -> None:
        """Take what finds the last image of which some layers have come."""
        self._find = find
        self._last = self._complete = NOTHING
        self._complete_sec = 0.0

    def following(self, wanted: Collection[str], now_sec: float) -> Found | None:
        """Return what to show now, None if that is shown already."""
        found = self._new(wanted, self._complete)
        if found is not None:
            self._complete, self._complete_sec = found, now_sec
        elif now_sec - self._complete_sec > PATIENCE_SEC:
            found = self._new((IMAGE,), self._last)
        self._last = found or self._last
        return found

    def _new(self, layers: Collection[str], shown: Found) -> Found | None:
        found = self._find(layers)
        return found if found is not None and found.adds_to(shown) else None
