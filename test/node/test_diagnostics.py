# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""/diagnostics follows REP 107."""

from __future__ import annotations

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
import pytest

from promptda_ros.node.diagnostics import Diagnostics, Status


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
    topic = bench.publisher_of('/diagnostics')
    bench.spin_until(lambda: bench.are_matched(topic, bench.peer))
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
