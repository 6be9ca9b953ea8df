# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What one node says of one camera, among all that is on /diagnostics."""

from __future__ import annotations

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
import pytest

from promptda_ros.view.listening import reports
from promptda_ros.view.listening.reports import Reports


def nothing():
    """Do nothing."""


def message(**parts):
    """Return a message with parts by full name, `__` for what can't be in a name."""
    statuses = []
    for name, values in parts.items():
        status = DiagnosticStatus(name=name.replace('__', ': ').replace('_', ' '), message=name)
        status.values = [KeyValue(key=key, value=value) for key, value in values.items()]
        statuses.append(status)
    return DiagnosticArray(status=statuses)


def test_the_topics_of_the_node_are_those_that_it_reports():
    found = Reports('/promptda', '', nothing)
    assert found.topic('image') == ''
    found.take(message(other__pairing={'topic.image': '/not_this'}))
    assert found.topic('image') == ''
    found.take(message(promptda__pairing={'topic.image': '/camera/image'}))
    assert found.topic('image') == '/camera/image'


def test_one_of_several_cameras_is_not_mixed_with_the_others():
    parts = {
        'promptda__left_pairing': {'topic.image': '/left/image'},
        'promptda__right_pairing': {'topic.image': '/right/image'},
        'promptda__left_frames': {'drops.overrun': '1'},
        'promptda__right_frames': {'drops.overrun': '7'},
    }
    found = Reports('/promptda', 'left', nothing)
    found.take(message(**parts))
    assert found.topic('image') == '/left/image'
    assert found.state().drops == {'overrun': 1}
    unnamed = Reports('/promptda', '', nothing)
    unnamed.take(message(**parts))
    assert 'left, right' in unnamed.state().reason


def test_a_node_that_comes_back_after_a_silence_is_asked_anew(monkeypatch):
    begun, now = [], [100.0]
    monkeypatch.setattr(reports.time, 'monotonic', lambda: now[0])
    found = Reports('/promptda', '', lambda: begun.append(now[0]))
    for at_sec in (100.0, 101.0, 150.0):
        now[0] = at_sec
        found.take(message(promptda__pairing={}))
    assert begun == [150.0]


@pytest.mark.parametrize('target', ['/promptda', '/robot1/promptda'])
def test_a_namespace_is_part_of_the_name(target):
    found = Reports(target, '', nothing)
    name = target.lstrip('/')
    status = DiagnosticStatus(name=f'{name}: pairing')
    status.values = [KeyValue(key='topic.depth', value='/d')]
    found.take(DiagnosticArray(status=[status]))
    assert found.topic('depth') == '/d'
