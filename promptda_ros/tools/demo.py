# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`promptda demo`: replays a camera recording through the node over DDS.

The node runs in a separate process, as on a robot. The command also estimates a real frame, like
`promptda estimate`. It writes preview.png, real.png, cloud.ply and report.json.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, ExitStack
from itertools import cycle, islice
import os
from pathlib import Path
import subprocess
import sys
import time

import numpy as np
from rclpy.executors import SingleThreadedExecutor
from sensor_msgs_py import point_cloud2
from tqdm import tqdm

from promptda_ros.bags.recording import read_frames, RecordedFrame
from promptda_ros.core.errors import ExitCode, PromptdaError
from promptda_ros.core.frame import FloatImage
from promptda_ros.core.output_folder import OutputFolder
from promptda_ros.core.runtime.device import choose_device
from promptda_ros.core.settings import model_setting
from promptda_ros.lab.figure import depth_panels, error_panels, Panel, save_figure
from promptda_ros.messages.ply import write_ply
from promptda_ros.model_folders import model_folder
from promptda_ros.network.files.folder import find_folder
from promptda_ros.process import Stopped
from promptda_ros.tools.arguments import add_model, Parser, settings_of, whole_from
from promptda_ros.tools.demonstration.listener import Listener
from promptda_ros.tools.demonstration.real_frame import estimate_real
from promptda_ros.tools.demonstration.report import count_drops, DemoReport, make_report, Sent
from promptda_ros.tools.play import (
    add_recording,
    CAMERA_INFO_TOPIC,
    DEPTH_TOPIC,
    IMAGE_TOPIC,
    open_recording,
    Player,
    started_node,
)

RESULTS = ('preview.png', 'real.png', 'cloud.ply', 'report.json')
NODE_NAME = 'promptda'
# Of a size: the first is followed by a compilation, through which the second waits.
WARM_UP_FRAMES = 2
START_TIMEOUT_SEC = 120.0  # torch and the network load slowly beside other work
COMPILATION_SEC = 40.0  # at most, between two frames
DELIVERY_SEC = 4.0  # of messages on their way, and of figures, which come once a second
STOP_TIMEOUT_SEC = 10.0
# The upper of the two ranges that are free on Linux; robots and tests use the lower one.
PRIVATE_DOMAINS = range(215, 233)


class DemoError(PromptdaError):
    """The demo can't go on; the text says why."""

    def __init__(self, text: str, exit_code: int = ExitCode.INTERNAL) -> None:
        super().__init__(text)
        # Others are of signals, and 1 is of Python itself.
        known = exit_code in set(ExitCode) - {ExitCode.SOME_FAILED}
        self.exit_code = ExitCode(exit_code) if known else ExitCode.INTERNAL


def main(argv: list[str]) -> int:
    """Run the demo and print a table; 0 when every frame is accounted for."""
    arguments = make_parser().parse_args(argv)
    settings = settings_of(arguments, arguments.model)
    # What the node would refuse once it runs
    choose_device(settings.device)
    find_folder(model_folder(settings.model))
    _enter_private_domain()
    with ExitStack() as running:
        with OutputFolder(arguments.out, *RESULTS) as unfinished:
            with open_recording(arguments) as (bag, topics):
                frames = list(islice(read_frames(bag, topics), arguments.frames))
            node = running.enter_context(started_node('demo'))
            executor = SingleThreadedExecutor()
            executor.add_node(node)
            peer = Peer(executor, Player(node), Listener(node, name=NODE_NAME))
            process = running.enter_context(_running_node(arguments.model, arguments.device))
            peer.wait_for(process)
            sent = peer.replay(frames, period_sec=1 / arguments.rate)
            if not arguments.view:
                running.close()
            real = estimate_real(settings)
            report = make_report(sent, peer.listener, real.accuracy)
            real.save(unfinished / 'real.png')
            _write(unfinished, sent, peer.listener, report)
        print(report.table())
        print(f'results    {", ".join(RESULTS)} in {arguments.out}/')
        if report.accounted() != report.frames_sent:
            raise DemoError(
                f'{report.accounted()} of {report.frames_sent} frames are accounted for, as depth '
                f'or under a reason: the log of the node and {arguments.out / "report.json"} say '
                'more'
            )
        if arguments.view:
            _keep_page_open(peer, frames, period_sec=1 / arguments.rate)
        else:
            print('view       make demo VIEW=1 ends with a live page at http://127.0.0.1:8080')
    return ExitCode.CLEAN


class Peer:
    """The demo's own node, which the executor spins: it plays the camera, it listens."""

    def __init__(
        self, executor: SingleThreadedExecutor, player: Player, listener: Listener
    ) -> None:
        self._executor = executor
        self._player = player
        self.listener = listener

    def wait_for(self, process: subprocess.Popen[bytes]) -> None:
        """Wait until the node subscribes and publishes.

        Raises:
            DemoError: it ended, or takes too long.
        """
        self._spin_until(
            lambda: self._is_connected() or process.poll() is not None, START_TIMEOUT_SEC
        )
        if process.poll() is not None:
            code = process.poll() or 0
            raise DemoError(f'the node ended at start with exit code {code}', code)
        if not self._is_connected():
            raise DemoError(f'the node did not connect within {START_TIMEOUT_SEC:.0f} s')

    def replay(self, frames: list[RecordedFrame], *, period_sec: float) -> Sent:
        """Send all frames at their pace and return them by the stamps they were sent with."""
        sent: Sent = {}
        for frame in frames[:WARM_UP_FRAMES]:
            sent[self._player.send(frame)] = frame
            self._settle(len(sent))
        begun_sec, rest = time.monotonic(), frames[WARM_UP_FRAMES:]
        for number, frame in enumerate(tqdm(rest, desc='replaying', unit='frame'), start=1):
            sent[self._player.send(frame)] = frame
            self._spin_until_time(begun_sec + number * period_sec)
        self._settle(len(sent))
        return sent

    def play_on(self, frames: list[RecordedFrame], *, period_sec: float) -> Iterator[None]:
        """Send the frames again and again, for others who listen; yields after each."""
        self.listener.close()
        due_sec = time.monotonic()
        for frame in cycle(frames):
            self._player.send(frame)
            due_sec += period_sec
            self._spin_until_time(due_sec)
            yield

    def _settle(self, frames_sent: int) -> None:
        while not self._has_settled(frames_sent) and self._spin_until_news():
            pass  # images and results that are lost make no news

    def _is_connected(self) -> bool:
        return self._player.has_subscribers() and self.listener.is_served()

    def _has_settled(self, frames_sent: int) -> bool:
        """Return whether every frame is accounted for and its results have arrived."""
        heard, received, published, dropped = self._counts()
        return received == frames_sent == published + dropped and heard == published

    def _spin_until_news(self) -> bool:
        """Wait for new counters or more depth; False after a timeout."""
        before = self._counts()
        _, received, published, dropped = before
        is_waiting = received > published + dropped
        timeout_sec = COMPILATION_SEC if is_waiting else DELIVERY_SEC
        return self._spin_until(lambda: self._counts() != before, timeout_sec)

    def _counts(self) -> tuple[int, int, int, int]:
        """Return how many results are here, and images received, published and dropped."""
        listener = self.listener
        received = listener.count('image.received')
        dropped = sum(count_drops(received, listener).values())
        published = listener.count('published.depth/image_rect')
        # A cloud comes after its depth, and the counter of clouds with the next report.
        counted = listener.count('published.points')
        heard = min(len(listener.depths), len(listener.points), counted)
        return heard, received, published, dropped

    def _spin_until(self, condition: Callable[[], bool], timeout_sec: float) -> bool:
        deadline_sec = time.monotonic() + timeout_sec
        while not condition() and time.monotonic() < deadline_sec:
            self._executor.spin_once(timeout_sec=0.05)
        return condition()

    def _spin_until_time(self, until_sec: float) -> None:
        while (left_sec := until_sec - time.monotonic()) > 0:
            self._executor.spin_once(timeout_sec=left_sec)


def make_parser() -> Parser:
    """Return the arguments of this command."""
    parser = Parser('demo', __doc__)
    add_recording(parser)
    parser.add_argument(
        '--frames',
        type=whole_from(1),
        default=300,
        help='maximum number of frames; all are held in memory',
    )
    add_model(parser)
    parser.add_argument(
        '--view',
        action='store_true',
        help='keep the node running at the end, with a page in the browser, until Ctrl-C',
    )
    parser.add_argument('--device', default='auto', help='auto, cpu, cuda or cuda:N')
    parser.add_argument(
        '--out', type=Path, default=Path('demo_output'), help='folder for the results'
    )
    return parser


def _enter_private_domain() -> None:
    """Keep the demo's topics away from every robot on the network."""
    os.environ['ROS_DOMAIN_ID'] = str(PRIVATE_DOMAINS[os.getpid() % len(PRIVATE_DOMAINS)])
    os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    if os.environ.get('ROS_DISTRO') == 'humble':
        os.environ['ROS_LOCALHOST_ONLY'] = '1'  # what Humble has in its place


@contextmanager
def _running_node(model: str, device: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run the node in a process of its own."""
    parameters = (model_setting(model), model), ('device', device)
    remaps = ('image', IMAGE_TOPIC), ('camera_info', CAMERA_INFO_TOPIC), ('depth', DEPTH_TOPIC)
    command = [sys.executable, '-m', 'promptda_ros.main', '--ros-args']
    for name, topic in remaps:
        command += ['-r', f'{name}:={topic}']
    for name, value in parameters:
        command += ['-p', f'{name}:={value}']
    process = subprocess.Popen(command)
    try:
        yield process
    finally:
        process.terminate()
        try:
            exit_code = process.wait(timeout=STOP_TIMEOUT_SEC)
        except subprocess.TimeoutExpired:
            process.kill()
            exit_code = process.wait()
    if exit_code != 0:
        raise DemoError(f'the node ended with exit code {exit_code}', exit_code)


def _keep_page_open(peer: Peer, frames: list[RecordedFrame], *, period_sec: float) -> None:
    """Serve the page of the running node from a process of its own, until Ctrl-C."""
    command = [sys.executable, '-m', 'promptda_ros.tools.main', 'view', '--node', f'/{NODE_NAME}']
    page = subprocess.Popen(command)
    try:
        for _ in peer.play_on(frames, period_sec=period_sec):
            if page.poll() is not None:
                raise DemoError('the page ended; its last line says why', page.returncode)
    except Stopped:
        pass  # the way to end it
    finally:
        page.terminate()
        page.wait(timeout=STOP_TIMEOUT_SEC)


def _write(folder: Path, sent: Sent, listener: Listener, report: DemoReport) -> None:
    (folder / 'report.json').write_text(report.to_json())
    if listener.last_points is None:
        return
    stamp_ns = listener.points[-1]
    frame, points = sent[stamp_ns], listener.last_points
    positions = point_cloud2.read_points_numpy(points, ['x', 'y', 'z'])
    write_ply(folder / 'cloud.ply', positions.reshape(points.height, points.width, 3), frame.image)
    save_figure(
        folder / 'preview.png',
        frame.image,
        _panels(frame, listener.depths[stamp_ns].depth_m),
        title=f'{report.model["name"]} on the last frame of the recording',
    )


def _panels(frame: RecordedFrame, ours_m: FloatImage) -> list[Panel]:
    sensor_m, exact_m = frame.sensor_depth_m(), frame.exact_depth_m
    height, width = sensor_m.shape
    sensor = f'sensor depth, {width}x{height}', sensor_m
    if exact_m is None:
        return depth_panels(sensor, ('our depth', ours_m))
    bilinear_m = frame.bilinear_depth_m()
    return [
        *depth_panels(sensor, ('our depth', ours_m), ('exact depth', exact_m)),
        *error_panels(
            (_error_title('bilinear', bilinear_m - exact_m), np.abs(bilinear_m - exact_m)),
            (_error_title('our depth', ours_m - exact_m), np.abs(ours_m - exact_m)),
        ),
    ]


def _error_title(name: str, error_m: FloatImage) -> str:
    return f'error of {name}: {np.nanmean(np.abs(error_m)) * 1e3:.1f} mm mean'
