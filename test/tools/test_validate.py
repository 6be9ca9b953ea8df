# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`promptda validate` as a user has it: recordings of a board, exit codes, a page."""

from __future__ import annotations

from collections.abc import Callable
import json
from pathlib import Path
import re

import pytest

from promptda_ros.core.errors import ExitCode
from promptda_ros.tools import main as tools
from test.rig.board import Rig, to_and_fro
from test.rig.boards import record

DEMO = Path(__file__).resolve().parents[2] / 'assets/demo.mcap'
Validate = Callable[..., int]


@pytest.fixture
def validate(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Validate:
    """Return what runs the command on the CPU, in a folder of its own."""
    monkeypatch.setattr(tools, 'SENDS_IMAGES', ())  # or the process would be replaced
    monkeypatch.chdir(tmp_path)
    words = ['--device', 'cpu', '--resolution', 'low', '--set', 'engine=torch']
    return lambda path, *more: tools.main(['validate', str(path), *words, *more])


@pytest.fixture
def random_weights(network_folder: Path) -> list[str]:
    """Return options for depth that is quick and wrong; the sensor is measured all the same."""
    return ['--model', f'{network_folder}/', '--set', 'trust.gate=false']


def test_the_exit_code_says_whether_the_expected_distance_was_found(validate, tmp_path, capsys):
    board = record(Rig(), tmp_path / 'board', 3)
    assert validate(board, '--expect', '1.5') == ExitCode.CLEAN
    assert 'within 10 mm of the expected 1.5 m: sensor' in capsys.readouterr().out
    expected = ('--expect', '1.51', '--tolerance', '0.005')
    assert validate(board, *expected, '--json') == ExitCode.SOME_FAILED
    told = json.loads(capsys.readouterr().out)
    assert told['sensor']['bias_m'] == pytest.approx(-0.01, abs=0.001)
    assert told['ours']['bias_m'] == pytest.approx(-0.01, abs=0.002)
    assert (told['within'], told['frames']) == (False, 3)
    assert told['findings'][0]['id'] == 'bias'


def test_the_page_stands_alone_and_shows_pictures(validate, random_weights, tmp_path, capsys):
    board = record(Rig(shift_px=(3.0, 0.0)), tmp_path / '<board>', 6)
    assert validate(board, *random_weights, '--report', 'page.html') == ExitCode.CLEAN
    page = (tmp_path / 'page.html').read_text()
    assert page.count('data:image/webp') == 5
    assert set(re.findall(r'(?:src|href)="([^:"]*)', page)) == {'data'}
    assert '&lt;board&gt;' in page
    assert '<board>' not in page
    assert 'lie 3.0 px (3.0 right' in page
    printed = capsys.readouterr().out
    assert 'depth lies 3.0 px off (3.0 right' in printed
    assert '--set input.allow_frame_mismatch=true' in printed


def test_a_sown_offset_is_advised_away(validate, random_weights, tmp_path, capsys):
    """Following the advice leaves nothing to find."""
    board = record(Rig(path=to_and_fro, lag_sec=0.08), tmp_path / 'board', 40)
    assert validate(board, *random_weights) == ExitCode.CLEAN
    (fix,) = re.findall(r'fix: (.* --set sync.*)', capsys.readouterr().out)
    advice = [word for each in re.findall(r'--set \S+', fix) for word in each.split()]
    assert float(advice[1].partition('=')[2]) == pytest.approx(-0.08, rel=0.2)
    assert validate(board, *random_weights, *advice, '--json') == ExitCode.CLEAN
    found = {each['id'] for each in json.loads(capsys.readouterr().out)['findings']}
    assert 'clock_offset' not in found


def test_a_camera_that_moves_has_no_expected_distance(validate, random_weights, tmp_path, capsys):
    board = record(Rig(path=to_and_fro), tmp_path / 'board', 16)
    words = [*random_weights, '--expect', '1.5']
    assert validate(board, *words) == ExitCode.CONFIGURATION
    assert 'hold it still for --expect' in capsys.readouterr().err
    assert (tmp_path / 'validate.html').is_file()


def test_a_recording_without_a_board_is_refused_before_a_network_is_loaded(
    validate, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr('promptda_ros.tools.validating.recorded.load_model', pytest.fail)
    assert validate(DEMO) == ExitCode.CONFIGURATION
    assert 'is not flat' in capsys.readouterr().err
    assert not (tmp_path / 'validate.html').exists()
