# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""training/on_a_card.sh goes through everything on a CPU, and goes on where it was stopped."""

from __future__ import annotations

from collections.abc import Callable
import os
from pathlib import Path
import shutil
import subprocess
import sys
import tarfile
from typing import Any

import pytest
import yaml

from promptda_ros.core.errors import ExitCode
from promptda_ros.lab.sim.renderer import NoRenderer, require_renderer
from promptda_ros.lab.training.recipe import read_recipe
from promptda_ros.lab.training.state import CHECKPOINT
from promptda_ros.network import load_network

ROOT = Path(__file__).resolve().parents[3]
PIECE_BYTES = 15 * 2**20


@pytest.fixture
def run(tmp_path: Path, network_values: dict[str, Any]) -> Callable[..., tuple[int, str]]:
    """Return a runner of the script's dry run, and of it with other arguments."""
    recipe = tmp_path / 'recipe.yaml'
    recipe.write_text(
        yaml.safe_dump(
            {
                'network': network_values,
                'sensors': {'zones_8x8': 1},
                'phases': [{'steps': 100, 'batch': 4, 'height': 168, 'width': 224}],
            }
        )
    )
    environment = {
        **os.environ,
        'RECIPE': str(recipe),
        'WORK': str(tmp_path / 'work'),
        'MINUTES': '0.2',
    }

    def call(*arguments: str, python: str | Path = sys.executable) -> tuple[int, str]:
        words = arguments or ('--dry-run', '', str(tmp_path / 'out'))
        done = subprocess.run(
            ['bash', str(ROOT / 'training/on_a_card.sh'), *words],
            env={**environment, 'PYTHON': str(python)},  # which has all that is needed
            capture_output=True,
            text=True,
            timeout=600,
        )
        return done.returncode, done.stdout + done.stderr

    return call


def test_dry_run_renders_trains_and_packs_and_a_second_one_goes_on(run, tmp_path):
    try:
        require_renderer()
    except NoRenderer as error:
        pytest.skip(str(error))
    code, said = run()
    assert code == ExitCode.CLEAN, said
    assert (tmp_path / 'work/frames/training').is_dir()
    fitted = read_recipe(tmp_path / 'work/recipe.yaml')
    assert [phase.steps for phase in fitted.phases] == [2]
    weights = unpacked(tmp_path / 'out', 'model', tmp_path / 'first')
    assert load_network(weights / 'model').sha256

    # What another machine has: the pieces of a run that was stopped before its model.
    work, out = tmp_path / 'work', tmp_path / 'out'
    move_to_pieces(work, out / 'run.tar.gz.00')
    code, said = run()
    assert code == ExitCode.CLEAN, said
    again = unpacked(out, 'model', tmp_path / 'second')
    assert load_network(again / 'model').sha256 == load_network(weights / 'model').sha256
    assert not list(out.glob('run.tar.gz.*'))


@pytest.mark.parametrize(
    'arguments, sentence',
    [
        (['--dry-run'], 'usage:'),
        (['/does/not/exist', 'out'], '/does/not/exist is no folder: name one that holds'),
    ],
)
def test_what_can_not_be_used_is_said_at_once(run, arguments, sentence):
    code, said = run(*arguments)
    assert code == ExitCode.CONFIGURATION
    assert sentence in said


def test_without_torch_nothing_is_installed(run, tmp_path):
    bare = tmp_path / 'python'
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S "$@"\n')
    bare.chmod(0o755)
    code, said = run(python=bare)
    assert code == ExitCode.CONFIGURATION
    assert said.startswith(f'{bare} has no torch')


def unpacked(out: Path, name: str, folder: Path) -> Path:
    pieces = sorted(out.glob(f'{name}.tar.gz.*'))
    assert pieces
    assert all(piece.stat().st_size <= PIECE_BYTES for piece in pieces)
    folder.mkdir()
    whole = folder / 'whole.tar.gz'
    whole.write_bytes(b''.join(piece.read_bytes() for piece in pieces))
    with tarfile.open(whole) as archive:
        # Pythons of before 3.11.4 know no filter.
        trusted = {'filter': 'data'} if hasattr(tarfile, 'data_filter') else {}
        archive.extractall(folder, **trusted)
    return folder


def move_to_pieces(work: Path, archive_path: Path) -> None:
    shutil.rmtree(work / 'run/model')
    assert (work / 'run' / CHECKPOINT).exists()
    with tarfile.open(archive_path, 'w:gz') as archive:
        for name in ('recipe.yaml', 'run'):
            archive.add(work / name, name)
    (work / 'recipe.yaml').unlink()
    shutil.rmtree(work / 'run')
