# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Every command with every kind of bad input: one sentence, the right code, nothing written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import shutil

import cv2
import numpy as np
import pytest
import yaml

from promptda_ros.core.errors import ExitCode
from promptda_ros.tools import main as tools

INPUT, MODEL = ExitCode.CONFIGURATION, ExitCode.MODEL_OR_DEVICE
ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / 'assets/demo.mcap'
PNG = cv2.imencode('.png', np.zeros((96, 128, 3), np.uint8))[1].tobytes()
NOT_NUMBERS = ('nan', 'inf', '-inf', 'x', '')
DEPTH = np.linspace(0.5, 1.5, 24 * 32, dtype=np.float32).reshape(24, 32)
ARRAYS = {
    'row.npy': DEPTH[0],
    'colour.npy': np.zeros((24, 32, 3), np.float32),
    'nothing.npy': np.zeros((0, 0), np.float32),
    'complex.npy': DEPTH.astype(np.complex64),
    'words.npy': np.array([['a', 'b']]),
    'unknown.npy': np.full((24, 32), np.nan, np.float32),
    'infinite.npy': np.full((24, 32), np.inf, np.float32),
}
NO_FILES = ('missing', 'folder', 'empty', 'junk', 'no_io')
BAGS = (
    'missing', 'folder', 'empty', 'junk', 'no_io', 'empty.mcap', 'empty.db3', 'junk.mcap',
    'junk.db3', 'cut.mcap', 'claims.mcap', 'junk.mcap.zstd', 'old.bag', 'image.png',
)  # fmt: skip
TOPICS = ('--topics', '/camera/color/image_raw/compressed', '/camera/depth/image_raw', '/x')


@pytest.fixture(scope='module')
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write good files and bad ones of every kind."""
    folder = tmp_path_factory.mktemp('files')
    (folder / 'folder').mkdir()
    (folder / 'no_io').symlink_to('/proc/self/mem')  # opens, and can't be read
    for name in ('empty', 'empty.mcap', 'empty.db3'):
        (folder / name).touch()
    junk = np.random.default_rng(0).integers(0, 256, 3000, np.uint8).tobytes()
    for name in ('junk', 'junk.mcap', 'junk.db3', 'junk.npy', 'junk.mcap.zstd'):
        (folder / name).write_bytes(junk)
    (folder / 'cut.mcap').write_bytes(DEMO.read_bytes()[:100_000])
    (folder / 'claims.mcap').write_bytes(b'\x89MCAP0\r\n\x01' + b'\xff' * 99 + b'\x89MCAP0\r\n')
    (folder / 'old.bag').write_bytes(b'#ROSBAG V2.0\n')
    (folder / 'image.png').write_bytes(PNG)
    (folder / 'cut.png').write_bytes(PNG[:-30])
    cv2.imwrite(str(folder / 'depth.png'), (DEPTH * 1000).astype(np.uint16))
    for name, values in ARRAYS.items():
        np.save(folder / name, values)
    np.save(folder / 'objects.npy', np.array([None, 1.0], dtype=object), allow_pickle=True)
    whole = (folder / 'colour.npy').read_bytes()
    (folder / 'cut.npy').write_bytes(whole[:300])
    (folder / 'huge.npy').write_bytes(whole.replace(b'(24, 32, 3)', b'(9999999, 9999999)'))
    for kind, pixels in (('image', PNG), ('depth', b'')):
        (folder / 'frames' / kind).mkdir(parents=True)
        (folder / 'frames' / kind / '0.png').write_bytes(pixels)
    millimetres = cv2.resize((DEPTH * 1000).astype(np.uint16), (128, 96))
    cv2.imwrite(str(folder / 'frames/depth/0.png'), millimetres)
    (folder / 'recipe.yaml').write_text(yaml.safe_dump(recipe()))
    return folder


def recipe() -> dict:
    """Return the smallest recipe that is one."""
    return {'sensors': {'zones_8x8': 1}, 'phases': [_phase()]}


def _phase() -> dict[str, int]:
    return {'steps': 1, 'batch': 1, 'height': 56, 'width': 70}


@pytest.fixture
def promptda(
    files: Path, tmp_path: Path, network_folder: Path, monkeypatch: pytest.MonkeyPatch, capfd
) -> Callable[..., str]:
    """Return what runs a command that must fail with a code, and leave nothing behind."""
    work = tmp_path / 'work'
    shutil.copytree(files, work, symlinks=True)
    monkeypatch.chdir(work)
    monkeypatch.setattr(tools, 'SENDS_IMAGES', ())  # or the process would be replaced
    monkeypatch.setitem(globals(), 'NETWORK', str(network_folder))

    def run(code: ExitCode, command: str, *words: str) -> str:
        before = contents(work)
        capfd.readouterr()
        assert tools.main([command, *words]) == code, capfd.readouterr().err
        *others, sentence = capfd.readouterr().err.splitlines()
        assert sentence.startswith(f'promptda {command}: ')
        assert not any('Traceback' in line for line in others)
        assert contents(work) == before
        return sentence

    return run


def contents(folder: Path) -> dict[str, int]:
    paths = (path for path in folder.rglob('*') if path.name != 'no_io')
    return {str(path): path.stat().st_size if path.is_file() else 0 for path in paths}


def estimate(**changed: str | tuple[str, ...]) -> list[str]:
    words = {
        'image': 'image.png', 'depth': 'depth.png', 'model': NETWORK, 'out': 'out', **changed,
    }  # fmt: skip
    return [
        word
        for name, value in words.items()
        for word in (
            f'--{name.replace("_", "-")}',
            *((value,) if isinstance(value, str) else value),
        )
    ]


NETWORK = ''  # set by the fixture


@pytest.mark.parametrize('name', [*NO_FILES, 'cut.png'])
@pytest.mark.parametrize('role', ['image', 'depth'])
def test_estimate_of_a_bad_picture(promptda, role, name):
    """K19."""
    assert name in promptda(INPUT, 'estimate', *estimate(**{role: name}))


@pytest.mark.parametrize('name', [*ARRAYS, 'junk.npy', 'objects.npy', 'cut.npy', 'huge.npy'])
def test_estimate_of_a_bad_array(promptda, name):
    """K19."""
    promptda(INPUT, 'estimate', *estimate(depth=name))


@pytest.mark.parametrize(
    'changed, code',
    [
        *[({'depth_scale': text}, INPUT) for text in (*NOT_NUMBERS, '-1', '1000')],
        *[({'intrinsics': (text, '100', '64', '48')}, INPUT) for text in NOT_NUMBERS],
        *[({'intrinsics': (text, '100', '64', '48')}, INPUT) for text in ('0', '-100', '1e-300')],
        ({'model': './missing'}, MODEL),
        ({'model': 'nothing'}, INPUT),
        ({'model': './empty'}, MODEL),
        ({'model': './folder'}, MODEL),
        ({'device': 'tpu'}, MODEL),
        ({'device': ''}, MODEL),
        ({'resolution': 'huge'}, INPUT),
        ({'out': 'empty'}, INPUT),
        ({'out': 'empty/out'}, INPUT),
        ({'out': '/proc/out'}, INPUT),
    ],
)
def test_estimate_with_bad_arguments(promptda, changed, code):
    """K19."""
    promptda(code, 'estimate', *estimate(**changed))


def test_an_output_that_is_a_folder_is_found_before_the_work(promptda, tmp_path):
    (tmp_path / 'work/out/depth.png').mkdir(parents=True)
    sentence = promptda(INPUT, 'estimate', *estimate(image='missing'))
    assert 'out/depth.png cannot be written: Is a directory' in sentence


@pytest.mark.parametrize('command', ['play', 'demo'])
@pytest.mark.parametrize('name', BAGS)
def test_bad_recordings(promptda, command, name):
    """K19."""
    promptda(INPUT, command, '--recording', name)


@pytest.mark.parametrize('name', BAGS)
def test_validate_of_a_bad_recording(promptda, name):
    """K19."""
    promptda(INPUT, 'validate', name)


@pytest.mark.parametrize(
    'words',
    [
        *[(option, text) for option in ('--expect', '--frames') for text in (*NOT_NUMBERS, '-1')],
        *[('--roi', text) for text in ('1,2,3', '1,2,3,x', '1,2,0,4', '-1,2,3,4', '')],
        ('--tolerance', '0.01'),
        ('--cameras', 'left,right'),
        ('--image', '/no/topic'),
        ('--report', 'folder'),
        ('--report', 'empty/page.html'),
    ],
)
def test_validate_with_bad_arguments(promptda, words):
    """K19."""
    promptda(INPUT, 'validate', str(DEMO), *words)


@pytest.mark.parametrize('command', ['play', 'demo'])
@pytest.mark.parametrize(
    'words',
    [
        *[('--rate', text) for text in (*NOT_NUMBERS, '0', '-1')],
        ('--image', '/no/topic'),
        ('--depth', '/camera/color/camera_info'),
        ('--camera-info', '/camera/depth/image_raw'),
        ('nonsense',),
    ],
)
def test_bad_arguments_of_recordings(promptda, command, words):
    """K19."""
    promptda(INPUT, command, *words)


@pytest.mark.parametrize(
    'words, code',
    [
        (('--out', 'empty'), INPUT),
        (('--out', 'empty/out'), INPUT),
        (('--model', './missing'), MODEL),
        (('--model', 'nothing'), INPUT),
        (('--device', 'tpu'), MODEL),
        (('--frames', '0'), INPUT),
    ],
)
def test_demo_with_bad_arguments(promptda, words, code):
    """K19."""
    promptda(code, 'demo', *words)


@pytest.mark.parametrize(
    'words, code',
    [
        *[((name,), INPUT) for name in NO_FILES],
        *[(('frames', '--holes', text), INPUT) for text in (*NOT_NUMBERS, '1', '-0.1')],
        *[(('frames', '--seed', text), INPUT) for text in (*NOT_NUMBERS, '-1', '0.5')],
        *[(('frames', '--frames', text), INPUT) for text in (*NOT_NUMBERS, '-1', '0')],
        *[(('frames', '--prompt-size', text), INPUT) for text in ('nan', '0x4', '4', '4x-4')],
        (('frames', '--sensors', 'nothing'), INPUT),
        (('frames', '--reader', 'nothing'), INPUT),
        (('frames', '--methods', 'nothing'), INPUT),
        (('frames', '--static-frames', '3'), INPUT),
        (('frames', '--model', './missing'), MODEL),
        (('frames', '--device', 'tpu'), MODEL),
        (('frames', '--resolution', 'huge'), INPUT),
        (('frames', '--out', 'empty'), INPUT),
        (('frames', '--out', 'empty/out'), INPUT),
    ],
)
def test_evaluate_with_bad_input(promptda, words, code):
    """K19."""
    promptda(code, 'evaluate', *words)


@pytest.mark.parametrize(
    'words, code',
    [
        *[((name, '--out', 'out'), INPUT) for name in NO_FILES],
        (('recipe.yaml', '--out', 'empty'), INPUT),
        (('recipe.yaml', '--out', 'empty/out'), INPUT),
        (('recipe.yaml', '--out', 'out'), INPUT),  # it has no network
        (('recipe.yaml', '--out', 'out', '--init', 'missing'), MODEL),
        (('recipe.yaml', '--out', 'out', '--device', 'tpu'), MODEL),
        (('recipe.yaml', '--out', 'out', '--precision', 'int8'), INPUT),
        *[(('recipe.yaml', '--out', 'out', '--workers', text), INPUT) for text in ('nan', '-1')],
        (('recipe.yaml',), INPUT),
    ],
)
def test_train_with_bad_arguments(promptda, words, code):
    """K19."""
    promptda(code, 'train', *words)


@pytest.mark.parametrize('name', [name for name in BAGS if name not in ('image.png',)])
def test_train_on_bad_data(promptda, name):
    """K19."""
    words = ('recipe.yaml', '--out', 'out', '--init', NETWORK, '--data', name, *TOPICS)
    promptda(INPUT, 'train', *words)


@pytest.mark.parametrize(
    'words, code',
    [
        (('--onnx', 'folder'), INPUT),
        (('--onnx', 'empty/a.onnx'), INPUT),
        (('--onnx', '/proc/a.onnx'), INPUT),
        (('--onnx', 'a.onnx', '--model', './missing'), MODEL),
        (('--onnx', 'a.onnx', '--model', 'nothing'), INPUT),
        (('--onnx', 'a.onnx', '--precision', 'int8'), INPUT),
        *[(('--onnx', 'a.onnx', '--size', text, '84'), INPUT) for text in ('0', 'nan', '-84')],
        *[(('--onnx', 'a.onnx', '--prompt-size', text, '4'), INPUT) for text in ('0', '1.5')],
        ((), INPUT),
    ],
)
def test_export_with_bad_arguments(promptda, words, code):
    """K19."""
    promptda(code, 'export', *words)


@pytest.mark.parametrize(
    'words, code',
    [
        *[((name, 'out'), INPUT) for name in ('missing', 'folder', 'no_io')],
        *[((name, 'out'), MODEL) for name in ('empty', 'junk', 'image.png')],
        (('empty', 'frames'), INPUT),
        (('empty', 'junk'), INPUT),
        (('empty', 'junk/out'), INPUT),
    ],
)
def test_convert_checkpoint_with_bad_input(promptda, words, code):
    """K19."""
    promptda(code, 'convert_checkpoint', *words)


@pytest.mark.parametrize('folder', ['empty', 'empty/out', '/proc/out'])
def test_print_settings_where_nothing_can_be_written(promptda, folder):
    """K19."""
    promptda(INPUT, 'print_settings', '--out', folder)


def test_fetch_model_where_nothing_can_be_written(promptda, monkeypatch):
    """K19."""
    monkeypatch.setenv('XDG_CACHE_HOME', 'empty')
    promptda(INPUT, 'fetch_model', 'vits')


def test_fetch_model_of_an_unknown_name(promptda):
    promptda(INPUT, 'fetch_model', 'vitz')


@pytest.mark.parametrize(
    'command, words',
    [
        ('estimate', None),
        ('evaluate', ('frames', '--methods', 'bilinear', '--prompt-size', '16x12')),
        ('export', ('--onnx', 'new/a.onnx', '--size', '84', '112', '--prompt-size', '24', '32')),
        ('print_settings', ('--out', 'new')),
    ],
)
def test_a_full_disk_leaves_nothing_half_written(promptda, files_of_at_most, command, words):
    """K19."""
    if command == 'export':
        pytest.importorskip('onnx')
    # Random weights do not follow their sensor.
    words = (*estimate(), '-p', 'trust.gate:=false') if words is None else words
    with files_of_at_most(2000):
        sentence = promptda(INPUT, command, *words)
    assert 'cannot be written' in sentence
