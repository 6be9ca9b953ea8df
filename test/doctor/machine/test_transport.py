# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How processes pass large images, from their environments and the memory that they share."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path
import time

import pytest

from promptda_ros.dds_environment import large_image_environment, segment_bytes
from promptda_ros.doctor.finding import Finding
from promptda_ros.doctor.machine.transport import Process, TransportCheck
from promptda_ros.share import share_folder

SOUND = large_image_environment(share_folder(), {})
UDP = {'FASTDDS_BUILTIN_TRANSPORTS': 'UDPv4'}


def findings(own, *others, free_bytes=lambda _: 1 << 40) -> list[Finding]:
    """Return what is found wrong."""
    said = TransportCheck(own, others, free_bytes=free_bytes).look()
    return [each for each in said if isinstance(each, Finding)]


def test_processes_that_the_launch_files_start_are_sound():
    assert findings(SOUND, Process('/camera', SOUND)) == []


def test_a_camera_without_the_profile_is_named():
    (found,) = findings(SOUND, Process('/camera', {}))

    assert found.id == 'transport'
    assert found.what.startswith('/camera: Fast DDS runs with its 512 KB of shared memory')
    assert 'source the install/setup.bash' in found.fix


@pytest.mark.parametrize('transports', ['UDPv4', 'UDPv6'])
def test_transports_without_shared_memory_are_told_of_both_sides(transports):
    chosen = {'FASTDDS_BUILTIN_TRANSPORTS': transports}

    found = findings(chosen, Process('/camera', chosen))

    assert [each.id for each in found] == ['transport', 'transport']
    assert all('unset FASTDDS_BUILTIN_TRANSPORTS' in each.fix for each in found)


@pytest.mark.parametrize('transports', ['SHM', 'LARGE_DATA', 'LARGE_DATA?max_msg_size=1MB'])
def test_transports_with_shared_memory_are_a_choice(transports):
    assert findings({'FASTDDS_BUILTIN_TRANSPORTS': transports}) == []


def test_other_middleware_needs_none_of_it():
    other = {'RMW_IMPLEMENTATION': 'rmw_cyclonedds_cpp'}

    assert findings(other, Process('/camera', other), free_bytes=lambda _: 0) == []


def test_shared_memory_without_room_for_a_segment_is_told_with_both_numbers():
    """G10, G11: nodes that were killed leave theirs behind."""
    needed = segment_bytes(share_folder())

    (found,) = findings(SOUND, free_bytes=lambda _: needed - (1 << 20))

    assert found.id == 'shared_memory'
    assert '127 MiB' in found.what
    assert '128 MiB' in found.what
    assert 'remove what killed ones left there' in found.fix


def test_what_killed_processes_left_is_told_with_the_command_that_frees_it(tmp_path):
    """G10: as a process that lives holds a lock on its segment, and one that starts soon will."""
    for name, size, age_sec in (('dead', 3 << 20, 60), ('alive', 1 << 20, 60), ('new', 1, 0)):
        (tmp_path / f'fastrtps_{name}').write_bytes(bytes(size))
        lock = tmp_path / f'fastrtps_{name}_el'
        lock.touch()
        os.utime(lock, (time.time() - age_sec,) * 2)
    with (tmp_path / 'fastrtps_alive_el').open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        (said,) = (
            each
            for each in TransportCheck(SOUND, (), shared_memory=tmp_path).look()
            if each.id == 'shared_memory'
        )

    assert said.what.endswith('; killed processes left 3 MiB there: fastdds shm clean')


def test_no_shared_memory_at_all_is_told():
    def missing(path: Path) -> int:
        raise OSError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))

    (found,) = findings(SOUND, free_bytes=missing)

    assert found.id == 'shared_memory'
    assert 'No such file or directory' in found.what


def test_a_process_that_cannot_be_looked_at_is_no_fault():
    assert findings(SOUND, Process('/camera', None)) == []


@pytest.mark.parametrize(
    ('chosen', 'said'),
    [
        ({}, 'ROS_DOMAIN_ID 0, Fast DDS'),
        (
            {'ROS_DOMAIN_ID': '7', 'RMW_IMPLEMENTATION': 'rmw_zenoh_cpp'},
            'ROS_DOMAIN_ID 7, rmw_zenoh_cpp',
        ),
    ],
)
def test_domain_and_middleware_are_told(chosen, said):
    """G12: who has others is not seen at all, and so can't be named."""
    (told,) = (each for each in TransportCheck(chosen, ()).look() if each.id == 'ros')

    assert told.what.startswith(said)
