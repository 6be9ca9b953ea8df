# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.once."""

from __future__ import annotations

from promptda_ros.once import SayOnce


def test_each_thing_is_said_once_until_all_is_forgotten():
    lines: list[str] = []
    say = SayOnce(lines.append)
    say('a', 'first')
    say('a', 'second')
    say('b', 'third')
    assert lines == ['first', 'third']
    say.forget()
    say('a', 'fourth')
    assert lines[-1] == 'fourth'
