# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`promptda process` as a user has it: many recordings, exit codes, and what interrupts it."""

from __future__ import annotations

from collections.abc import Callable
import json
import os
from pathlib import Path
import re
import signal
import subprocess
import sys
import time

import pytest

from promptda_ros.core.errors import ExitCode
from promptda_ros.tools import main as tools
from test.recordings import (
    BEGIN_NS,
    contents,
    PERIOD_NS,
    Recording,
    SENSORS,
    static_transform,
)
from test.sensors import FRAME_ID

FRAMES = 3
GONE_SEC = 30.0
MM = '/promptda/depth/image_mm/compressedDepth'
Process = Callable[..., int]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Write recordings in a folder with a layout."""
    recording = Recording()
    recording.add_camera(FRAMES)
    for name in ('b', 'sub/a'):
        (tmp_path / 'data' / name).parent.mkdir(parents=True, exist_ok=True)
        recording.write(tmp_path / 'data' / name)
    return tmp_path / 'data'


@pytest.fixture
def words(data: Path, network_folder: Path) -> list[str]:
    """Return the command line; what random weights say contradicts the sensor."""
    settings = ['--set', 'trust.gate=false', '--set', 'engine=torch', '--device', 'cpu']
    out = data.parent / 'out'
    return ['process', str(data), '--out', str(out), '--model', f'{network_folder}/', *settings]


@pytest.fixture
def process(words: list[str]) -> Process:
    """Return what runs the command in this process."""
    return lambda *more: tools.main([*words, *more])


def events(capsys) -> dict[str, list[dict]]:
    """Return what was printed by --json, by the kind of event."""
    found: dict[str, list[dict]] = {}
    for line in capsys.readouterr().out.splitlines():
        event = json.loads(line)
        found.setdefault(event.pop('event'), []).append(event)
    return found


def ledger(out: Path) -> list[tuple[str, str]]:
    lines = (out / 'process.jsonl').read_text().splitlines()
    return [(Path(each['source']).name, each['state']) for each in map(json.loads, lines)]


def test_a_broken_recording_stops_no_other_and_the_next_run_tries_it_alone(data, process, capsys):
    out = data.parent / 'out'
    (data / 'broken.mcap').write_text('junk')
    assert process('--json', '--report') == ExitCode.SOME_FAILED
    told = events(capsys)
    assert told['begin'] == [{'recordings': 3, 'done': 0, 'up_to_date': 0, 'failed': 0}]
    (failure,) = [each for each in told['recording'] if each['error']]
    assert failure['source'].endswith('broken.mcap')
    assert 'it is empty, or no .mcap file' in failure['error']
    assert told['progress'][-1]['pairs'] == told['progress'][-1]['of'] == FRAMES
    assert (out / 'report.html').is_file()
    results = sorted(str(path.parent.relative_to(out)) for path in out.rglob('metadata.yaml'))
    assert results == ['b', 'sub/a']
    depths = [each for each in contents(out / 'sub/a') if each[0] == MM]
    assert len(depths) == FRAMES
    assert ledger(out) == [('b', 'done'), ('broken.mcap', 'failed'), ('a', 'done')]

    assert process('--json') == ExitCode.SOME_FAILED
    assert events(capsys)['begin'] == [{'recordings': 1, 'done': 0, 'up_to_date': 2, 'failed': 0}]
    (data / 'broken.mcap').unlink()
    assert process() == ExitCode.CLEAN
    assert '2 up to date' in capsys.readouterr().err


def test_fail_fast_stops_at_the_first_failure(data, process):
    (data / 'a.mcap').write_text('junk')
    assert process('--fail-fast', '--quiet') == ExitCode.SOME_FAILED
    assert ledger(data.parent / 'out') == [('a.mcap', 'failed')]


def test_another_recipe_is_refused_before_any_work_and_forced_only_over_results(
    data, process, capsys
):
    out = data.parent / 'out'
    assert process('--quiet') == ExitCode.CLEAN
    (out / 'b/promptda.json').rename(out / 'kept')
    more = ('--set', 'prompt.smoothing=0', '--quiet')
    assert process(*more) == ExitCode.CONFIGURATION
    (sentence,) = capsys.readouterr().err.splitlines()
    assert 'the same holds for 1 more' in sentence
    # A folder that is no result may be anyone's.
    assert process(*more, '--force') == ExitCode.CONFIGURATION
    assert 'b exists, but not as a result' in capsys.readouterr().err
    (out / 'kept').rename(out / 'b/promptda.json')
    assert process(*more) == ExitCode.CONFIGURATION
    assert 'prompt.smoothing was 1 and is 0 now' in capsys.readouterr().err
    assert process(*more, '--force') == ExitCode.CLEAN
    assert process(*more) == ExitCode.CLEAN
    assert len(ledger(out)) == 4


def test_a_dry_run_says_what_would_be_done_and_does_nothing(data, process, capsys):
    (data / 'broken.mcap').write_text('junk')
    assert process('--dry-run') == ExitCode.SOME_FAILED
    printed = capsys.readouterr().out
    assert 'image /camera/image, depth /camera/depth, camera_info /camera/camera_info' in printed
    assert f'{FRAMES} images, {FRAMES} pairs' in printed
    assert 'failed: ' in printed
    late = ('--set', 'sync.depth_time_offset=0.05')
    assert process('--dry-run', '--json', *late) == ExitCode.SOME_FAILED
    first = events(capsys)['forecast'][0]
    assert (first['state'], first['pairs']) == ('failed', 0)
    assert re.search(r'set sync.tolerance or --set sync.depth_time_offset=\S', first['error'])
    assert not (data.parent / 'out').exists()


HEAVY = ('torch', 'cv2', 'rosbags', 'mcap', 'PIL', 'rclpy', 'ray')
UP_TO_DATE = f"""
import sys
from promptda_ros.tools.main import main
code = main(sys.argv[1:])
print(*[name for name in {HEAVY!r} if name in sys.modules])
sys.exit(code)
"""


def test_nothing_heavy_is_imported_where_there_is_no_work(words, process):
    """100 recordings that are up to date take less than 2 s, most of it Python's own start."""
    assert process('--quiet') == ExitCode.CLEAN
    command = [sys.executable, '-c', UP_TO_DATE, *words, '--quiet']
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout == '\n'


def test_jobs_and_pieces_give_what_the_serial_run_gives(data, words):
    """The same messages in the same order, whoever made them; a broken recording stops no one."""
    (data / 'broken.mcap').write_text('junk')
    long = Recording()
    long.add_camera(12)
    long.write(data / 'long')
    out = data.parent / 'out'
    words += ['--quiet', '--set', 'prompt.smoothing=0']
    assert tools.main(words) == ExitCode.SOME_FAILED
    words[words.index(str(out))] = str(data.parent / 'jobs')
    assert tools.main([*words, '--jobs', '2', '--split', '0.15']) == ExitCode.SOME_FAILED
    for name in ('b', 'sub/a', 'long'):
        assert [*contents(out / name)] == [*contents(data.parent / 'jobs' / name)]
    assert sorted(ledger(out)) == sorted(ledger(data.parent / 'jobs'))
    assert [path for path in (data.parent / 'jobs').iterdir() if path.name[0] == '.'] == []


def test_a_split_is_refused_where_depth_depends_on_the_past(process, capsys):
    assert process('--split', '60', '--quiet') == ExitCode.CONFIGURATION
    assert '--set prompt.smoothing=0, or leave out --split' in capsys.readouterr().err


def test_ctrl_c_leaves_no_process_and_the_next_run_finishes(data, process, words):
    """K20: as a terminal sends it, to all processes at once."""
    recording = Recording()
    recording.add_camera(30)
    recording.write(data / 'long')
    command = [sys.executable, '-m', 'promptda_ros.tools.main', *words, '--json', '--jobs', '2']
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as run:
        assert run.stdout is not None
        while '"progress"' not in (line := run.stdout.readline()) or 'long' not in line:
            assert line, 'it ended'
        os.killpg(run.pid, signal.SIGINT)
        _, said = run.communicate()
    assert run.returncode == ExitCode.INTERRUPTED
    assert 'run the same command again for the others' in said
    assert len(said.splitlines()) == 1
    deadline_sec = time.monotonic() + GONE_SEC
    while is_any_alive(run.pid) and time.monotonic() < deadline_sec:
        time.sleep(0.05)  # multiprocessing's own tracker ends after its parent
    assert not is_any_alive(run.pid)
    out = data.parent / 'out'
    assert not (out / 'long').exists()
    assert process('--quiet') == ExitCode.CLEAN
    assert sorted(os.listdir(out)) == ['b', 'long', 'process.jsonl', 'sub']


def test_what_was_killed_once_its_result_was_there_is_removed_too(data, process):
    assert process('--quiet') == ExitCode.CLEAN
    leftover = data.parent / 'out/.unfinished-b-abcdefgh'
    leftover.mkdir()

    assert process('--quiet', '--dry-run') == ExitCode.CLEAN
    assert leftover.exists()
    assert process('--quiet') == ExitCode.CLEAN
    assert not leftover.exists()


def is_any_alive(group: int) -> bool:
    """Return whether a process of a group runs; those that nobody has waited for do not."""
    for path in Path('/proc').glob('[0-9]*/stat'):
        try:
            state, _, its_group = path.read_text().rpartition(')')[2].split()[:3]
        except OSError:  # it has just ended
            continue
        if int(its_group) == group and state != 'Z':
            return True
    return False


def test_a_missing_model_is_said_once_with_code_3(data, tmp_path, capsys):
    out = tmp_path / 'out'
    words = ['process', str(data), '--out', str(out), '--model', f'{tmp_path}/none']
    assert tools.main(words) == ExitCode.MODEL_OR_DEVICE
    *_, sentence = capsys.readouterr().err.splitlines()
    assert 'none does not exist' in sentence
    assert not list(out.glob('*'))


def test_the_topic_that_is_advised_is_taken(tmp_path, words, capsys):
    """K18: no advice about the remappings and the launch file of a node."""
    made = Recording()
    made.add_camera(FRAMES, depth_frame='depth_frame')
    for number in range(FRAMES):
        info = SENSORS.camera_info(BEGIN_NS + number * PERIOD_NS, width=28, height=21)
        info.k = [each / 4 for each in info.k[:8]] + [1.0]
        info.p = [each / 4 for each in info.p[:10]] + [1.0, 0.0]
        made.add('/sensor/camera_info', info, BEGIN_NS + number * PERIOD_NS)
    made.add('/tf_static', static_transform(FRAME_ID, 'depth_frame', BEGIN_NS, 0.02), BEGIN_NS)
    words[1] = str(made.write(tmp_path / 'run'))
    assert tools.main(words) == ExitCode.SOME_FAILED
    told = capsys.readouterr().err
    assert 'remap' not in told
    assert 'launch file' not in told
    (option,) = re.findall(r'name with (--\S+) the camera_info of the depth sensor', told)
    assert tools.main([*words, option, '/sensor/camera_info']) == ExitCode.CLEAN
