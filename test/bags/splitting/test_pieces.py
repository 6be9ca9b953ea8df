# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.bags.splitting."""

from __future__ import annotations

import copy
import os
import pickle
import shutil
from types import SimpleNamespace

import pytest

from promptda_ros.bags.processing.record import Record
from promptda_ros.bags.processing.unit import State, state_of
from promptda_ros.bags.runs.in_pieces import InPieces
from promptda_ros.bags.runs.serial import Serial
from promptda_ros.bags.runs.work import Processing
from promptda_ros.bags.splitting.cut import CannotSplit
from promptda_ros.bags.splitting.join import join
from promptda_ros.bags.splitting.pieces import cut_unit, process_piece
from test.recordings import BEGIN_NS, contents, MS, PERIOD_NS, Recording, static_transform

ALONE = {'prompt.smoothing': 0}
FRAMES = 24


@pytest.fixture
def recording(tmp_path):
    """Write frames of which some have no depth, with depth of another frame than the image."""
    made = Recording()
    made.add_camera(FRAMES)
    made.messages = [
        each
        for number, each in enumerate(made.messages)
        if not (each[1] == '/camera/depth' and number % 7 == 0)
    ]
    made.add('/tf_static', static_transform('map', 'base', BEGIN_NS, 1.0), BEGIN_NS + 40 * MS)
    return made.write(tmp_path / 'run')


def work_on(pieces, model):
    return [
        process_piece(pickle.loads(pickle.dumps(each)), model, lambda done, count: None)
        for each in pieces
    ]


def test_pieces_joined_are_what_one_run_gives(recording, unit_of, process, model):
    unit = unit_of(recording, ALONE, outputs=('depth', 'compressed', 'points'))
    pieces = cut_unit(unit, 0.2)
    assert len(pieces) == 4
    for outcome in reversed(work_on(pieces, model)):
        assert outcome.error == ''
    joined = join(pieces)
    assert joined.error == ''
    assert os.listdir(unit.target.parent) == ['run']
    found, record = list(contents(unit.target)), Record.read(unit.target)
    shown = (unit.target / 'preview.webp').read_bytes()
    unit.target.rename(unit.target.parent.parent / 'joined')
    whole = process(unit)
    assert found == list(contents(unit.target))
    assert (joined.pairs, joined.outputs, joined.drops) == (
        whole.pairs, whole.outputs, whole.drops,
    )  # fmt: skip
    assert record.pixels == Record.read(unit.target).pixels
    assert shown == (unit.target / 'preview.webp').read_bytes()


def test_a_finished_piece_is_not_worked_on_again(recording, unit_of, model):
    pieces = cut_unit(unit_of(recording, ALONE), 0.2)
    work_on(pieces[:2], model)
    times = [os.stat(each.folder / 'messages.bin').st_mtime_ns for each in pieces[:2]]
    pieces = cut_unit(unit_of(recording, ALONE), 0.2)
    work_on(pieces, model)
    assert times == [os.stat(each.folder / 'messages.bin').st_mtime_ns for each in pieces[:2]]


def test_depth_that_depends_on_its_past_is_not_cut(recording, unit_of):
    with pytest.raises(CannotSplit, match=r'prompt\.smoothing is 1: set prompt\.smoothing:=0'):
        cut_unit(unit_of(recording), 0.2)


def test_frames_that_are_chosen_by_those_before_are_not_cut(recording, unit_of):
    with pytest.raises(CannotSplit, match=r'output\.max_rate is 5: set output\.max_rate:=0'):
        cut_unit(unit_of(recording, {**ALONE, 'output.max_rate': 5.0}), 0.2)


def test_pieces_of_what_has_changed_since_are_not_joined(recording, unit_of, model):
    """Their depth would be of other images."""
    pieces = cut_unit(unit_of(recording, ALONE), 10.0)
    work_on(pieces, model)
    os.utime(recording / 'run.mcap', ns=(0, 0))
    assert 'changed while it was read' in join(pieces).error


def test_with_the_gate_a_recording_is_cut_where_the_gate_looks_anew(tmp_path, unit_of):
    """Every five seconds of the stamps; the recording passes one at 1 700 000 005 s."""
    made = Recording()
    made.add_camera(160)
    unit = unit_of(made.write(tmp_path / 'run'), {**ALONE, 'trust.gate': True})
    (first, second) = cut_unit(unit, 0.2)
    pair = second.plan.pairs[second.part.first]
    before = first.plan.pairs[first.part.last - 1]
    assert before.depth_stamp_ns < 1_700_000_005 * 10**9 <= pair.depth_stamp_ns


def test_pieces_are_shared_by_whoever_works_and_give_whole_recordings(
    recording, unit_of, tmp_path, model, parameters
):
    """Also where one of two recordings can't be read."""
    unit, broken = unit_of(recording, ALONE), tmp_path / 'broken.mcap'
    broken.write_bytes(b'nothing')
    told = []

    def workers(tell):
        work = Processing(unit.recipe)
        return _Loaded(work, tell, model)

    runner = InPieces(workers, lambda unit, done, of: told.append((unit, done, of)), 0.2)
    outcomes = list(runner.run([unit_of(broken, ALONE), unit]))
    assert [outcome.state for outcome in outcomes] == ['failed', 'done']
    assert told[-1] == (unit, outcomes[1].pairs, outcomes[1].pairs)
    assert state_of(unit) is State.UP_TO_DATE


class _Loaded(Serial):
    """Has the network already."""

    def __init__(self, work, tell, model):
        super().__init__(work, tell)
        self._work = SimpleNamespace(load=lambda: model, process=work.process)


def test_a_recording_of_a_loop_gets_the_depth_of_each_lap(tmp_path, unit_of, process, model):
    """Its stamps come again, with other images and depths."""
    made = Recording()
    made.add_camera(44)
    made.messages = [each for at, each in enumerate(made.messages) if at // 3 not in range(4, 40)]
    for logged_ns, topic, message in made.messages[:12]:
        again = copy.deepcopy(message)
        if topic != '/camera/camera_info':
            again.data[: len(again.data) // 2] = again.data[len(again.data) // 2 :]
        made.add(topic, again, logged_ns + 50 * PERIOD_NS)
    unit = unit_of(made.write(tmp_path / 'run'), ALONE, outputs=('depth',), copy='none')
    pieces = cut_unit(unit, 0.2)
    work_on(pieces, model)
    assert join(pieces).error == ''
    found = list(contents(unit.target))
    shutil.rmtree(unit.target)
    process(unit)
    assert found == list(contents(unit.target))
