# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The family of errors that are foreseen: one sentence for the user, and an exit code."""

from __future__ import annotations

from difflib import get_close_matches
import enum


class ExitCode(enum.IntEnum):
    """Exit codes of the node and the commands; launch files and schedulers may act on them."""

    CLEAN = 0
    SOME_FAILED = 1
    CONFIGURATION = 2
    MODEL_OR_DEVICE = 3
    INTERNAL = 70
    GPU_LOST = 75
    INTERRUPTED = 130


class PromptdaError(Exception):
    """What a user can fix; the text says what happened, why it matters and what to do.

    The node's process and `promptda` print the text of a member and end with its exit code; any
    other exception is an internal error, whose traceback is kept.
    """

    exit_code: ExitCode = ExitCode.CONFIGURATION


class FileError(PromptdaError, OSError):
    """A file that can't be read or written; the text names it and says why."""


def suggest(unknown: object, known: list[str]) -> str:
    """Say which of the known names was probably meant, or all of them."""
    near = get_close_matches(str(unknown), known, n=1)
    return f'did you mean {near[0]}?' if near else f'known are: {", ".join(known)}'
