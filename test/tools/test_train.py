# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.tools.train."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
import json
import os
from pathlib import Path
import shutil
import signal
import subprocess
import sys
from typing import Any

import cv2
import numpy as np
import pytest
import torch
import yaml

from promptda_ros.core.errors import ExitCode
from promptda_ros.core.settings import build
from promptda_ros.lab.training import trainer
from promptda_ros.lab.training.model_folder import CARD, MODEL, RECIPE
from promptda_ros.lab.training.recipe import read_recipe
from promptda_ros.lab.training.render import RenderError
from promptda_ros.lab.training.state import CHECKPOINT, Progress
from promptda_ros.model import load_model
from promptda_ros.model_folders import expected_digest
from promptda_ros.network import load_network
from promptda_ros.network.anchor import Anchor, AnchorConfig
from promptda_ros.network.files.anchor_file import save_anchor
from promptda_ros.network.files.statement import read_statement, Statement, write_statement
from promptda_ros.process import Stopped
from promptda_ros.tools import train
from promptda_ros.tools.main import main as promptda

ROOT = Path(__file__).resolve().parents[2]
RECIPE_VALUES: dict[str, Any] = {
    'network': {
        'depth_estimation_type': 'metric',
        'backbone_config': {
            'hidden_size': 96,
            'num_hidden_layers': 2,
            'num_attention_heads': 2,
            'image_size': 70,
            'out_indices': [1, 2],
            'reshape_hidden_states': False,
        },
        'reassemble_hidden_size': 96,
        'reassemble_factors': [7, 2],
        'neck_hidden_sizes': [56, 8],
        'fusion_hidden_size': 8,
        'head_hidden_size': 16,
    },
    'phases': [{'steps': 2, 'batch': 2, 'height': 56, 'width': 70}],
}


def main(argv: list[str]) -> int:
    return promptda(['train', *argv])


@pytest.fixture
def write_recipe(tmp_path: Path) -> Callable[..., Path]:
    def write(steps: int = 2, **changes: Any) -> Path:
        phases = [{**RECIPE_VALUES['phases'][0], 'steps': steps}]
        values = {**RECIPE_VALUES, 'phases': phases, **changes}
        values = {name: value for name, value in values.items() if value is not None}
        path = tmp_path / 'recipe.yaml'
        path.write_text(yaml.safe_dump(values))
        return path

    return write


@pytest.fixture
def frames(tmp_path: Path) -> Path:
    """Write a folder of six frames with a sensor of 20x16 beside reference depth of 70x56."""
    rng = np.random.default_rng(2)
    folder = tmp_path / 'frames'
    for kind in ('image', 'sensor', 'depth'):
        (folder / kind).mkdir(parents=True)
    for number in range(6):
        image = rng.integers(0, 256, (56, 70, 3), np.uint8)
        depth_mm = np.full((56, 70), 1200, np.uint16)
        top, left = rng.integers(0, 30, 2)
        depth_mm[top : top + 20, left : left + 20] = 800
        sensor_mm = cv2.resize(depth_mm, (20, 16), interpolation=cv2.INTER_NEAREST)
        for kind, picture in (('image', image), ('sensor', sensor_mm), ('depth', depth_mm)):
            cv2.imwrite(str(folder / kind / f'{number}.png'), picture)
    return folder


def run(recipe: Path, out: Path, *more: str | Path) -> int:
    return main([str(recipe), '--out', str(out), '--workers', '0', *map(str, more)])


def test_recordings_are_not_squeezed(write_recipe, frames, tmp_path, capsys):
    """The node keeps a camera's shape: what is trained on squeezed pictures never meets it."""
    recipe = write_recipe(phases=[{'steps': 1, 'batch': 2, 'height': 56, 'width': 112}])
    assert run(recipe, tmp_path / 'out', '--data', frames) == ExitCode.CONFIGURATION
    assert '112x56, not of the shape of the recorded 70x56' in capsys.readouterr().err


def test_a_run_on_recordings_ends_in_a_folder_that_the_node_loads(
    write_recipe, frames, tmp_path, capsys
):
    recipe = write_recipe()
    assert run(recipe, tmp_path / 'out', '--data', frames) == ExitCode.CLEAN
    model = tmp_path / 'out' / MODEL
    printed = capsys.readouterr().out
    assert '6 frames, of which 1 are to judge on' in printed
    assert str(model) in printed
    loaded = load_model(build({'model.path': str(model), 'device': 'cpu'}))
    card = (model / CARD).read_text()
    assert read_recipe(recipe).sha256 in card
    assert loaded.sha256 in card
    assert (model / RECIPE).read_bytes() == recipe.read_bytes()
    processor = json.loads((model / 'preprocessor_config.json').read_text())
    assert processor['size'] == {'height': 56, 'width': 70}


@pytest.mark.parametrize(
    'best_step, sentence',
    [(0, 'not better than it began: score 0.900'), (7, 'best score 0.900 at step 7')],
)
def test_the_end_says_whether_anything_was_learnt(best_step, sentence):
    assert sentence in Progress(step=9, best_score=0.9, best_step=best_step).describe()


def test_a_network_of_ones_own_is_adapted(write_recipe, frames, network_folder, tmp_path):
    """Any checkpoint, also one that this repository could not start: its shape is its own."""
    begun = Path(shutil.copytree(network_folder, tmp_path / 'begun'))
    states = Statement(precision='fp32', caution='for tests')
    write_statement(begun, states)
    save_anchor(Anchor(AnchorConfig(widths=(8, 8))), begun)
    changed = load_network(begun)
    changed.config.depth_space = 'log'
    changed.save_pretrained(begun)
    recipe, init = write_recipe(network=None), ('--init', begun)
    assert run(recipe, tmp_path / 'out', *init, '--data', frames) == ExitCode.CLEAN
    model = tmp_path / 'out' / MODEL
    assert load_network(begun).sha256 in (model / CARD).read_text()
    assert read_statement(model) == states
    made = load_network(model)
    assert made.config.depth_space == 'log'
    assert made.anchor.sha256 == load_network(begun).anchor.sha256
    settings = build({'model.path': str(model), 'device': 'cpu', 'engine': 'torch'})
    assert load_model(settings).sha256 == expected_digest(settings.model) == made.sha256


def test_adapting_a_network_without_an_anchor_begins_a_new_one_and_says_so(
    frames, network_folder, tmp_path, capsys
):
    """As the official folders are: in metres, and without an anchor."""
    shutil.rmtree(frames / 'sensor')
    values = yaml.safe_load((ROOT / 'training/adapt.yaml').read_text())
    values['phases'] = [{'steps': 2, 'batch': 2, 'height': 42, 'width': 56}]
    recipe = tmp_path / 'adapt.yaml'
    recipe.write_text(yaml.safe_dump(values))
    init = '--init', network_folder, '--self', '--data', frames
    assert run(recipe, tmp_path / 'out', *init) == ExitCode.CLEAN
    assert 'no anchor: a new one is trained' in capsys.readouterr().out
    model = tmp_path / 'out' / MODEL
    begun, made = load_network(network_folder), load_network(model)
    assert begun.anchor is None
    assert made.anchor is not None
    assert made.config == begun.config
    for name, weights in begun.state_dict().items():
        assert torch.equal(made.state_dict()[name], weights), name
    settings = build({'model.path': str(model), 'device': 'cpu', 'engine': 'torch'})
    assert load_model(settings).anchor_sha256
    again = '--init', model, '--self', '--data', frames
    assert run(recipe, tmp_path / 'again', *again) == ExitCode.CLEAN
    assert 'no anchor' not in capsys.readouterr().out


def test_one_recipe_trains_network_and_anchor(write_recipe, frames, tmp_path):
    """From nothing, and from depth alone, of which prompts are made."""
    shutil.rmtree(frames / 'sensor')
    cell = {'height': 56, 'width': 70}
    phases = [{'steps': 3, 'batch': 2, 'height': 42, 'width': 50, 'whole_share': 0.5}]
    recipe = write_recipe(
        network={**RECIPE_VALUES['network'], 'depth_space': 'log'},
        anchor=True, network_share=0.7, cell=cell, phases=phases, seed=1,
    )  # fmt: skip
    assert run(recipe, tmp_path / 'out', '--data', frames) == ExitCode.CLEAN
    settings = build(
        {'model.path': str(tmp_path / 'out' / MODEL), 'device': 'cpu', 'engine': 'torch'}
    )
    model = load_model(settings)
    assert model.anchor_sha256
    assert model.sha256 == expected_digest(settings.model)


def test_frames_without_any_depth_are_said_in_one_sentence(write_recipe, frames, tmp_path, capsys):
    shutil.rmtree(frames / 'sensor')
    for path in (frames / 'depth').iterdir():
        cv2.imwrite(str(path), np.zeros((56, 70), np.uint16))
    code = run(write_recipe(anchor=True), tmp_path / 'out', '--data', frames)
    assert code == ExitCode.CONFIGURATION
    complaint = capsys.readouterr().err.splitlines()[-1]
    assert complaint.startswith('promptda train: 0 of ')
    assert 'frames have usable depth' in complaint


def test_a_run_on_the_cell_renders_measures_and_trains(write_recipe, tmp_path):
    pytest.importorskip('mujoco')
    recipe = write_recipe(
        steps=1,
        sensors={'zones_8x8': 1, 'time_of_flight': 1},
        cell={'scenes': 1, 'views': 2, 'validation_scenes': 1, 'height': 112, 'width': 140},
        phases=[{'steps': 1, 'batch': 2, 'height': 112, 'width': 140}],
    )
    assert run(recipe, tmp_path / 'out') == ExitCode.CLEAN
    log = (tmp_path / 'out' / 'log.csv').read_text()
    assert 'zones_8x8 MAE' in log
    assert 'time_of_flight edge band' in log


@contextmanager
def running(recipe: Path, out: Path, data: Path) -> Iterator[subprocess.Popen[str]]:
    """Train with one loader process in a process group of its own until steps are taken."""
    command = [sys.executable, '-m', 'promptda_ros.tools.main', 'train', str(recipe)]
    command += ['--out', str(out), '--workers', '1', '--data', str(data)]
    environment = {**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONUNBUFFERED': '1'}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stderr is not None
        try:
            while 'loss=' not in process.stderr.readline():
                assert process.poll() is None
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize(
    'stop, exit_code',
    [(signal.SIGTERM, ExitCode.CLEAN), (signal.SIGINT, ExitCode.INTERRUPTED)],
)
def test_a_stop_of_all_processes_at_once_keeps_the_steps_so_far(
    write_recipe, frames, tmp_path, stop, exit_code
):
    """K21: as Ctrl-C and service managers send it."""
    recipe = write_recipe(steps=100_000, save_every=100_000)
    with running(recipe, tmp_path / 'out', frames) as process:
        os.killpg(process.pid, stop)
        printed, complaints = process.communicate(timeout=60)
    assert process.returncode == exit_code, complaints
    assert 'stopped; the same command resumes' in printed + complaints
    assert 'Traceback' not in complaints
    assert (tmp_path / 'out' / CHECKPOINT).exists()


def test_a_stop_that_ends_a_rendering_process_first_is_no_failure(
    write_recipe, tmp_path, monkeypatch, capsys
):
    """K21: a library has swallowed what the signal raised here."""

    def render(*_: object, **__: object) -> None:
        with suppress(Stopped):
            signal.raise_signal(signal.SIGTERM)
        raise RenderError('one of 2 rendering processes died')

    monkeypatch.setattr(train, 'render_validation', render)
    recipe = write_recipe(
        sensors={'zones_8x8': 1},
        phases=[{'steps': 1, 'batch': 2, 'height': 112, 'width': 140}],
        cell={'height': 112, 'width': 140},
    )
    assert run(recipe, tmp_path / 'out') == ExitCode.INTERRUPTED
    assert capsys.readouterr().err == 'promptda train: stopped before anything was kept\n'


@pytest.mark.skipif(sys.platform != 'linux', reason='finds the loader in /proc')
def test_a_loader_that_dies_is_said_in_one_sentence(write_recipe, frames, tmp_path):
    """K21: killed, as where memory ran out; the checkpoint is kept."""
    with running(write_recipe(steps=100_000), tmp_path / 'out', frames) as process:
        children = Path(f'/proc/{process.pid}/task/{process.pid}/children')
        for loader in children.read_text().split():
            os.kill(int(loader), signal.SIGKILL)
        _, complaints = process.communicate(timeout=60)
    assert process.returncode == ExitCode.INTERNAL, complaints
    assert 'promptda train: a loader process died' in complaints
    assert (tmp_path / 'out' / CHECKPOINT).exists()
    assert 'Traceback' not in complaints


def test_what_a_loader_can_not_read_is_said_in_one_sentence(
    write_recipe, frames, tmp_path, capsys, monkeypatch
):
    """Pictures that go away once the run has begun."""

    def judge_and_lose(*given):
        shutil.rmtree(frames / 'image')
        return judge(*given)

    judge = trainer.judge
    monkeypatch.setattr(trainer, 'judge', judge_and_lose)
    more = ('--data', frames, '--workers', '1')
    assert run(write_recipe(), tmp_path / 'out', *more) == ExitCode.CONFIGURATION
    complaint = capsys.readouterr().err.splitlines()[-1]
    assert complaint.startswith('promptda train: ')
    assert str(frames / 'image') in complaint


def test_a_run_that_is_stopped_goes_on_in_another_process_bit_for_bit(
    write_recipe, frames, tmp_path
):
    recipe = write_recipe(steps=40, evaluate_every=20)
    assert run(recipe, tmp_path / 'whole', '--data', frames) == ExitCode.CLEAN

    command = [sys.executable, '-m', 'promptda_ros.tools.main', 'train', str(recipe)]
    command += ['--out', str(tmp_path / 'parts'), '--workers', '0', '--data', str(frames)]
    environment = {**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONUNBUFFERED': '1'}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        while not process.stdout.readline().startswith('step 0'):
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        printed, complaints = process.communicate(timeout=60)
    assert process.returncode == ExitCode.CLEAN, complaints
    assert 'stopped; the same command resumes' in printed
    assert not (tmp_path / 'parts' / MODEL).exists()

    assert run(recipe, tmp_path / 'parts', '--data', frames) == ExitCode.CLEAN
    for name in ('log.csv', f'{MODEL}/model.safetensors'):
        parts, whole = (tmp_path / out / name for out in ('parts', 'whole'))
        assert parts.read_bytes() == whole.read_bytes(), name


@pytest.mark.parametrize(
    'changes, more, exit_code, sentence',
    [
        ({'spoilling': {}}, [], ExitCode.CONFIGURATION, 'did you mean spoiling?'),
        ({'network': None}, [], ExitCode.CONFIGURATION, 'name a folder with --init'),
        ({}, [], ExitCode.CONFIGURATION, 'the recipe has no sensors'),
        ({}, ['--data', 'nowhere'], ExitCode.CONFIGURATION, 'nowhere does not exist'),
        ({}, ['--data', 'a.mcap'], ExitCode.CONFIGURATION, '--topics IMAGE SENSOR [REFERENCE]'),
        ({}, ['--init', 'nowhere'], ExitCode.MODEL_OR_DEVICE, 'nowhere does not exist'),
        ({}, ['--device', 'tpu'], ExitCode.MODEL_OR_DEVICE, "'tpu' is unknown"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence_before_anything_is_made(
    write_recipe, tmp_path, capsys, monkeypatch, changes, more, exit_code, sentence
):
    monkeypatch.chdir(tmp_path)
    assert run(write_recipe(**changes), tmp_path / 'out', *more) == exit_code
    complaint = capsys.readouterr().err
    assert complaint.startswith('promptda train: ')
    assert complaint.count('\n') == 1
    assert sentence in complaint
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize('workers', ['-1', 'two'])
def test_workers_that_can_not_be_counted_are_refused(write_recipe, tmp_path, workers):
    words = [str(write_recipe()), '--out', str(tmp_path / 'out'), '--workers', workers]
    assert main(words) == ExitCode.CONFIGURATION


def test_the_network_of_the_recipe_and_of_init_must_be_the_same(
    write_recipe, frames, network_folder, tmp_path, capsys
):
    more = ('--init', network_folder, '--data', frames)
    assert run(write_recipe(), tmp_path / 'out', *more) == ExitCode.CONFIGURATION
    assert 'remove `network` from the recipe' in capsys.readouterr().err


def test_frames_rendered_for_another_recipe_are_refused(write_recipe, tmp_path, capsys):
    pytest.importorskip('mujoco')
    cell = {'scenes': 1, 'views': 1, 'validation_scenes': 1, 'height': 56, 'width': 70}
    sensors = {'zones_8x8': 1}
    folder = ('--frames', tmp_path / 'frames')
    assert run(write_recipe(steps=1, cell=cell, sensors=sensors), tmp_path / 'a', *folder) == 0
    recipe = write_recipe(steps=1, cell={**cell, 'views': 3}, sensors=sensors)
    assert run(recipe, tmp_path / 'b', *folder) == ExitCode.CONFIGURATION
    assert '1 views of 70x56 in place of the 3 of 70x56' in capsys.readouterr().err


def test_held_out_scenes_are_not_trained_on(write_recipe, tmp_path, capsys):
    pytest.importorskip('mujoco')
    cell = {'scenes': 1, 'height': 56, 'width': 70, 'validation_first_seed': 999_990}
    recipe = write_recipe(cell=cell, sensors={'zones_8x8': 1})
    assert run(recipe, tmp_path / 'out') == ExitCode.CONFIGURATION
    assert 'scenes from 1000000 on are held out' in capsys.readouterr().err
