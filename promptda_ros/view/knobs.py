# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Sliders and boxes for the parameters that matter while one looks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import viser

from promptda_ros.core.settings import describe
from promptda_ros.core.settings.setting import Setting, Value
from promptda_ros.view.source import Knobs

Change = Callable[[str, Value], None]


@dataclass(frozen=True)
class Knob:
    """A parameter and the range in which it is moved; the right end may mean the largest value."""

    name: str
    low: float = 0.0
    high: float = 1.0
    step: float = 0.01
    end_is_limit: bool = False


KNOBS = (
    Knob('workspace.min_depth', 0.0, 5.0),
    Knob('workspace.max_depth', 0.1, 10.0, end_is_limit=True),
    Knob('workspace.box_min', step=0.01),
    Knob('workspace.box_max', step=0.01),
    Knob('prompt.smoothing', 0, 10, 1),
    Knob('output.edge_filter'),
    Knob('output.edge_step', 0.001, 0.05, 0.001),
    Knob('trust.gate'),
    Knob('trust.max_difference', 0.001, 0.5, 0.001),
    Knob('trust.max_fraction', 0.0, 1.0),
    Knob('trust.agreement_distance', 0.001, 0.1, 0.001),
    Knob('trust.agreement_fraction', 0.001, 0.1, 0.001),
)
OPEN = ('workspace', 'output')  # folders
SETTINGS: Mapping[str, Setting] = {each.name: each for each in describe()}


class KnobPanel:
    """The controls of the parameters; `change` hears what a user sets."""

    def __init__(self, gui: viser.GuiApi, change: Change) -> None:
        self._handles: dict[str, Any] = {}
        for group, knobs in groupby(KNOBS, lambda knob: knob.name.partition('.')[0]):
            with gui.add_folder(group, expand_by_default=group in OPEN):
                self._handles |= {each.name: _control(gui, each) for each in knobs}
        for name, handle in self._handles.items():
            handle.on_update(_listener(name, handle, change))

    def show(self, values: Mapping[str, Value]) -> None:
        """Move every control to the value that holds."""
        for knob in KNOBS:
            if knob.name in values:
                self._handles[knob.name].value = shown(knob, values[knob.name])


def ask_for(knobs: Knobs, changes: MutableMapping[str, Value]) -> str:
    """Take all changes and ask for each; return why some were refused, '' if none was."""
    refusals = []
    while changes:  # to which other threads add
        name, value = changes.popitem()
        refusals.append(knobs.set(name, value))
    return '; '.join(filter(None, refusals))


def shown(knob: Knob, value: Value) -> Value:
    """Return where a control stands for a value, which may lie beyond its range."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return type(value)(min(max(value, knob.low), knob.high))


def meant(knob: Knob, value: Value) -> Value:
    """Return what a control that was moved asks for."""
    setting = SETTINGS[knob.name]
    if knob.end_is_limit and value == knob.high and setting.limits is not None:
        return setting.limits[1]
    if isinstance(setting.default, tuple) and isinstance(value, tuple):
        return tuple(float(each) for each in value)
    return value


def _listener(name: str, handle: Any, change: Change) -> Callable[[Any], None]:
    knob = next(each for each in KNOBS if each.name == name)

    def listen(event: Any) -> None:
        if event.client is not None:  # a user's, not our own
            change(name, meant(knob, handle.value))

    return listen


def _control(gui: viser.GuiApi, knob: Knob) -> Any:
    setting = SETTINGS[knob.name]
    label, default = knob.name.partition('.')[2].replace('_', ' '), setting.default
    if setting.choices:
        return gui.add_dropdown(
            label, setting.choices, initial_value=str(default), hint=setting.meaning
        )
    if isinstance(default, bool):
        return gui.add_checkbox(label, default, hint=setting.meaning)
    if isinstance(default, tuple):
        return gui.add_vector3(label, np.array(default), step=knob.step, hint=setting.meaning)
    value = shown(knob, default)
    hint = setting.meaning + (' The right end of the slider is no limit.' * knob.end_is_limit)
    kind = type(default)
    low, high, step = (kind(each) for each in (knob.low, knob.high, knob.step))
    return gui.add_slider(label, low, high, step, value, hint=hint)
