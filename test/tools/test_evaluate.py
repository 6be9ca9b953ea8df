# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.tools.evaluate."""

from __future__ import annotations

import base64
import csv
from html.parser import HTMLParser
import json
import os
from pathlib import Path
import shutil

import cv2
import numpy as np
import pytest

from promptda_ros.bags.kinds import EXACT_DEPTH_TOPIC
from promptda_ros.core.errors import ExitCode
from promptda_ros.lab.evaluation.methods import FILTERS, filters_installed, FILTERS_MISSING
from promptda_ros.lab.evaluation.readers.files import FileReader
from promptda_ros.network.anchor import Anchor, AnchorConfig
from promptda_ros.network.files.anchor_file import save_anchor
from promptda_ros.process import Stopped
from promptda_ros.tools.main import main as promptda

os.environ.setdefault('MUJOCO_GL', 'egl')  # MuJoCo reads it once, when imported


def main(argv: list[str]) -> int:
    return promptda(['evaluate', *argv])


@pytest.fixture
def frames(tmp_path: Path) -> Path:
    """Write three pairs: a box before a wall, at another depth in each."""
    folder = tmp_path / 'frames'
    for kind in ('image', 'depth'):
        (folder / kind).mkdir(parents=True)
    for number in range(3):
        image = np.full((96, 128, 3), 40, np.uint8)
        depth = np.full((96, 128), 1200 + 300 * number, np.uint16)
        image[30:70, 40:90], depth[30:70, 40:90] = (200, 120, 60), 800 + 200 * number
        cv2.imwrite(str(folder / f'image/{number}.png'), image)
        cv2.imwrite(str(folder / f'depth/{number}.png'), depth)
    return folder


@pytest.fixture
def anchored_folder(network_folder: Path, tmp_path: Path) -> Path:
    """A network with an anchor that interpolates."""
    folder = Path(shutil.copytree(network_folder, tmp_path / 'anchored'))
    save_anchor(Anchor(AnchorConfig(widths=(8, 8))), folder)
    return folder


def run(frames: Path, *more: str) -> int:
    return main(
        [str(frames), '--prompt-size', '16x12', '--out', str(frames.parent / 'out'), *more]
    )


class Sources(HTMLParser):
    """Collects the sources of a page's pictures."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or '' for name, value in attrs if name in ('src', 'href')]


def test_it_writes_a_line_per_answer_means_and_versions(frames, network_folder):
    assert run(frames, '--model', str(network_folder), '--holes', '0', '0.25') == ExitCode.CLEAN
    methods = ['nearest', 'hole_fill', 'full_resolution', 'bilinear']
    name = network_folder.name
    methods += [*(FILTERS if filters_installed() else ()), f'{name} without anchor', name]
    lines = list(csv.DictReader((frames.parent / 'out/results.csv').open()))
    assert len(lines) == 3 * 2 * len(methods)
    content = json.loads((frames.parent / 'out/results.json').read_text())
    assert [row['method'] for row in content['rows']] == methods * 2
    assert content['seed'] == 0
    assert content['asked']['holes'] == [0.0, 0.25]
    assert content['asked']['prompt_size'] == '16x12'
    assert len(content['models'][0]['model.sha256']) == 64
    assert {'python', 'numpy', 'opencv', 'torch'} <= content['versions'].keys()
    bilinear = [float(line['mae_m']) for line in lines if line['method'] == 'bilinear']
    first = next(row for row in content['rows'] if row['method'] == 'bilinear')
    assert first['means']['mae_m'] == pytest.approx(np.mean(bilinear[::2]), rel=1e-4)


def test_several_folders_have_a_summary_each_and_one_of_all(frames, tmp_path, capsys):
    other = shutil.copytree(frames, tmp_path / 'other')
    out = str(tmp_path / 'out')
    wanted = ['--methods', 'bilinear', '--holes', '0', '--prompt-size', '16x12', '--out', out]
    assert main([str(frames), str(other), *wanted]) == ExitCode.CLEAN
    content = json.loads((frames.parent / 'out/results.json').read_text())
    found = [(row['sensor'], row['frames']) for row in content['rows']]
    assert found == [('frames', 3), ('other', 3), ('all 2 sources', 6)]
    assert 'all 2 sources, 0% cut out, 6 frames' in capsys.readouterr().out


def test_depth_at_full_resolution_can_stand_for_the_sensor(frames):
    wanted = ['--methods', 'full_resolution', '--holes', '0', '--prompt-size', 'full']
    assert run(frames, *wanted) == ExitCode.CLEAN
    content = json.loads((frames.parent / 'out/results.json').read_text())
    assert content['rows'][0]['means']['mae_m'] == 0.0
    assert content['asked']['prompt_size'] == 'full'


def test_a_bag_is_read_like_a_folder_and_unpacked_once(copy_demo, tmp_path):
    topics = ['/camera/color/image_raw/compressed', '/camera/depth/image_raw', EXACT_DEPTH_TOPIC]
    bag, out = copy_demo(frames=2), tmp_path / 'out'
    words = [str(bag), '--methods', 'bilinear', '--holes', '0', '--out', str(out), '--topics']
    assert main([*words, *topics]) == ExitCode.CLEAN
    content = json.loads((out / 'results.json').read_text())
    assert [(row['sensor'], row['frames']) for row in content['rows']] == [(bag.name, 2)]
    assert content['asked']['topics'] == topics
    (unpacked,) = (out / 'recordings').iterdir()
    before = unpacked.stat()
    assert main([*words, *topics]) == ExitCode.CLEAN
    assert unpacked.stat() == before


def test_a_bag_without_topics_is_refused(copy_demo, tmp_path, capsys):
    assert main([str(copy_demo(frames=1)), '--out', str(tmp_path / 'out')]) == 2
    assert 'is a bag: name its topics, --topics IMAGE SENSOR' in capsys.readouterr().err
    assert not (tmp_path / 'out').exists()


def test_noise_on_the_sensor_makes_every_copy_of_it_worse(frames):
    errors = []
    for noise in ('0', '0.02'):
        assert run(frames, '--methods', 'bilinear', '--holes', '0', '--noise', noise) == 0
        content = json.loads((frames.parent / 'out/results.json').read_text())
        assert content['asked']['noise'] == float(noise)
        errors.append(content['rows'][0]['means']['flat_mae_m'])
    assert errors[1] > errors[0]


@pytest.mark.parametrize('holes', [('0', '0.5'), ('0.25',)])
def test_the_page_needs_nothing_but_itself(frames, network_folder, holes):
    run(frames, '--model', str(network_folder), '--holes', *holes)
    pictures = Sources((frames.parent / 'out/index.html').read_text()).found
    assert len(pictures) == 2 + 3  # curves, and the worst frames
    for source in pictures:
        kind, _, data = source.partition(',')
        assert kind == 'data:image/png;base64'
        decoded = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)
        assert decoded.std() > 1  # something is drawn


def test_the_terminal_shows_a_table_for_each_share_of_holes(frames, network_folder, capsys):
    run(frames, '--methods', 'bilinear', 'hole_fill', '--holes', '0.1', '0.5')
    shown = capsys.readouterr().out
    assert 'frames, 10% cut out, 3 frames' in shown
    assert 'frames, 50% cut out, 3 frames' in shown
    assert [line.split()[2] for line in shown.splitlines() if line.startswith('bilinear')] == [
        '1.00',
        '1.00',
    ]


@pytest.mark.skipif(filters_installed(), reason='the filters are installed')
def test_cell_and_prints_are_the_same_scenes_with_other_pictures(tmp_path, capsys):
    pytest.importorskip('mujoco')
    found = {}
    for source in ('cell', 'prints'):
        asked = [source, '--frames', '1', '--size', '96x72', '--sensors', 'zones_8x8']
        asked += ['--methods', 'bilinear', '--holes', '0', '--out', str(tmp_path / source)]
        if main(asked) == ExitCode.CONFIGURATION:
            pytest.skip(capsys.readouterr().err)
        found[source] = next(csv.DictReader((tmp_path / source / 'results.csv').open()))
    assert 'print x' in capsys.readouterr().out
    assert found['cell']['print_mae_m'] != found['prints']['print_mae_m']


def test_filters_that_are_not_installed_say_how_to_get_them(frames, capsys):
    assert run(frames, '--methods', 'bilinear', 'guided') == ExitCode.CLEAN
    assert f'guided {FILTERS_MISSING}' in ' '.join(capsys.readouterr().out.split())
    assert FILTERS_MISSING in (frames.parent / 'out/index.html').read_text()


def test_a_network_with_an_anchor_is_told_with_it_by_surfaces_and_alone(frames, anchored_folder):
    wanted = ['--methods', 'network', '--holes', '0']
    assert run(frames, '--model', str(anchored_folder), *wanted) == ExitCode.CLEAN
    rows = json.loads((frames.parent / 'out/results.json').read_text())['rows']
    names = [row['method'].removeprefix(anchored_folder.name) for row in rows]
    assert names == [' without anchor', ' surface residual', '']
    assert len({row['means']['mae_m'] for row in rows}) == 3


def test_two_models_of_one_name_are_told_apart(frames, network_folder, tmp_path):
    twin = tmp_path / 'twin' / network_folder.name
    twin.parent.mkdir()
    twin.symlink_to(network_folder)
    run(frames, '--model', str(network_folder), str(twin), '--methods', 'network', '--holes', '0')
    rows = json.loads((frames.parent / 'out/results.json').read_text())['rows']
    labels = [str(network_folder), str(twin)]
    assert [row['method'] for row in rows][1::2] == labels


def test_the_same_seed_gives_the_same_figures(frames):
    def figures(seed: str) -> str:
        run(frames, '--methods', 'bilinear', '--holes', '0.25', '--seed', seed)
        return (frames.parent / 'out/results.csv').read_text()

    assert figures('1') == figures('1') != figures('2')


@pytest.mark.parametrize(
    'arguments, exit_code, sentence',
    [
        (['--model', '/does/not/exist'], ExitCode.MODEL_OR_DEVICE, 'does not exist'),
        (['--device', 'tpu'], ExitCode.MODEL_OR_DEVICE, "device 'tpu'"),
        (['--resolution', 'huge'], ExitCode.CONFIGURATION, "'huge' is not one of"),
        (['--reader', 'hammer'], ExitCode.CONFIGURATION, 'has no <scene>/polarization'),
        (['--sensors', 'sonar'], ExitCode.CONFIGURATION, "sensor 'sonar' is not one of frames"),
        (['--static-frames', '5'], ExitCode.CONFIGURATION, '--static-frames needs the cell'),
    ],
)
def test_what_cannot_be_used_is_said_in_one_sentence(
    frames, capsys, arguments, exit_code, sentence
):
    assert run(frames, *arguments) == exit_code
    said = capsys.readouterr().err
    assert sentence in said
    assert 'Traceback' not in said


@pytest.mark.parametrize(
    'arguments',
    [
        ['--holes', '1'],
        ['--holes', '-0.1'],
        ['--prompt-size', '64'],
        ['--size', '0x4'],
        ['--frames', '0'],
        ['--static-frames', '-1'],
    ],
)
def test_arguments_outside_their_limits_are_refused(frames, arguments):
    assert run(frames, *arguments) == ExitCode.CONFIGURATION


def test_frames_that_no_method_can_use_end_with_the_reason(frames, capsys):
    for path in (frames / 'depth').iterdir():
        cv2.imwrite(str(path), np.zeros((96, 128), np.uint16))
    assert run(frames, '--methods', 'bilinear') == ExitCode.CONFIGURATION
    assert 'none of 3 frames gave any answer: prompt_too_sparse' in capsys.readouterr().err


def test_ctrl_c_keeps_what_was_answered(frames, network_folder, monkeypatch, capsys):
    read = FileReader.read

    def interrupted(self, frame):
        if frame.name == '2':
            raise Stopped
        return read(self, frame)

    monkeypatch.setattr(FileReader, 'read', interrupted)
    more = ['--model', str(network_folder), '--holes', '0', '--methods', 'bilinear', 'network']
    assert run(frames, *more) == ExitCode.INTERRUPTED
    assert 'the results are of 6 of 9 answers' in capsys.readouterr().err
    lines = list(csv.DictReader((frames.parent / 'out/results.csv').open()))
    assert {line['frame'] for line in lines} == {'0', '1'}
