# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.bags.pictures: folders of pictures in, the same with our depth out."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from promptda_ros.bags.files import BagError
from promptda_ros.bags.pictures import process as under_test
from promptda_ros.bags.processing.process import process_unit
from promptda_ros.bags.processing.recipe import Recipe
from promptda_ros.bags.processing.record import Record
from promptda_ros.bags.processing.unit import RecipeDiffers, State, state_of, Unit
from promptda_ros.core.frame import BadFrame, Frame
from promptda_ros.core.frame_outputs import FrameOutputs
from promptda_ros.core.settings import build
from promptda_ros.messages.picture_files import read_depth_file, read_image_file
from promptda_ros.messages.picture_folders import find_pairs
from promptda_ros.model import load_model

HEIGHT, WIDTH = 96, 128
LAYOUTS = {
    'tum': ('rgb/{}.png', 'depth/{}.png', 'promptda/{}.png'),
    'redwood': ('color_{}.png', 'depth_{}.png', 'promptda_{}.png'),
    'suffixed': ('{}_color.png', '{}_depth.png', '{}_promptda.png'),
    'folders': ('desk_color/{}.png', 'desk_depth/{}.png', 'desk_promptda/{}.png'),
    'pairs': ('image/{}.png', 'depth/{}.png', 'promptda/{}.png'),
}
NAMES = ['1305031102.160407', '1305031102.194330', '1305031102.226738']


@pytest.fixture(scope='module')
def given(network_folder):
    # Random weights do not follow their sensor.
    small = {'model.path': str(network_folder), 'device': 'cpu', 'engine': 'torch'}
    return {**small, 'trust.gate': False}


@pytest.fixture(scope='module')
def model(given):
    return load_model(build(given))


@pytest.fixture
def write(tmp_path):
    """Write a folder in one of the layouts, its depth from 0.5 m on."""

    def write(layout='pairs', scale_m=0.001, names=NAMES):
        folder = tmp_path / 'data' / layout
        image, depth, _ = LAYOUTS[layout]
        for number, name in enumerate(names):
            pixels = np.random.default_rng(number).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
            metres = np.linspace(0.5, 1.5 + number, 24 * 32).reshape(24, 32)
            save(folder / image.format(name), pixels)
            save(folder / depth.format(name), (metres / scale_m).astype(np.uint16))
        (folder / 'camera.txt').write_text('525 525 319.5 239.5')
        if layout == 'tum':
            for listing, pattern in (('rgb.txt', image), ('depth.txt', depth)):
                lines = [f'{name} {pattern.format(name)}\n' for name in names]
                (folder / listing).write_text('# timestamp filename\n' + ''.join(lines))
        return folder

    return write


@pytest.fixture
def process(tmp_path, given, model):
    def process(source, **choices):
        settings = {**given, **choices.pop('settings', {})}
        unit = Unit(source, tmp_path / 'out' / source.name, Recipe.of(settings, **choices))
        told = []
        outcome = process_unit(unit, model, lambda *done: told.append(done))
        return unit, outcome, told

    return process


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), pixels)


def counts(path):
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED)


def by_hand(pair, model, given):
    """Estimate one pair as `promptda estimate` does."""
    settings = build(given)
    frame = Frame(0, '', read_image_file(pair.image), read_depth_file(pair.depth, pair.scale_m))
    depth = model.estimator.estimate(frame, settings.prompt, settings.output)
    return FrameOutputs(frame, depth, settings)


@pytest.mark.parametrize('layout', LAYOUTS)
def test_depth_has_the_names_and_the_unit_of_the_depth_that_is_there(
    write, process, model, given, layout
):
    scale_m = 1 / 5000 if layout == 'tum' else 0.001
    unit, outcome, told = process(write(layout, scale_m), outputs=('compressed', 'validity'))
    assert outcome.state == 'done', outcome.error
    assert outcome.outputs == {'promptda': 3, 'validity': 3}
    assert told[-1] == (3, 3)
    for pair, name in zip(find_pairs(unit.source), NAMES, strict=True):
        expected = by_hand(pair, model, given)
        name = LAYOUTS[layout][2].format(name)
        metres = counts(unit.target / name) * scale_m
        known_m = np.nan_to_num(expected.image_depth.depth_m)
        np.testing.assert_allclose(metres, known_m, atol=0.501 * scale_m)
        validity = counts(unit.target / name.replace('promptda', 'validity'))
        np.testing.assert_array_equal(validity, expected.validity)


@pytest.mark.parametrize('layout', LAYOUTS)
def test_everything_that_was_there_is_there_again(write, process, layout):
    unit, outcome, _ = process(write(layout))
    for path in (path for path in unit.source.rglob('*') if path.is_file()):
        assert (unit.target / path.relative_to(unit.source)).read_bytes() == path.read_bytes()
    assert (unit.target / 'preview.webp').is_file()
    record = json.loads((unit.target / 'promptda.json').read_text())
    assert record['pairs'] == outcome.pairs == 3
    assert {each['name'] for each in record['input']} >= {'camera.txt'}


def test_only_ours_is_written_on_request(write, process):
    unit, _, _ = process(write('tum'), copy='none')
    names = {path.name for path in unit.target.iterdir()}
    assert names == {'promptda', 'promptda.txt', 'promptda.json', 'preview.webp'}


def test_a_folder_that_changes_while_it_is_read_gives_no_result(write, unit_of, model):
    unit = unit_of(write('pairs'))

    def tell(done, of):
        (unit.source / 'another.txt').write_text(f'{done} of {of}')

    outcome = process_unit(unit, model, tell)
    assert 'changed while it was read' in outcome.error
    assert not unit.target.exists()


def test_a_list_gives_our_depth_the_stamp_of_the_image(write, process):
    source = write('tum')
    listing = (source / 'depth.txt').read_text().replace('1305031102.160407 ', '1305031102.165 ')
    (source / 'depth.txt').write_text(listing)
    unit, _, _ = process(source)
    lines = (unit.target / 'promptda.txt').read_text().splitlines()
    assert lines[2] == '1305031102.160407 promptda/1305031102.160407.png'


def test_a_second_run_is_up_to_date_until_a_picture_changes(write, process):
    unit, _, _ = process(write())
    assert state_of(unit) is State.UP_TO_DATE
    with pytest.raises(RecipeDiffers, match='--every'):
        state_of(Unit(unit.source, unit.target, Recipe.of(unit.recipe.parameters, every=2)))
    save(unit.source / 'image' / f'{NAMES[0]}.png', np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    assert state_of(unit) is State.TO_DO


def test_a_damaged_picture_costs_its_own_frame_and_is_told(write, process):
    source = write()
    (source / 'image' / f'{NAMES[1]}.png').write_bytes(b'\x89PNG\r\n\x1a\n')
    unit, outcome, _ = process(source)
    assert (outcome.state, outcome.drops) == ('done', {'unreadable': 1})
    (warning,) = outcome.warnings
    assert '1 of 3 pairs have no depth (1 unreadable); the first:' in warning
    assert f'{NAMES[1]}.png' in warning
    assert not (unit.target / 'promptda' / f'{NAMES[1]}.png').exists()


def test_depth_that_contradicts_its_sensor_is_not_written(write, process):
    """B1: where no pair gives depth there is no result."""
    unit, outcome, _ = process(write(), settings={'trust.gate': True})
    assert outcome.state == 'failed'
    assert f'no pair of {unit.source} gives depth (3 contradicts_sensor)' in outcome.error
    assert not unit.target.exists()


def test_depth_beyond_the_counts_is_unknown_and_told(write, process, monkeypatch):
    monkeypatch.setattr(under_test, 'require_trust', lambda depth, _: depth.depth_m.fill(20.0))
    unit, outcome, _ = process(write('tum', 1 / 5000))
    assert counts(unit.target / 'promptda' / f'{NAMES[0]}.png').max() == 0
    (warning,) = outcome.warnings
    assert '36864 pixels are unknown because 16-bit counts of 0.0002 m end at 13.1 m' in warning


def test_after_an_error_nothing_is_there(write, process, monkeypatch):
    def full(*_):
        raise OSError(28, 'No space left on device', '/disk/promptda.png')

    monkeypatch.setattr('promptda_ros.bags.pictures.result.write_picture', full)
    unit, outcome, _ = process(write())
    assert outcome.state == 'failed'
    assert f'{unit.target} cannot be written: No space left on device' in outcome.error
    assert list(unit.target.parent.iterdir()) == []


def test_a_killed_run_leaves_nothing_that_the_next_one_would_keep(write, process, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(under_test, 'require_trust', killed)
    monkeypatch.setattr('promptda_ros.core.whole_folder.shutil.rmtree', lambda *_, **__: None)
    source = write()
    with pytest.raises(KeyboardInterrupt):
        process(source)
    monkeypatch.undo()
    unit, outcome, _ = process(source)
    assert outcome.state == 'done'
    assert [path.name for path in unit.target.parent.iterdir()] == [unit.target.name]


@pytest.mark.parametrize(
    'choices, text',
    [
        ({'outputs': ('points', 'mm')}, '--outputs points can only be written to a bag'),
        ({'to': 'lerobot'}, 'have no stamps, which an episode needs'),
        ({'start_sec': 1.0}, '--start and --end need stamps'),
        ({'settings': {'cameras': ('left', 'right')}}, 'leave out --cameras'),
        ({'settings': {'input.min_confidence': 1.0}}, 'set input.min_confidence:=0'),
    ],
)
def test_what_pictures_do_not_have_is_refused(write, process, choices, text):
    if 'to' in choices:
        pytest.importorskip('pyarrow')
    unit, outcome, _ = process(write(), **choices)
    assert outcome.state == 'failed'
    assert text in outcome.error
    assert not unit.target.exists()


def test_pairs_are_chosen_by_time_and_number(write, process):
    _, outcome, _ = process(write('tum'), start_sec=0.03, every=2)
    assert outcome.outputs == {'promptda': 1}
    assert outcome.drops == {'outside': 1, 'every': 1}


def test_a_range_without_any_pair_is_refused_with_the_length_of_the_folder(write, process):
    _, outcome, _ = process(write('tum'), start_sec=60.0)
    expected = (
        'none of 3 pairs of pictures lies between --start and --end: set them within its 0.1 s'
    )
    assert expected in outcome.error


@pytest.mark.parametrize('layout', LAYOUTS)
def test_images_without_depth_are_counted(write, process, layout):
    source = write(layout)
    depth = LAYOUTS[layout][1].format(NAMES[1])
    if layout == 'tum':
        lines = (source / 'depth.txt').read_text().splitlines(keepends=True)
        (source / 'depth.txt').write_text(''.join(line for line in lines if depth not in line))
    (source / depth).unlink()
    unit, outcome, _ = process(source)
    assert Record.read(unit.target).images == 3
    assert (outcome.pairs, outcome.drops) == (2, {'unpaired': 1})
    (warning,) = outcome.warnings
    assert '1 of 3 images have no depth picture' in warning


def test_lists_whose_stamps_do_not_meet_are_refused(write, process):
    source = write('tum')
    listing = (source / 'depth.txt').read_text().replace('130503', '140503')
    (source / 'depth.txt').write_text(listing)
    _, outcome, _ = process(source)
    assert 'has no image with depth' in outcome.error
    assert 'within 20 ms' in outcome.error


def test_a_folder_of_nothing_is_no_recording(tmp_path, process):
    (tmp_path / 'empty').mkdir()
    _, outcome, _ = process(tmp_path / 'empty')
    assert 'holds no recording' in outcome.error
    assert BagError.exit_code == BadFrame.exit_code
