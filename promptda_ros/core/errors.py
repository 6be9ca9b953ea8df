# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The family of errors that are foreseen: one sentence for the user, and an exit code."""

from __future__ import annotations

from typing import ClassVar

from promptda_ros.exit_codes import ExitCode


class PromptdaError(Exception):
    """What a user can fix; the text says what happened, why it matters and what to do.

    The node's process and `promptda` print the text of a member and end with its exit code; any
    other exception is an internal error, whose traceback is kept.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.CONFIGURATION


class FileError(PromptdaError, OSError):
    """A file that can't be read or written; the text names it and says why."""
