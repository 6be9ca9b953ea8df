# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tracebacks of what nobody foresaw, in a file beside the log, which is for people."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
import traceback

from rclpy.logging import get_logging_directory

TRACEBACK_FILE = 'promptda_tracebacks.txt'


def keep_traceback(error: Exception) -> None:
    """Append the traceback to the file."""
    with suppress(OSError):  # a full disk is no reason to fail
        folder = Path(get_logging_directory())
        with (folder / TRACEBACK_FILE).open('a') as file:
            file.write(''.join(traceback.format_exception(error)) + '\n')
