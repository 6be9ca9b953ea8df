# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What other nodes send can't forge a line of the log."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
import pytest

from promptda_ros.core.peer_text import printable, shorten

LONGEST_ESCAPE = len(r'\U0001f600')


@given(st.text(st.characters()))
def test_any_text_becomes_one_short_line_that_can_be_printed(text):
    """K10: surrogates too, which no terminal or UTF-8 file takes."""
    found = shorten(text)
    assert found.isprintable()
    assert len(found.encode()) <= 64 * LONGEST_ESCAPE + 3
    assert printable(text).isprintable()


@given(st.text(st.characters(categories=['L', 'N', 'P', 'S']), max_size=64))
def test_text_that_can_be_printed_is_left_as_it_is(text):
    assert shorten(text) == printable(text) == text


@pytest.mark.parametrize(
    'text, expected',
    [
        ('rgb8\n[FATAL] [1.0]: fake', r'rgb8\n[FATAL] [1.0]: fake'),
        ('\x1b[31m', r'\x1b[31m'),
        ('left\u202egnp', r'left\u202egnp'),
        ('a\u2028b\x00', r'a\u2028b\x00'),
        ('x' * 65, 'x' * 64 + '...'),
    ],
)
def test_lines_escapes_and_directions_are_shown_not_obeyed(text, expected):
    """K10."""
    assert shorten(text) == expected
