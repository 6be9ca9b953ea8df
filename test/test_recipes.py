# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""docs/recipes/ and the pages about running the node against what they describe."""

from __future__ import annotations

import ast
from importlib import import_module
from importlib.util import find_spec
from itertools import takewhile
from pathlib import Path
import re
import shlex
import subprocess
import textwrap

import pytest
import yaml

from promptda_ros.core.pairing.stream import Loss
from promptda_ros.core.settings import build, describe, model_setting
from promptda_ros.core.settings.cameras import CameraSettings, known_settings
from promptda_ros.node import capture
from promptda_ros.node.interface import ROS_PUBLISHERS, ROS_SERVICES
from promptda_ros.node.outputs import OLD_OUTPUTS, OUTPUTS
from promptda_ros.node.qos_overrides import PREFIX
from promptda_ros.tools import main as tools

REPOSITORY = Path(__file__).resolve().parents[1]
RECIPES = sorted((REPOSITORY / 'docs' / 'recipes').glob('*.md'))
RUNNING = ('topics', 'calibration', 'drops', 'first_hour', 'install')
PAGES = [*RECIPES, *(REPOSITORY / 'docs' / f'{name}.md' for name in RUNNING)]
PRESETS = {path.stem for path in (REPOSITORY / 'config' / 'presets').glob('*.yaml')}
FENCE = re.compile(r'^( *)```(\w+)\n(.*?)^ *```$', re.MULTILINE | re.DOTALL)
# What a command on a page begins with; any other word is left of a line that was broken.
PROGRAMS = {
    *(
        'cd',
        'docker',
        'eval',
        'git',
        'head',
        'kubectl',
        'make',
        'mapfile',
        'mkdir',
        'pip',
        'pre-commit',
    ),
    *('promptda', 'python', 'python3', 'rm', 'ros2', 'rosdep', 'rosrun', 'sbatch', 'source'),
    *('cp', 'srun', 'sudo', 'systemctl'),
    *('benchmarks/on_a_card.sh', '.venv/bin/pip', '.venv/bin/promptda'),
}
# In /diagnostics, named like settings
DIAGNOSED = {'prompt.averaged', 'prompt.beyond_range', 'prompt.nearer_than_range'}
CAMERAS = re.compile(r'^(left|wrist)(/|$)')  # of the examples
NODE_OWN = {'capture', *(f'capture/{name}' for name in capture.CAPTURED)}
NODE_OWN |= {name.removeprefix('~/') for name in (*ROS_SERVICES, *ROS_PUBLISHERS)}

ALL_PAGES = sorted(
    path
    for pattern in ('*.md', 'docs/**/*.md', 'models/**/*.md')
    for path in REPOSITORY.glob(pattern)
)
each_page = pytest.mark.parametrize('page', PAGES, ids=lambda page: page.stem)
every_page = pytest.mark.parametrize(
    'page', ALL_PAGES, ids=lambda page: str(page.relative_to(REPOSITORY))
)


def blocks(page, language):
    """Return the code blocks of a page in a language."""
    found = FENCE.findall(page.read_text())
    return [textwrap.dedent(code) for _, named, code in found if named == language]


def commands(page):
    """Return the commands of the bash blocks as words, continued lines joined."""
    lines = '\n'.join(blocks(page, 'bash')).replace('\\\n', ' ').splitlines()
    return [words for line in lines if (words := shlex.split(line, comments=True))]


def programs(page):
    """Return the first word of each command of the bash blocks, also behind && and pipes."""
    for line in '\n'.join(blocks(page, 'bash')).replace('\\\n', ' ').splitlines():
        begins = True
        reader = shlex.shlex(line, posix=True, punctuation_chars=True)
        for word in reader:
            if begins and not re.match(r'\w+=', word):
                yield word
            begins = word in ('&&', '||', '|', ';') or (begins and '=' in word)


def flatten(tree, prefix=''):
    """Return nested parameters by dotted name."""
    flat = {}
    for name, value in tree.items():
        if isinstance(value, dict):
            flat |= flatten(value, f'{prefix}{name}.')
        else:
            flat[prefix + name] = value
    return flat


def our_parameters(page):
    """Return the parameter files of ours on a page: blocks below the wildcard."""
    files = [yaml.safe_load(code) for code in blocks(page, 'yaml')]
    return [flatten(each['/**']['ros__parameters']) for each in files if '/**' in each]


def declared(launch_file):
    """Return the names of the arguments that a launch file declares, or one it includes."""
    tree = ast.parse((REPOSITORY / 'launch' / launch_file).read_text())
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    included = [path.name for path in (REPOSITORY / 'launch').iterdir() if path.name in texts]
    return set().union(*map(declared, included)) | {
        ast.literal_eval(call.args[0])
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == 'DeclareLaunchArgument'
    }


@each_page
def test_parameters_are_accepted(page):
    for values in our_parameters(page):
        own = {
            name for name in values if not name.startswith(PREFIX)
        }  # others: test_qos_overrides
        assert own <= known_settings(values.get('cameras', [''])).keys()
        CameraSettings.of(values)


@every_page
def test_every_yaml_block_is_yaml(page):
    assert all(isinstance(yaml.safe_load(code), dict) for code in blocks(page, 'yaml'))


@every_page
def test_every_python_block_is_python(page):
    for code in blocks(page, 'python'):
        ast.parse(code)


@every_page
def test_every_bash_block_has_one_command_a_line(page):
    """A shell parses commands that were wrapped as prose, too; then lines begin with arguments."""
    assert set(programs(page)) <= PROGRAMS
    code = '\n'.join(blocks(page, 'bash'))
    parsed = subprocess.run(['bash', '-n'], input=code, capture_output=True, text=True)
    assert not parsed.stderr


@every_page
def test_no_fence_is_left_open(page):
    marks = re.findall(r'^ *```(.*)$', page.read_text(), re.MULTILINE)
    assert len(marks) % 2 == 0
    assert not any(marks[1::2])


@each_page
def test_launch_arguments_are_declared(page):
    for words in commands(page):
        if words[:3] != ['ros2', 'launch', 'promptda_ros']:
            continue
        given = dict(word.split(':=', 1) for word in words[4:])
        assert set(given) <= declared(words[3]), words
        assert given.get('camera', 'zed') in PRESETS, words
        if 'model' in given:
            build({model_setting(given['model']): given['model']})


@each_page
def test_parameters_that_are_set_live_can_be(page):
    live = {setting.name for setting in describe() if setting.live}
    for words in commands(page):
        if words[:4] == ['ros2', 'param', 'set', '/promptda']:
            name, *_, value = words[4:]
            assert name in live, words
            build({name: yaml.safe_load(value)})


@each_page
def test_topics_and_services_of_the_node_exist(page):
    """Every name below /promptda or ~ that a page mentions, with or without a camera's."""
    named = re.findall(r'(?<![\w/.])(?:~|/promptda)/([\w/]*\w)', page.read_text())
    names = {re.sub(CAMERAS, '', name) for name in named}
    assert names - {''} <= {*OUTPUTS, *OLD_OUTPUTS, *NODE_OWN}


@every_page
def test_tools_that_are_named_exist(page):
    named = set(re.findall(r'`promptda ([a-z]\w+)', page.read_text()))
    named |= {words[1] for words in commands(page) if words[0] == 'promptda' and len(words) > 1}
    assert named <= set(tools.COMMANDS)


@every_page
def test_options_of_tools_that_are_given_exist(page):
    for words in commands(page):
        if words[0].endswith('promptda') and words[1] in tools.COMMANDS:
            command = import_module(f'promptda_ros.tools.{words[1]}')
            own = takewhile(lambda word: word != '--ros-args', words[2:])
            given = {word.partition('=')[0] for word in own if word.startswith('--')}
            assert given <= set(command.make_parser().options), words


@every_page
def test_programs_of_the_checkout_that_are_named_exist(page):
    text = page.read_text()
    modules = re.findall(r'python3? -m ((?:benchmarks|promptda_ros)[.\w]*)', text)
    scripts = re.findall(r'(?:python3? |bash |`)((?:training|docs|benchmarks)/[\w/.]+\.\w+)', text)
    assert all(find_spec(module) for module in modules)
    assert all((REPOSITORY / script).is_file() for script in scripts)


@every_page
def test_targets_of_make_that_are_named_exist(page):
    named = set(re.findall(r'`make ([a-z]+)', page.read_text()))
    named |= {words[1] for words in commands(page) if words[0] == 'make' and len(words) > 1}
    assert named <= set(
        re.findall(r'^(\w+):', (REPOSITORY / 'Makefile').read_text(), re.MULTILINE)
    )


@every_page
def test_settings_that_are_named_exist(page):
    """Dotted names of our groups, such as `prompt.max_depth`, in running text."""
    known = {setting.name for setting in describe()} | DIAGNOSED
    groups = {name.partition('.')[0] for name in known if '.' in name}
    dotted = rf'`((?:{"|".join(groups)})\.(?!(?:py|safetensors)\b)\w+)'
    assert set(re.findall(dotted, page.read_text())) <= known


def test_every_recipe_is_in_the_index():
    index = (REPOSITORY / 'docs' / 'recipes' / 'README.md').read_text()
    assert {f'({page.name})' for page in RECIPES if page.stem != 'README'} <= set(
        re.findall(r'\(\w+\.md\)', index)
    )


def test_every_output_is_on_the_page_of_topics():
    page = (REPOSITORY / 'docs' / 'topics.md').read_text()
    assert all(f'`~/{output}`' in page for output in OUTPUTS)


def test_every_reason_of_a_drop_is_on_the_page_of_drops():
    page = (REPOSITORY / 'docs' / 'drops.md').read_text()
    package = REPOSITORY / 'promptda_ros'
    rooms = ('camera', 'core', 'messages', 'node')
    files = [path for room in rooms for path in package.glob(f'{room}/**/*.py')]
    code = '\n'.join(path.read_text() for path in files)
    reasons = set(re.findall(r"(?<!class )(?:BadFrame\(|drops\.add\()\s*'(\w+)'", code))
    reasons |= {loss.value for loss in Loss}
    assert reasons >= {'prompt_too_sparse', 'no_camera_info', 'no_listener', 'late'}
    assert not {reason for reason in reasons if f'`{reason}`' not in page}
