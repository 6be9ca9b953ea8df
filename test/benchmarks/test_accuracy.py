# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of benchmarks.accuracy: the tables of docs/accuracy.md."""

from __future__ import annotations

from pathlib import Path

from benchmarks import accuracy
from promptda_ros.tools.evaluate import make_parser

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = (REPOSITORY / 'docs/accuracy.md').read_text()


def row(sensor: str, method: str, ratio: float) -> accuracy.Row:
    """Return a row of results.json."""
    means = dict.fromkeys(accuracy.FIGURES.values(), ratio)
    means |= {'mae_m': 0.01 * ratio, 'relative_hole_mae': None}
    return {
        'sensor': sensor,
        'method': method,
        'frames': 5,
        'means': means,
        'worst': 2 * ratio,
    }


# In the order of the rows of `promptda evaluate`
METHODS = {'full_resolution': 0.9, 'bilinear': 1.0, 'tiny without anchor': 1.2}
METHODS |= {'tiny surface residual': 0.95, 'tiny': 0.7}
ROWS = [row(sensor, *method) for sensor in ('desk', 'all 2 sources') for method in METHODS.items()]


def test_all_sources_come_first_and_ratios_are_those_of_the_network():
    first, second = accuracy.source_tables({'64x48': ROWS})
    assert (first.title, second.title) == ('all 2 sources, 5 frames', 'desk, 5 frames')
    assert first.columns == ('sensor depth', *accuracy.COLUMNS)
    assert len(first.rows[0]) == len(first.columns)
    assert first.rows == [
        ['64x48', '10.0', '7.0', '0.70', '0.70', '0.70', '-', '1.40', '1.20', '0.95', '0.90']
    ]


def test_a_network_without_an_anchor_has_no_figure_for_that():
    alone = [each for each in ROWS if each['method'] != 'tiny without anchor']
    assert next(accuracy.source_tables({'64x48': alone})).rows[0][-3] == '-'


def test_every_command_is_one_that_promptda_evaluate_takes():
    for prompt in accuracy.PROMPTS:
        make_parser().parse_args(['folder', *prompt.words, *prompt.methods])


def test_the_figures_of_the_model_card_are_those_of_the_page():
    card = (REPOSITORY / 'models/promptda-tiny/README.md').read_text()
    table = PAGE.partition('**all ')[2].partition('\n\n**')[0]
    page = {cells[0]: cells for cells in rows_of(table)}
    figures = [page['sensor depth'].index(name) for name in ('MAE', 'edge band', 'worst frame')]

    shown = {cells[0]: cells[1:] for cells in rows_of(card) if cells[0] in page}

    assert len(shown.pop('sensor depth')) == len(figures)
    assert len(shown) > 3
    assert shown == {name: [page[name][each] for each in figures] for name in shown}


def rows_of(text: str) -> list[list[str]]:
    """Return the cells of every row of the tables in a text."""
    lines = [line for line in text.splitlines() if line.startswith('| ')]
    return [[cell.strip() for cell in line.strip('|').split('|')] for line in lines]
