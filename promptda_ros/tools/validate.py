# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`promptda validate`: measures a rig while its camera looks at a flat board or a wall.

Without a recording, it listens to the topics of a running node. Needs ROS only then.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
import json
from pathlib import Path
import sys

from promptda_ros.core.errors import ExitCode
from promptda_ros.core.output_folder import OutputFolder
from promptda_ros.core.settings.schema import Settings
from promptda_ros.rig.meter import RigMeter
from promptda_ros.rig.region import Box
from promptda_ros.rig.sight import NotMeasurable
from promptda_ros.tools.arguments import in_options, number_above, Parser, UsageError, whole_from
from promptda_ros.tools.processing.one_camera import (
    add_source,
    live_source,
    parse_one_camera,
    recipe_of_recording,
)
from promptda_ros.tools.validating.advice import findings_of
from promptda_ros.tools.validating.page import write_page
from promptda_ros.tools.validating.words import lines_of, verdict_of

TOLERANCE_M = 0.01


def main(argv: list[str]) -> int:
    """Measure, and return 1 if the distance is not the expected one."""
    parser = make_parser()
    arguments = parse_one_camera(parser, argv)
    if arguments.tolerance is not None and arguments.expect is None:
        raise UsageError('--tolerance is of a distance; name that with --expect')
    with OutputFolder(arguments.report.parent, arguments.report.name):  # tried before the work
        pass
    meter = RigMeter(arguments.roi, arguments.expect)
    with _progress() as tell:
        settings = _measure(arguments, meter, tell)
    report = meter.result()
    tolerance_m = TOLERANCE_M if arguments.tolerance is None else arguments.tolerance
    prefix = ''.join(f'{name}.' for name in arguments.cameras)
    findings = findings_of(report, settings, tolerance_m, prefix)
    verdict = verdict_of(report, tolerance_m)
    source = str(arguments.recording or arguments.node)
    write_page(arguments.report, source, report, findings, verdict)
    if arguments.json:
        told = {
            **report.to_json(),
            'within': None if verdict is None else verdict.is_within,
            'findings': [each.to_json() for each in findings],
            'report': str(arguments.report),
        }
        print(json.dumps(told))
    else:
        options = parser.options if arguments.recording else ()
        for line in lines_of(report, findings):
            print(in_options(line, options))
        print(f'report      {arguments.report}')
        if verdict is not None:
            print(verdict.words)
    if arguments.expect is not None and report.moved:
        raise NotMeasurable(
            'the camera moved, so that its distance is not one: hold it still for --expect, or '
            'leave it out'
        )
    return ExitCode.CLEAN if verdict is None or verdict.is_within else ExitCode.SOME_FAILED


def make_parser() -> Parser:
    """Return the arguments of this command."""
    parser = Parser('validate', __doc__)
    add_source(
        parser, recording='rosbag2 folder or file; depth is computed as promptda process does'
    )
    parser.add_argument(
        '--frames', type=whole_from(1), default=100, metavar='N', help='how many to measure'
    )
    parser.add_argument(
        '--roi',
        type=_box,
        metavar='LEFT,TOP,WIDTH,HEIGHT',
        help='the part of the image that shows the board, in pixels (default: the middle, half '
        'as wide and high as the image)',
    )
    parser.add_argument(
        '--expect',
        type=number_above(0.0),
        metavar='METRES',
        help='true distance of the board, square to it; the exit code is 1 if it is not found',
    )
    parser.add_argument(
        '--tolerance',
        type=number_above(0.0),
        metavar='METRES',
        help=f'how far from --expect is right (default: {TOLERANCE_M})',
    )
    parser.add_argument('--report', type=Path, default=Path('validate.html'), help='page to write')
    parser.add_argument('--json', action='store_true', help='print one JSON object')
    return parser


def _measure(
    arguments: argparse.Namespace, meter: RigMeter, tell: Callable[[int, int], None]
) -> Settings:
    if arguments.recording:
        from promptda_ros.tools.validating.recorded import measure_recording  # late: needs torch

        recipe = recipe_of_recording(arguments)
        return measure_recording(arguments.recording, recipe, meter, arguments.frames, tell)
    from promptda_ros.tools.validating.live import measure_node

    with live_source(arguments, 'promptda_validate') as source:
        return measure_node(source, meter, arguments.frames, tell)


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """Return what says in a terminal how many frames are done."""
    if not sys.stderr.isatty():
        yield _say_nothing
        return

    def tell(done: int, of: int) -> None:
        print(f'\rframe {done}/{of}', end='', file=sys.stderr, flush=True)

    try:
        yield tell
    finally:
        print('\r\x1b[K', end='', file=sys.stderr, flush=True)


def _say_nothing(_done: int, _of: int) -> None:
    pass


def _box(text: str) -> Box:
    numbers = [whole_from(0)(each.strip()) for each in text.split(',')]
    if len(numbers) != len(Box._fields) or not all(numbers[2:]):
        raise argparse.ArgumentTypeError(f'{text!r} is not LEFT,TOP,WIDTH,HEIGHT')
    return Box(*numbers)
