# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the results of a run are together: bags that stand alone, or one data set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from promptda_ros.core.errors import PromptdaError


class Form(Protocol):
    """What becomes of the results in a folder."""

    def begin(self) -> None:
        """Refuse a folder, before the work, that can't take the results."""

    def place(self, target: Path) -> Path:
        """Return where a result goes that would stand there alone."""

    def finish(self) -> list[str]:
        """Make one thing of all results, and say what there is."""


class Alone:
    """Every result stands alone."""

    def __init__(self, out: Path) -> None:
        self._out = out

    def begin(self) -> None:
        """Take any folder."""

    def place(self, target: Path) -> Path:
        """Return the same place."""
        return target

    def finish(self) -> list[str]:
        """Leave them as they are."""
        return []


class LeRobot:
    """One data set, an episode of each recording."""

    def __init__(self, out: Path) -> None:
        self._out = out

    def begin(self) -> None:
        """Refuse a data set of someone else.

        Raises:
            PromptdaError: there is one, or pyarrow is missing.
        """
        try:
            from promptda_ros.bags.lerobot import dataset  # late: it needs pyarrow
        except ModuleNotFoundError as error:
            raise PromptdaError(
                f'{error.name} is not installed, so --to lerobot can write nothing: '
                'pip install -r requirements/lerobot.txt'
            ) from None
        dataset.require_place(self._out)

    def place(self, target: Path) -> Path:
        """Return the place among the episodes."""
        from promptda_ros.bags.lerobot.dataset import EPISODES

        return self._out / EPISODES / target.relative_to(self._out)

    def finish(self) -> list[str]:
        """Make the data set of all episodes that are finished."""
        from promptda_ros.bags.lerobot.dataset import assemble

        found = assemble(self._out)
        return [] if found is None else found.describe()


FORMS: dict[str, Callable[[Path], Form]] = {'bag': Alone, 'lerobot': LeRobot}
