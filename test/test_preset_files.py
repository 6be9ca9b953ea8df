# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Reading presets: two sections, known names, checked values, one sentence for what is wrong."""

from __future__ import annotations

from pathlib import Path
import re
import subprocess
import sys

import pytest

from promptda_ros import presets
from promptda_ros.core.settings.setting import SettingError

PAGE = (Path(__file__).resolve().parents[1] / 'docs/recipes/cameras.md').read_text()
MINE = """
topics:
  image: /eye/image
  depth: /eye/depth
parameters:
  sync:
    tolerance: 1
  prompt.max_depth: 3.0
"""


def read(tmp_path, text):
    """Read a preset of this text."""
    file = tmp_path / 'mine.yaml'
    file.write_text(text)
    return presets.read(file)


def test_topics_and_parameters_are_read_by_dotted_name(tmp_path):
    preset = read(tmp_path, MINE)
    assert preset.topics == {'image': '/eye/image', 'depth': '/eye/depth'}
    assert preset.parameters == {'sync.tolerance': 1, 'prompt.max_depth': 3.0}


def test_an_empty_file_changes_nothing(tmp_path):
    assert read(tmp_path, '') == presets.Preset()


@pytest.mark.parametrize(
    'text, why',
    [
        ('topic: {}', "unknown section 'topic'; did you mean topics?"),
        ('topics: {imag: /a}', "unknown topic 'imag'; did you mean image?"),
        ('topics: [/a]', 'topics is not a list of names with values'),
        ('a sentence', 'the file is not a list of names with values'),
        ('parameters: {sync: {tolerence: 1}}', "unknown parameter 'sync.tolerence'; did you mean"),
        ('parameters: {sync: {tolerance: 9}}', 'sync.tolerance: 9 is outside 0.0..1.0 s'),
        ('parameters: {sync: tolerance', 'expected'),
        ('!!python/object/apply:os.getcwd []', 'could not determine a constructor'),
    ],
)
def test_what_is_wrong_is_one_sentence_with_the_file(tmp_path, text, why):
    with pytest.raises(SettingError) as wrong:
        read(tmp_path, text)
    assert why in str(wrong.value)
    assert str(wrong.value).startswith(str(tmp_path / 'mine.yaml'))
    assert '\n' not in str(wrong.value)


def test_a_misspelt_preset_is_answered_with_the_nearest():
    with pytest.raises(SettingError, match="no preset 'realsense_d453'; did you mean realsense_"):
        presets.load('realsense_d453')


def test_every_preset_of_the_package_can_be_loaded():
    assert len(presets.names()) > 10
    for name in presets.names():
        assert presets.load(name).topics['depth']


def test_the_preset_that_the_page_of_cameras_shows_is_read(tmp_path):
    (shown,) = (
        code for code in re.findall(r'```yaml\n(.*?)```', PAGE, re.DOTALL) if 'SPDX' in code
    )
    assert read(tmp_path, shown).topics['depth'] == '/my_camera/depth/image_raw'


def test_the_page_of_cameras_names_what_a_preset_may_hold():
    assert not [each for each in (*presets.SECTIONS, *presets.TOPICS) if f'`{each}`' not in PAGE]


def test_presets_need_neither_ros_nor_torch():
    """The launch file reads them in a process that need not have torch."""
    program = 'import sys; sys.modules["torch"] = sys.modules["rclpy"] = None\n'
    program += 'from promptda_ros import presets; presets.load("livox")'
    subprocess.run([sys.executable, '-c', program], check=True)
