# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How a process of this package ends on errors: with one sentence and an exit code."""

from __future__ import annotations

from collections.abc import Callable
import errno
import sys

from promptda_ros.core.errors import ExitCode, PromptdaError
from promptda_ros.core.output_folder import OF_THE_DISK
from promptda_ros.core.runtime.guard import GaveUp, Guard
from promptda_ros.core.runtime.log import keep_traceback


def exit_code_of(
    program: str, main: Callable[[], int], *, reword: Callable[[str], str] = str
) -> int:
    """Run a main function and return its exit code; print an exception as one sentence."""
    codes: list[int] = []

    def tell(error: Exception) -> None:
        sentence = reword(' '.join(_sentence(error).split()))
        print(f'{program}: {sentence}', file=sys.stderr)
        codes.append(_code(error))

    try:
        Guard(tell).run(lambda: codes.append(main()))
    except GaveUp as error:
        tell(error)
    return codes[0]


def sentence_of_file(error: OSError) -> str:
    """Say what the system refused; errors of libraries come without a number."""
    if error.errno is None:
        return str(error)
    return f'{error.filename or "an output"}: {error.strerror}'


def _sentence(error: Exception) -> str:
    if isinstance(error, PromptdaError):
        return str(error)
    if isinstance(error, ModuleNotFoundError):
        return (
            f'{error.name} is not importable from {sys.executable}; install it there, or build '
            'the package while the environment that has it is active (docs/install.md)'
        )
    if isinstance(error, MemoryError):
        return f'not enough memory ({error or "nothing more is known"}); end other programs'
    if isinstance(error, OSError) and _is_of_a_file(error):
        return sentence_of_file(error)
    kept = keep_traceback(error)
    where = f'its traceback is in {kept}' if kept else 'its traceback could not be kept'
    return f'internal error, {type(error).__name__}: {error}; {where}, please report it'


def _code(error: Exception) -> ExitCode:
    if isinstance(error, PromptdaError):
        return error.exit_code
    if isinstance(error, (ModuleNotFoundError, MemoryError)):
        return ExitCode.MODEL_OR_DEVICE
    if isinstance(error, OSError) and _is_of_a_file(error):
        return ExitCode.CONFIGURATION
    return ExitCode.INTERNAL


def _is_of_a_file(error: OSError) -> bool:
    """Tell errors of the user's files from those of pipes and sockets of our own."""
    return error.filename is not None or error.errno in (None, errno.EPIPE, *OF_THE_DISK)
