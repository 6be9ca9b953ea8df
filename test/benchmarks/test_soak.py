# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The soak: what grows is told, what is steady is not."""

from __future__ import annotations

from dataclasses import replace
import os
import time
from types import SimpleNamespace

import pytest

from benchmarks.soak import held_by, LATE_SEC, taken
from benchmarks.soak_judge import cut_short, judged, Sample

STEADY = Sample(
    at_sec=0, node='one', anon_mb=500, file_mb=90, shared_mb=140, threads=21, files=23, sent=600,
    latencies_ms=[40.0, 60.0],
)  # fmt: skip


def samples(**by_minute):
    """Return two hours of samples; what is named grows from minute to minute."""
    return [
        replace(
            STEADY,
            at_sec=60 * minute,
            **{name: getattr(STEADY, name) + of(minute) for name, of in by_minute.items()},
        )
        for minute in range(120)
    ]


def test_what_is_steady_is_not_told():
    rows, bad = judged(samples(anon_mb=lambda minute: minute % 3), {'one': 0})
    assert bad == []
    assert rows[0][0] == 'one'


def test_a_file_that_is_open_for_a_moment_is_not_told():
    assert judged(samples(files=lambda minute: int(minute in (50, 100, 101))), {'one': 0})[1] == []


def test_growth_while_buffers_find_their_sizes_is_not_told():
    assert judged(samples(anon_mb=lambda minute: min(minute, 25)), {'one': 0})[1] == []


@pytest.mark.parametrize(
    ('name', 'of'),
    [
        ('anon_mb', lambda minute: 1.1 * minute / 60),
        ('files', lambda minute: minute // 40),
        ('threads', lambda minute: minute // 100),
    ],
)
def test_what_grows_is_told(name, of):
    (told,) = judged(samples(**{name: of}), {'one': 0})[1]
    assert told.startswith('one: ')


def test_a_node_that_does_not_end_cleanly_is_told():
    assert judged(samples(), {'one': -9})[1] == ['one ended with -9']


def test_a_node_that_ended_before_the_first_sample_is_told():
    assert judged([], {'one': 3}) == ([], ['one ended with 3 before the first sample'])


def test_a_node_that_answers_nothing_is_told():
    silent = [replace(each, latencies_ms=[]) for each in samples()]
    assert judged(silent, {'one': 0})[1] == ['one answered no frame at first or in the end']


def test_a_run_that_ends_before_its_time_is_told():
    both = [*samples(), *(replace(each, node='three') for each in samples()[:60])]
    (told,) = cut_short(both, ['one', 'three'], wanted=120)
    assert told.startswith('three has 60 of 120 samples')


def test_the_memory_of_a_process_is_read():
    held = held_by(os.getpid())
    assert held['anon_mb'] > 1
    assert held['threads'] >= 1


def test_frames_are_told_once_they_are_late_and_late_answers_are_none():
    now_ns = time.monotonic_ns()
    old_ns = now_ns - int(2e9 * LATE_SEC)
    camera = SimpleNamespace(
        sent_ns={1: old_ns, 2: old_ns, 3: now_ns},
        received_ns={1: [old_ns + 7_000_000], 0: [now_ns]},
    )
    camera.answers = lambda: {
        stamp: (camera.sent_ns[stamp], times[-1]) for stamp, times in camera.received_ns.items()
    }
    assert taken([camera]) == (2, [7.0])
    assert camera.sent_ns == {3: now_ns}
    assert camera.received_ns == {}
