# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Sliders stand where the values are, and mean what they show."""

from __future__ import annotations

import pytest

from promptda_ros.core.settings import build
from promptda_ros.view.knobs import ask_for, KNOBS, meant, SETTINGS, shown

BY_NAME = {knob.name: knob for knob in KNOBS}


class OneRefusal:
    """Settings of which one is refused."""

    def values(self):
        """Return that none is known."""
        return {}

    def set(self, name, value):
        """Refuse the workspace."""
        return f'{name} is refused' * name.startswith('workspace')


@pytest.mark.parametrize('knob', KNOBS, ids=lambda knob: knob.name)
def test_every_knob_is_of_a_live_parameter_and_moves_within_its_limits(knob):
    setting = SETTINGS[knob.name]
    assert setting.live
    value = shown(knob, setting.default)
    build({knob.name: value})
    if isinstance(setting.default, int | float) and not isinstance(setting.default, bool):
        build({knob.name: type(setting.default)(knob.low)})
        build({knob.name: type(setting.default)(knob.high)})


def test_the_right_end_of_max_depth_is_no_limit():
    knob = BY_NAME['workspace.max_depth']
    assert shown(knob, 1000.0) == knob.high
    assert meant(knob, knob.high) == 1000.0
    assert meant(knob, 2.5) == 2.5


def test_whole_numbers_of_a_box_are_sent_as_floats():
    assert meant(BY_NAME['workspace.box_min'], (1, 2, 3)) == (1.0, 2.0, 3.0)


def test_a_value_beyond_the_slider_is_shown_at_its_end():
    assert shown(BY_NAME['trust.max_difference'], 7.0) == 0.5
    assert shown(BY_NAME['trust.gate'], value=True) is True


@pytest.mark.parametrize('names', [('workspace.min_depth', 'trust.gate'), ('trust.gate',)])
def test_a_refusal_is_told_whatever_else_is_asked_for_with_it(names):
    for order in (names, names[::-1]):
        changes = dict.fromkeys(order, 1.0)
        said = ask_for(OneRefusal(), changes)
        assert said == ('workspace.min_depth is refused' if len(names) > 1 else '')
        assert not changes
