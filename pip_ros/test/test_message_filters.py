# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The calls we make of message_filters, against the stand-in or the real package."""

from __future__ import annotations

import pytest

message_filters = pytest.importorskip('message_filters', reason='needs message_filters')


class FakeSubscription:
    """Remember what it was made with."""

    topic_name = '/robot/image'

    def __init__(self, msg_type, topic, callback, **kwargs):
        self.made_with = (msg_type, topic)
        self.callback = callback
        self.kwargs = kwargs


class FakeNode:
    """Make fake subscriptions."""

    def create_subscription(self, msg_type, topic, callback, **kwargs):
        """Take the arguments that rclpy's node takes."""
        return FakeSubscription(msg_type, topic, callback, **kwargs)


def test_every_callback_gets_the_messages_and_its_own_arguments():
    received = []
    source = message_filters.SimpleFilter()
    source.registerCallback(lambda *args: received.append(args))
    source.registerCallback(lambda *args: received.append(args), 'mine')

    source.signalMessage('image', 'depth')

    assert received == [('image', 'depth'), ('image', 'depth', 'mine')]


def test_connections_are_numbered():
    source = message_filters.SimpleFilter()

    assert source.registerCallback(print) != source.registerCallback(print)


def test_a_callback_that_raises_is_heard_by_the_caller():
    source = message_filters.SimpleFilter()
    source.registerCallback(lambda message: 1 / message)

    with pytest.raises(ZeroDivisionError):
        source.signalMessage(0)


def test_subscriber_passes_its_arguments_to_the_node():
    subscriber = message_filters.Subscriber(FakeNode(), bytes, 'image', qos_profile=3, raw=True)

    assert subscriber.sub.made_with == (bytes, 'image')
    assert subscriber.sub.kwargs == {'qos_profile': 3, 'raw': True}
    assert subscriber.getTopic() == 'image'


def test_subscriber_keeps_ten_messages_where_nothing_else_is_asked():
    assert message_filters.Subscriber(FakeNode(), bytes, 'image').sub.kwargs['qos_profile'] == 10


def test_subscriber_signals_what_arrives():
    received = []
    subscriber = message_filters.Subscriber(FakeNode(), bytes, 'image')
    subscriber.registerCallback(received.append)

    subscriber.sub.callback(b'message')

    assert received == [b'message']


def test_subscriber_has_the_attributes_of_its_subscription():
    subscriber = message_filters.Subscriber(FakeNode(), bytes, 'image')

    assert subscriber.topic_name == '/robot/image'
    with pytest.raises(AttributeError):
        _ = subscriber.no_such_thing


def test_a_filter_of_our_own_connects_to_a_subscriber():
    class Doubler(message_filters.SimpleFilter):
        def connectInput(self, source):
            self.incoming_connection = source.registerCallback(self.add)

        def add(self, number):
            self.signalMessage(2 * number)

    received = []
    subscriber = message_filters.Subscriber(FakeNode(), int, 'number')
    doubler = Doubler()
    doubler.connectInput(subscriber)
    doubler.registerCallback(received.append)

    subscriber.sub.callback(21)

    assert received == [42]
