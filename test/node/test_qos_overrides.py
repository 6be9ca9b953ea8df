# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The quality of service that parameters ask for is the one on the graph, or it is told."""

from __future__ import annotations

from pathlib import Path
import re

import pytest
from rclpy.duration import Duration
from rclpy.qos import (
    DurabilityPolicy,
    HistoryPolicy,
    LivelinessPolicy,
    QoSProfile,
    ReliabilityPolicy,
)
from sensor_msgs.msg import Image

from promptda_ros.core.settings.setting import SettingError
from promptda_ros.node.qos_overrides import override

BEST_EFFORT = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)
OF_POINTS = 'qos_overrides./promptda/points.publisher'
OF_DEPTH = 'qos_overrides./depth.subscription'


def offered(rig, topic, *, by='publishers'):
    """Return the profile that the graph has of the node's publisher or subscription."""
    find = getattr(rig.peer, f'get_{by}_info_by_topic')
    found = []

    def is_found():
        found[:] = [each for each in find(topic) if each.node_name == 'promptda']
        return found

    rig.spin_until(is_found)
    return found[0].qos_profile


@pytest.mark.parametrize(
    'policy, value, expected',
    [
        ('reliability', 'best_effort', ReliabilityPolicy.BEST_EFFORT),
        ('durability', 'transient_local', DurabilityPolicy.TRANSIENT_LOCAL),
        ('liveliness', 'manual_by_topic', LivelinessPolicy.MANUAL_BY_TOPIC),
        ('deadline', 500_000_000, Duration(seconds=0.5)),
        ('lifespan', 250_000_000, Duration(seconds=0.25)),
        ('liveliness_lease_duration', 10**9, Duration(seconds=1.0)),
    ],
)
def test_a_publisher_offers_on_the_graph_what_the_parameter_asks_for(
    make_rig, policy, value, expected
):
    rig = make_rig(**{f'{OF_POINTS}.{policy}': value})
    rig.node.start()
    assert getattr(offered(rig, '/promptda/points'), policy) == expected
    others = offered(rig, '/promptda/points_dense')
    assert getattr(others, policy) != expected
    assert rig.node.get_parameter(f'{OF_POINTS}.{policy}').value == value


@pytest.mark.parametrize(
    'policy, value, expected',
    [
        ('depth', 2, 2),
        ('history', 'keep_all', HistoryPolicy.KEEP_ALL),
        ('avoid_ros_namespace_conventions', True, True),
    ],
)
def test_what_the_graph_does_not_tell_is_what_the_publisher_is_made_with(
    make_rig, policy, value, expected
):
    rig = make_rig(**{f'{OF_POINTS}.{policy}': value})
    rig.node.start()
    made = next(
        each for each in rig.node.publishers if each.topic_name.endswith('/promptda/points')
    )
    assert getattr(made.qos_profile, policy) == expected


def test_every_publisher_and_subscription_of_the_node_can_be_overridden(make_rig):
    """Also captures, the diagnostics, confidence and mask; not what ROS makes on its own."""
    plain = make_rig()
    interface = plain.node.interface
    deadline = {
        f'qos_overrides.{topic}.{entity}.deadline': 7_000_000_000
        for entity, topics in (
            ('publisher', interface.publishers),
            ('subscription', interface.subscriptions),
        )
        for topic in topics
    }
    rig = make_rig(input__min_confidence=0.5, input__mask='remove', use_sim_time=True, **deadline)
    rig.node.start()
    made = [*rig.node.publishers, *rig.node.subscriptions]
    different = {
        each.topic_name for each in made if each.qos_profile.deadline != Duration(seconds=7.0)
    }
    assert different <= {*interface.ros_publishers}
    heard = {each.topic_name for each in rig.node.subscriptions}
    assert {'/image', '/depth', '/camera_info', '/confidence', '/mask', '/clock'} <= heard


def test_an_override_follows_the_remapped_topic(make_rig):
    rig = make_rig('-r', 'image:=/eye/image', **{'qos_overrides./eye/image.subscription.depth': 9})
    rig.node.start()
    (image,) = (each for each in rig.node.subscriptions if each.topic_name == '/eye/image')
    assert image.qos_profile.depth == 9


def test_a_subscription_that_has_to_be_best_effort_stays_so_and_hears(make_rig):
    rig = make_rig(**{f'{OF_DEPTH}.reliability': 'best_effort'})
    rig.node.start()
    rig.advertise_all()
    assert offered(rig, '/depth', by='subscriptions').reliability == ReliabilityPolicy.BEST_EFFORT
    rig.send_through(rig.listen('depth/image_rect'))


def test_a_subscription_that_has_to_be_reliable_does_not_adapt_and_says_what_asks_for_it(
    impatient, make_rig, capfd
):
    rig = make_rig(**{f'{OF_DEPTH}.reliability': 'reliable'})
    rig.node.start()
    rig.advertise('image')
    rig.advertise('depth', BEST_EFFORT, matched=False)
    rig.send()
    latest = rig.hear_statuses()
    text = f'{OF_DEPTH}.reliability asks for reliable'
    rig.spin_until(lambda: latest('pairing') and text in latest('pairing')[1])
    assert f'set {OF_DEPTH}.reliability:=best_effort' in latest('pairing')[1]
    depth = rig.node.session.inputs[rig.camera].depth
    subscription = depth._subscriber.sub  # noqa: SLF001
    seen = latest('pairing')
    rig.spin_until(lambda: latest('pairing') is not seen)
    assert depth._subscriber.sub is subscription  # noqa: SLF001 (not made anew every second)
    assert 'subscribed again' not in capfd.readouterr().err


def test_camera_info_with_an_override_is_not_subscribed_to_anew(often, make_rig):
    name = 'qos_overrides./camera_info.subscription.durability'
    rig = make_rig(**{name: 'transient_local'})
    rig.node.start()
    rig.advertise('camera_info', QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL))

    def subscription():
        return next(each for each in rig.node.subscriptions if each.topic_name == '/camera_info')

    rig.spin_until(lambda: subscription().qos_profile.reliability == ReliabilityPolicy.RELIABLE)
    kept, latest = subscription(), rig.hear_statuses()
    for _ in range(3):
        seen = latest('pairing')
        rig.spin_until(lambda before=seen: latest('pairing') is not before)
    assert subscription() is kept


@pytest.mark.parametrize(
    'name, value, text',
    [
        (f'{OF_POINTS}.reliability', 'relible', "'relible' is not one of system_default, r"),
        (f'{OF_POINTS}.reliability', 1, '1 is not one of '),
        (f'{OF_POINTS}.durability', 'unknown', "'unknown' is not one of "),
        (f'{OF_POINTS}.depth', 0, '0 is less than 1'),
        (f'{OF_POINTS}.depth', 2.5, '2.5 is not a whole number'),
        (f'{OF_POINTS}.depth', True, 'True is not a whole number'),
        (f'{OF_POINTS}.deadline', -1, '-1 ns is less than 0 ns'),
        (f'{OF_POINTS}.deadline', 0.5, '0.5 is not a whole number of ns'),
        (f'{OF_POINTS}.avoid_ros_namespace_conventions', 'no', "'no' is not a bool"),
        (f'{OF_POINTS}.relaibility', 'reliable', "'relaibility' is not one of reliability, "),
        (f'{OF_DEPTH}.lifespan', 1, "'lifespan' is not one of reliability, "),
        ('qos_overrides./promptda/points.reliability', 'reliable', 'a policy is named '),
        ('qos_overrides.points.publisher.reliability', 'reliable', 'with the topic in full'),
        ('qos_overrides./depth.subscriber.depth', 3, 'a policy is named '),
        ('qos_overrides./rosout.publisher.depth', 3, 'ROS makes the publisher of /rosout before'),
        ('qos_overrides./parameter_events.publisher.depth', 3, 'leave this parameter out'),
        ('qos_overrides./promptda/transition_event.publisher.depth', 3, 'stays as it is'),
    ],
)
def test_what_can_not_be_honoured_ends_the_start_in_one_sentence(make_rig, name, value, text):
    with pytest.raises(SettingError) as refused:
        make_rig(**{name: value})
    assert str(refused.value).startswith(f'parameter {name}: ')
    assert text in str(refused.value)
    assert '\n' not in str(refused.value)


@pytest.mark.parametrize(
    'name, text',
    [
        ('/promptda/point.publisher', "of /promptda/point; did you mean '/promptda/points'?"),
        ('/promptda/points.subscription', 'no subscription of /promptda/points'),
        ('/image.publisher', 'no publisher of /image'),
        ('/scan.subscription', 'no subscription of /scan'),
    ],
)
def test_a_topic_that_the_node_does_not_have_is_told(make_rig, capfd, name, text):
    """A file may be of several nodes, so that only a strict start ends."""
    given = {f'qos_overrides.{name}.depth': 3}
    make_rig(**given)
    said = capfd.readouterr().err
    assert said.count(text) == 1
    assert said.count('(ignored)') == 1
    with pytest.raises(SettingError, match=text.partition(';')[0]):
        make_rig(strict_params=True, **given)


def test_the_profile_that_was_given_is_not_changed(make_rig):
    """It is a constant that others share."""
    rig = make_rig(**{f'{OF_POINTS}.depth': 3})
    profile = QoSProfile(depth=5)
    assert override(rig.node, 'publisher', '~/points', profile).depth == 3
    assert override(rig.node, 'publisher', '~/points', 10).depth == 3
    assert override(rig.node, 'subscription', '~/points', 10).depth == 10
    assert profile.depth == 5
    assert rig.peer.create_publisher(Image, '/promptda/points', 10).qos_profile.depth == 10


def test_overrides_in_a_file_are_those_of_the_documentation(make_rig, tmp_path):
    """The block of docs/topics.md."""
    page = (Path(__file__).resolve().parents[2] / 'docs/topics.md').read_text()
    (block,) = re.findall(r'```yaml\n(.*?qos_overrides.*?)```', page, re.DOTALL)
    (tmp_path / 'mine.yaml').write_text(block)
    rig = make_rig(
        *('--params-file', str(tmp_path / 'mine.yaml')),
        *('-r', 'image:=/camera/camera/color/image_raw'),
        strict_params=True,
    )
    rig.node.start()
    points = offered(rig, '/promptda/points')
    assert points.reliability == ReliabilityPolicy.BEST_EFFORT
    topic = '/camera/camera/color/image_raw'
    (image,) = (each for each in rig.node.subscriptions if each.topic_name == topic)
    assert image.qos_profile.depth == 2
