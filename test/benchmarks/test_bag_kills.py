# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What runs of `promptda process` are compared by."""

from __future__ import annotations

from pathlib import Path

from rosbags.rosbag2 import Writer
from rosbags.typesys import get_typestore, Stores

from benchmarks.bag_kills import content_of, results_in

STORE = get_typestore(Stores.ROS2_JAZZY)
TEXT = 'std_msgs/msg/String'


def write(folder: Path, text: str) -> Path:
    with Writer(folder / 'run', version=9) as writer:
        connection = writer.add_connection('/text', TEXT, typestore=STORE)
        writer.write(connection, 1, bytes(STORE.serialize_cdr(STORE.types[TEXT](text), TEXT)))
    return folder


def test_results_are_equal_if_nothing_but_the_ledger_differs(tmp_path: Path):
    first, second = write(tmp_path / 'a', 'same'), write(tmp_path / 'b', 'same')
    (second / 'process.jsonl').touch()
    assert content_of(first) == content_of(second)
    (second / '.unfinished').touch()
    assert content_of(first) != content_of(second)


def test_another_message_makes_another_content(tmp_path: Path):
    assert content_of(write(tmp_path / 'a', 'one')) != content_of(write(tmp_path / 'b', 'two'))


def test_a_bag_that_is_not_finished_is_no_result(tmp_path: Path):
    write(tmp_path / '.unfinished-run-12345678', 'text')
    assert results_in(tmp_path) == []
    assert results_in(write(tmp_path / 'below', 'text').parent) == [tmp_path / 'below' / 'run']
