# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Checking named values: the fields of JSON files, and keywords of transformers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
import math
import sys
from typing import Any, cast, TYPE_CHECKING

from promptda_ros.core.errors import suggest

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

LARGEST_FACTOR = 64  # of a scale: more than any patch has pixels
# Names of transformers that have no effect here, with the values that may be ignored; None: every
# value.
Foreign = Mapping[str, tuple[object, ...] | None]


class UnknownName(TypeError, ValueError):
    """A field or a keyword that neither this package nor transformers knows."""


def keep_known(
    owner: str, values: Mapping[str, Any], known: Iterable[str], foreign: Foreign
) -> dict[str, Any]:
    """Return the known values, drop the foreign ones, refuse every other one.

    Names that begin with an underscore are private to whoever wrote them.

    Raises:
        ValueError: a foreign value would change what comes out, or a name is unknown.
    """
    known = set(known)
    for name, value in values.items():
        if name in known or name.startswith('_'):
            continue
        if name not in foreign:
            raise UnknownName(
                f'{owner} has no {name} (given as {value!r}); {suggest(name, sorted(known))}'
            )
        harmless = foreign[name]
        if harmless is not None:
            allowed = f'one of {harmless} or left out: nothing here acts on it'
            require(value in harmless, f'{owner}: {name}', value, allowed)
    return {name: value for name, value in values.items() if name in known}


def require(condition: bool, field: str, value: object, allowed: str) -> None:
    """Raise a ValueError that names the field, its value and what is allowed."""
    if not condition:
        raise ValueError(f'{field} is {value!r}, must be {allowed}')


class Fields:
    """Base of dataclasses that check their own fields."""

    def require_field(self, name: str, condition: bool, allowed: str) -> None:
        """Raise a ValueError about one field."""
        require(condition, f'{type(self).__name__}.{name}', getattr(self, name), allowed)

    def require_flags(self) -> None:
        """Refuse fields that are true or false by default and something else now."""
        for field in fields(cast('DataclassInstance', self)):
            if isinstance(field.default, bool):
                value = getattr(self, field.name)
                self.require_field(field.name, isinstance(value, bool), 'true or false')

    def require_list(self, name: str) -> None:
        """Turn a list field into a tuple, in place; refuse what is no list."""
        value = getattr(self, name)
        self.require_field(name, isinstance(value, (list, tuple)), 'a list')
        object.__setattr__(self, name, tuple(value))

    def require_choice(self, name: str, choices: tuple[str, ...]) -> None:
        """Refuse a field that is not one of the choices."""
        self.require_field(name, getattr(self, name) in choices, f'one of {", ".join(choices)}')

    def require_whole(self, *names: str, at_most: float = math.inf) -> None:
        """Refuse fields that are not whole numbers from 1 to at_most."""
        allowed = 'a whole number above 0' + (f', {at_most} at most' if at_most < math.inf else '')
        for name in names:
            value = getattr(self, name)
            self.require_field(name, is_whole(value) and value <= at_most, allowed)

    def require_number(
        self, *names: str, at_least: float = -math.inf, below: float = math.inf
    ) -> None:
        """Refuse fields that are not numbers in [at_least, below)."""
        for name in names:
            value = getattr(self, name)
            inside = is_number(value) and at_least <= value < below
            self.require_field(name, inside, f'a number from {at_least} to below {below}')


def is_whole(value: object) -> bool:
    """Return whether a value is a whole number above 0; True is not a number."""
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def is_number(value: object) -> bool:
    """Return whether a value is a number that a float can hold; True is not."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return False
    return abs(value) <= sys.float_info.max


def is_factor(value: Any) -> bool:
    """Return whether a value is a scale that convolutions reach: 1, 2, 3, ... or below 1."""
    if not is_number(value) or not 1 / LARGEST_FACTOR <= value <= LARGEST_FACTOR:
        return False
    return value < 1 or float(value).is_integer()


def names_of(config_class: type[Any]) -> list[str]:
    """Return the names of the fields of a dataclass."""
    return [field.name for field in fields(config_class)]


def to_plain(**values: Any) -> dict[str, Any]:
    """Return values as JSON knows them: tuples become lists."""
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in values.items()
    }
