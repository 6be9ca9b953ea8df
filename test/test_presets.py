# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""config/presets/: what each camera and sensor differs in from the defaults."""

from __future__ import annotations

from pathlib import Path
import re

import pytest

from promptda_ros import presets
from promptda_ros.core.settings import build, describe

REPOSITORY = Path(__file__).resolve().parents[1]
NAMES = presets.names()
PROMISED = {
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

each_preset = pytest.mark.parametrize('name', NAMES)


def comment_of(name):
    """Return the lines of the comment that follows the licence."""
    lines = (REPOSITORY / 'config' / 'presets' / f'{name}.yaml').read_text().splitlines()[2:]
    return lines[: next(index for index, line in enumerate(lines) if not line.startswith('#'))]


def beside(topic):
    """Return the camera_info that belongs to a picture by its name."""
    return f'{topic.rpartition("/")[0]}/camera_info'


def test_there_is_a_preset_for_every_kind_of_sensor():
    assert set(NAMES) >= PROMISED


@each_preset
def test_topics_of_a_preset_are_absolute(name):
    """A namespace is for the node, and drivers have their own."""
    topics = presets.load(name).topics

    assert 'depth' in topics
    assert all(re.fullmatch(r'(/[A-Za-z]\w*)+', topic) for topic in topics.values())


@each_preset
def test_preset_states_only_what_differs_from_the_defaults(name):
    """A value equal to its default would stay behind when the default changes."""
    defaults = {setting.name: setting.default for setting in describe()}
    parameters = presets.load(name).parameters

    assert not [each for each, value in parameters.items() if defaults[each] == value]


@each_preset
def test_preset_names_no_calibration_that_lies_beside_its_picture(name):
    topics = presets.load(name).topics

    assert topics.get('camera_info') != beside(topics.get('image', ''))
    assert topics.get('depth_camera_info') != beside(topics['depth'])


@each_preset
def test_preset_is_of_a_camera_and_not_of_the_node(name):
    """Several cameras share the network and the machine."""
    groups = {each.partition('.')[0] for each in presets.load(name).parameters}

    assert groups <= {'input', 'sync', 'prompt', 'extrinsics'}


@each_preset
def test_comment_says_in_four_lines_where_a_preset_is_from(name):
    comment = comment_of(name)

    assert 1 <= len(comment) <= 4
    assert all(len(line) <= 99 for line in comment)
    assert re.search(r'sources|README|demo', '\n'.join(comment))


@each_preset
def test_preset_without_a_camera_of_its_own_asks_for_one(name):
    has_image = 'image' in presets.load(name).topics

    asks = 'Give image_topic:=' in ' '.join(line.strip('# ') for line in comment_of(name))
    assert asks is not has_image


@each_preset
def test_tolerance_is_half_a_period_of_30_hz_where_clocks_differ_and_less_where_not(name):
    """A sensor beside a camera of yours runs freely: its nearest image is up to 16.7 ms away."""
    preset = presets.load(name)
    default = build({}).sync.tolerance
    tolerance = preset.parameters.get('sync.tolerance', default)

    runs_freely = 'image' not in preset.topics
    assert 1 / 60 < tolerance < 1 / 58 if runs_freely else tolerance < 1 / 60


@each_preset
def test_preset_is_in_the_table_of_cameras(name):
    page = (REPOSITORY / 'docs' / 'recipes' / 'cameras.md').read_text()
    topics = presets.load(name).topics

    assert f'| [`{name}`](#' in page
    assert all(topic in page for role, topic in topics.items() if role == 'image')
