# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether a bag that `promptda process` wrote holds everything of the bag that it was made from.

    promptda process recording --out depth
    python -m benchmarks.bag_acceptance recording depth/recording

Reads both with sqlite3, with the mcap package and with rosbags, with nothing of promptda_ros, and
ends with 1 if anything differs.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing, ExitStack
from dataclasses import dataclass, field
import hashlib
from itertools import pairwise
import json
from pathlib import Path
import sqlite3
import struct
import sys
import tempfile
from typing import Any

from mcap.reader import make_reader
from rosbags.rosbag2 import Reader
from rosbags.typesys import get_typestore, Stores
import yaml

from benchmarks.results import Table

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

IMAGES = ('sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage')
RECORD_FILE = 'promptda.json'
INFO = 'depth/camera_info'  # written beside every depth
PACKED = '.zstd'
ZSTD = b'\x28\xb5\x2f\xfd'  # no serialized message begins so


@dataclass(frozen=True)
class Row:
    """One message as it is stored; SQLite has no time of publication."""

    topic: str
    logged_ns: int
    published_ns: int | None
    data: bytes

    @property
    def stamp(self) -> tuple[int, int]:
        """Return seconds and nanoseconds of a message that begins with a header."""
        order = '<' if self.data[1] & 1 else '>'
        sec, nanosec = struct.unpack_from(f'{order}iI', self.data, 4)
        return sec, nanosec


@dataclass
class Topic:
    """What a bag holds of one topic, and in which order."""

    count: int = 0
    messages: Any = field(default_factory=hashlib.sha256)  # log times and bytes
    published: Any = field(default_factory=hashlib.sha256)

    def take(self, row: Row) -> None:
        """Add a message."""
        self.count += 1
        self.messages.update(struct.pack('<qQ', row.logged_ns, len(row.data)) + row.data)
        if row.published_ns is not None:
            self.published.update(struct.pack('<q', row.published_ns))


def main() -> None:
    """Print one line for each check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('recording', type=Path, help='the folder or file that was processed')
    parser.add_argument('result', type=Path, help='the folder that was written')
    parser.add_argument('--copy', choices=('all', 'none'), default='all', help='as it was made')
    arguments = parser.parse_args()
    if not (arguments.result / RECORD_FILE).is_file():
        raise SystemExit(f'{arguments.result} is no result of promptda process: no {RECORD_FILE}')
    checks = Acceptance(arguments.recording, arguments.result).checks(arguments.copy)
    rows = [
        (name, 'as it should be' if not wrong else f'WRONG: {wrong}') for name, wrong in checks
    ]
    print('\n'.join(Table('', ('check', 'found'), rows).lines()))
    raise SystemExit(any(wrong for _, wrong in checks))


class Acceptance:
    """Compares a recording with what was made of it."""

    def __init__(self, recording: Path, result: Path) -> None:
        self._recording = recording
        self._result = result
        self._before, self._after = described(recording), described(result)
        self._originals = topics_of(recording)
        self._new = sorted(set(self._after) - set(self._before))
        # Of a topic without messages there may be nothing but its name in metadata.yaml.
        self._before = {
            name: each
            for name, each in self._before.items()
            if self._originals[name].count or name in self._after
        }
        self._record = json.loads((result / RECORD_FILE).read_text())

    def checks(self, copy: str) -> list[tuple[str, str]]:
        """Return the name of each check and what is wrong, '' for nothing."""
        copied = self._copied() if copy == 'all' else [('nothing is copied', self._not_copied())]
        return [
            *copied,
            ('in order of the log', self._in_order()),
            ('every image has depth or a reason, on every topic of ours', self._one_a_pair()),
            ('with stamp and log time of an image', self._stamps(copied=copy == 'all')),
            ('metadata.yaml counts them', self._counts()),
            ('rosbags reads every message of ours', self._decoded()),
        ]

    def _copied(self) -> list[tuple[str, str]]:
        found = topics_of(self._result)
        before = {name: self._originals[name] for name in self._before}
        after = {name: found.get(name, Topic()) for name in self._before}
        published = [each for each in before if has_publish_times(self._recording, self._result)]
        return [
            ('originals: count', differing(before, after, lambda each: each.count)),
            ('originals: bytes and log times', differing(before, after, digest_of_messages)),
            (
                f'originals: publish times ({len(published)} topics have them)',
                differing({name: before[name] for name in published}, after, digest_of_published),
            ),
            ('originals: types', differing(self._before, self._after, lambda each: each.msgtype)),
            ('originals: type hashes', self._hashes()),
            ('originals: offered QoS', self._qos()),
        ]

    def _hashes(self) -> str:
        known = {name: each for name, each in self._before.items() if each.digest}
        return differing(known, self._after, lambda each: each.digest)

    def _qos(self) -> str:
        files = [path for path in files_of(self._recording) if path.suffix != PACKED]
        said = [self._before, *map(described, files)]  # they may differ in what they say
        wrong = [
            name
            for name, each in self._after.items()
            if name in self._before
            and all(name in one and qos_of(one[name]) != qos_of(each) for one in said)
        ]
        return ', '.join(sorted(wrong))

    def _not_copied(self) -> str:
        return ', '.join(sorted(set(self._before) & set(self._after)))

    def _in_order(self) -> str:
        logged = (row.logged_ns for row in rows_of(self._result, as_written=True))
        back = sum(later < earlier for earlier, later in pairwise(logged))
        return f'{back} messages were logged before the one in front of them' if back else ''

    def _one_a_pair(self) -> str:
        counts = {name: self._after[name].msgcount for name in self._new}
        infos = {name: count for name, count in counts.items() if name.endswith(INFO)}
        told = self._record['images'] - sum(self._record['drops'].values())
        if sum(infos.values()) != told:
            return f'{told} images are said to have depth, but {infos}'
        of_camera = {name.removesuffix(INFO): count for name, count in infos.items()}
        wrong = [
            f'{name} has {count}'
            for name, count in counts.items()
            if count not in [each for camera, each in of_camera.items() if name.startswith(camera)]
        ]
        return ', '.join(wrong)

    def _stamps(self, *, copied: bool) -> str:
        images: defaultdict[tuple[int, int], set[int]] = defaultdict(set)
        for row in rows_of(self._recording):
            if self._before[row.topic].msgtype in IMAGES:
                images[row.stamp].add(row.logged_ns)
        seen: Counter[tuple[str, tuple[int, int]]] = Counter()
        wrong: Counter[str] = Counter()
        before: tuple[int, int] | None = None  # the stamp of the image before, if it is one
        for row in rows_of(self._result, as_written=True):
            if row.topic not in self._new:
                is_image = self._before[row.topic].msgtype in IMAGES
                before = row.stamp if is_image else None
                continue
            seen[row.topic, row.stamp] += 1
            wrong['not of an image'] += row.logged_ns not in images.get(row.stamp, ())
            wrong['not directly behind its image'] += copied and before != row.stamp
        wrong['twice'] = sum(count > 1 for count in seen.values())
        return ', '.join(f'{count} {text}' for text, count in wrong.items() if count)

    def _counts(self) -> str:
        counted = Counter(row.topic for row in rows_of(self._result))
        said = {name: each.msgcount for name, each in self._after.items()}
        return '' if said == {name: counted[name] for name in said} else f'{said}, not {counted}'

    def _decoded(self) -> str:
        store = get_typestore(Stores.ROS2_JAZZY)
        if not self._new:
            return ''
        with Reader(self._result) as bag:
            ours = [each for each in bag.connections if each.topic in self._new]
            for connection, _, data in bag.messages(connections=ours):
                store.deserialize_cdr(data, connection.msgtype)
        return ''


def described(bag: Path) -> dict[str, Any]:
    """Return the connections of rosbags by topic: type, hash, QoS and count."""
    found: dict[str, Any] = {}
    for path in [bag] if bag.is_file() or (bag / 'metadata.yaml').exists() else files_of(bag):
        with Reader(path) as reader:
            found |= {each.topic: each for each in reader.connections}
    return found


def topics_of(bag: Path) -> dict[str, Topic]:
    """Read a bag and return what it holds by topic."""
    topics: defaultdict[str, Topic] = defaultdict(
        Topic, {name: Topic() for name in described(bag)}
    )
    for row in rows_of(bag):
        topics[row.topic].take(row)
    return topics


def rows_of(bag: Path, *, as_written: bool = False) -> Iterator[Row]:
    """Read the files of a bag one after the other, each as it was written or as it was logged."""
    for path in files_of(bag):
        read = rows_of_mcap if '.mcap' in path.name else rows_of_sqlite
        for row in read(path, as_written=as_written):
            is_packed = row.data.startswith(ZSTD)
            data = zstd.decompress(row.data) if is_packed else row.data
            yield Row(row.topic, row.logged_ns, row.published_ns, data)


def rows_of_sqlite(path: Path, *, as_written: bool) -> Iterator[Row]:
    """Read a .db3, which may be compressed."""
    with ExitStack() as stack:
        if path.suffix == PACKED:
            file = stack.enter_context(tempfile.NamedTemporaryFile(suffix='.db3'))
            file.write(zstd.decompress(path.read_bytes()))
            file.flush()
            path = Path(file.name)
        uri = f'{path.resolve().as_uri()}?mode=ro&immutable=1'
        base = stack.enter_context(closing(sqlite3.connect(uri, uri=True)))
        query = 'SELECT name, timestamp, data FROM messages JOIN topics ON topics.id = topic_id'
        order = 'messages.id' if as_written else 'timestamp, messages.id'
        for topic, logged_ns, data in base.execute(f'{query} ORDER BY {order}'):
            yield Row(topic, logged_ns, None, bytes(data))


def rows_of_mcap(path: Path, *, as_written: bool) -> Iterator[Row]:
    """Read a .mcap."""
    with path.open('rb') as file:
        for _, channel, message in make_reader(file).iter_messages(log_time_order=not as_written):
            yield Row(channel.topic, message.log_time, message.publish_time, message.data)


def files_of(bag: Path) -> list[Path]:
    """Return the files of a bag in the order of its metadata."""
    if bag.is_file():
        return [bag]
    names = metadata_of(bag).get('relative_file_paths')
    if names is None:
        return sorted([*bag.glob('*.db3'), *bag.glob('*.mcap')])
    return [bag / Path(name).name for name in names]


def metadata_of(bag: Path) -> dict[str, Any]:
    """Return what metadata.yaml says, nothing if there is none."""
    path = bag / 'metadata.yaml'
    if not path.is_file():
        return {}
    values: dict[str, Any] = yaml.safe_load(path.read_text())['rosbag2_bagfile_information']
    return values


def has_publish_times(*bags: Path) -> bool:
    """Return whether all files of the bags are MCAP."""
    return all('.mcap' in path.name for bag in bags for path in files_of(bag))


def differing(before: Any, after: Any, of: Any) -> str:
    """Name the topics of which something is not the same."""
    wrong = [name for name in before if name not in after or of(before[name]) != of(after[name])]
    return ', '.join(sorted(wrong))


def digest_of_messages(topic: Topic) -> str:
    """Return the digest of log times and bytes."""
    return str(topic.messages.hexdigest())


def digest_of_published(topic: Topic) -> str:
    """Return the digest of publish times."""
    return str(topic.published.hexdigest())


def qos_of(connection: Any) -> Any:
    """Return the offered QoS in one form, whichever version of metadata it was written in."""
    return connection.ext.offered_qos_profiles


if __name__ == '__main__':
    main()
