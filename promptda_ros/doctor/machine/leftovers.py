# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What killed processes left in shared memory."""

from __future__ import annotations

from contextlib import suppress
import fcntl
from pathlib import Path
import time

LOCK = '_el'
PORT = 'port'  # of these Fast DDS cleans up after others
YOUNG_SEC = 1.0  # a process that starts has made its segment and not yet locked it


def leftovers(folder: Path) -> dict[Path, int]:
    """Return the segments of Fast DDS that no process uses any more, and their bytes.

    A process holds a lock on the file NAME_el for as long as it uses its segment NAME.
    """
    found = {}
    for lock in folder.glob(f'fast*{LOCK}'):
        segment = lock.with_name(lock.name.removesuffix(LOCK))
        if PORT not in lock.name and _is_free(lock):
            with suppress(FileNotFoundError):  # its process has ended meanwhile
                found[segment] = segment.stat().st_size
    return found


def _is_free(lock: Path) -> bool:
    try:
        if time.time() - lock.stat().st_mtime < YOUNG_SEC:
            return False
        with lock.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:  # in use, gone by now, or of another user
        return False
    return True
