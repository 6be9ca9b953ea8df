# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The line about the node, from its own diagnostics."""

from __future__ import annotations

from promptda_ros.view.source import State
from promptda_ros.view.status import line_of, Part, Report, SILENT_SEC, state_of


def report(at_sec, published, **frames):
    """Return what the node says at some time."""
    values = {
        'published.depth/image_rect': str(published),
        'stage_ms.infer.p50': '60.2',
        'stage_ms.infer.p99': '90.1',
        'stage_ms.read.p50': '4',
        'drops.overrun': '3',
        'drops.no_transform': '0',
    }
    pairing = {'pairs': '9', 'image.received': '40', 'image.unpaired': '2', 'topic.image': '/i'}
    return Report(
        at_sec,
        {
            'pairing': Part(is_ok=True, message='image and depth are paired', values=pairing),
            'frames': Part(is_ok=True, message='frames pass', values=values, **frames),
        },
    )


def state(*reports, now_sec=10.5):
    """Return the state that reports tell."""
    return state_of(reports, node='/promptda', now_sec=now_sec)


def test_the_rate_is_what_was_published_between_the_reports():
    assert state(report(6.0, 100), report(8.0, 111), report(10.0, 120)).rate == 5.0


def test_a_node_that_began_anew_has_no_negative_rate():
    assert state(report(9.0, 500), report(10.0, 3)).rate == 0.0


def test_stages_are_medians_and_drops_are_those_that_happened():
    found = state(report(10.0, 1))
    assert found.stage_ms == {'infer': 60.2, 'read': 4.0}
    assert found.drops == {'unpaired': 2, 'overrun': 3}


def test_the_reason_is_what_the_node_says():
    said = Report(10.0, {'pairing': Part(is_ok=False, message='waiting for depth on /d')})
    assert state(said).reason == 'waiting for depth on /d'
    assert not state(report(10.0, 1)).reason


def test_a_node_that_is_not_heard_is_said_with_what_to_do():
    for reports in ((), (report(10.0, 1),)):
        reason = state(*reports, now_sec=10.0 + SILENT_SEC + 0.1).reason
        assert '/promptda' in reason
        assert '--node' in reason


def test_a_camera_that_must_be_named_is_said_with_the_names_there_are():
    only = Report(10.0, {'network': Part(is_ok=True, message='')}, ('left', 'right'))
    reason = state(only).reason
    assert 'left, right' in reason
    assert '--cameras' in reason


def test_the_line_has_rate_latency_by_stage_and_drops():
    line = line_of(State(5.04, {'infer': 60.0, 'read': 4.4}, {'overrun': 3}))
    assert line == '5.0 frames/s · latency 64 ms (read 4, infer 60) · dropped: 3 overrun'
    assert line_of(State()).endswith('dropped: none')
