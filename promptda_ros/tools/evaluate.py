# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`promptda evaluate`: compares networks and filters on frames with known depth."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
import sys
from typing import TYPE_CHECKING

from tqdm import tqdm

from promptda_ros.core.errors import ExitCode
from promptda_ros.core.model_names import EMBEDDED
from promptda_ros.core.output_folder import OutputFolder
from promptda_ros.core.settings import build
from promptda_ros.lab.evaluation.flicker import Flicker, measure_flicker
from promptda_ros.lab.evaluation.methods import (
    BASELINES,
    FILTERS,
    filters_installed,
    FILTERS_MISSING,
    Method,
    NetworkMethod,
    NetworkOnVideo,
)
from promptda_ros.lab.evaluation.page import write_page
from promptda_ros.lab.evaluation.readers import find_frames, SampleReader
from promptda_ros.lab.evaluation.readers.files import evenly, FileReader, FrameFiles, NoFrames
from promptda_ros.lab.evaluation.readers.noisy import NoisyReader
from promptda_ros.lab.evaluation.report import EvaluationReport, write_scores
from promptda_ros.lab.evaluation.run import evaluate, Score
from promptda_ros.lab.evaluation.summary import of_all_sources, summarise
from promptda_ros.lab.evaluation.table import aligned, error_tables, flicker_table
from promptda_ros.lab.evaluation.worst import WorstFrames
from promptda_ros.lab.sim.renderer import require_renderer
from promptda_ros.loaded_model import LoadedModel
from promptda_ros.model import load_model
from promptda_ros.process import Stopped
from promptda_ros.tools.arguments import (
    finite,
    Parser,
    rays_of,
    require_sensors,
    settings_of,
    whole_from,
)
from promptda_ros.tools.pictures import add_folders, pictures_of

if TYPE_CHECKING:
    from promptda_ros.lab.evaluation.readers.cell_reader import CellReader

CELL = 'cell'
SIMULATED = {CELL: 0.0, 'prints': 1.0}  # share of the scenes with prints and hard shadows
CELL_FRAMES = 20
NETWORK = 'network'
WITHOUT_ANCHOR, SURFACE = 'without anchor', 'surface residual'
FULL = 'full'  # the depth as it is stands for the sensor
WORST_PER_SENSOR = 3
STATIC_VIDEOS = 3
RESULTS = ('results.csv', 'results.json', 'index.html')


def main(argv: list[str]) -> int:
    """Write results.csv, results.json and index.html, and print the tables."""
    arguments = make_parser().parse_args(argv)
    if arguments.static_frames and not _is_simulated(arguments):
        raise NoFrames('--static-frames needs the cell: no folder says which frames are static')
    if arguments.noise and _is_simulated(arguments):
        raise NoFrames('--noise is for folders: the sensors of the cell have their own noise')
    with OutputFolder(arguments.out, *RESULTS) as unfinished:
        report, stopped = _evaluate(arguments, unfinished)
    _tell(report, arguments.out)
    if stopped:
        raise Stopped(stopped)
    return ExitCode.CLEAN


def make_parser() -> Parser:
    """Return the arguments of this command."""
    parser = Parser('evaluate', __doc__)
    parser.add_argument(
        'source',
        nargs='+',
        help="'cell' for simulated scenes, 'prints' for the same with prints and hard shadows, "
        'or folders of frames and bags',
    )
    add_folders(parser)
    parser.add_argument(
        '--model', nargs='+', default=[EMBEDDED], help='names, or folders with a slash'
    )
    parser.add_argument(
        '--methods',
        nargs='+',
        choices=(*BASELINES, NETWORK),
        default=(*BASELINES, NETWORK),
        help='methods to compare; network means every --model',
    )
    parser.add_argument(
        '--sensors', nargs='+', help='sensors of the cell or of HAMMER; all by default'
    )
    parser.add_argument(
        '--holes',
        nargs='+',
        type=_share,
        default=[0.0, 0.1, 0.25, 0.5],
        help='shares of the measurements to remove in blobs',
    )
    parser.add_argument(
        '--frames',
        type=whole_from(1),
        help=f'evenly spaced frames per folder (default: all; for the cell {CELL_FRAMES})',
    )
    parser.add_argument(
        '--size',
        type=_size,
        default='640x480',
        metavar='WIDTHxHEIGHT',
        help='size of the images of the cell',
    )
    parser.add_argument(
        '--prompt-size',
        type=_prompt_size,
        default='64x48',
        metavar='WIDTHxHEIGHT',
        help='size of the prompt, downsampled from exact depth if there is no sensor depth; full: '
        'not downsampled',
    )
    parser.add_argument(
        '--noise',
        type=_share,
        default=0.0,
        help='noise added to the sensor depth of folders, as a share of the depth',
    )
    parser.add_argument(
        '--static-frames',
        type=whole_from(1),
        default=0,
        help='number of frames in static videos of the cell',
    )
    parser.add_argument('--device', default='auto', help='auto, cpu, cuda or cuda:N')
    parser.add_argument('--resolution', default='auto', help='auto, low, medium, high or full')
    parser.add_argument('--seed', type=whole_from(0), default=0, help='seed of scenes and holes')
    parser.add_argument(
        '--out', type=Path, default=Path('evaluation_output'), help='folder for the results'
    )
    return parser


def _share(text: str) -> float:
    share = finite(text)
    if not 0.0 <= share < 1.0:
        raise argparse.ArgumentTypeError(f'{text} is not a share from 0 to below 1')
    return share


def _prompt_size(text: str) -> tuple[int, int] | None:
    return None if text == FULL else _size(text)


def _size(text: str) -> tuple[int, int]:
    """Return (height, width) of WIDTHxHEIGHT."""
    width, _, height = text.partition('x')
    if not (width.isdecimal() and height.isdecimal() and int(width) * int(height) > 0):
        raise argparse.ArgumentTypeError(f'{text!r} is not WIDTHxHEIGHT')
    return int(height), int(width)


def _evaluate(arguments: argparse.Namespace, unfinished: Path) -> tuple[EvaluationReport, str]:
    """Judge, and write the results to a folder; return what they are, and whether all."""
    reader = _reader(arguments)
    names = arguments.model if NETWORK in arguments.methods else []
    resolution = {'model.resolution': arguments.resolution}
    models = [load_model(settings_of(arguments, name, **resolution)) for name in names]
    methods, missing = _methods(arguments.methods, names, models)
    if not methods:
        raise NoFrames(f'nothing to compare: {"; ".join(missing)}')
    worst = WorstFrames(
        methods[-1].name, per_sensor=WORST_PER_SENSOR, hole_share=min(arguments.holes)
    )
    scores, stopped = _run(reader, methods, worst, arguments)
    report = EvaluationReport(
        source=', '.join(arguments.source),
        seed=arguments.seed,
        resolution=arguments.resolution,
        asked=_asked(arguments),
        models=[model.facts() for model in models],
        missing=missing,
        rows=summarise(scores) + (of_all_sources(scores) if len(arguments.source) > 1 else []),
        flickers=[] if stopped else _flickers(methods, arguments),
    )
    write_scores(unfinished / 'results.csv', scores)
    (unfinished / 'results.json').write_text(report.to_json())
    write_page(unfinished / 'index.html', report, worst.listed())
    return report, stopped


def _asked(arguments: argparse.Namespace) -> dict[str, object]:
    """Return what is needed to repeat the run beside seed and resolution."""
    names = (
        *('topics', 'reader', 'methods', 'sensors', 'holes', 'noise', 'frames'),
        *('static_frames', 'depth_kind', 'intrinsics'),
    )
    return {
        **{name: getattr(arguments, name) for name in names},
        'size': '{1}x{0}'.format(*arguments.size),
        'prompt_size': '{1}x{0}'.format(*arguments.prompt_size) if arguments.prompt_size else FULL,
    }


def _is_simulated(arguments: argparse.Namespace) -> bool:
    return len(arguments.source) == 1 and arguments.source[0] in SIMULATED


def _reader(arguments: argparse.Namespace) -> SampleReader:
    if _is_simulated(arguments):
        return _cell_reader(arguments)
    folders = [Path(source) for source in arguments.source]
    how_often = Counter(folder.absolute().name for folder in folders)
    frames = []
    for folder in folders:
        found = _frames_of(folder, arguments)
        if how_often[folder.absolute().name] > 1:  # told apart by their paths
            found = [replace(frame, sensor=f'{folder}: {frame.sensor}') for frame in found]
        frames += found
    reader = FileReader(frames, prompt_size=arguments.prompt_size)
    return NoisyReader(reader, arguments.noise, arguments.seed) if arguments.noise else reader


def _frames_of(folder: Path, arguments: argparse.Namespace) -> list[FrameFiles]:
    """List the frames of a folder or bag that were asked for."""
    pictures = pictures_of(folder, arguments.topics, arguments.out)
    frames = find_frames(pictures, reader=arguments.reader, rays_of=rays_of(arguments))
    if pictures != folder:
        frames = [replace(frame, sensor=folder.stem) for frame in frames]
    known = list(dict.fromkeys(frame.sensor for frame in frames))
    sensors = _chosen_sensors(arguments.sensors, known)
    chosen = [frame for frame in frames if frame.sensor in sensors]
    return evenly(chosen, arguments.frames)


def _cell_reader(arguments: argparse.Namespace) -> CellReader:
    require_renderer()
    # Late: MuJoCo is an optional extra.
    from promptda_ros.lab.evaluation.readers.cell_reader import CellReader
    from promptda_ros.lab.sim.sensors import SENSORS

    return CellReader(
        sensors=_chosen_sensors(arguments.sensors, list(SENSORS)),
        views=arguments.frames or CELL_FRAMES,
        size=arguments.size,
        seed=arguments.seed,
        decoy_share=SIMULATED[arguments.source[0]],
    )


def _chosen_sensors(wanted: Sequence[str] | None, known: Sequence[str]) -> Sequence[str]:
    require_sensors(wanted or (), known)
    return wanted or known


def _methods(
    wanted: Sequence[str], names: Sequence[str], models: Sequence[LoadedModel]
) -> tuple[list[Method], list[str]]:
    """Return what can run, and a line, name and reason, for each method that can't."""
    settings = build({})
    alone, surface = (build({'output.anchor': choice}) for choice in ('off', 'surface'))
    missing = [name for name in FILTERS if name in wanted and not filters_installed()]
    methods = [
        make(settings)
        for name, make in BASELINES.items()
        if name in wanted and name not in missing
    ]
    how_often = Counter(model.name for model in models)
    for name, model in zip(names, models, strict=True):
        # Two folders of one name are told apart by their paths.
        label = model.name if how_often[model.name] == 1 else name
        methods.append(NetworkMethod(alone, f'{label} {WITHOUT_ANCHOR}', model.estimator))
        if model.anchor_sha256:  # without one the surface residual is what the network runs with
            methods.append(NetworkMethod(surface, f'{label} {SURFACE}', model.estimator))
        methods.append(NetworkMethod(settings, label, model.estimator))
    return methods, [f'{name} {FILTERS_MISSING}' for name in missing]


def _run(
    reader: SampleReader,
    methods: Sequence[Method],
    worst: WorstFrames,
    arguments: argparse.Namespace,
) -> tuple[list[Score], str]:
    """Evaluate every method on every frame; Ctrl-C ends with the results so far."""
    answers = evaluate(reader, methods, hole_shares=arguments.holes, seed=arguments.seed)
    total = len(reader) * len(arguments.holes) * len(methods)
    scores: list[Score] = []
    stopped = ''
    try:
        for answer in tqdm(answers, total=total, desc='answers', unit='', file=sys.stderr):
            scores.append(answer.score)
            worst.offer(answer)
    except Stopped:
        if not scores:
            raise
        stopped = f'stopped: the results are of {len(scores)} of {total} answers'
    if all(score.refused for score in scores):
        reasons = ', '.join(sorted({score.refused for score in scores}))
        raise NoFrames(f'none of {len(reader)} frames gave any answer: {reasons}')
    return scores, stopped


def _flickers(methods: Sequence[Method], arguments: argparse.Namespace) -> list[Flicker]:
    if not arguments.static_frames:
        return []
    reader = _cell_reader(arguments)
    return [
        flicker
        for sensor in tqdm(reader.sensors, desc='flicker', unit=' sensors', file=sys.stderr)
        for flicker in measure_flicker(
            reader.static_videos(sensor, videos=STATIC_VIDEOS, frames=arguments.static_frames),
            lambda: [
                NetworkOnVideo(method) if isinstance(method, NetworkMethod) else method
                for method in methods
            ],
        )
    ]


def _tell(report: EvaluationReport, folder: Path) -> None:
    print(f'Millimetres; {report.averaging}.')
    for title, lines in error_tables(report.rows, report.missing):
        print(f'\n{title}\n{aligned(lines)}')
    if report.flickers:
        print(f'\nflicker on static video\n{aligned(flicker_table(report.flickers))}')
    print(f'\nresults {folder}')
