# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One failure ends nothing, ten in a row end everything."""

from __future__ import annotations

import pytest

from promptda_ros.core.runtime.guard import FAILURES_IN_A_ROW, GaveUp, Guard, guarded


def fail(text: str = 'bad') -> None:
    raise ValueError(text)


@pytest.fixture
def errors():
    return []


@pytest.fixture
def guard(errors):
    return Guard(errors.append)


def test_what_succeeds_is_called_with_its_arguments(guard, errors):
    called = []
    assert guard.run(called.append, 'argument') is True
    assert called == ['argument']
    assert errors == []


def test_a_failure_is_told_once_and_ends_nothing(guard, errors):
    """I3: an exception in a callback."""
    assert guard.run(fail) is False
    assert [str(error) for error in errors] == ['bad']
    assert errors[0].__traceback__ is not None
    assert guard.run(list) is True


def test_the_tenth_failure_in_a_row_gives_up(guard, errors):
    """I3: whatever fails ten times in a row will not fix itself."""
    assert FAILURES_IN_A_ROW == 10
    for _ in range(9):
        guard.run(fail)
    with pytest.raises(GaveUp, match='10 failures in a row, the last: the tenth') as gave_up:
        guard.run(fail, 'the tenth')
    assert len(errors) == 10
    assert gave_up.value.__cause__ is errors[-1]


def test_a_guard_without_patience_never_gives_up(errors):
    """K9: what others send can fail as often as they like."""
    guard = Guard(errors.append, patience=None)
    for _ in range(5 * FAILURES_IN_A_ROW):
        assert guard.run(fail) is False
    assert len(errors) == 5 * FAILURES_IN_A_ROW


def test_a_success_ends_the_row(guard, errors):
    for _ in range(5):
        for _ in range(9):
            assert guard.run(fail) is False
        assert guard.run(list) is True
    assert len(errors) == 45


@pytest.mark.parametrize('escape', [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_is_no_exception_passes(guard, errors, escape):
    """I5: Ctrl-C is not a bad frame."""

    def stop() -> None:
        raise escape

    with pytest.raises(escape):
        guard.run(stop)
    assert errors == []


def test_every_guarded_function_counts_its_own_failures(guard, errors):
    """I3: a timer that succeeds between them hides no callback that always fails."""
    broken = guarded(fail, errors.append)
    for _ in range(FAILURES_IN_A_ROW - 1):
        assert guard.run(broken)
    with pytest.raises(GaveUp):
        guard.run(broken)
    assert len(errors) == FAILURES_IN_A_ROW
