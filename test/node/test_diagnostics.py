# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Every drop is counted, few are logged, and /diagnostics follows REP 107."""

from __future__ import annotations

import threading

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
import pytest

from promptda_ros.core.runtime import log
from promptda_ros.core.runtime.log import Drops
from promptda_ros.node.diagnostics import Diagnostics, Status


class FakeTime:
    """A steady clock that the test moves."""

    def __init__(self) -> None:
        self.now_sec = 1000.0

    def monotonic(self) -> float:
        return self.now_sec


@pytest.fixture
def clock(monkeypatch):
    clock = FakeTime()
    monkeypatch.setattr(log, 'time', clock)
    return clock


@pytest.fixture
def lines():
    return []


@pytest.fixture
def drops(clock, lines):
    return Drops(lines.append, what='frame dropped')


def test_every_drop_is_counted_under_its_reason(drops):
    for _ in range(7):
        drops.add('image_step', 'step 10 < 1920')
    drops.add('no_listener')
    assert drops.snapshot() == {'image_step': 7, 'no_listener': 1}


def test_the_first_drop_is_logged_at_once(drops, lines):
    drops.add('image_step', 'step 10 < 1920')
    assert lines == ['frame dropped: step 10 < 1920']


def test_the_same_reason_is_logged_every_five_seconds_with_its_number(drops, clock, lines):
    """Log limits of the fault table: a count, not a flood."""
    for _ in range(161):  # 32 Hz for 5 s
        drops.add('image_step', 'step 10 < 1920')
        clock.now_sec += 1 / 32
    assert lines == [
        'frame dropped: step 10 < 1920',
        'frame dropped: step 10 < 1920 (160 in the last 5 s)',
    ]
    assert drops.snapshot() == {'image_step': 161}


def test_reasons_do_not_silence_one_another(drops, lines):
    drops.add('image_step', 'step 10 < 1920')
    drops.add('depth_unit', 'median 812 m')
    assert len(lines) == 2


def test_a_drop_without_a_text_is_counted_and_not_logged(drops, lines):
    drops.add('no_listener')
    assert lines == []
    assert drops.recent_text(within_sec=5.0) == ''


def test_the_last_reason_is_known_for_a_while(drops, clock):
    assert drops.recent_text(within_sec=5.0) == ''
    drops.add('image_step', 'step 10 < 1920')
    clock.now_sec += 5.0
    assert drops.recent_text(within_sec=5.0) == 'step 10 < 1920'
    clock.now_sec += 0.1
    assert drops.recent_text(within_sec=5.0) == ''


def test_no_drop_is_lost_between_threads(drops):
    def flood() -> None:
        for _ in range(1000):
            drops.add('image_step', 'step 10 < 1920')

    threads = [threading.Thread(target=flood) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20.0)
    assert drops.snapshot() == {'image_step': 4000}


@pytest.mark.parametrize(
    'ros_arguments, name',
    [([], 'promptda'), (['-r', '__ns:=/robot1', '-r', '__node:=eyes'], 'robot1/eyes')],
)
def test_statuses_arrive_as_rep_107_wants_them(make_bench, ros_arguments, name):
    """A11: the names follow the node's own."""
    bench = make_bench(*ros_arguments)
    publisher = Diagnostics(bench.node, hardware_id='tiny on cpu')
    heard = []
    bench.peer.create_subscription(DiagnosticArray, '/diagnostics', heard.append, 10)
    bench.spin_until(lambda: bench.are_matched(publisher._publisher, bench.peer))
    publisher.publish(
        [
            Status('pairing', 'ok', 'paired', {'pairs': 3, 'offset_ms': 1 / 3, 'none': None}),
            Status('frames', 'warn', 'dropped'),
            Status('network', 'error', 'gone'),
        ]
    )
    bench.spin_until(lambda: heard)
    (message,) = heard
    assert message.header.stamp.sec > 0
    assert [status.name for status in message.status] == [
        f'{name}: pairing',
        f'{name}: frames',
        f'{name}: network',
    ]
    levels = [DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR]
    assert [status.level for status in message.status] == levels
    assert {status.hardware_id for status in message.status} == {'tiny on cpu'}
    assert [status.message for status in message.status] == ['paired', 'dropped', 'gone']
    values = {each.key: each.value for each in message.status[0].values}
    assert values == {'pairs': '3', 'offset_ms': '0.333333', 'none': 'None'}
    publisher.close()
    bench.spin_until(lambda: bench.peer.count_publishers('/diagnostics') == 0)


def test_an_unknown_level_is_no_new_one(bench):
    publisher = Diagnostics(bench.node, hardware_id='')
    with pytest.raises(KeyError):
        publisher.publish([Status('pairing', 'fine', 'paired')])
