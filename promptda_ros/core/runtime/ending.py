# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How a process of this package ends on errors: with one sentence and an exit code."""

from __future__ import annotations

from collections.abc import Callable
import errno
from resource import getrlimit, RLIMIT_NOFILE
import sys

from promptda_ros.core.errors import ExitCode, PromptdaError
from promptda_ros.core.output_folder import OF_THE_DISK
from promptda_ros.core.runtime.guard import GaveUp, Guard
from promptda_ros.core.runtime.log import keep_traceback

FILES = 4096  # more than any command needs; hard limits are no lower


def exit_code_of(
    program: str, main: Callable[[], int], *, reword: Callable[[str], str] = str
) -> int:
    """Run a main function and return its exit code; print an exception as one sentence."""
    codes: list[int] = []

    def tell(error: Exception) -> None:
        sentence, code = ending_of(error)
        print(f'{program}: {reword(" ".join(sentence.split()))}', file=sys.stderr)
        codes.append(code)

    try:
        Guard(tell).run(lambda: codes.append(main()))
    except GaveUp as error:
        tell(error)
    return codes[0]


def ending_of(error: Exception) -> tuple[str, ExitCode]:
    """Return the sentence and the exit code of an exception."""
    if isinstance(error, PromptdaError):
        return str(error), error.exit_code
    if isinstance(error, ModuleNotFoundError):
        sentence = (
            f'{error.name} is not importable from {sys.executable}; install it there, or build '
            'the package while the environment that has it is active (docs/install.md)'
        )
        return sentence, ExitCode.MODEL_OR_DEVICE
    if _is_out_of_memory(error):
        what = str(error) or 'nothing more is known'
        return f'not enough memory ({what}); end other programs', ExitCode.MODEL_OR_DEVICE
    if isinstance(error, OSError) and error.errno == errno.EMFILE:
        limit = getrlimit(RLIMIT_NOFILE)[0]
        more = max(FILES, 2 * limit)
        sentence = f'too many open files: the limit is {limit}; raise it with ulimit -n {more}'
        return sentence, ExitCode.CONFIGURATION
    if isinstance(error, OSError) and _is_of_a_file(error):
        # Errors of libraries come without a number.
        sentence = f'{error.filename or "an output"}: {error.strerror}'
        return str(error) if error.errno is None else sentence, ExitCode.CONFIGURATION
    kept = keep_traceback(error)
    where = f'its traceback is in {kept}' if kept else 'its traceback could not be kept'
    sentence = f'internal error, {type(error).__name__}: {error}; {where}, please report it'
    return sentence, ExitCode.INTERNAL


def _is_of_a_file(error: OSError) -> bool:
    """Tell errors of the user's files from those of pipes and sockets of our own."""
    known = (None, errno.EPIPE, errno.ENFILE, *OF_THE_DISK)
    return error.filename is not None or error.errno in known


def _is_out_of_memory(error: Exception) -> bool:
    """Tell the errors of Python, and those of libraries once what knows them is loaded."""
    faults = sys.modules.get('promptda_ros.core.runtime.faults')  # not to load torch for it
    if faults is None:
        return isinstance(error, MemoryError)
    return bool(faults.fault_of(error) is faults.OutOfMemory)
