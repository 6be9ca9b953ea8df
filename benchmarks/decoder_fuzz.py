# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Garbage for every decoder: what it takes of time and memory, and what it raises.

Each decoder runs in a process of its own. Exits 1 where one raises what it does not declare,
takes more than half a second of the processor for a message, or more memory than input.max_pixels
allows.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable
import json
from pathlib import Path
import subprocess
import sys
import time
from typing import Any

import numpy as np

from benchmarks import garbage
from benchmarks.results import REPOSITORY, Results, Table
from promptda_ros.core.frame import BadFrame
from promptda_ros.core.geometry.camera import BadIntrinsics
from promptda_ros.core.geometry.camera_info import read_camera_info
from promptda_ros.core.settings.input import InputSettings
from promptda_ros.messages.decoding import read_any_depth, read_any_image
from promptda_ros.messages.encodings import read_numbers
from promptda_ros.messages.point_clouds import read_points

COLUMNS = (
    'decoder', 'messages', 'read', 'refused', 'most processor ms', 'most memory MiB',
    'undeclared',
)  # fmt: skip
SECONDS_AT_MOST = 0.5
BYTES_A_PIXEL = 16
# What Python, NumPy and OpenCV take for themselves once
OTHER_BYTES = 32 << 20
STATUS, RESET = Path('/proc/self/status'), Path('/proc/self/clear_refs')


def reads_of(settings: InputSettings) -> dict[str, tuple[garbage.Maker, Callable[[Any], object]]]:
    """Return, by name, what makes garbage and what reads it."""
    most = settings.max_pixels

    def read_info(message: Any) -> object:
        read_camera_info(message, height=24, width=32, rectified=True, rescale=True)
        return read_camera_info(message, height=24, width=32, rectified=False)

    reads = (
        (garbage.IMAGES, lambda message: read_any_image(message, settings)),
        (garbage.DEPTHS, lambda message: read_any_depth(message, settings)),
        (garbage.POINTS, lambda message: read_points(message, max_points=most)),
        (
            garbage.NUMBERS_OF_PIXELS,
            lambda message: read_numbers(message, role='mask', max_pixels=most),
        ),
        (garbage.INFOS, read_info),
    )
    return {name: (make, read) for makers, read in reads for name, make in makers.items()}


class Meter:
    """What single calls take of this process."""

    def __init__(self) -> None:
        self.most_sec = 0.0
        self.most_bytes = 0
        self.slowest = -1  # number of the call

    def run(self, number: int, function: Callable[[Any], object], message: Any) -> None:
        """Call the function and note what it took, also where it raises."""
        RESET.write_text('5')  # the peak is counted anew
        before_bytes, begun_sec = _status('VmRSS'), time.process_time()
        try:
            function(message)
        finally:
            taken_sec = time.process_time() - begun_sec
            self.most_bytes = max(self.most_bytes, _status('VmHWM') - before_bytes)
            if taken_sec > self.most_sec:
                self.most_sec, self.slowest = taken_sec, number


def fuzz(name: str, *, messages: int, seed: int, max_pixels: int) -> dict[str, Any]:
    """Read garbage and return what became of it."""
    make, read = reads_of(InputSettings(max_pixels=max_pixels))[name]
    meter, refused, undeclared = Meter(), Counter[str](), Counter[str]()
    for number in range(messages):
        message = make(np.random.default_rng((seed, number)))
        try:
            meter.run(number, read, message)
        except (BadFrame, BadIntrinsics) as error:
            refused[getattr(error, 'reason', 'camera_info')] += 1
        except Exception as error:  # what is looked for
            undeclared[f'{number}: {type(error).__name__}: {str(error)[:100]}'] += 1
    return {
        'refused': refused,
        'undeclared': undeclared,
        'most_sec': meter.most_sec,
        'most_bytes': meter.most_bytes,
        'slowest': meter.slowest,
    }


def main() -> int:
    """Run every decoder in a process of its own, or one in this."""
    arguments = parse_arguments()
    how = {'messages': arguments.messages, 'seed': arguments.seed}
    how['max_pixels'] = arguments.max_pixels
    if arguments.only:
        print(json.dumps(fuzz(arguments.only, **how)))
        return 0
    found = {name: _in_own_process(name, how) for name in reads_of(InputSettings())}
    rows = [_row(name, each, arguments.messages) for name, each in found.items()]
    bad = [sentence for name, each in found.items() for sentence in _judge(name, each, arguments)]
    settings = (
        f'{arguments.messages} messages a decoder, seed {arguments.seed}, input.max_pixels '
        f'{arguments.max_pixels}.'
    )
    Results('Decoder fuzz', [Table('', COLUMNS, rows)], settings, bad, found).report(arguments.out)
    return 1 if bad else 0


def _in_own_process(name: str, how: dict[str, int]) -> dict[str, Any]:
    flags = [f'--{key.replace("_", "-")}={value}' for key, value in how.items()]
    command = [sys.executable, '-m', 'benchmarks.decoder_fuzz', f'--only={name}', *flags]
    # OpenCV's libjpeg writes of each damaged picture to the terminal.
    output = subprocess.run(
        command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False
    )
    if output.returncode:
        return {'undeclared': {f'exit code {output.returncode}': 1}}
    found: dict[str, Any] = json.loads(output.stdout)
    return found


def _row(name: str, found: dict[str, Any], messages: int) -> list[Any]:
    refused, undeclared = (sum(found.get(key, {}).values()) for key in ('refused', 'undeclared'))
    most_ms, most_mib = found.get('most_sec', 0) * 1e3, found.get('most_bytes', 0) / 2**20
    read = messages - refused - undeclared
    return [name, messages, read, refused, most_ms, most_mib, undeclared]


def _judge(name: str, found: dict[str, Any], arguments: argparse.Namespace) -> list[str]:
    bad = [f'{name} raised {what}' for what in found['undeclared']]
    if found.get('most_sec', 0) > SECONDS_AT_MOST:
        bad.append(f'{name} took {found["most_sec"]:.2f} s for message {found["slowest"]}')
    if found.get('most_bytes', 0) > BYTES_A_PIXEL * arguments.max_pixels + OTHER_BYTES:
        bad.append(f'{name} took {found["most_bytes"] / 2**20:.0f} MiB')
    return bad


def _status(key: str) -> int:
    """Return a size from the status of this process in bytes."""
    line = next(each for each in STATUS.read_text().splitlines() if each.startswith(key))
    return int(line.split()[1]) * 1024


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('--messages', type=int, default=100_000, help='for each decoder')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--max-pixels', type=int, default=1_000_000)
    parser.add_argument('--only', default='', help='name of a decoder; prints JSON')
    parser.add_argument('--out', type=Path, default=Path('benchmark_output/decoder_fuzz.json'))
    return parser.parse_args()


if __name__ == '__main__':
    sys.exit(main())
