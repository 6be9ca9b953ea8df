# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Every row of docs/faults.md has a test that names it, and no test names another row.

A test names its rows, and the invariants of pairing, at the beginning of its docstring:
`F12, inv-I6: what it is about`.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
import re

TESTS = Path(__file__).resolve().parent
PAGE = (TESTS.parent / 'docs' / 'faults.md').read_text(encoding='utf-8')
LINE = re.compile(r'^\| ([A-Z]\d+) \| .+ \| `(.+)` \|$', re.MULTILINE)
ROWS = dict(LINE.findall(PAGE))
NOT_RUN = set(
    re.findall(r'^\| ([A-Z]\d+) \| .+ \|$', PAGE.partition('## Not run')[2], re.MULTILINE)
)
NAME = re.compile(r'(?:inv-)?\b[A-K]\d+\b')
LABEL = re.compile(rf'({NAME.pattern}(?:, {NAME.pattern})*)[:.]')
INVARIANTS = {f'inv-I{number}' for number in range(1, 11)}


def docstrings() -> Iterator[tuple[str, str, bool]]:
    """Yield file, docstring and whether it is skipped everywhere, of every test."""
    for path in sorted(TESTS.rglob('test_*.py')):
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith('test_'):
                marks = [ast.unparse(each) for each in node.decorator_list]
                skipped = any(mark.startswith('pytest.mark.skip(') for mark in marks)
                yield str(path.relative_to(TESTS)), ast.get_docstring(node) or '', skipped


def names_of(docstring: str) -> list[str]:
    """Return the rows and invariants that a docstring begins with."""
    label = LABEL.match(docstring)
    return label[1].split(', ') if label else []


DOCSTRINGS = list(docstrings())
FILES = defaultdict(set)
for file, docstring, _ in DOCSTRINGS:
    for name in names_of(docstring):
        FILES[name].add(file)


def test_rows_are_counted_from_one_without_a_gap():
    assert len(ROWS) == len(LINE.findall(PAGE))
    for letter, names in groupby(ROWS, key=lambda name: name[0]):
        numbers = [int(name[1:]) for name in names]
        assert numbers == list(range(1, len(numbers) + 1)), letter
    assert f'{len(ROWS)} faults' in PAGE


def test_every_row_has_a_test_in_the_file_that_the_page_names():
    assert {name: file for name, file in ROWS.items() if file not in FILES[name]} == {}


def test_no_test_names_a_row_or_an_invariant_that_is_none():
    assert set(FILES) - set(ROWS) == INVARIANTS


def test_rows_are_named_at_the_beginning_of_a_docstring_and_nowhere_else():
    elsewhere = [text for _, text, _ in DOCSTRINGS if NAME.search(LABEL.sub('', text, count=1))]
    assert elsewhere == []


def test_what_is_never_run_is_told_on_the_page():
    skipped = {name for _, text, skip in DOCSTRINGS if skip for name in names_of(text)}
    assert skipped == NOT_RUN
