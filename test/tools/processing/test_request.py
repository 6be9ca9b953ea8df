# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.tools.processing.request: what wins, and whose topics are whose."""

from __future__ import annotations

from pathlib import Path

import pytest

from promptda_ros import presets
from promptda_ros.bags.processing.recipe import CameraTopics, Recipe
from promptda_ros.core.settings.setting import SettingError
from promptda_ros.tools.arguments import UsageError
from promptda_ros.tools.process import make_parser
from promptda_ros.tools.processing.options import parse
from promptda_ros.tools.processing.request import recipe_of

WARNED: list[str] = []


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return what makes a recipe of words and of the content of a parameter file."""
    WARNED.clear()
    monkeypatch.chdir(tmp_path)

    def make(words: str = '', params: str = '') -> Recipe:
        Path('params.yaml').write_text(params)
        given = ['bag', '--out', 'out', *words.split()]
        given += ['--params-file', 'params.yaml'] if params else []
        return recipe_of(parse(make_parser(), given), WARNED.append)

    return make


def block(text: str) -> str:
    return f'/**:\n  ros__parameters: {text}\n'


def test_without_options_it_is_the_node_with_defaults(recipe):
    made = recipe()
    assert made.topics == {'': CameraTopics()}
    assert made.settings.sync.tolerance == 0.015
    assert (made.outputs, made.prefix, made.every) == (('compressed',), '/promptda', 1)
    assert len(made.model_sha256) == 64


def test_options_win_over_files_and_files_over_presets(recipe):
    preset = presets.load('realsense_d435')
    assert preset.parameters['prompt.min_depth'] == 0.1
    params = block('{prompt: {min_depth: 0.2, max_depth: 3.0}, device: cuda}')

    assert recipe('--camera realsense_d435').settings.prompt.min_depth == 0.1
    made = recipe('--camera realsense_d435', params)
    assert (made.settings.prompt.min_depth, made.settings.device) == (0.2, 'cuda')
    made = recipe('--camera realsense_d435 --set prompt.min_depth=0.3 --device cpu', params)
    assert (made.settings.prompt.min_depth, made.settings.prompt.max_depth) == (0.3, 3.0)
    assert made.settings.device == 'cpu'


def test_a_model_of_an_option_replaces_the_one_of_a_file_by_name_or_by_path(recipe):
    params = block('{model: {path: /models/mine}}')
    assert recipe('--model vits', params).settings.model.path == ''
    assert recipe('--model vits', params).settings.model.name == 'vits'
    assert recipe('--model ./own', params).settings.model.path == str(Path('own').resolve())


def test_topics_of_a_preset_give_way_to_options_with_their_calibration(recipe, monkeypatch):
    topics = {'image': '/c/image', 'camera_info': '/c/info', 'depth': '/d/image'}
    monkeypatch.setattr(presets, 'load', lambda _: presets.Preset(topics=topics))
    camera = '--camera azure_kinect'
    assert recipe(camera).topics[''] == CameraTopics(**topics)
    changed = recipe(f'{camera} --image /other').topics['']
    # Its calibration is found beside it; the preset's is of another image.
    assert changed == CameraTopics(image='/other', depth='/d/image')
    named = recipe(f'{camera} --image /other --camera-info /info').topics['']
    assert named.camera_info == '/info'


def test_topics_of_several_cameras_lie_below_their_names_or_are_named_in_full(recipe):
    made = recipe('--cameras left,right --image camera/color --image right=/zed/rgb --depth /d')
    assert made.topics == {
        'left': CameraTopics(image='/left/camera/color', depth='/left/d'),
        'right': CameraTopics(image='/zed/rgb', depth='/right/d'),
    }
    assert made.settings.cameras == ('left', 'right')
    of_preset = recipe('--cameras left,right --camera realsense_d435').topics['left']
    assert of_preset.image == '/left/camera/camera/color/image_raw'


def test_parameters_of_one_camera_have_its_name_before_them(recipe):
    made = recipe('--set left.sync.tolerance=0.02', block('{cameras: [left, right]}'))
    assert made.of_cameras['left'].sync.tolerance == 0.02
    assert made.of_cameras['right'].sync.tolerance == 0.015


@pytest.mark.parametrize(
    'words, said',
    [
        ('--set sync.tolerence=0.1', "unknown parameter 'sync.tolerence'; did you mean"),
        ('--set left.sync.tolerance=0.1', "unknown parameter 'left.sync.tolerance'"),
        ('--set sync.tolerance=-1', 'sync.tolerance: -1 is outside'),
        ('--model nonsense', "'nonsense' is not one of promptda-tiny"),
        ('--resolution huge', "'huge' is not one of auto, low"),
        ('--cameras left,left', 'name one camera twice'),
        ('--cameras 1', "can't be part of a ROS name"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(recipe, words: str, said: str):
    with pytest.raises(SettingError, match=said):
        recipe(words)


@pytest.mark.parametrize(
    'words, said',
    [
        ('--image left=/a', 'no camera has that name; name all cameras with --cameras'),
        ('--cameras a,b --depth c=/d', r'--depth c=/d: no camera has that name.*\(a, b are known'),
        ('--prefix /a//b', "'' can't be part of a topic"),
        ('--prefix 3d', "'3d' can't be part of a topic"),
    ],
)
def test_a_name_that_leads_nowhere_is_refused(recipe, words: str, said: str):
    with pytest.raises(UsageError, match=said):
        recipe(words)


def test_a_prefix_is_taken_with_and_without_slashes(recipe):
    assert recipe('--prefix depth/').prefix == recipe('--prefix /depth').prefix == '/depth'


def test_an_unknown_parameter_of_a_file_is_a_warning_or_with_strict_params_an_error(recipe):
    """A3: as the node has it."""
    unknown = 'sync.tolerence: 0.1, use_sim_time: true'
    recipe('', block(f'{{{unknown}}}'))
    assert WARNED == [
        "unknown parameter 'sync.tolerence'; did you mean 'sync.tolerance'? (ignored)"
    ]
    with pytest.raises(SettingError, match=r"unknown parameter 'sync\.tolerence'"):
        recipe('', block(f'{{{unknown}, strict_params: true}}'))


def test_a_file_of_another_node_is_refused(recipe):
    """K16."""
    with pytest.raises(SettingError, match='has no parameters of /promptda, only of /other'):
        recipe('', '/other:\n  ros__parameters: {device: cpu}\n')
