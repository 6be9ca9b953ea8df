# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.core.yaml_file, and of the three readers of YAML that stand on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import given, HealthCheck, settings
from hypothesis import strategies as st
import pytest
import yaml

from promptda_ros import presets
from promptda_ros.core.settings import describe
from promptda_ros.core.settings.setting import SettingError
from promptda_ros.core.yaml_file import LARGEST, read_yaml, YamlFileError
from promptda_ros.lab.training.recipe import read_recipe, RecipeError
from promptda_ros.params_file import require_ours

READERS: dict[str, tuple[Callable[[Path], Any], type[Exception]]] = {
    'preset': (presets.read, SettingError),
    'params_file': (lambda path: require_ours(path, '/promptda'), SettingError),
    'recipe': (read_recipe, RecipeError),
}
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, -(10**400)])
    | st.floats()
    | st.text(max_size=6)
    | st.dates()
    | st.binary(max_size=4)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=5,
)


@pytest.mark.parametrize('reader', READERS)
@pytest.mark.parametrize(
    'content',
    [
        b'\xff\xfe',
        b'a: 2026-99-99',
        b'parameters: &a {x: *a}',
        b'a: [&b x, *b]',
        b'[' * 50_000,
        b'a: ' + b'9' * 5000,
        b'a: !!python/object/apply:os.system [exit]',
        b'{[1]: 2}',
        b': :\n- x: [',
        b'#' * (LARGEST + 1),
        b'3',
    ],
    ids=lambda content: repr(content[:24]),
)
def test_files_that_are_no_such_yaml_are_refused_by_every_reader(tmp_path, reader, content):
    read, error = READERS[reader]
    path = tmp_path / 'odd.yaml'
    path.write_bytes(content)
    with pytest.raises(error, match=r'odd\.yaml'):
        read(path)


@pytest.mark.parametrize('reader', READERS)
def test_paths_that_are_no_files_are_refused_by_every_reader(tmp_path, reader):
    read, error = READERS[reader]
    with pytest.raises(error, match='gone'):
        read(tmp_path / 'gone')
    with pytest.raises(error, match='directory'):
        read(tmp_path)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_values_give_a_preset_or_a_setting_error(tmp_path, data):
    names = st.sampled_from([setting.name for setting in describe()]) | st.text(max_size=6)
    content = {
        'topics': data.draw(
            st.dictionaries(st.sampled_from(presets.TOPICS), VALUES, max_size=2) | VALUES
        ),
        'parameters': data.draw(st.dictionaries(names, VALUES, max_size=2) | VALUES),
    }
    path = tmp_path / 'preset.yaml'
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding='utf-8')
    try:
        preset = presets.read(path)
    except SettingError:
        return
    assert all(isinstance(topic, str) for topic in preset.topics.values())


@pytest.mark.parametrize('value', [10**400, -(10**400), [10**400] * 3, [-(10**400)] * 4])
def test_numbers_that_no_float_holds_are_outside_of_every_limit(value):
    for each in describe():
        with pytest.raises(SettingError, match=each.name):
            each.check(value)


def test_an_alias_says_what_to_write(tmp_path):
    path = tmp_path / 'laughs.yaml'
    rows = [
        f'{name}: &{name} [{", ".join(["*" + last] * 9)}]'
        for last, name in zip('abc', 'bcd', strict=True)
    ]
    path.write_text('\n'.join(['a: &a [x]', *rows]))
    with pytest.raises(YamlFileError, match=r'has an alias .*: write its value in its place'):
        read_yaml(path)
