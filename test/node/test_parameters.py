# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Settings become parameters, checked at start and whenever they are set."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
import random

import pytest
from rcl_interfaces.msg import ParameterType
from rclpy.parameter import Parameter, parameter_dict_from_yaml_file, parameter_value_to_python
import yaml

from promptda_ros.core.settings import describe
from promptda_ros.core.settings.cameras import GROUPS, known_settings
from promptda_ros.core.settings.schema import Settings
from promptda_ros.core.settings.setting import SettingError
from promptda_ros.node.parameters import Parameters

KINDS = {
    bool: ParameterType.PARAMETER_BOOL,
    int: ParameterType.PARAMETER_INTEGER,
    float: ParameterType.PARAMETER_DOUBLE,
    str: ParameterType.PARAMETER_STRING,
}
LIST_KINDS = {
    float: ParameterType.PARAMETER_DOUBLE_ARRAY,
    str: ParameterType.PARAMETER_STRING_ARRAY,
}


def kind_of(value: object) -> int:
    return LIST_KINDS[type(value[0])] if isinstance(value, tuple) else KINDS[type(value)]


@pytest.fixture
def declare(make_bench):
    """Declare the settings on a node that was given parameters, and return both."""

    def make(*ros_arguments, **values):
        node = make_bench(*ros_arguments, **values).node
        return node, Parameters(node)

    return make


def set_live(node, **values):
    """Set parameters as one, with `__` for the dot."""
    changed = [Parameter(name.replace('__', '.'), value=value) for name, value in values.items()]
    return node.set_parameters_atomically(changed)


def test_every_setting_is_declared_with_its_default_and_its_meaning(declare):
    node, parameters = declare()
    assert parameters.settings == Settings()
    for setting in describe():
        descriptor = node.describe_parameter(setting.name)
        value = node.get_parameter(setting.name).value
        assert setting.check(value) == setting.default
        assert descriptor.type == kind_of(setting.default)
        assert descriptor.description.startswith(setting.meaning)
        assert setting.unit in descriptor.description
        assert descriptor.read_only is not setting.live
        for choice in setting.choices:
            assert choice in descriptor.additional_constraints
        spans = [*descriptor.floating_point_range, *descriptor.integer_range]
        found = [(span.from_value, span.to_value) for span in spans]
        assert found == ([setting.limits] if setting.limits else [])


def test_values_given_at_start_are_taken(declare):
    node, parameters = declare(sync__tolerance=0.05, device='cpu', prompt__max_long_side=128)
    assert parameters.settings.sync.tolerance == 0.05
    assert parameters.settings.device == 'cpu'
    assert node.get_parameter('prompt.max_long_side').value == 128


def test_an_int_is_taken_where_a_double_is_meant(declare, capfd):
    """A1: `tolerance: 1` in YAML, without a warning; also when set live."""
    node, parameters = declare(sync__tolerance=1)
    assert parameters.settings.sync.tolerance == 1.0
    assert type(parameters.settings.sync.tolerance) is float
    assert capfd.readouterr().err == ''
    assert set_live(node, sync__tolerance=0).successful
    assert parameters.settings.sync.tolerance == 0.0
    said = capfd.readouterr().err
    assert said.count('changed: sync.tolerance = 0') == 1
    assert 'WARN' not in said


@pytest.mark.parametrize(
    'name, value, text',
    [
        ('sync__tolerance', 'abc', "parameter sync.tolerance: 'abc' is not a float"),
        ('sync__tolerance', True, 'parameter sync.tolerance: True is not a float'),
        ('sync__tolerance', float('nan'), 'parameter sync.tolerance: nan is outside 0.0..1.0 s'),
        ('sync__tolerance', -0.1, 'parameter sync.tolerance: -0.1 is outside 0.0..1.0 s'),
        ('sync__tolerance', 1e9, 'parameter sync.tolerance: 1e+09 is outside 0.0..1.0 s'),
        ('sync__tolerance', [0.1], ' is not a float'),
        ('sync__queue_size', 2.5, 'parameter sync.queue_size: 2.5 is not a int'),
        ('sync__queue_size', 0, 'parameter sync.queue_size: 0 is outside 1..100'),
        ('precision', 'fp8', "parameter precision: 'fp8' is not one of auto, fp32, fp16, bf16"),
        ('device', 0, 'parameter device: 0 is not a str'),
        ('prompt__min_depth', 20.0, 'prompt.min_depth: 20 m is not below prompt.max_depth 10 m'),
    ],
)
def test_a_wrong_value_at_start_is_one_sentence(declare, name, value, text):
    """A2: name, value and limits."""
    with pytest.raises(SettingError) as wrong:
        declare(**{name: value})
    assert text in str(wrong.value)
    assert '\n' not in str(wrong.value)


def test_an_unknown_parameter_is_warned_of_with_the_nearest_name(declare, capfd):
    """A3: a misspelt parameter would be ignored in silence."""
    _, parameters = declare(sync__tolerence=0.5)
    said = capfd.readouterr().err
    assert said.count("unknown parameter 'sync.tolerence'") == 1
    assert "did you mean 'sync.tolerance'?" in said
    assert 'ignored' in said
    assert parameters.settings == Settings()


@pytest.mark.setting('strict_params')
def test_an_unknown_parameter_ends_a_strict_start(declare):
    """A3: strict_params."""
    with pytest.raises(SettingError, match=r"unknown parameter 'sync.tolerence'"):
        declare(sync__tolerence=0.5, strict_params=True)


def test_parameters_of_rclpy_itself_are_not_unknown(declare, capfd):
    _, parameters = declare(
        use_sim_time=False,
        start_type_description_service=True,
        strict_params=True,
        **{'qos_overrides./image.subscription.depth': 3},
    )
    assert parameters.settings.strict_params
    assert 'unknown' not in capfd.readouterr().err


def test_a_read_only_parameter_can_not_be_set(declare):
    """A4: what is loaded stays loaded; the node goes on."""
    node, parameters = declare()
    before = parameters.settings
    heard = []
    parameters.on_change(heard.append)
    result = set_live(node, model__path='/tmp/other')
    assert not result.successful
    assert 'read-only' in result.reason
    assert 'restart the node' in node.describe_parameter('model.path').additional_constraints
    assert node.get_parameter('model.path').value == ''
    assert parameters.settings == before
    assert heard == []


@pytest.mark.parametrize(
    'bad, value, text',
    [
        ('sync__queue_size', 1000, 'sync.queue_size'),
        ('sync__queue_size', 'many', 'sync.queue_size'),
        ('prompt__max_depth', 0.01, 'prompt.min_depth: 0.05 m is not below'),
        ('prompt__max_depth', float('nan'), 'prompt.max_depth'),
        ('model__name', 'vitl', 'model.name'),
    ],
)
def test_of_several_parameters_one_invalid_spoils_all(declare, bad, value, text):
    """A5: set as one, none is applied, and the reason names the bad one."""
    node, parameters = declare()
    heard = []
    parameters.on_change(heard.append)
    result = set_live(node, sync__tolerance=0.5, **{bad: value}, output__edge_step=0.5)
    assert not result.successful
    assert text in result.reason
    assert parameters.settings == Settings()
    assert heard == []
    for setting in describe():
        assert node.get_parameter(setting.name).value == setting.default


def test_values_that_only_fit_together_can_be_set_together(declare):
    """A5: near beyond the old far, and far with it."""
    node, parameters = declare()
    assert not set_live(node, prompt__min_depth=20.0).successful
    assert set_live(node, prompt__min_depth=20.0, prompt__max_depth=30.0).successful
    assert parameters.settings.prompt.min_depth == 20.0


def test_a_parameter_can_not_be_deleted(declare):
    node, parameters = declare()
    assert not node.set_parameters_atomically([Parameter('sync.tolerance')]).successful
    assert parameters.settings == Settings()


def test_a_thousand_live_changes_are_each_told_once(declare):
    """A6: random values; listeners get the settings that then hold."""
    node, parameters = declare()
    heard = []
    parameters.on_change(heard.append)
    draw = random.Random(6)
    values = [draw.uniform(0.0, 1.0) for _ in range(1000)]
    for value in values:
        assert set_live(node, sync__tolerance=value).successful
    assert [settings[''].sync.tolerance for settings in heard] == values
    assert parameters.of_cameras is heard[-1]
    assert parameters.settings == heard[-1]['']


# Several cameras


def test_a_camera_follows_the_common_value_until_it_has_its_own(declare, capfd):
    node, parameters = declare(cameras=['left', 'right'], left__sync__tolerance=0.03)
    of_cameras = parameters.of_cameras
    assert {name: each.sync.tolerance for name, each in of_cameras.items()} == {
        'left': 0.03,
        'right': 0.015,
    }
    assert 'unknown' not in capfd.readouterr().err
    heard = []
    parameters.on_change(heard.append)
    assert set_live(node, sync__tolerance=0.1).successful
    assert (heard[-1]['left'].sync.tolerance, heard[-1]['right'].sync.tolerance) == (0.03, 0.1)
    assert set_live(node, right__sync__tolerance=1).successful
    assert (heard[-1]['left'].sync.tolerance, heard[-1]['right'].sync.tolerance) == (0.03, 1.0)
    assert parameters.settings.sync.tolerance == 0.1
    assert len(heard) == 2


def test_every_setting_that_a_camera_may_have_is_declared_for_each_camera(declare):
    node, _ = declare(cameras=['left', 'right'])
    for camera in ('left', 'right'):
        for _, setting in known_settings([camera]).values():
            if not setting.name.startswith(tuple(f'{group}.' for group in GROUPS)):
                continue
            name = f'{camera}.{setting.name}'
            assert node.get_parameter(name).value is None
            assert node.describe_parameter(name).read_only is not setting.live
            assert setting.name in node.describe_parameter(name).description


def test_a_wrong_value_of_one_camera_names_the_camera(declare):
    with pytest.raises(SettingError, match=r'camera left: parameter sync\.tolerance: 9 is out'):
        declare(cameras=['left'], left__sync__tolerance=9.0)
    node, parameters = declare(cameras=['left'], sync__queue_size=5)
    result = set_live(node, left__prompt__min_depth=20.0, sync__queue_size=7)
    assert not result.successful
    assert 'prompt.min_depth: 20 m is not below' in result.reason
    assert parameters.of_cameras['left'].sync.queue_size == 5


def test_an_unknown_parameter_of_a_camera_is_warned_of_with_the_nearest_name(declare, capfd):
    """A3: also of a camera that is not there."""
    declare(cameras=['left'], left__sync__tolerence=0.5, right__sync__tolerance=0.5)
    said = capfd.readouterr().err
    assert "unknown parameter 'left.sync.tolerence'; did you mean 'left.sync.tolerance'?" in said
    assert "unknown parameter 'right.sync.tolerance'" in said


def test_parameters_of_rclpy_are_set_without_telling_anyone(declare):
    node, parameters = declare()
    heard = []
    parameters.on_change(heard.append)
    assert set_live(node, use_sim_time=True).successful
    assert heard == []


def test_a_wildcard_file_reaches_a_node_of_any_name(declare, tmp_path):
    """A11: `/**:` in YAML holds in a namespace and under another name."""
    file = tmp_path / 'params.yaml'
    file.write_text('/**:\n  ros__parameters:\n    sync:\n      tolerance: 1\n    device: cpu\n')
    arguments = ['--params-file', str(file), '-r', '__ns:=/robot1', '-r', '__node:=eyes']
    node, parameters = declare(*arguments)
    assert node.get_fully_qualified_name() == '/robot1/eyes'
    assert parameters.settings.sync.tolerance == 1.0
    assert parameters.settings.device == 'cpu'


def test_the_printed_file_of_defaults_is_taken_by_a_strict_node(declare):
    """config/promptda.yaml names no unknown setting and changes no default."""
    file = Path(__file__).resolve().parents[2] / 'config' / 'promptda.yaml'
    _, parameters = declare('--params-file', str(file), strict_params=True)
    assert parameters.settings == Settings(strict_params=True)


# YAML


def dump(node, path):
    """Write what `ros2 param dump` writes, null for a parameter without a value among it."""
    nested: dict = {}
    for name in node.list_parameters([], 0).names:
        group = nested
        *groups, last = name.split('.')
        for each in groups:
            group = group.setdefault(each, {})
        value = node.get_parameter(name).value
        group[last] = [*value] if isinstance(value, tuple) or hasattr(value, 'typecode') else value
    path.write_text(yaml.dump({'/promptda': {'ros__parameters': nested}}))


@pytest.mark.parametrize('cameras', [[''], ['left'], ['left', 'wrist', 'rear']])
def test_what_was_dumped_can_be_loaded_and_given_at_a_start(declare, tmp_path, cameras):
    """K15: whatever YAML makes of off, null and lists on the way."""
    own = {f'{name}__sync__tolerance': 0.03 for name in cameras[:1] if name}
    given = {'cameras': cameras, 'output__anchor': False, 'sync__wait': 1, **own}
    node, before = declare(**given)
    dump(node, tmp_path / 'dump.yaml')
    for name, message in parameter_dict_from_yaml_file(str(tmp_path / 'dump.yaml')).items():
        if not node.describe_parameter(name).read_only and node.has_parameter(name):
            value = parameter_value_to_python(message.value)
            assert node.set_parameters([Parameter(name, value=value)])[0].successful, name
    assert before.settings.output.anchor == 'off'
    dump(node, tmp_path / 'again.yaml')
    for file in ('dump.yaml', 'again.yaml'):
        _, after = declare('--params-file', str(tmp_path / file), strict_params=True)
        strict = replace(after.settings, strict_params=False)
        assert (strict, {*after.of_cameras}) == (before.settings, {*before.of_cameras})
        for name, settings in after.of_cameras.items():
            assert replace(settings, strict_params=False) == before.of_cameras[name]


def test_what_yaml_takes_for_a_truth_value_is_the_word_that_was_written(declare, tmp_path):
    """K15: off without quotes; null, ~ and an empty list leave the default."""
    file = tmp_path / 'params.yaml'
    file.write_text(
        '/**:\n  ros__parameters:\n    input: {mask: off, depth_scale: null}\n'
        '    output: {anchor: off}\n'
        '    cameras: []\n    sync: {tolerance: ~}\n'
    )
    _, parameters = declare('--params-file', str(file))
    settings = parameters.settings
    assert (settings.input.mask, settings.output.anchor) == ('off', 'off')
    assert settings.cameras == ('',)
    assert (settings.sync.tolerance, settings.input.depth_scale) == (0.015, 0.0)


def test_a_truth_value_that_is_no_choice_is_refused_as_the_word_that_was_written(declare):
    with pytest.raises(SettingError, match="mask: 'on' is not one of off, remove, keep"):
        declare(input__mask=True)
    with pytest.raises(SettingError, match=r'cameras: .* quote each in YAML'):
        declare(cameras=[True, False])


def test_a_camera_whose_value_is_taken_away_follows_the_common_one_again(declare):
    node, parameters = declare(cameras=['left'], left__sync__tolerance=0.03)
    assert set_live(node, left__sync__tolerance='null').successful
    assert parameters.of_cameras['left'].sync.tolerance == parameters.settings.sync.tolerance
