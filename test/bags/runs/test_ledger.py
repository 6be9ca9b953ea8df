# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.bags.runs.ledger: whole lines, whatever happens."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
import pytest

from promptda_ros.bags.processing.unit import Outcome
from promptda_ros.bags.runs.ledger import Ledger

OUTCOMES = st.builds(
    Outcome,
    source=st.text(max_size=8),
    target=st.text(max_size=8),
    state=st.sampled_from(['done', 'failed']),
    pairs=st.integers(0, 99),
    drops=st.dictionaries(st.text(max_size=4), st.integers(0, 9), max_size=2),
    warnings=st.lists(st.text(max_size=9), max_size=2).map(tuple),
    error=st.text(max_size=9),
    tries=st.integers(1, 3),
)


@given(before=st.lists(OUTCOMES, max_size=3), after=OUTCOMES, lost=st.integers(0, 200))
def test_what_was_cut_off_costs_its_own_line_only(tmp_path_factory, before, after, lost):
    """A power cut or a full disk in the middle of a line, then another run."""
    ledger = Ledger(tmp_path_factory.mktemp('out'))
    for outcome in before:
        ledger.append(outcome)
    written = ledger.path.read_bytes() if before else b''
    lines = written.splitlines(keepends=True)
    left = written[: max(0, len(written) - lost)]
    whole = sum(left.startswith(b''.join(lines[: number + 1])) for number in range(len(lines)))
    # Only its newline may be lost of a line that is read all the same.
    whole_but_its_end = [b''.join(lines[: number + 1])[:-1] for number in range(len(lines))]
    whole += left in whole_but_its_end
    ledger.path.write_bytes(left)

    ledger.append(after)

    assert [*ledger.read()] == [*before[:whole], after]
    assert ledger.path.read_bytes().endswith(b'\n')


def test_a_line_is_on_the_disk_before_append_returns(tmp_path: Path, monkeypatch):
    synced = []
    monkeypatch.setattr(
        'promptda_ros.bags.runs.ledger.os.fsync',
        lambda file: synced.append((tmp_path / 'process.jsonl').read_text()),
    )
    Ledger(tmp_path).append(Outcome('a', 'b', 'done', pairs=3))
    (line,) = synced
    assert json.loads(line)['pairs'] == 3


def test_a_full_disk_is_an_error_and_no_silent_loss(tmp_path: Path, files_of_at_most):
    ledger = Ledger(tmp_path)
    with files_of_at_most(20), pytest.raises(OSError, match='File too large'):
        ledger.append(Outcome('a', 'b', 'done'))
    ledger.append(Outcome('c', 'd', 'done'))
    assert [each.source for each in ledger.read()] == ['c']
