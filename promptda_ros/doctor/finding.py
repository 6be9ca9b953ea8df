# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a check says: that something is sound, or what is wrong, why it matters, how to fix it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Protocol

ERROR, WARNING = 'error', 'warning'


@dataclass(frozen=True)
class Finding:
    """Something to fix; an error keeps depth from coming, a warning makes it worse."""

    id: str
    level: str
    what: str
    why: str
    fix: str

    @classmethod
    def of_sentence(cls, id: str, level: str, sentence: str, why: str, fix: str = '') -> Finding:
        """Part a sentence of the node, which says what is wrong and, after `;`, what to do.

        `fix` is what to do where the sentence does not say it.
        """
        what, _, advice = sentence.partition('; ')
        return cls(id, level, what, why, advice or fix)

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)

    def lines(self) -> Iterator[str]:
        """Yield what people read."""
        yield f'{self.level:8} {self.id}: {self.what}'
        yield f'         why: {self.why}'
        yield f'         fix: {self.fix}'


@dataclass(frozen=True)
class Sound:
    """Something that is as it should be, in one line."""

    id: str
    what: str

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {**asdict(self), 'level': 'ok'}

    def lines(self) -> Iterator[str]:
        """Yield what people read."""
        yield f'{"ok":8} {self.id}: {self.what}'


class Check(Protocol):
    """One thing to look at."""

    def look(self) -> Iterator[Finding | Sound]:
        """Yield what there is to say, in the order in which it matters."""
