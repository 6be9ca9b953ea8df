# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Makes the tables of docs/recipes/own_sensor.md: a network before and after it was adapted.

Each folder is a recording of one sensor. The first half of its frames is learnt from, as
`promptda train --self` does, and the second half judged.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
import shutil
import tempfile
import time

from benchmarks import accuracy
from benchmarks.accuracy import evaluate, FIGURES, METHODS, Prompt, Row
from benchmarks.results import Cell, REPOSITORY, Results, Table
from promptda_ros.core.settings import build, model_setting
from promptda_ros.lab.evaluation.readers import find_frames
from promptda_ros.lab.evaluation.readers.files import FrameFiles
from promptda_ros.model_folders import model_folder
from promptda_ros.tools.arguments import add_model
from promptda_ros.tools.main import main as promptda

TITLES = '64x48', '160x120', '640x480, 25 % cut out'
PROMPTS = tuple(each for each in accuracy.PROMPTS if each.title in TITLES)
MARK = 'benchmarks.own_sensor'
SHOWN = 'MAE', 'edge band', 'flat'
COLUMNS = ('sensor depth', *SHOWN, 'worst frame')


def main() -> None:
    """Adapt to every folder and compare."""
    arguments = _parser().parse_args()
    settings = build({model_setting(arguments.model): arguments.model})
    init = model_folder(settings.model)
    tables = []
    with tempfile.TemporaryDirectory() as folder:
        for source in arguments.folders:
            tables.append(_adapted(source, Path(folder) / source.name, init, arguments))
    described = f'{arguments.model}, adapted with {arguments.recipe.name}.'
    results = Results("One's own sensor", tables, described)
    results.report(arguments.out)
    if arguments.page:
        results.insert(arguments.page, MARK)


def _adapted(source: Path, work: Path, init: Path, arguments: argparse.Namespace) -> Table:
    """Learn from the first half of a recording and judge the second."""
    frames = find_frames(source, reader='auto')
    half = len(frames) // 2
    first, second = work / 'first', work / source.name
    for part, chosen in ((first, frames[:half]), (second, frames[half:])):
        _copy(chosen, part)
    begun_sec, begun_cpu_sec = time.monotonic(), time.process_time()
    words = ['--init', str(init), '--self', '--data', str(first), '--out', str(work / 'run')]
    code = promptda(['train', str(arguments.recipe), *words, '--workers', '0'])
    if code:
        raise SystemExit(code)
    minutes = (time.monotonic() - begun_sec) / 60
    cpu_minutes = (time.process_time() - begun_cpu_sec) / 60
    title = (
        f'{source.name}: {half} frames, {minutes:.1f} min, {cpu_minutes:.1f} CPU min; '
        f'evaluated on {min(arguments.frames, len(frames) - half)} other frames; before -> after'
    )
    models = [str(init), str(work / 'run' / 'model')]
    return Table(title, COLUMNS, [_line(prompt, second, models, arguments) for prompt in PROMPTS])


def _copy(frames: Sequence[FrameFiles], folder: Path) -> None:
    """Write frames as image/ and depth/."""
    for kind in ('image', 'depth'):
        (folder / kind).mkdir(parents=True)
    for frame in frames:
        shutil.copyfile(frame.image, folder / 'image' / f'{frame.name}{frame.image.suffix}')
        shutil.copyfile(frame.truth, folder / 'depth' / f'{frame.name}{frame.truth.suffix}')


def _line(
    prompt: Prompt, folder: Path, models: Sequence[str], arguments: argparse.Namespace
) -> list[Cell]:
    more = [*METHODS, '--frames', str(arguments.frames)]
    rows = evaluate([str(folder), '--model', *models, *prompt.words, *more])['rows']
    before, after = (_of(rows, name) for name in models)
    names = [FIGURES[column] for column in SHOWN]
    shown = [f'{before["means"][name]:.2f} -> {after["means"][name]:.2f}' for name in names]
    return [prompt.title, *shown, f'{before["worst"]:.2f} -> {after["worst"]:.2f}']


def _of(rows: Sequence[Row], model: str) -> Row:
    """Return the row of a network, which is called by its folder's name where that is enough."""
    return next(row for row in rows if row['method'] in (model, Path(model).name))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('folders', type=Path, nargs='+', help='recordings of one sensor each')
    add_model(parser)
    parser.add_argument('--recipe', type=Path, default=REPOSITORY / 'training' / 'adapt.yaml')
    parser.add_argument('--frames', type=int, default=6, help='to judge on, evenly spread')
    parser.add_argument('--out', type=Path, default=Path('benchmark_output/own_sensor.json'))
    parser.add_argument('--page', type=Path, help='put the tables in here')
    return parser


if __name__ == '__main__':
    main()
