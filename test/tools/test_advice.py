# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""K18: what a message advises exists, and following it works."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
import re

import cv2
import numpy as np
import pytest
import torch
import yaml

import promptda_ros
from promptda_ros.core.errors import ExitCode
from promptda_ros.core.settings import describe
from promptda_ros.tools import main as tools
from promptda_ros.tools.arguments import in_options

PACKAGE = Path(promptda_ros.__file__).parent
ROOT = PACKAGE.parent
# Options of the programs of others that messages name
OTHERS = {'--frame-id', '--child-frame-id', '--x', '--src', '--dst', '--clock', '--field'}
OTHERS |= {'--ros-args', '--params-file', '--strict', '--index-url', '--ipc', '--shm-size'}
# Arguments of launch files, and parameters of the nodes of others
ARGUMENTS = {'align_depth.enable', 'model', 'name', 'namespace', 'use_sim_time'}


def texts() -> Iterator[tuple[str, str]]:
    """Yield every string of the package but docstrings, with its file."""
    for path in sorted(PACKAGE.rglob('*.py')):
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
            if isinstance(node, ast.JoinedStr):
                values = [getattr(part, 'value', None) for part in node.values]
                parts = [value if isinstance(value, str) else '{}' for value in values]
                yield path.name, ''.join(parts)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield path.name, node.value


TEXTS = list(texts())


def named(pattern: str) -> set[str]:
    return {found for _, text in TEXTS for found in re.findall(pattern, text)}


def test_every_option_that_a_message_names_exists(capsys, monkeypatch):
    monkeypatch.setattr(tools, 'SENDS_IMAGES', ())
    for command in tools.COMMANDS:
        tools.main([command, '--help'])
    options = set(re.findall(r'--[a-z][a-z-]+', capsys.readouterr().out))
    # But the variables of style sheets
    pattern = r'(?<![\w-])(?<!var\()(--[a-z][a-z-]*[a-z])\b(?!:)'
    assert named(pattern) - options - OTHERS == set()


def test_every_parameter_that_a_message_sets_exists():
    known = {setting.name for setting in describe()} | ARGUMENTS
    advised = named(r'(?<![\w.])([a-z][a-z_]*(?:\.[a-z_]+)*):=')
    assert {name for name in advised - known if not name.endswith('_topic')} == set()


def test_every_command_that_a_message_names_exists():
    commands = named(r'`promptda ([a-z_]+)')
    assert commands
    assert commands - set(tools.COMMANDS) == set()


def test_every_file_that_a_message_names_exists():
    files = named(r'(?:docs|requirements|config|training)/[\w/]+\.\w+')
    assert files
    assert [name for name in files if not (ROOT / name).is_file()] == []


Estimate = Callable[..., tuple[int, str]]


@pytest.fixture
def estimate(tmp_path: Path, network_folder: Path, monkeypatch, capsys) -> Estimate:
    """Return what runs promptda estimate, and returns its code and what it complains of."""
    monkeypatch.chdir(tmp_path)
    cv2.imwrite('image.png', np.tile(np.arange(128, dtype=np.uint8)[None, :, None], (96, 1, 3)))

    def run(depth: np.ndarray, *words: str) -> tuple[int, str]:
        np.save('depth.npy', depth)
        files = ['--image', 'image.png', '--depth', 'depth.npy', '--out', 'out']
        capsys.readouterr()
        network = '--model', str(network_folder), '-p', 'trust.gate:=false'  # random weights
        code = tools.main(['estimate', *files, *network, *words])
        return code, capsys.readouterr().err

    return run


DEPTH_M = np.linspace(0.5, 1.5, 24 * 32, dtype=np.float32).reshape(24, 32)


def test_the_scale_that_is_advised_is_taken(estimate):
    code, complaint = estimate(1000 * DEPTH_M)
    assert code == ExitCode.CONFIGURATION
    (advice,) = re.findall(r'use (--depth-scale \S+?)[,;]', complaint)
    assert estimate(1000 * DEPTH_M, *advice.split())[0] == ExitCode.CLEAN


ADVISED = [name for name in sorted(named(r'([a-z][a-z_]*(?:\.[a-z_]+)*):=')) if name]


@pytest.mark.parametrize('command', tools.COMMANDS)
def test_a_command_advises_no_option_that_it_has_not(command):
    """What it can't set stays as the node takes it; what it can set, its own parser takes."""
    parser = import_module(f'promptda_ros.tools.{command}').make_parser()
    for name in ADVISED:
        said = in_options(f'set {name}:=1, or wait', parser.options)
        option = said.split()[1]
        assert option in parser.options or said == f'set {name}:=1, or wait'
    takes_any = bool({'-p', '--set'} & {*parser.options})
    assert takes_any == (in_options('set engine:=auto', parser.options)[4] == '-')


@pytest.mark.skipif(torch.cuda.is_available(), reason='the device is there')
@pytest.mark.parametrize('command', ['evaluate', 'train'])
def test_the_device_that_another_command_advises_is_there(
    command, tmp_path, network_folder, capsys
):
    words = ['--device', 'cuda', '--out', str(tmp_path / 'out')]
    if command == 'train':
        words += ['--init', str(network_folder), '--data', str(frames(tmp_path)), '--workers', '0']
        words.append(str(recipe(tmp_path, width=140, height=112)))
    else:
        words += ['--model', str(network_folder), '--', str(frames(tmp_path))]
    assert tools.main([command, *words]) == ExitCode.MODEL_OR_DEVICE
    (advice,) = re.findall(r'use --device (\S+)', capsys.readouterr().err)
    assert tools.main([command, *words[:1], advice, *words[2:]]) == ExitCode.CLEAN


@pytest.mark.skipif(torch.cuda.is_available(), reason='the device is there')
def test_the_device_that_is_advised_is_there(estimate):
    code, complaint = estimate(DEPTH_M, '--device', 'cuda')
    assert code == ExitCode.MODEL_OR_DEVICE
    (advice,) = re.findall(r'use (--device \S+)', complaint)
    assert estimate(DEPTH_M, *advice.split())[0] == ExitCode.CLEAN


def test_a_setting_that_is_advised_is_an_option(estimate):
    far_m = 20 * DEPTH_M + 10
    code, complaint = estimate(far_m, '-p', 'prompt.max_depth:=9')
    assert code == ExitCode.CONFIGURATION
    assert 'prompt.max_depth' in complaint
    assert estimate(far_m, '-p', 'prompt.max_depth:=50')[0] == ExitCode.CLEAN


def test_a_picture_that_is_turned_as_advised_is_taken(estimate):
    """No advice about the driver of a camera: these are files."""
    code, complaint = estimate(np.ascontiguousarray(DEPTH_M.T))
    assert code == ExitCode.CONFIGURATION
    assert 'turn one of them' in complaint
    assert 'align_depth' not in complaint
    assert estimate(np.ascontiguousarray(DEPTH_M.T[::-1].T))[0] == ExitCode.CLEAN


def frames(folder: Path) -> Path:
    """Write four frames of 140x112 with a sensor, and return their folder."""
    for kind, size in (('image', (140, 112)), ('sensor', (20, 16)), ('depth', (140, 112))):
        (folder / 'frames' / kind).mkdir(parents=True)
        for number in range(4):
            depth = np.tile(np.linspace(800, 1200, size[0]), (size[1], 1)).astype(np.uint16)
            depth[: size[1] // 2, : size[0] // 2] += np.uint16(100 * number + 300)
            picture = np.full((size[1], size[0], 3), 90, np.uint8) if kind == 'image' else depth
            cv2.imwrite(str(folder / 'frames' / kind / f'{number}.png'), picture)
    return folder / 'frames'


def recipe(folder: Path, *, width: int, height: int) -> Path:
    """Write a recipe of one step, and return its file."""
    phase = {'steps': 1, 'batch': 1, 'height': height, 'width': width}
    (folder / 'recipe.yaml').write_text(yaml.safe_dump({'phases': [phase]}))
    return folder / 'recipe.yaml'


def test_the_size_that_a_recipe_is_advised_is_taken(tmp_path, network_folder, capsys):
    more = ['--init', str(network_folder), '--data', str(frames(tmp_path))]

    def train(width: int, height: int) -> int:
        file = recipe(tmp_path, width=width, height=height)
        words = [str(file), '--out', str(tmp_path / 'out'), '--workers', '0']
        return tools.main(['train', *words, *more])

    assert train(112, 56) == ExitCode.CONFIGURATION
    ((width, height),) = re.findall(r'take (\d+)x(\d+)', capsys.readouterr().err)
    assert train(int(width), int(height)) == ExitCode.CLEAN
