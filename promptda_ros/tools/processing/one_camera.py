# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Commands that look at one camera: that of a running node, or that of a recording."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from promptda_ros.bags.processing.recipe import Recipe
from promptda_ros.tools.arguments import Parser, UsageError
from promptda_ros.tools.processing.options import add_what
from promptda_ros.tools.processing.request import prefix_of, print_warning, request_of

if TYPE_CHECKING:
    from promptda_ros.view.live import LiveSource


def add_source(parser: Parser, *, recording: str) -> None:
    """Let a command take a recording, whose help is given, or a node, and what its camera is."""
    parser.add_argument('recording', type=Path, nargs='?', metavar='RECORDING', help=recording)
    parser.add_argument('--node', default='/promptda', help='full name of the running node')
    parser.add_argument(
        '--prefix', default='/promptda', help='namespace of recorded depth, which is no input'
    )
    add_what(parser)


def parse_one_camera(parser: Parser, argv: list[str]) -> argparse.Namespace:
    """Return the arguments.

    Raises:
        UsageError: one is wrong, or there are several cameras.
    """
    arguments = parser.parse_args(argv)
    if len(arguments.cameras) > 1:
        names = ','.join(arguments.cameras)
        raise UsageError(f'--cameras {names}: {parser.prog} takes one camera; name one of them')
    return arguments


def recipe_of_recording(arguments: argparse.Namespace) -> Recipe:
    """Return the recipe of the depth that is looked at.

    Raises:
        SettingError: a parameter, a file or a preset is wrong.
        UsageError: a topic is of a camera that is not there, or the prefix can't be of one.
    """
    request = request_of(arguments, print_warning)
    return Recipe.of(request.given, request.topics, prefix=prefix_of(arguments.prefix))


@contextmanager
def live_source(arguments: argparse.Namespace, name: str) -> Iterator[LiveSource]:
    """Listen to the topics of the running node, as a node of this name."""
    from promptda_ros.tools.play import started_node  # late: recordings need no ROS
    from promptda_ros.view.live import LiveSource

    with started_node(name) as node:
        source = LiveSource(node, arguments.node, ''.join(arguments.cameras))
        try:
            yield source
        finally:
            source.close()
