# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`promptda view`: shows a running node or a recording in the browser.

Without a recording, it listens to the topics of a running node. The page is served from this
process, for browsers on this machine unless --host says otherwise.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, redirect_stdout
import io
from pathlib import Path
import socket
from typing import TYPE_CHECKING

from promptda_ros.core.errors import ExitCode, PromptdaError
from promptda_ros.process import Stopped
from promptda_ros.tools.arguments import Parser, UsageError, whole_from
from promptda_ros.tools.processing.one_camera import (
    add_source,
    live_source,
    parse_one_camera,
    recipe_of_recording,
)

if TYPE_CHECKING:
    import viser

    from promptda_ros.view.source import Source

LOCAL = '127.0.0.1'
PORT = 8080


class ViewError(PromptdaError):
    """The page can't be served; the text says why."""

    exit_code = ExitCode.MODEL_OR_DEVICE


def main(argv: list[str]) -> int:
    """Serve the page until Ctrl-C."""
    arguments = parse_one_camera(make_parser(), argv)
    with _source(arguments) as source:
        server = serve(arguments.host, arguments.port)
        from promptda_ros.view.page import Page  # late: only this command needs viser

        page = Page(server, source, out=arguments.out)
        print(f'view       http://{server.get_host()}:{server.get_port()}', flush=True)
        try:
            page.run()
        except Stopped:
            return ExitCode.CLEAN  # the way to end it
        finally:
            with _silent():
                server.stop()
    return ExitCode.CLEAN


def make_parser() -> Parser:
    """Return the arguments of this command."""
    parser = Parser('view', __doc__)
    add_source(
        parser,
        recording='rosbag2 folder or file; depth of promptda process is shown, else the network '
        'runs',
    )
    parser.add_argument(
        '--host', default=LOCAL, help='address to serve on; 0.0.0.0 lets other machines look'
    )
    parser.add_argument('--port', type=whole_from(1), default=PORT, help='the next if it is taken')
    parser.add_argument(
        '--out', type=Path, default=Path('view_output'), help='folder for what the page saves'
    )
    return parser


def serve(host: str, port: int) -> viser.ViserServer:
    """Serve an empty page on this port or the next that is free.

    Raises:
        ViewError: viser is not installed.
        UsageError: this machine has no such address.
    """
    _require_address(host)
    try:
        import viser
    except ModuleNotFoundError as error:
        raise ViewError(
            f"{error.name} is not installed, and the page needs it: pip install 'viser>=1.1'"
        ) from None
    with _silent():
        return viser.ViserServer(host=host, port=port, verbose=False)


def _require_address(host: str) -> None:
    """Refuse what can't be listened on: viser would try one port after the other for ever."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.bind(address)
    except OSError as error:
        raise UsageError(
            f'--host {host}: this machine cannot serve there ({error.strerror}); take '
            f'{LOCAL}, 0.0.0.0 or an address of this machine'
        ) from None


def _silent() -> AbstractContextManager[object]:
    """Keep what viser prints of itself off the terminal."""
    return redirect_stdout(io.StringIO())


def _source(arguments: argparse.Namespace) -> AbstractContextManager[Source]:
    if arguments.recording:
        return _recording(arguments)
    return live_source(arguments, 'promptda_view')


@contextmanager
def _recording(arguments: argparse.Namespace) -> Iterator[Source]:
    from promptda_ros.bags.bag import open_bag, say_warnings  # late: a live page reads no bags
    from promptda_ros.bags.processing.record import Record
    from promptda_ros.bags.processing.warnings import Warnings
    from promptda_ros.bags.processing.work import Work
    from promptda_ros.view.recorded.opening import open_recording

    with open_bag(arguments.recording) as bag:
        say_warnings(bag)
        record = Record.read(arguments.recording)
        recipe = record.recipe if record is not None else recipe_of_recording(arguments)
        with closing(open_recording(Work(bag, recipe, Warnings()))) as source:
            yield source
