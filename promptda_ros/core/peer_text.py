# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Text from other nodes, made fit for logs, diagnostics and service answers."""

from __future__ import annotations

SHOWN_CHARACTERS = 64
SENTENCE_CHARACTERS = 300


def shorten(text: str, characters: int = SHOWN_CHARACTERS) -> str:
    """Cut and escape one string of a message or of the graph, to be quoted in a sentence.

    No peer can flood the log so, forge a line of it, or turn the direction of what is read.
    """
    if len(text) <= characters:
        return printable(text)
    return printable(text[:characters]) + '...'


def printable(text: str) -> str:
    r"""Return one line, with an escape such as \n or \x1b for what is not printable."""
    if text.isprintable():
        return text
    return ''.join(each if each.isprintable() else _escape(each) for each in text)


def _escape(character: str) -> str:
    return character.encode('unicode_escape').decode('ascii')
