# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How torch's threads wait for each other."""

from __future__ import annotations

import os

SPINS = '1000'


def let_threads_sleep() -> None:
    """Make threads sleep soon instead of spinning; to be called before torch is imported.

    GNU OpenMP spins for long by default, which is quickest while the machine has nothing else to
    do. Where another process has one of two cores it costs: promptda-tiny took 300 to 900 ms a
    frame in place of 130; on the quiet machine it takes 65 in place of 52.
    """
    os.environ.setdefault('GOMP_SPINCOUNT', SPINS)
