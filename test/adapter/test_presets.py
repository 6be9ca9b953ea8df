# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""config/presets/: what each camera and sensor differs in from the defaults."""

from __future__ import annotations

from pathlib import Path
import re

import pytest
import yaml

from promptda_ros.core.settings import build, describe

REPOSITORY = Path(__file__).resolve().parents[2]
PRESETS = sorted((REPOSITORY / 'config' / 'presets').glob('*.yaml'))
TOPICS = {'image', 'depth', 'camera_info', 'depth_camera_info', 'confidence', 'mask'}
NAMED_BY_THE_ISSUE = {
    'realsense_d435',
    'realsense_d435_unaligned',
    'realsense_d405',
    'realsense_l515',
    'orbbec_gemini',
    'orbbec_femto',
    'azure_kinect',
    'zed',
    'oak_d',
    'iphone_arkit',
    'vl53l5cx',
    'livox',
    'ring_lidar',
    'gazebo',
    'isaac_sim',
    'mujoco',
}

each_preset = pytest.mark.parametrize('path', PRESETS, ids=lambda path: path.stem)


def parameters_of(path):
    """Return the parameters of a preset by dotted name."""
    groups = yaml.safe_load(path.read_text()).get('parameters', {})
    return {
        f'{group}.{name}': value for group, own in groups.items() for name, value in own.items()
    }


def comment_of(path):
    """Return the lines of the comment that follows the licence."""
    lines = path.read_text().splitlines()[2:]
    return lines[: next(index for index, line in enumerate(lines) if not line.startswith('#'))]


def test_there_is_a_preset_for_every_kind_of_sensor():
    assert {path.stem for path in PRESETS} >= NAMED_BY_THE_ISSUE


@each_preset
def test_preset_has_topics_and_parameters_alone(path):
    preset = yaml.safe_load(path.read_text())

    assert set(preset) <= {'topics', 'parameters'}
    assert 'depth' in preset['topics']
    assert set(preset['topics']) <= TOPICS
    assert all(re.fullmatch(r'(/[A-Za-z]\w*)+', topic) for topic in preset['topics'].values())


@each_preset
def test_parameters_of_a_preset_are_accepted(path):
    build(parameters_of(path))


@each_preset
def test_preset_states_only_what_differs_from_the_defaults(path):
    """A value equal to its default would stay behind when the default changes."""
    defaults = {setting.name: setting.default for setting in describe()}

    same = [name for name, value in parameters_of(path).items() if defaults[name] == value]

    assert not same


@each_preset
def test_preset_may_be_changed_by_a_camera_among_several(path):
    """Parameters of the whole node, such as the model, are no matter of a camera."""
    groups = {name.partition('.')[0] for name in parameters_of(path)}

    assert groups <= {'input', 'sync', 'prompt', 'extrinsics'}


@each_preset
def test_comment_of_a_preset_says_where_it_is_from_in_four_lines(path):
    comment = comment_of(path)

    assert 1 <= len(comment) <= 4
    assert all(len(line) <= 99 for line in comment)
    assert re.search(r'sources|README|demo', '\n'.join(comment))


@each_preset
def test_depth_beside_the_camera_is_an_image_with_calibration_or_points(path):
    """Without one of them nothing can be registered."""
    topics = yaml.safe_load(path.read_text())['topics']
    needs_image_topic = 'image' not in topics
    if needs_image_topic:
        is_points = parameters_of(path).get('input.depth_transport') == 'points'
        assert is_points != ('depth_camera_info' in topics)
        assert 'Give image_topic:=' in ' '.join(line.strip('# ') for line in comment_of(path))


@each_preset
def test_preset_is_documented(path):
    page = (REPOSITORY / 'docs' / 'recipes' / 'cameras.md').read_text()

    assert f'[`{path.stem}`]' in page
    assert f'camera:={path.stem}' in page or path.stem in ('realsense_l515', 'isaac_sim', 'mujoco')
