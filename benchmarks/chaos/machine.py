# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A machine of our own, as far as Linux gives one: network, mounts and shared memory.

Its kernel objects belong to this process and its children, and end with them, however they end.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
import os
from pathlib import Path
import shutil
import subprocess
import sys

MARK = 'CHAOS_MACHINE'  # set in the environment of whoever lives there
SHARED_MEMORY = Path('/dev/shm')
SHARED_MEMORY_SIZE = '2g'
TUNNEL = Path('/dev/net/tun')
BLOCK_BYTES = 1 << 20


def lacks_machine() -> str:
    """Return why faults of a machine are left out here, '' if they are not."""
    if is_ours():
        return ''
    if not _can_move():
        return 'it needs root, and unshare, ip and mount of Linux'
    return f'it needs {MARK}, which benchmarks.chaos sets'


def lacks_wire() -> str:
    """Return why there is no second host here, '' if there is."""
    return lacks_machine() or ('' if TUNNEL.exists() else f'it needs {TUNNEL}')


def is_ours() -> bool:
    """Tell whether this process lives on a machine of its own."""
    return MARK in os.environ


def move_in(module: str, arguments: Sequence[str]) -> None:
    """Run the module again on a machine of our own; nothing where there is none to be had."""
    if not is_ours() and _can_move():
        command = ['unshare', '--net', '--mount', sys.executable, '-m', module, *arguments]
        os.execvpe(command[0], command, {**os.environ, MARK: 'yes'})
    if is_ours():
        _run('ip', 'link', 'set', 'lo', 'up')
        mount(SHARED_MEMORY, SHARED_MEMORY_SIZE)


def discovery() -> dict[str, str]:
    """Return the environment in which hosts find each other: nobody else is on our machine."""
    return {'ROS_AUTOMATIC_DISCOVERY_RANGE': 'SUBNET'} if is_ours() else {}


def mount(folder: Path, size: str) -> None:
    """Put a disk of its own, in memory, into a folder."""
    _run('mount', '-t', 'tmpfs', '-o', f'size={size}', 'tmpfs', str(folder))


def unmount(folder: Path) -> None:
    """Take it away, at once for whoever looks, and for good when nobody has it open."""
    _run('umount', '--lazy', str(folder))


def fill(folder: Path) -> Path:
    """Leave no byte free on the disk of a folder, and return the file that takes them."""
    path = folder / 'full'
    block = bytes(BLOCK_BYTES)
    with path.open('wb', buffering=0) as file, suppress(OSError):
        while True:
            file.write(block)
    return path


def _can_move() -> bool:
    if sys.platform != 'linux' or not all(map(shutil.which, ('unshare', 'ip', 'mount'))):
        return False
    attempt = ['unshare', '--net', '--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']
    return subprocess.run(attempt, capture_output=True, check=False).returncode == 0


def _run(*command: str) -> None:
    subprocess.run(command, check=True)
