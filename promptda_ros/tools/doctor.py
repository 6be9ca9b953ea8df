# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`promptda doctor`: says why no depth comes, or none to trust, and how to fix it.

Looks at this machine, then at the topics of a camera for some seconds, whether or not the node
runs, or with --bag at a recording, which needs no ROS. Topics are those of the launch file unless
others are named.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.util import find_spec
import json
import os
from pathlib import Path
import sys
from typing import TYPE_CHECKING

from promptda_ros import presets
from promptda_ros.bags.planning.topics import beside
from promptda_ros.bags.processing.recipe import CameraTopics
from promptda_ros.core.errors import ExitCode
from promptda_ros.doctor.finding import Check, Finding, Sound
from promptda_ros.doctor.machine.python import DeviceCheck, PythonCheck
from promptda_ros.doctor.machine.weights import WeightsCheck
from promptda_ros.tools.arguments import number_above, OF_INPUTS, Parser
from promptda_ros.tools.processing.options import add_what
from promptda_ros.tools.processing.request import (
    full_topic,
    print_warning,
    Request,
    request_of,
)

if TYPE_CHECKING:
    from promptda_ros.doctor.inputs.facts import CameraFacts

SECONDS = 3.0
DEFAULT_PRESET = 'realsense_d435'  # of the launch file


def main(argv: list[str]) -> int:
    """Print what was found in order; 1 if there is something to fix."""
    arguments = make_parser().parse_args(argv)
    request = request_of(arguments, print_warning)
    has_findings = False
    for each in _look(arguments, request):
        has_findings = has_findings or isinstance(each, Finding)
        if arguments.json:
            print(json.dumps(each.to_json()), flush=True)
        else:
            print(*each.lines(), sep='\n', flush=True)
    if not arguments.json:
        print('there is something to fix' if has_findings else 'there is nothing to fix')
    return ExitCode.SOME_FAILED if has_findings else ExitCode.CLEAN


def make_parser() -> Parser:
    """Return the arguments of this command."""
    parser = Parser('doctor', __doc__)
    parser.add_argument(
        '--bag', type=Path, metavar='RECORDING', help='look at a recording instead of topics'
    )
    parser.add_argument(
        '--seconds',
        type=number_above(0.0),
        default=SECONDS,
        metavar='SEC',
        help='how long to listen to topics once all of them send; so long they are waited for',
    )
    parser.add_argument('--json', action='store_true', help='print a line of JSON for each check')
    add_what(parser, OF_INPUTS)
    return parser


def _look(arguments: argparse.Namespace, request: Request) -> Iterator[Finding | Sound]:
    settings = request.settings.common
    python = [*PythonCheck().look()]
    yield from python
    if any(isinstance(each, Finding) for each in python):
        return  # nothing else can be imported
    machine: Sequence[Check] = DeviceCheck(settings), WeightsCheck(settings)
    for check in machine:
        yield from check.look()
    look = _at_recording if arguments.bag else _at_topics
    yield from look(arguments, request)


def _at_recording(arguments: argparse.Namespace, request: Request) -> Iterator[Finding | Sound]:
    from promptda_ros.bags.bag import open_bag, say_warnings  # late, as recordings are
    from promptda_ros.doctor.recording import recorded_cameras

    with open_bag(arguments.bag) as bag:
        say_warnings(bag)
        yield from _of_cameras(recorded_cameras(bag, request.topics, request.settings.of_cameras))


def _at_topics(arguments: argparse.Namespace, request: Request) -> Iterator[Finding | Sound]:
    if find_spec('rclpy') is None:
        yield Sound('ros', f'no rclpy is found by {sys.executable}: topics are not looked at')
        return
    from promptda_ros.doctor.live import live_cameras, remappings  # late: it needs ROS
    from promptda_ros.doctor.machine.transport import TransportCheck
    from promptda_ros.tools.play import started_node

    topics = {name: _of_launch_file(each, name) for name, each in request.topics.items()}
    with started_node('promptda_doctor', *remappings(topics)) as node:
        cameras, processes = live_cameras(
            node, topics, request.settings.of_cameras, seconds=arguments.seconds
        )
    yield from TransportCheck(os.environ, processes).look()
    yield from _of_cameras(cameras)


def _of_launch_file(topics: CameraTopics, camera: str) -> CameraTopics:
    """Complete the topics of a camera as depth.launch.py does."""
    default = presets.load(DEFAULT_PRESET).topics
    image, depth = (
        getattr(topics, role) or full_topic(default[role], camera) for role in ('image', 'depth')
    )
    return replace(
        topics,
        image=image,
        depth=depth,
        camera_info=topics.camera_info or beside(image),
        depth_camera_info=topics.depth_camera_info or beside(depth),
    )


def _of_cameras(cameras: Sequence[CameraFacts]) -> Iterator[Finding | Sound]:
    from promptda_ros.doctor.inputs.camera import CameraCheck  # late: with torch

    for facts in cameras:
        for each in CameraCheck(facts).look():
            yield replace(each, what=f'{facts.name}: {each.what}') if facts.name else each
