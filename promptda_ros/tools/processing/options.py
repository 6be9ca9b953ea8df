# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The options of `promptda process`, and which of them contradict each other."""

from __future__ import annotations

import argparse
from pathlib import Path
import re

from promptda_ros import presets
from promptda_ros.bags.processing.recipe import OUTPUTS
from promptda_ros.bags.runs.ray_cluster import LOCAL
from promptda_ros.tools.arguments import (
    add_settings,
    number_above,
    number_from,
    OF_RECORDINGS,
    Parser,
    SettingsOption,
    UsageError,
    whole_from,
)

DEFAULT_OUTPUTS = ('compressed',)


def make_parser(command: str, description: str | None) -> Parser:
    """Return the arguments in the groups of their help."""
    parser = Parser(command, description)
    parser.add_argument(
        'recordings',
        type=Path,
        nargs='+',
        metavar='RECORDING',
        help='rosbag2 folder or file (.mcap, .db3, .bag), folder of picture pairs (TUM, Redwood, '
        'image/ beside depth/), or a folder that is searched for them',
    )
    parser.add_argument(
        '--out',
        type=Path,
        required=True,
        metavar='FOLDER',
        help='folder for the results: FOLDER/a/run1/ for a/run1.mcap in a searched folder',
    )
    add_what(parser)
    _add_outputs(parser)
    _add_bag(parser)
    _add_run(parser)
    return parser


def parse(parser: Parser, argv: list[str]) -> argparse.Namespace:
    """Return the arguments.

    Raises:
        UsageError: one is wrong, or two contradict each other.
    """
    arguments = parser.parse_args(argv)
    for is_wrong, sentence in _contradictions(arguments):
        if is_wrong:
            raise UsageError(sentence)
    return arguments


def add_what(parser: Parser, settings: SettingsOption = OF_RECORDINGS) -> None:
    """Let a command take the topics of cameras and the parameters of the node."""
    group = parser.add_argument_group(
        'what',
        'Topics that are not given are found where only one fits. With --cameras, T is below the '
        'name of each camera (/left/T), and NAME=T is the whole topic of one.',
    )
    group.add_argument(
        '--camera',
        choices=presets.names(),
        metavar='PRESET',
        help=f'topics and parameters of a known camera: {", ".join(presets.names())}',
    )
    group.add_argument(
        '--cameras',
        type=_names,
        default=(),
        metavar='NAME,NAME',
        help='cameras of a recording, for example left,right; outputs are in /promptda/left/...',
    )
    for option, meaning in (
        ('--image', 'colour image'),
        ('--depth', 'sensor depth'),
        ('--camera-info', 'calibration of the image'),
        ('--depth-camera-info', 'calibration of depth that is not registered to the image'),
        ('--confidence', 'confidence of the depth'),
        ('--mask', 'mask of the robot or of an object'),
    ):
        group.add_argument(
            option, action='append', type=_topic, default=[], metavar='[NAME=]T', help=meaning
        )
    group.add_argument(
        '--params-file',
        type=Path,
        action='append',
        default=[],
        metavar='F',
        help='parameter file of the node; wins over --camera',
    )
    add_settings(parser, settings, group)
    group.add_argument('--model', help='name, or folder with a slash (default: promptda-tiny)')
    group.add_argument('--device', help='auto, cpu, cuda or cuda:N (default: auto)')
    group.add_argument('--resolution', help='auto, low, medium, high or full (default: auto)')


def _add_outputs(parser: Parser) -> None:
    group = parser.add_argument_group('outputs')
    group.add_argument(
        '--outputs',
        type=_outputs,
        default=DEFAULT_OUTPUTS,
        metavar='NAME,NAME',
        help=f'topics to write: {", ".join(OUTPUTS)}; depth/camera_info is always written',
    )
    group.add_argument(
        '--to',
        choices=('bag', 'lerobot'),
        default='bag',
        help='what is written: a bag for each recording (default), or one LeRobot data set with '
        'an episode for each',
    )
    group.add_argument(
        '--task', default='', metavar='TEXT', help='what is done in the episodes of --to lerobot'
    )
    group.add_argument('--prefix', default='/promptda', help='namespace of the outputs')
    group.add_argument(
        '--report', action='store_true', help='write OUT/report.html, the worst recording first'
    )


def _add_bag(parser: Parser) -> None:
    group = parser.add_argument_group('bag')
    group.add_argument(
        '--copy', choices=('all', 'none'), default='all', help='whether to copy the originals'
    )
    for option, meaning in (('--include-topic', 'only'), ('--exclude-topic', 'no')):
        group.add_argument(
            option,
            type=_pattern,
            default='',
            metavar='REGEX',
            help=f'copy {meaning} topics that match entirely',
        )
    group.add_argument(
        '--storage', choices=('mcap', 'sqlite3'), default='mcap', help='file format'
    )
    group.add_argument(
        '--compress', choices=('zstd', 'none'), default='zstd', help='compression of the file'
    )
    seconds = 'from the beginning of the recording'
    group.add_argument(
        '--start', type=number_from(0.0), metavar='SEC', help=f'where to begin, {seconds}'
    )
    group.add_argument(
        '--end', type=number_above(0.0), metavar='SEC', help=f'where to end, {seconds}'
    )
    group.add_argument(
        '--every', type=whole_from(1), default=1, metavar='N', help='compute every n-th pair'
    )


def _add_run(parser: Parser) -> None:
    group = parser.add_argument_group('run')
    group.add_argument(
        '--jobs',
        type=whole_from(1),
        metavar='N',
        help='recordings at once, each in a process with its own network (default: 1; one a GPU '
        'with --gpus)',
    )
    group.add_argument(
        '--split',
        type=number_above(0.0),
        metavar='SEC',
        help='cut recordings into pieces of at least so many seconds, shared by --jobs or --ray; '
        'needs prompt.smoothing 0',
    )
    group.add_argument(
        '--gpus',
        type=_gpus,
        default=(),
        metavar='N,N',
        help='GPUs that the processes are dealt out to',
    )
    group.add_argument(
        '--ray',
        nargs='?',
        const=LOCAL,
        metavar='ADDRESS',
        help='work on a Ray cluster; without an address on a new one on this machine',
    )
    group.add_argument(
        '--force', action='store_true', help='replace results that another recipe made'
    )
    group.add_argument(
        '--fail-fast', action='store_true', help='stop at the first recording that fails'
    )
    group.add_argument(
        '--dry-run',
        action='store_true',
        help='say for each recording what would be done: topics, pairs, images without depth',
    )
    group.add_argument('--json', action='store_true', help='print events as lines of JSON')
    group.add_argument('--quiet', action='store_true', help='print failures only')


def _contradictions(given: argparse.Namespace) -> list[tuple[bool, str]]:
    """Return what to say of options that exclude each other, and whether they were given."""
    jobs, gpus = given.jobs, given.gpus
    return [
        (given.json and given.quiet, '--json prints events and --quiet none; give one of them'),
        (
            given.ray is not None and bool(gpus),
            '--ray deals out the GPUs of the cluster itself; leave out --gpus',
        ),
        (
            bool(gpus) and given.device is not None and not given.device.startswith('cuda'),
            f'--gpus {_listed(gpus)} are not used with --device {given.device}; leave one out',
        ),
        (
            bool(gpus) and given.device is not None and given.device.startswith('cuda:'),
            f'--device {given.device} is one GPU and --gpus names {_listed(gpus)}; leave one out',
        ),
        (
            bool(gpus) and jobs is not None and jobs < len(gpus),
            f'--jobs {jobs} is less than the {len(gpus)} GPUs of --gpus {_listed(gpus)}: '
            'one would be idle; raise --jobs, or name fewer GPUs',
        ),
        (
            given.to != 'bag' and given.outputs != DEFAULT_OUTPUTS,
            f'--to {given.to} always has image, sensor depth and our depth; leave out --outputs',
        ),
        (
            given.to != 'bag' and bool(given.cameras),
            f'--to {given.to} takes one camera; leave out --cameras, and name its topics',
        ),
        (
            given.to != 'bag' and given.split is not None,
            f'--split cuts what becomes a bag, not --to {given.to}; leave out --split',
        ),
        (
            given.to == 'bag' and bool(given.task),
            '--task is written to episodes; leave it out, or add --to lerobot',
        ),
        (
            given.copy == 'none' and bool(given.include_topic or given.exclude_topic),
            '--copy none copies no topic; leave out --include-topic and --exclude-topic',
        ),
        (
            given.end is not None and given.end <= (given.start or 0.0),
            f'--end {given.end or 0:g} is not after --start {given.start or 0:g}: '
            'nothing lies between them',
        ),
    ]


def _listed(numbers: tuple[int, ...]) -> str:
    return ','.join(map(str, numbers))


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(','))


def _outputs(text: str) -> tuple[str, ...]:
    words = _names(text)
    for word in words:
        if word not in OUTPUTS:
            raise argparse.ArgumentTypeError(f'{word!r} is not one of {", ".join(OUTPUTS)}')
    return tuple(name for name in OUTPUTS if name in words)


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f'{text!r} is no regular expression: {error}') from None
    return text


def _gpus(text: str) -> tuple[int, ...]:
    numbers = tuple(map(whole_from(0), _names(text)))
    if len(set(numbers)) < len(numbers):
        raise argparse.ArgumentTypeError(f'{text!r} names a GPU twice')
    return numbers


def _topic(text: str) -> tuple[str, str]:
    """Return the name of a camera, '' for all of them, and a topic."""
    camera, sign, topic = text.rpartition('=')
    if not topic or (sign and not camera):
        raise argparse.ArgumentTypeError(f'{text!r} is not a topic, nor NAME=topic')
    return camera, topic
