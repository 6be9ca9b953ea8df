# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How fast recordings are processed beside what the node reaches live, and in how much memory.

A recording of 640x480 is made of the frames of the bundled one, another of ten times its length.
"""

from __future__ import annotations

import argparse
from itertools import cycle, islice
import json
import os
from pathlib import Path
import shutil
import subprocess
import sys
import tempfile
from typing import Any

import numpy as np

from benchmarks.results import REPOSITORY, Results, Table
from benchmarks.serving import measure
from promptda_ros.bags.bag import open_bag
from promptda_ros.bags.channel import Channel, RawMessage
from promptda_ros.bags.recording import find_topics, read_frames
from promptda_ros.bags.writer import BagWriter
from promptda_ros.messages.message_types import rosbags_types
from promptda_ros.messages.outgoing import stamp_of
from promptda_ros.messages.outgoing_images import image_of
from promptda_ros.share import share_folder
from promptda_ros.tools.play import RECORDING

PERIOD_NS = 33_333_333
BEGIN_NS = 1_700_000_000_000_000_000
LIVE_RATE = 60.0  # more than the node answers
LIVE_SEC = 30.0
LIVE_OUTPUT = 'depth/image_rect'
STAGES = ('read', 'prepare', 'infer', 'restore', 'write')


def main() -> None:
    """Run the benchmark."""
    arguments = _parser().parse_args()
    with tempfile.TemporaryDirectory(prefix='promptda_process_', dir=arguments.work) as work:
        _time(Path(work), arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--frames', type=int, default=200)
    parser.add_argument('--longer', type=int, default=10, help='times the length of the second')
    parser.add_argument('--without-node', action='store_true')
    parser.add_argument('--work', type=Path, default=None, help='folder for recordings')
    parser.add_argument('--out', type=Path, default=Path('benchmark_output/process_bag.json'))
    parser.add_argument('options', nargs='*', help='of promptda process, after --')
    return parser


def _time(work: Path, arguments: argparse.Namespace) -> None:
    live = 0.0 if arguments.without_node else _live()
    rows, figures = [], []
    for length in (1, arguments.longer):
        bag = write_bag(work / f'recording{length}', length * arguments.frames)
        record, used = _process(bag, work / 'out', arguments.options)
        figures.append({**record, **used, 'live': live})
        stages = [record['stage_ms'][stage] for stage in STAGES]
        # Without the start and what is compiled in it, as the node's.
        before = figures[-2] if len(figures) > 1 else {'pairs': 0, 'wall_sec': 0.0}
        span_sec = record['wall_sec'] - before['wall_sec']
        rate = (record['pairs'] - before['pairs']) / span_sec
        times = rate / live if live else 0.0
        rows.append(
            [record['pairs'], rate, live, times, record['network_busy'], used['rss_mb'], *stages]
        )
        shutil.rmtree(bag)
    columns = (
        'frames', 'frames/s', 'node live /s', 'times as fast', 'network busy', 'peak MB',
        *(f'{stage} ms' for stage in STAGES),
    )  # fmt: skip
    model = figures[0]['model']
    settings = (
        f'640x480 rgb8 and a sensor of 64x48, {model["model.name"]}, engine {model["engine"]}, '
        f'options {" ".join(arguments.options) or "none"}; the node answers with {LIVE_OUTPUT}.'
    )
    Results('Recordings', [Table('', columns, rows)], settings, (), figures).report(arguments.out)


def _live() -> float:
    """Return how many frames a second the node answers at most."""
    frames = str(round(LIVE_RATE * LIVE_SEC))
    traffic = ['--outputs', LIVE_OUTPUT, '--rate', str(LIVE_RATE), '--frames', frames]
    seen, _ = measure({'promptda0': ['camera0']}, traffic)
    ends = sorted(end for _, answer in seen for _, end in answer.values())
    ends = ends[len(ends) // 4 :]  # without the first, in which the network is compiled
    if len(ends) < 2:
        raise SystemExit('the node answered hardly any frame: the machine is too busy')
    return float((len(ends) - 1) / (ends[-1] - ends[0]) * 1e9)


def _process(bag: Path, out: Path, options: list[str]) -> tuple[dict[str, Any], dict[str, float]]:
    """Process a recording; return its record, and memory and processor time of the process."""
    begun = _start(bag, out, options)
    _, status, usage = os.wait4(begun.pid, 0)
    if status:
        raise SystemExit(f'promptda process ended with status {status}')
    record = json.loads((out / bag.name / 'promptda.json').read_text())
    shutil.rmtree(out)
    cpu_sec = usage.ru_utime + usage.ru_stime
    return record, {'rss_mb': usage.ru_maxrss / 1024, 'cpu_sec': cpu_sec}


def _start(bag: Path, out: Path, options: list[str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, '-m', 'promptda_ros.tools.main', 'process', str(bag)]
    return subprocess.Popen([*command, '--out', str(out), '--quiet', *options], cwd=REPOSITORY)


def write_bag(folder: Path, frames: int) -> Path:
    """Write a recording with raw images of the bundled one, again and again."""
    from rosbags.typesys import get_typestore, Stores

    types, store = rosbags_types(), get_typestore(Stores.ROS2_JAZZY)
    with open_bag(share_folder() / RECORDING) as bag:
        found = list(islice(read_frames(bag, find_topics(bag)), 60))
    writer = BagWriter(folder, 'mcap', 'none')
    for number, frame in enumerate(islice(cycle(found), frames)):
        stamp_ns = BEGIN_NS + number * PERIOD_NS
        header = types.header(stamp=stamp_of(stamp_ns, types), frame_id=frame.frame_id)
        depth_mm = np.nan_to_num(frame.sensor_depth_m() * 1e3).round().astype('uint16')
        info = frame.camera_info
        info.header = header
        for topic, message in (
            ('/camera/image_raw', image_of(frame.image, header, 'rgb8', types)),
            ('/camera/camera_info', info),
            ('/camera/depth', image_of(depth_mm, header, '16UC1', types)),
        ):
            kind = message.__msgtype__
            data = bytes(store.serialize_cdr(message, kind))
            writer.write(RawMessage(Channel(topic, kind), number, stamp_ns, stamp_ns, data))
    writer.close()
    return folder


if __name__ == '__main__':
    main()
