# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`promptda process` on folders of pictures, also as a data set: from the command to the files."""

from __future__ import annotations

import json
import sys

import cv2
import numpy as np
import pytest

from promptda_ros.core.errors import ExitCode
from promptda_ros.tools.main import main as promptda

STAMPS = ['1305031102.100000', '1305031102.200000', '1305031102.300000', '1305031102.400000']


@pytest.fixture
def process(tmp_path, network_folder):
    def process(*more, out='out'):
        # Random weights do not follow their sensor.
        network = '--model', str(network_folder), '--device', 'cpu', '--set', 'trust.gate=false'
        return promptda(
            ['process', str(tmp_path / 'data'), '--out', str(tmp_path / out), *network, *more]
        )

    return process


def write(folder, stamps=STAMPS):
    for name in ('rgb', 'depth'):
        (folder / name).mkdir(parents=True)
    for number, stamp in enumerate(stamps):
        pixels = np.random.default_rng(number).integers(0, 256, (96, 128, 3), np.uint8)
        cv2.imwrite(str(folder / f'rgb/{stamp}.png'), pixels)
        counts = np.linspace(2500, 7500, 24 * 32).astype(np.uint16).reshape(24, 32)
        cv2.imwrite(str(folder / f'depth/{stamp}.png'), counts)
    for name in ('rgb', 'depth'):
        lines = [f'{stamp} {name}/{stamp}.png\n' for stamp in stamps]
        (folder / f'{name}.txt').write_text(''.join(lines))


def test_folders_of_pictures_are_found_and_keep_their_layout(tmp_path, process, capsys):
    write(tmp_path / 'data/desk')
    write(tmp_path / 'data/deep/shelf', STAMPS[:2])
    assert process() == ExitCode.CLEAN
    assert len(list((tmp_path / 'out/desk/promptda').iterdir())) == 4
    assert len(list((tmp_path / 'out/deep/shelf/promptda').iterdir())) == 2
    lines = (tmp_path / 'out/process.jsonl').read_text().splitlines()
    assert {json.loads(line)['state'] for line in lines} == {'done'}
    capsys.readouterr()
    assert process() == ExitCode.CLEAN
    assert '0 done, 2 up to date, 0 failed' in capsys.readouterr().err
    assert process('--every', '2') == ExitCode.CONFIGURATION


def test_folders_become_the_episodes_of_a_data_set(tmp_path, process, capsys):
    pq = pytest.importorskip('pyarrow.parquet')
    write(tmp_path / 'data/a')
    write(tmp_path / 'data/b', STAMPS[:2])
    assert process('--to', 'lerobot', '--task', 'pick') == ExitCode.CLEAN
    said = capsys.readouterr().err
    assert '2 episodes, 6 frames, 10 frames/s' in said
    assert 'our depth as 16-bit millimetres is off by at most 0.5' in said
    info = json.loads((tmp_path / 'out/meta/info.json').read_text())
    assert (info['total_episodes'], info['total_frames']) == (2, 6)
    table = pq.read_table(tmp_path / 'out/data')
    stamps_ns = [round(float(stamp) * 1e3) * 10**6 for stamp in (*STAMPS, *STAMPS[:2])]
    assert table['stamp_ns'].to_pylist() == stamps_ns
    assert pq.read_table(tmp_path / 'out/meta/tasks.parquet').to_pydict()['__index_level_0__'] == [
        'pick'
    ]


def test_a_data_set_of_someone_else_is_left_alone(tmp_path, process, capsys):
    pytest.importorskip('pyarrow')
    write(tmp_path / 'data/a')
    (tmp_path / 'out/meta').mkdir(parents=True)
    assert process('--to', 'lerobot') == ExitCode.CONFIGURATION
    assert 'was not made by promptda process' in capsys.readouterr().err


def test_a_missing_library_is_named_before_any_work(tmp_path, process, capsys, monkeypatch):
    for name in [name for name in sys.modules if name.startswith('promptda_ros.bags.lerobot')]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, 'pyarrow', None)
    assert process('--to', 'lerobot') == ExitCode.CONFIGURATION
    assert 'pip install -r requirements/lerobot.txt' in capsys.readouterr().err


@pytest.mark.parametrize(
    'given, text',
    [
        (('--to', 'lerobot', '--outputs', 'points'), 'leave out --outputs'),
        (('--to', 'lerobot', '--cameras', 'left,right'), 'takes one camera'),
        (('--task', 'pick'), 'add --to lerobot'),
    ],
)
def test_options_that_contradict_each_other_are_refused(process, capsys, given, text):
    assert process(*given) == ExitCode.CONFIGURATION
    assert text in capsys.readouterr().err
