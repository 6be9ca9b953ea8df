# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A second host and the wire to it, which loses, delays and reorders what goes over it.

Run as a module it is the wire: an Ethernet cable between this network and a new one, that of its
own process. Kernels without tc's netem have it too, and nothing of it outlives the process. Lines
on standard input set how bad it is; it ends with its standard input.
"""

from __future__ import annotations

from contextlib import suppress
import ctypes
import fcntl
import heapq
import os
from pathlib import Path
import select
import struct
import subprocess
import sys
import time

import numpy as np

from benchmarks.chaos.machine import TUNNEL
from benchmarks.chaos.process import Process

NAME = 'wire0'
NEAR, FAR = '10.77.0.1/24', '10.77.0.2/24'
MTU = 9000
FRAME_BYTES = 1 << 16
CLONE_NEWNET = 0x40000000
TUNSETIFF = 0x400454CA
IFF_TAP, IFF_NO_PI = 0x0002, 0x1000
AT_ONCE = 64  # frames of an end, so that neither end starves
# docs/install.md: without these, large messages can stop for half a minute.
KERNEL = Path('/proc/sys/net/ipv4')
SETTINGS = {'ipfrag_time': 3, 'ipfrag_high_thresh': 128 << 20}


class Wire(Process):
    """The handle of the wire's process."""

    output = subprocess.PIPE

    def __init__(self, *, log: Path) -> None:
        super().__init__([sys.executable, '-m', 'benchmarks.chaos.wire'], log=log)

    def start(self) -> None:
        """Start it and wait until both ends are there."""
        super().start()
        assert self._process.stdout is not None
        if not self._process.stdout.readline():
            raise SystemExit(f'the wire did not start: {self.log.read_text()[-500:]}')

    def tell(self, command: str) -> None:
        """Make it worse or better: `loss 0.05`, `delay 0.05 0.02`, `down`, `up`."""
        assert self._process.stdin is not None
        self._process.stdin.write(command + '\n')
        self._process.stdin.flush()

    @property
    def to_far_host(self) -> list[str]:
        """Return the words that put a command on the other host, with shared memory of its own."""
        shell = 'mount -t tmpfs -o size=1g tmpfs /dev/shm && exec "$@"'
        network = f'--net=/proc/{self.pid}/ns/net'
        return ['nsenter', network, 'unshare', '--mount', 'sh', '-c', shell, 'sh']


class Weather:
    """What happens to frames on their way."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._loss = self._delay_sec = self._jitter_sec = 0.0
        self._is_down = False

    def obey(self, line: str) -> None:
        """Do what a line says."""
        command, *words = line.split()
        numbers = [float(word) for word in words]
        if command == 'loss':
            (self._loss,) = numbers
        elif command == 'delay':
            self._delay_sec, self._jitter_sec = numbers
        elif command in ('down', 'up'):
            self._is_down = command == 'down'
        else:
            raise ValueError(line)

    def delay_sec(self) -> float | None:
        """Return how long the next frame takes; None: it never arrives."""
        if self._is_down or self._rng.random() < self._loss:
            return None
        jitter_sec = self._rng.uniform(-self._jitter_sec, self._jitter_sec)
        return max(self._delay_sec + float(jitter_sec), 0.0)


class Cable:
    """Carries frames from each end to the other, as the weather lets it."""

    def __init__(self, ends: tuple[int, int], weather: Weather) -> None:
        self._other = dict(zip(ends, reversed(ends), strict=True))
        self._weather = weather
        self._count = 0
        self._on_their_way: list[tuple[float, int, int, bytes]] = []  # a heap, by arrival

    def run(self) -> None:
        """Carry and obey until the standard input ends."""
        while True:
            ready = select.select([sys.stdin, *self._other], [], [], self._patience_sec())[0]
            if sys.stdin in ready:
                line = sys.stdin.readline()
                if not line:
                    return
                self._weather.obey(line)
            for end in self._other:
                if end in ready:
                    self._take(end)
            self._deliver()

    def _take(self, end: int) -> None:
        for _ in range(AT_ONCE):
            try:
                frame = os.read(end, FRAME_BYTES)
            except BlockingIOError:
                return
            delay_sec = self._weather.delay_sec()
            if delay_sec is not None:
                self._count += 1
                arrival_sec = time.monotonic() + delay_sec
                on_its_way = arrival_sec, self._count, self._other[end], frame
                heapq.heappush(self._on_their_way, on_its_way)

    def _deliver(self) -> None:
        while self._on_their_way and self._patience_sec() == 0:
            *_, end, frame = heapq.heappop(self._on_their_way)
            with suppress(BlockingIOError):  # a queue that is full loses frames on real wires, too
                os.write(end, frame)

    def _patience_sec(self) -> float | None:
        if not self._on_their_way:
            return None
        return max(self._on_their_way[0][0] - time.monotonic(), 0.0)


def main() -> None:
    """Be the wire."""
    near = _plug_in(NEAR)
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), 'no network of its own')
    subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)
    far = _plug_in(FAR)
    print('ready', flush=True)
    Cable((near, far), Weather(np.random.default_rng(1))).run()


def _plug_in(address: str) -> int:
    """Return an end of the wire, whose other side is an interface of this network."""
    for name, value in SETTINGS.items():
        (KERNEL / name).write_text(str(value))
    end = os.open(TUNNEL, os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(end, TUNSETIFF, struct.pack('16sH22x', NAME.encode(), IFF_TAP | IFF_NO_PI))
    subprocess.run(['ip', 'address', 'add', address, 'dev', NAME], check=True)
    subprocess.run(['ip', 'link', 'set', NAME, 'mtu', str(MTU), 'up'], check=True)
    return end


if __name__ == '__main__':
    main()
