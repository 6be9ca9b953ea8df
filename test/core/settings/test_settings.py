# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.core.settings."""

from __future__ import annotations

from array import array
import math

from hypothesis import given
from hypothesis import strategies as st
import pytest

from promptda_ros.core.settings import build, describe, unknown_setting
from promptda_ros.core.settings.schema import Settings
from promptda_ros.core.settings.setting import SettingError


def test_nothing_given_builds_the_defaults():
    assert build({}) == Settings()


def test_every_default_passes_its_own_check():
    for setting in describe():
        assert setting.check(setting.default) == setting.default


def test_every_setting_says_what_it_means():
    for setting in describe():
        assert setting.meaning.endswith('.'), setting.name
        assert '\n' not in setting.meaning


def test_an_int_is_taken_where_a_double_is_meant():
    """A1: people write `tolerance: 1`."""
    tolerance = build({'sync.tolerance': 1}).sync.tolerance
    assert tolerance == 1.0
    assert isinstance(tolerance, float)


@pytest.mark.parametrize('value', [math.nan, math.inf, -0.1, 1e9])
def test_a_value_outside_the_limits_is_refused_with_the_limits(value: float):
    """A2: one sentence with the name, the value and what is allowed."""
    with pytest.raises(
        SettingError, match=r'parameter sync\.tolerance: .* is outside 0\.0\.\.1\.0 s'
    ):
        build({'sync.tolerance': value})


@pytest.mark.parametrize(
    'name, value',
    [
        ('sync.tolerance', 'abc'),
        ('sync.tolerance', True),
        ('sync.queue_size', 2.5),
        ('sync.queue_size', False),
        ('output.pcl_layout', 1),
        ('model.path', 3),
    ],
)
def test_a_value_of_another_type_is_refused(name: str, value: object):
    """A2: a word where a number belongs."""
    with pytest.raises(SettingError, match=f'parameter {name}: .* is not a'):
        build({name: value})


def test_a_list_is_taken_from_whatever_holds_its_values():
    for values in ([1, 2, 3], (1.0, 2.0, 3.0), array('d', (1, 2, 3))):
        assert build({'workspace.box_min': values}).workspace.box_min == (1.0, 2.0, 3.0)


@pytest.mark.parametrize(
    ('value', 'reason'),
    [
        ('1 2 3', 'is not a list of float'),
        ([1.0, 'two', 3.0], 'is not a list of float'),
        ([True, 2.0, 3.0], 'is not a list of float'),
        ([1.0, 2.0], '2 values given, 3 are needed'),
        ([1.0, 2.0, math.nan], 'nan is outside'),
        ([1.0, 2.0, 1e9], r'1e\+09 is outside -1000.0..1000.0 m'),
    ],
)
def test_a_list_that_is_none_or_has_wrong_values_is_refused(value: object, reason: str):
    """A2: the same for lists."""
    with pytest.raises(SettingError, match=reason):
        build({'workspace.box_min': value})


def test_an_unknown_choice_is_refused_with_the_choices():
    with pytest.raises(SettingError, match="'int8' is not one of auto, fp32, fp16, bf16"):
        build({'precision': 'int8'})


def test_an_unknown_name_gets_the_nearest_name_that_exists():
    """A3: a misspelt parameter is never ignored in silence."""
    assert "did you mean 'sync.tolerance'?" in unknown_setting('sync.tolerence')
    with pytest.raises(SettingError, match='did you mean'):
        build({'sync.tolerence': 0.1})


def test_a_range_without_depth_in_it_is_refused():
    with pytest.raises(SettingError, match=r'prompt\.min_depth: 2 m is not below .* 1\.5 m'):
        build({'prompt.min_depth': 2.0, 'prompt.max_depth': 1.5})


@pytest.mark.parametrize('group', ['extrinsics', 'workspace'])
@pytest.mark.parametrize('rotation', [[0.0] * 4, [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, -1.0]])
def test_a_rotation_that_is_none_is_refused_at_start(group: str, rotation: list[float]):
    """A2: and never taken for no rotation at all."""
    with pytest.raises(SettingError, match=rf'parameter {group}\.rotation: .* no rotation'):
        build({f'{group}.rotation': rotation})


@given(st.floats(0.0, 1.0))
def test_every_value_inside_the_limits_is_kept_as_it_is(value: float):
    assert build({'sync.tolerance': value}).sync.tolerance == value
