# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The checker of processed bags finds what it looks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
import json
from pathlib import Path

import numpy as np
import pytest
from rosbags.interfaces import (
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.typesys import get_typestore, Stores

from benchmarks.bag_acceptance import Acceptance

STORE = get_typestore(Stores.ROS2_JAZZY)
IMAGE, TEXT = 'sensor_msgs/msg/CompressedImage', 'std_msgs/msg/String'
INFINITE = QosTime(2147483647, 4294967295)
LATCHED = Qos(
    QosHistory.KEEP_LAST,
    1,
    QosReliability.RELIABLE,
    QosDurability.TRANSIENT_LOCAL,
    INFINITE,
    INFINITE,
    QosLiveliness.AUTOMATIC,
    INFINITE,
    avoid_ros_namespace_conventions=False,
)


@dataclass(frozen=True)
class Message:
    """One message of a made bag."""

    topic: str
    logged_ns: int
    data: bytes
    type_name: str = IMAGE
    qos: tuple[Qos, ...] = ()


def image_of(topic: str, number: int, content: bytes = b'pixels') -> Message:
    header = STORE.types['std_msgs/msg/Header'](
        STORE.types['builtin_interfaces/msg/Time'](number, 5), 'camera'
    )
    made = STORE.types[IMAGE](header, 'jpeg', np.frombuffer(content, np.uint8))
    return Message(topic, number * 100, bytes(STORE.serialize_cdr(made, IMAGE)))


def text_of(number: int) -> Message:
    data = STORE.serialize_cdr(STORE.types[TEXT]('a robot'), TEXT)
    return Message('/robot', number * 100, bytes(data), TEXT, (LATCHED,))


RECORDED = [text_of(0), image_of('/image', 1), text_of(1), image_of('/image', 2)]
DEPTH = [image_of('/promptda/depth/camera_info', number) for number in (1, 2)]
PROCESSED = [*RECORDED[:2], DEPTH[0], *RECORDED[2:], DEPTH[1]]


def write(
    folder: Path, messages: list[Message], storage: StoragePlugin, mode: str = 'NONE'
) -> Path:
    writer = Writer(folder, version=9, storage_plugin=storage)
    writer.set_compression(CompressionMode[mode], CompressionFormat.ZSTD)
    connections = {}
    with writer:
        for each in messages:
            if each.topic not in connections:
                connections[each.topic] = writer.add_connection(
                    each.topic, each.type_name, typestore=STORE, offered_qos_profiles=each.qos
                )
            writer.write(connections[each.topic], each.logged_ns, each.data)
    (folder / 'promptda.json').write_text(json.dumps({'images': 3, 'drops': {'unpaired': 1}}))
    return folder


def wrong_of(recording: Path, result: Path, copy: str = 'all') -> dict[str, str]:
    checks = Acceptance(recording, result).checks(copy)
    return {name: wrong for name, wrong in checks if wrong}


@pytest.mark.parametrize(
    'storage, mode',
    [
        (StoragePlugin.SQLITE3, 'NONE'),
        (StoragePlugin.SQLITE3, 'MESSAGE'),
        (StoragePlugin.SQLITE3, 'FILE'),
        (StoragePlugin.MCAP, 'STORAGE'),
    ],
)
def test_a_faithful_result_passes_whatever_the_recording_was_stored_in(
    tmp_path: Path, storage: StoragePlugin, mode: str
):
    recording = write(tmp_path / 'a', RECORDED, storage, mode)
    result = write(tmp_path / 'b', PROCESSED, StoragePlugin.MCAP)
    assert wrong_of(recording, result) == {}
    alone = write(tmp_path / 'c', DEPTH, StoragePlugin.MCAP)
    assert wrong_of(recording, alone, 'none') == {}


Change = Callable[[list[Message]], list[Message]]


@pytest.mark.parametrize(
    'change, check',
    [
        (lambda m: [replace(m[0], data=m[0].data[:-2] + b'x\0'), *m[1:]], 'originals: bytes'),
        (lambda m: [replace(m[0], logged_ns=1), *m[1:]], 'originals: bytes and log times'),
        (lambda m: [replace(m[0], qos=()), *(replace(o, qos=()) for o in m[1:])], 'offered QoS'),
        (lambda m: m[1:], 'originals: count'),
        (lambda m: [m[1], m[2], *m[3:]], 'originals: count'),
        (lambda m: [m[-1], *m[:-1]], 'in order of the log'),
        (lambda m: [m[0], m[1], m[3], m[2], *m[4:]], 'with stamp and log time of an image'),
        (
            lambda m: [*m[:-1], image_of('/promptda/depth/camera_info', 3)],
            'with stamp and log time of an',
        ),
        (lambda m: [*m, m[-1]], 'every image has depth or a reason'),
        (lambda m: [each for each in m if each not in DEPTH], 'every image has depth or a reason'),
    ],
)
def test_what_differs_is_found(tmp_path: Path, change: Change, check: str):
    recording = write(tmp_path / 'a', RECORDED, StoragePlugin.SQLITE3)
    result = write(tmp_path / 'b', change(PROCESSED), StoragePlugin.MCAP)
    assert any(check in name for name in wrong_of(recording, result))


def test_a_copied_message_is_found_where_none_should_be(tmp_path: Path):
    recording = write(tmp_path / 'a', RECORDED, StoragePlugin.SQLITE3)
    result = write(tmp_path / 'b', PROCESSED, StoragePlugin.MCAP)
    assert wrong_of(recording, result, 'none') == {'nothing is copied': '/image, /robot'}
