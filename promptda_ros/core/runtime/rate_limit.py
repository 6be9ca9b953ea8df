# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which frames of a stream to keep so that there are at most so many a second."""

from __future__ import annotations

LONGEST_NS = 10**18  # of a rate that is nearly zero, whose period no number holds


class RateLimit:
    """Keeps frames by their stamps, so that live and from a recording the same ones are kept.

    Frames are due in even steps, and the frame nearest to each step is kept; one that comes late
    does not postpone the next. So of a camera at 30 Hz whose stamps jitter, 15 a second are kept
    and not 10.
    """

    def __init__(self) -> None:
        self._last_ns = 0
        self._due_ns = 0

    def keeps(self, stamp_ns: int, *, rate_hz: float) -> bool:
        """Return whether a frame is due; stamps that jumped back start anew."""
        period_ns = round(min(1e9 / rate_hz, LONGEST_NS))
        # Of two neighbours the one that is nearer to the step is kept.
        early_ns = min(abs(stamp_ns - self._last_ns), period_ns) // 2
        self._last_ns, late_ns = stamp_ns, stamp_ns - self._due_ns
        # Nothing is due later than after one and a half periods, unless stamps jumped back or the
        # rate was raised.
        if -1.5 * period_ns <= late_ns < -early_ns:
            return False
        is_in_step = -early_ns <= late_ns < period_ns
        self._due_ns = (self._due_ns if is_in_step else stamp_ns) + period_ns
        return True
