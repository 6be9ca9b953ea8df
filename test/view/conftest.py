# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A node, a page and a browser that looks at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
import itertools
from pathlib import Path
import socket
import threading
import time
from typing import Any

import pytest

from test.node.conftest import make_rig, often, Rig  # noqa: F401 (fixtures)
from test.sensors import Sensors

LIMIT_SEC = 100.0
FRAME_SEC = 0.2  # between frames of the sensors
SIZE = {'height': 240, 'width': 320}


class RunningNode:
    """The rig on a thread of its own, sending frame after frame."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def subscribers(self, output: str) -> int:
        """Return how many listen to an output of the node."""
        count: int = self.rig.publisher_of(f'/promptda/{output}').get_subscription_count()
        return count

    def stop(self) -> None:
        """Send nothing any more."""
        self._is_over.set()
        self._thread.join()

    def _run(self) -> None:
        for number in itertools.count():
            if number % 10 == 0:
                self.rig.send()
            end = time.monotonic() + FRAME_SEC / 10
            while time.monotonic() < end:
                if self._is_over.is_set():
                    return
                self.rig.spin_once()


@pytest.fixture
def running_node(
    make_rig: Callable[..., Rig],  # noqa: F811
    often: None,  # noqa: F811
) -> Iterator[RunningNode]:
    """Start a node whose sensors send frames."""
    rig = make_rig()
    rig.sensors = Sensors(**SIZE)
    rig.node.start()
    rig.advertise_all()
    running = RunningNode(rig)
    yield running
    running.stop()


@pytest.fixture
def heard(running_node: RunningNode) -> Iterator[dict[str, Any]]:
    """Return the last message of the outputs that a page shows, as anybody hears them."""
    import rclpy
    from rclpy.executors import SingleThreadedExecutor
    from sensor_msgs.msg import Image

    context = running_node.rig.node.context
    node = rclpy.create_node('listener', context=context, use_global_arguments=False)
    last: dict[str, Any] = {}
    for name in ('depth/image_rect', 'depth/uncertainty', 'depth/validity'):
        node.create_subscription(Image, f'/promptda/{name}', partial(last.__setitem__, name), 10)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    thread = threading.Thread(target=executor.spin, daemon=True)
    thread.start()
    yield last
    executor.shutdown()
    thread.join()
    node.destroy_node()


@pytest.fixture
def live_source(running_node: RunningNode) -> Iterator[Any]:
    """Listen to the node as a page does."""
    import rclpy

    from promptda_ros.view.live import LiveSource

    context = running_node.rig.node.context
    node = rclpy.create_node('promptda_view', context=context, use_global_arguments=False)
    source = LiveSource(node, '/promptda')
    yield source
    source.close()
    node.destroy_node()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[Any], str]]:
    """Serve the page of a source; returns its address."""
    viser = pytest.importorskip('viser')
    from promptda_ros.view.page import Page

    is_over = threading.Event()
    with _closing_all() as closers:

        def start(source: Any) -> str:
            server = viser.ViserServer(host='127.0.0.1', port=_free_port(), verbose=False)
            page = Page(server, source, out=tmp_path / 'saved')
            thread = threading.Thread(target=page.run, args=(is_over.is_set,), daemon=True)
            thread.start()
            closers.extend((server.stop, thread.join, is_over.set))
            return f'http://127.0.0.1:{server.get_port()}/'

        yield start


@contextmanager
def _closing_all() -> Iterator[list[Callable[[], object]]]:
    closers: list[Callable[[], object]] = []
    yield closers
    for close in reversed(closers):
        close()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(('127.0.0.1', 0))
        port: int = one.getsockname()[1]
        return port


@pytest.fixture
def tab(tmp_path: Path) -> Iterator[Any]:
    """Open a browser."""
    browser = pytest.importorskip('benchmarks.browser')
    if not browser.CHROMIUM:
        pytest.skip('no Chromium: sudo apt install chromium')
    (tmp_path / 'profile').mkdir()
    with browser.opened_tab(tmp_path / 'profile') as tab:
        yield tab


def wait_until(condition: Callable[[], object]) -> None:
    """Wait for what other threads do; fail when it does not come."""
    end = time.monotonic() + LIMIT_SEC
    while not condition():
        assert time.monotonic() < end, 'nothing came of it in time'
        time.sleep(0.02)
