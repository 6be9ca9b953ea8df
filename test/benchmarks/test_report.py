# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks leave, and the page that is made of it."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
import re

import pytest

from benchmarks import report
from benchmarks.results import Results, Table

REPOSITORY = Path(__file__).resolve().parents[2]
NOT_RUN_ALONE = {
    'report', 'results', 'serving', 'traffic', 'flying_pixels', 'agreement', 'own_sensor',
    'decoys', 'gate', 'emulated_numbers', 'bag_acceptance', 'bag_kills', 'soak', 'start_stop',
    'golden', 'life_cycles',
}  # fmt: skip


@pytest.fixture
def page(tmp_path, monkeypatch):
    """Run the report over one benchmark's results and return the page."""
    table = Table('', ('size', 'p50 ms', 'delivered'), [['0.9 MB', 3.14159, '8 of 9']])
    results = Results('Hops', [table], '12 images/s.', ['1 image'], figures={'raw': [3.14159]})
    results.report(tmp_path / 'results' / 'hops.json')
    (tmp_path / 'results' / 'other.json').write_text('{"model": "of another program"}')
    out = tmp_path / 'docs' / 'page.md'
    arguments = ['report', '--results', str(tmp_path / 'results'), '--out', str(out)]
    monkeypatch.setattr('sys.argv', arguments)
    report.main()
    return out.read_text()


def test_a_page_has_the_table_the_settings_and_what_was_lost(page):
    assert '## Hops' in page
    assert '12 images/s.' in page
    assert '| 0.9 MB | 3.14 | 8 of 9 |' in page
    assert '* 1 image' in page


def test_a_page_says_on_what_was_measured_and_by_which_command(page):
    assert re.search(r'^# Measured on \d{4}-\d\d-\d\d$', page, re.MULTILINE)
    assert re.search(r'Commit `\w+( and changes)?`, load [\d.]+', page)
    assert re.search(r'^\* processor: \d+ cores of ', page, re.MULTILINE)
    assert re.search(r'^`python -m ', page, re.MULTILINE)


def test_a_page_that_was_written_by_hand_is_kept(page, tmp_path):
    out = tmp_path / 'docs' / 'page.md'
    report.main()  # its own it replaces
    out.write_text('# By hand\n')

    with pytest.raises(SystemExit, match='written by hand'):
        report.main()

    assert out.read_text() == '# By hand\n'


def test_figures_of_a_gpu_are_claimed_only_where_there_is_one(tmp_path):
    machine = dict.fromkeys((*report.MACHINE, 'commit', 'load'), 'x')
    results = {
        'title': 'T', 'tables': [], 'settings': '', 'lost': [], 'command': '', 'machine': machine,
    }  # fmt: skip

    machine['gpu'] = 'none'
    assert report.NO_GPU in '\n'.join(report.page_of([results], '2026-01-01'))
    machine['gpu'] = 'a card'
    assert report.NO_GPU not in '\n'.join(report.page_of([results], '2026-01-01'))


def test_results_are_plain_json(tmp_path):
    Results('T', [Table('', ('a',), [[1.5]])], '').report(tmp_path / 'x.json')

    found = json.loads((tmp_path / 'x.json').read_text())

    assert found['tables'][0]['rows'] == [[1.5]]
    assert {'date', 'commit', 'processor', 'gpu', 'torch'} <= set(found['machine'])


def test_make_benchmark_runs_every_benchmark():
    recipe = (REPOSITORY / 'Makefile').read_text()
    files = (REPOSITORY / 'benchmarks').glob('*.py')
    programs = {path.stem for path in files if '__main__' in path.read_text()}
    named = programs - NOT_RUN_ALONE

    assert {name for name in named if f'benchmarks.{name}' not in recipe} == set()
    assert 'benchmarks.report' in recipe


PROGRAMS = [
    '.'.join(path.relative_to(REPOSITORY).with_suffix('').parts)
    for path in sorted((REPOSITORY / 'benchmarks').rglob('*.py'))
    if 'ArgumentParser(' in path.read_text()
]


@pytest.mark.parametrize('name', PROGRAMS)
def test_every_benchmark_prints_its_help(name, monkeypatch, capsys):
    monkeypatch.setattr('sys.argv', [name, '--help'])

    with pytest.raises(SystemExit, match='0'):
        importlib.import_module(name).main()

    assert 'usage: ' in capsys.readouterr().out


def test_tables_take_the_place_of_those_before_in_a_page(tmp_path):
    page = tmp_path / 'page.md'
    page.write_text('# Page\n\n<!-- hops -->\n\nold\n\n<!-- end hops -->\n\nMore.\n')
    table = Table('Hops', ('size', 'p50 ms'), [['0.9 MB', 3.0]])
    for _ in range(2):
        Results('Hops', [table], 'Quiet.').insert(page, 'hops')
    assert page.read_text() == (
        '# Page\n\n<!-- hops -->\n\nQuiet.\n\n**Hops**\n\n'
        '| size | p50 ms |\n| --- | --- |\n| 0.9 MB | 3 |\n\n<!-- end hops -->\n\nMore.\n'
    )
    with pytest.raises(SystemExit, match='no place'):
        Results('Hops', [table], 'Quiet.').insert(page, 'others')
