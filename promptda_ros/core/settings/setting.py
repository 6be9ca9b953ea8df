# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One setting: default, limits, unit, description, and the check of its values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, KW_ONLY
from functools import partial
import math
from typing import Any, ParamSpec, TypeAlias

from promptda_ros.core.errors import PromptdaError

P = ParamSpec('P')
Value: TypeAlias = bool | int | float | str | tuple[float, ...] | tuple[str, ...]

# What YAML's null becomes: rcl passes the word on, `ros2 param load` Python's word for it.
NO_VALUE = ('null', '~', 'none')


class SettingError(PromptdaError, ValueError):
    """A value that a setting can't take; the text names the setting, the value and the limits."""


@dataclass(frozen=True)
class Setting:
    """One setting: default, limits, unit, description."""

    default: Value
    meaning: str
    _: KW_ONLY
    name: str = ''  # with its group
    unit: str = ''
    limits: tuple[float, float] | None = None
    choices: tuple[str, ...] = ()
    lengths: tuple[int, ...] = ()
    live: bool = True

    def check(self, value: object) -> Value:
        """Return the value in the setting's own type.

        Raises:
            SettingError: the value has another type, lies outside the limits or is no choice.
        """
        kind = type(self.default)
        if self.choices and isinstance(value, bool):
            value = 'on' if value else 'off'  # what YAML took for a truth value
        if isinstance(self.default, tuple):
            return self._check_list(value, type(self.default[0]))
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = _as_float(value)  # people write `tolerance: 1`
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            hint = '; quote it in YAML' if kind is str else ''
            raise self._refusal(f'{value!r} is not a {kind.__name__}{hint}')
        if self.limits is not None and isinstance(value, int | float):
            self._check_limits(value, *self.limits)
        if self.choices and value not in self.choices:
            raise self._refusal(f'{value!r} is not one of {", ".join(self.choices)}')
        return value

    def _check_list(self, value: object, kind: type) -> Value:
        accepted = (int, float) if kind is float else kind
        entries = value if isinstance(value, Sequence) and not isinstance(value, str) else None
        if entries is None or not all(
            isinstance(each, accepted) and not isinstance(each, bool) for each in entries
        ):
            hint = '; quote each in YAML' if kind is str else ''
            raise self._refusal(f'{value!r} is not a list of {kind.__name__}{hint}')
        if self.lengths and len(entries) not in self.lengths:
            wanted = ' or '.join(str(length) for length in self.lengths)
            raise self._refusal(f'{len(entries)} values given, {wanted} are needed')
        if self.limits is not None:
            for each in entries:
                self._check_limits(each, *self.limits)
        return tuple(_as_float(each) if kind is float else each for each in entries)

    def _check_limits(self, given: float, low: float, high: float) -> None:
        if low <= given <= high:  # which NaN is not
            return
        limits = f'{low}..{high} {self.unit}'.rstrip()
        raise self._refusal(f'{_as_float(given):g} is outside {limits}')

    def _refusal(self, text: str) -> SettingError:
        return SettingError(f'parameter {self.name}: {text}')


def has_value(value: object) -> bool:
    """Return whether a parameter was given a value: null and an empty list in YAML are none."""
    is_nothing = isinstance(value, str) and value.lower() in NO_VALUE
    return value is not None and not is_nothing


def _as_float(value: float) -> float:
    """Return a number as float; whole numbers that have none are infinite."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _as_field(make: Callable[P, Setting]) -> Callable[P, Any]:
    """Return the function that declares a setting as a field of a dataclass."""

    def declare(*arguments: P.args, **about: P.kwargs) -> Any:
        made = make(*arguments, **about)
        return field(default=made.default, metadata={'setting': made})

    return declare


setting = _as_field(Setting)
metres = _as_field(partial(Setting, unit='m'))
seconds = _as_field(partial(Setting, unit='s'))
pixels = _as_field(partial(Setting, unit='px'))
fixed = _as_field(partial(Setting, live=False))  # read at start only
