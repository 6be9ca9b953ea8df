# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the endurance of `promptda process` is measured with."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from benchmarks.bag_acceptance import rows_of
from benchmarks.bag_endurance import content_of, repeat

REPOSITORY = Path(__file__).resolve().parents[2]
DEMO = REPOSITORY / 'assets' / 'demo.mcap'
INFO = '/camera/color/camera_info'


def test_a_recording_is_repeated_with_stamps_that_go_on(tmp_path: Path):
    repeat(DEMO, tmp_path / 'long', 2)
    rows = [row for row in rows_of(tmp_path / 'long') if row.topic == INFO]
    assert len(rows) == 2 * sum(row.topic == INFO for row in rows_of(DEMO))
    assert all(one.stamp < other.stamp for one, other in pairwise(rows))
    assert {round(row.logged_ns / 1e9 - row.stamp[0]) for row in rows} <= {0, 1}


def test_results_are_equal_if_nothing_but_the_ledger_differs(tmp_path: Path):
    for name in ('a', 'b'):
        repeat(DEMO, tmp_path / name / 'demo', 1)
    (tmp_path / 'b' / 'process.jsonl').write_text('{}\n')
    assert content_of(tmp_path / 'a') == content_of(tmp_path / 'b')
    (tmp_path / 'b' / '.unfinished').touch()
    assert content_of(tmp_path / 'a') != content_of(tmp_path / 'b')
