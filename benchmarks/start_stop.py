# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether a signal ends the node's process with 0, soon and without a traceback, at any moment.

Each cycle starts the node, waits for a moment and a random time more, and sends SIGINT or SIGTERM.
A run that was ended goes on after the last line of its checkpoint; one of another seed or commit
begins anew. Exit 1 if a cycle is wrong.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from itertools import cycle
import json
import os
from pathlib import Path
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any, IO

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions

from benchmarks.environment import private_environment
from benchmarks.processes import processor_sec, status_of
from benchmarks.results import Cell, machine, replace_text, Results, Table
from benchmarks.traffic import Camera, read_frames

SIGNALS = (signal.SIGINT, signal.SIGTERM)
MOST_SEC = 2.0  # beyond the frame in work
RATE_HZ = 10.0
POLL_SEC = 0.01
LIMIT_SEC = 900.0  # far above what a start takes on a machine that is far too busy
COLUMNS = (
    'signal sent', 'cycles', 'exit code 0', 'quiet', 'p50 s', 'p99 s', 'worst s', 'over 2 s',
    'processor s, worst',
)  # fmt: skip


@dataclass(frozen=True)
class Moment:
    """When a signal is sent: up to `longest_sec` after the log holds `begun`."""

    name: str
    begun: str
    longest_sec: float
    engine: str = 'torch'
    size: tuple[int, int] | None = None  # of the images that are sent; None: no images
    frames: int = 0  # that are answered first
    share: float = 0.2  # of all cycles


MOMENTS = (
    Moment('while it imports', '', 4.0, share=0.35),
    Moment(
        'while the network is loaded and compiled', 'loading the network', 4.0, 'auto', share=0.15
    ),
    Moment('while it is idle', 'listening to', 2.0),
    Moment('while frames pass', 'listening to', 1.0, size=(640, 480), frames=2, share=0.25),
    Moment(
        'while it compiles for a new size', 'for a new size', 3.0, 'auto', (640, 360), share=0.1
    ),
)


@dataclass(frozen=True)
class Cycle:
    """How one process ended."""

    moment: str
    number: int  # of the signal
    waited_sec: float
    exit_code: int
    end_sec: float  # from the signal to the end
    processor_sec: float  # the same, of the processor
    frame_sec: float  # what a frame took, where frames passed
    said: str  # what no log should hold

    @property
    def beyond_sec(self) -> float:
        """Return the time to the end without that of one frame."""
        return max(self.end_sec - self.frame_sec, 0.0)

    @property
    def is_right(self) -> bool:
        """Tell whether the process ended as it should, whatever the time."""
        return self.exit_code == 0 and not self.said


class Sender:
    """A camera in this process, and a listener, so that frames have work done for them."""

    def __init__(self) -> None:
        rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
        self._node = rclpy.create_node('start_stop')
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._node)
        self._camera = Camera(self._node, '', ['depth/image_rect'], 'promptda')

    @property
    def answered(self) -> int:
        """Return how many frames were answered, in all cycles."""
        return len(self._camera.received_ns)

    def send(self, frames: Iterator[dict[str, Any]], until: Callable[[], bool]) -> None:
        """Send at the rate of a camera until something holds."""
        due_sec = time.monotonic()
        while not until():
            if time.monotonic() >= due_sec:
                due_sec += 1 / RATE_HZ
                frame = next(frames, None)
                if frame is not None:
                    self._camera.send(frame)
            self._executor.spin_once(POLL_SEC)

    def close(self) -> None:
        """Leave the graph."""
        self._executor.shutdown()
        self._node.destroy_node()
        rclpy.try_shutdown()


def main() -> int:
    """Run the cycles that are missing and report all."""
    arguments = parse_arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # end the node, too
    os.environ.update(private_environment())
    checkpoint = arguments.out.with_suffix('.jsonl')
    cycles = cycles_of(checkpoint, {'seed': arguments.seed, 'commit': machine()['commit']})
    with tempfile.TemporaryDirectory(prefix='promptda_start_stop_') as folder, _sender() as sender:
        os.environ['ROS_LOG_DIR'] = folder
        for number in range(len(cycles), arguments.cycles):
            found = run(random.Random(f'{arguments.seed} {number}'), sender, Path(folder))
            cycles.append(found)
            with checkpoint.open('a') as file:
                file.write(json.dumps(asdict(found)) + '\n')
            print(number, found, flush=True)
    settings = (
        f'{len(cycles)} processes of the node, seed {arguments.seed}, the bundled network on the '
        'CPU, with OpenVINO where it compiles, with torch otherwise. Times are from the signal to '
        'the end of the process, without that of one frame where frames pass; a busy machine '
        'stretches them, the last column does not. No signal is sent before the process handles '
        'signals: while Python itself starts, each ends it as any program. '
        f'{os.cpu_count()} cores, load {os.getloadavg()[2]:.0f} at the end.'
    )
    results = Results('Start and stop', [table_of(cycles)], settings, troubles(cycles))
    results.report(arguments.out)
    if arguments.page:
        arguments.page.write_text(results.markdown())
    return int(any(not each.is_right or each.beyond_sec > MOST_SEC for each in cycles))


def cycles_of(checkpoint: Path, run: dict[str, Any]) -> list[Cycle]:
    """Return the cycles that are there of this run; begin a new checkpoint where it has none."""
    lines = checkpoint.read_text().splitlines() if checkpoint.exists() else []
    if not lines or json.loads(lines[0]) != run:
        replace_text(checkpoint, json.dumps(run) + '\n')
        return []
    return [Cycle(**json.loads(line)) for line in lines[1:]]


def run(chance: random.Random, sender: Sender, folder: Path) -> Cycle:
    """Start a node, send the signal at a random moment and wait for the end."""
    (moment,) = chance.choices(MOMENTS, [each.share for each in MOMENTS])
    number = chance.choice(SIGNALS)
    waited_sec = chance.uniform(0.0, moment.longest_sec)
    log = folder / 'node.log'
    with log.open('w') as output, _node(moment, output) as node:
        frames = cycle(frames_of(*moment.size) if moment.size else ())
        answered = sender.answered + moment.frames

        def has_begun() -> bool:
            text = log.read_text(errors='replace')
            return (
                moment.begun in text and sender.answered >= answered and _catches(node.pid, number)
            )

        limit_sec = time.monotonic() + LIMIT_SEC
        sender.send(frames, until=lambda: has_begun() or time.monotonic() > limit_sec)
        came, due_sec = has_begun(), time.monotonic() + waited_sec
        sender.send(frames, until=lambda: time.monotonic() >= due_sec)
        before_sec, sent_sec = processor_sec(node.pid), time.monotonic()
        node.send_signal(number)
        _, status, usage = os.wait4(node.pid, 0)
        end_sec = time.monotonic() - sent_sec
        node.returncode = os.waitstatus_to_exitcode(status)
    text = log.read_text(errors='replace')
    return Cycle(
        moment=moment.name,
        number=number,
        waited_sec=waited_sec,
        exit_code=node.returncode,
        end_sec=end_sec,
        processor_sec=usage.ru_utime + usage.ru_stime - before_sec,
        frame_sec=_frame_sec(text) if moment.frames else 0.0,
        said=_complaint(text) if came else 'the moment never came',
    )


@cache
def frames_of(width: int, height: int) -> list[dict[str, Any]]:
    """Return messages of the recording at a size."""
    return list(read_frames(width, height))


def table_of(cycles: Sequence[Cycle]) -> Table:
    """Return a row for each moment, and one for all."""
    names = [each.name for each in MOMENTS]
    rows = [_row(name, [each for each in cycles if each.moment == name]) for name in names]
    return Table('By moment', COLUMNS, [*(row for row in rows if row[1]), _row('all', cycles)])


def troubles(cycles: Sequence[Cycle]) -> list[str]:
    """Return a sentence for each cycle that is wrong or late."""
    return [
        f'{signal.Signals(each.number).name} {each.waited_sec:.2f} s into '
        f'"{each.moment}": exit code {each.exit_code} after {each.end_sec:.2f} s '
        f'({each.processor_sec:.2f} s of the processor) {each.said}'.rstrip()
        for each in cycles
        if not each.is_right or each.beyond_sec > MOST_SEC
    ]


def _row(name: str, cycles: Sequence[Cycle]) -> list[Cell]:
    times = sorted(each.beyond_sec for each in cycles) or [0.0]
    return [
        name,
        len(cycles),
        sum(each.exit_code == 0 for each in cycles),
        sum(not each.said for each in cycles),
        statistics.median(times),
        times[-(-99 * len(times) // 100) - 1],
        times[-1],
        sum(each > MOST_SEC for each in times),
        max((each.processor_sec for each in cycles), default=0.0),
    ]


@contextmanager
def _sender() -> Iterator[Sender]:
    sender = Sender()
    try:
        yield sender
    finally:
        sender.close()


@contextmanager
def _node(moment: Moment, log: IO[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Start the node; whatever happens, it is gone in the end."""
    flags = [
        '--ros-args', '-p', 'device:=cpu', '-p', f'engine:={moment.engine}',
    ]  # fmt: skip
    command = [sys.executable, '-m', 'promptda_ros.main', *flags]
    node = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        yield node
    finally:
        if node.returncode is None:
            node.kill()
            node.wait()


def _catches(pid: int, number: int) -> bool:
    """Tell whether the process handles a signal, which none does while Python itself starts."""
    return bool(int(status_of(pid)['SigCgt'], 16) >> (number - 1) & 1)


def _frame_sec(log: str) -> float:
    found = re.search(r'about (\S+) frames/s', log)
    return 1 / float(found[1]) if found else 0.0


def _complaint(log: str) -> str:
    """Return the first line of a log that no end should write."""
    lines = (line for line in log.splitlines() if re.search('Traceback|Error|[Ee]xception', line))
    return next(lines, '')


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--cycles', type=int, default=200)
    parser.add_argument('--seed', type=int, default=1, help='of moments and signals')
    parser.add_argument('--out', type=Path, default=Path('benchmark_output/start_stop.json'))
    parser.add_argument('--page', type=Path, help='file for the table in Markdown')
    return parser.parse_args()


if __name__ == '__main__':
    sys.exit(main())
