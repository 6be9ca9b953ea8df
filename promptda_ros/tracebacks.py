# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tracebacks of what nobody foresaw, in a file beside the log, which is for people."""

from __future__ import annotations

import os
from pathlib import Path
import traceback

TRACEBACK_FILE = 'promptda_tracebacks.txt'
LARGEST = 4 * 1024 * 1024  # bytes; a robot may fail for months


def keep_traceback(error: Exception) -> Path | None:
    """Append the traceback to the file and return its path; None where it can't be written.

    A file that has become too large begins anew, and one before it is kept.
    """
    path = _log_folder() / TRACEBACK_FILE
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > LARGEST:
            path.replace(path.with_suffix('.old.txt'))
        with path.open('a', encoding='utf-8', errors='backslashreplace') as file:
            file.write(''.join(traceback.format_exception(error)) + '\n')
    except OSError:  # a full disk is no reason to fail
        return None
    return path


def _log_folder() -> Path:
    """Return where ROS keeps its logs, also on a machine without ROS."""
    if folder := os.environ.get('ROS_LOG_DIR'):
        return Path(folder).expanduser()
    home = os.environ.get('ROS_HOME')
    return (Path(home).expanduser() if home else Path.home() / '.ros') / 'log'
