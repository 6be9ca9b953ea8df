# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The judge of pairing finds nothing in the product, and every mutant of it soon."""

from __future__ import annotations

import inspect
import json
import sys
from types import ModuleType

import pytest

from benchmarks import pairing_oracle
from benchmarks.pairing_oracle import judge, Tally
from promptda_ros.core.pairing import admission, nearest, pairing, stream

CASES = 30
MOST_CASES = 100  # in which every mutant must be found
MUTANTS = {
    'the later of two that are equally near': (
        nearest, 'min(depths, key', 'min(reversed(depths), key',
    ),
    'the neighbour of the nearest': (nearest, 'return nearest if', 'return candidates[0] if'),
    'a tolerance that is not inclusive': (nearest, '<= tolerance_ns', '< tolerance_ns'),
    'a tolerance that is one larger': (nearest, '<= tolerance_ns', '<= tolerance_ns + 1'),
    'a depth of the next image': (nearest, 'passed else Verdict.WAIT', 'passed else Verdict.TAKE'),
    'a claim one too early': (nearest, '2 * margin_ns <= image', '2 * margin_ns < image'),
    'no wait for a depth that is overtaken': (nearest, 'depths.disorder == 0', 'True'),
    'a wait that ends one later': (pairing, '>= self._settings.wait', '> self._settings.wait'),
    'a queue that is one longer': (pairing, 'len(stream.held) >', 'len(stream.held) - 1 >'),
    'a limit of bytes that is one smaller': (pairing, 'total_bytes >', 'total_bytes >='),
    'depth that is dropped too soon': (pairing, 'drop_before(oldest', 'drop_before(1 + oldest'),
    'depth that is dropped too late': (pairing, 'drop_before(oldest', 'drop_before(-1 + oldest'),
    'an offset that stays in the stamp': (
        pairing, 'depth.stamp_ns - self', 'depth.stamp_ns + 0 * self',
    ),
    'held messages of the epoch before': (pairing, 'self._depth.clear()', 'pass'),
    'a jump of one message fewer': (admission, '_OF_A_JUMP = 3', '_OF_A_JUMP = 2'),
    'a tail of one message more': (admission, '_OF_A_TAIL = 10', '_OF_A_TAIL = 11'),
    'a jump that is not beyond the threshold': (
        admission, 'stamp_ns > reset_threshold_ns:', 'stamp_ns >= reset_threshold_ns:',
    ),
    'messages older than a pair': (admission, 'stamp_ns <= stream.floor_ns', 'False'),
    'repeats that are held': (admission, 'return Loss.DUPLICATE', 'return None'),
    'late messages that are repeats': (
        admission, 'return Loss.LATE\n    return None', 'return Loss.DUPLICATE\n    return None',
    ),
    'stamps that are forgotten too soon': (stream, '_STAMPS = 64', '_STAMPS = 3'),
    'depth older than a pair': (stream, 'self.drop_before(entry.stamp_ns)', 'pass'),
    'losses that are not counted': (stream, 'self.count(loss)', 'pass'),
}  # fmt: skip


def test_no_decision_of_the_product_is_wrong():
    """F1, F2, F3, F4, F5, F6, F7, F8, F9, F10, F11, F12."""
    total = Tally()
    for seed in range(CASES):
        total.add(judge(seed))
    assert total.wrong == []
    assert total.pairs > 500
    assert min(total.pairs_of_known_frames, total.resets) > 0


@pytest.mark.parametrize('name', MUTANTS)
def test_a_mutant_is_found(name, monkeypatch):
    module, good, bad = MUTANTS[name]
    mutate(module, good, bad, monkeypatch)
    assert any(judge(seed).wrong for seed in range(MOST_CASES))


def mutate(module: ModuleType, good: str, bad: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pairing use a module in whose source one place is another."""
    source = inspect.getsource(module)
    assert good in source
    mutant = ModuleType(module.__name__)
    monkeypatch.setitem(sys.modules, module.__name__, mutant)  # dataclasses look there
    exec(compile(source.replace(good, bad, 1), module.__file__ or '', 'exec'), vars(mutant))
    for name in ('Topic', 'Loss', 'Held', 'Verdict', 'Jump', 'PairingSettings', 'Pair'):
        if hasattr(module, name):
            setattr(mutant, name, getattr(module, name))
    user = pairing_oracle if module is pairing else pairing
    for name in ('choose_depth', 'admit', 'Stream', 'Pairing'):
        if name in vars(module) and vars(module)[name].__module__ == module.__name__:
            monkeypatch.setattr(user, name, getattr(mutant, name))


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run the program over few messages; return its exit code, its table and its figures."""
    monkeypatch.setattr(pairing_oracle, 'CASES_OF_A_PART', 2)
    out = tmp_path / 'out.json'
    words = ['pairing_oracle', '--messages', '600', '--state', str(tmp_path), '--out', str(out)]
    monkeypatch.setattr('sys.argv', words)
    return lambda: (pairing_oracle.main(), capsys.readouterr().out, json.loads(out.read_text()))


def test_a_run_goes_on_where_it_was_killed(run, tmp_path):
    exit_code, _, whole = run()
    assert exit_code == 0
    assert whole['figures']['messages'] >= 600
    (part,) = tmp_path.glob('*/part_00000.json')
    part.write_text(json.dumps({**json.loads(part.read_text()), 'wrong': ['known']}))
    exit_code, said, again = run()
    assert exit_code == 1
    assert '* known' in said
    assert again['figures'] == {**whole['figures'], 'wrong': ['known']}


def test_what_other_code_decided_does_not_count(run, tmp_path, monkeypatch):
    run()
    (part,) = tmp_path.glob('*/part_00000.json')
    part.write_text(json.dumps({**json.loads(part.read_text()), 'wrong': ['known']}))
    monkeypatch.setattr(pairing_oracle, 'code_digest', lambda: 'other')
    exit_code, said, _ = run()
    assert exit_code == 0
    assert 'known' not in said


def test_the_digest_covers_pairing_and_its_rules():
    names = {'stream.py', 'pairing_rules.py', 'pairing_streams.py'}
    assert names <= {path.name for path in pairing_oracle.sources()}
