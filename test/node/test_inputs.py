# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Messages come in from every kind of publisher and leave as pairs."""

from __future__ import annotations

import array
from dataclasses import replace

from message_filters import SimpleFilter
import pytest
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2

from promptda_ros.core.pairing.pairing import Pairing, PairingSettings
from promptda_ros.core.pairing.stream import Loss, Topic
from promptda_ros.core.runtime.stages import StageTimes
from promptda_ros.core.settings.input import InputSettings, QosSettings, SyncSettings
from promptda_ros.core.settings.schema import Settings
from promptda_ros.node.inputs import Inputs, PairFilter
from promptda_ros.node.subscriptions import INPUT_QUEUE, SensorInput

SEC = 1_000_000_000
MS = 1_000_000
BEST_EFFORT = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)
RELIABLE = QoSProfile(depth=5, reliability=ReliabilityPolicy.RELIABLE)
LATCHED = QoSProfile(
    depth=1,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)
OFFERED = {'best effort': BEST_EFFORT, 'reliable': RELIABLE, 'latched': LATCHED}
NOTHING_LOST = dict.fromkeys(Loss, 0)


@pytest.fixture
def pairs():
    return []


@pytest.fixture
def infos():
    return []


@pytest.fixture
def listen(bench, pairs, infos):
    """Make inputs on the bench's node; they are closed at the end."""
    made = []

    def make(settings=None):
        made.append(
            Inputs(
                bench.node,
                settings or Settings(),
                stages=StageTimes(),
                on_pair=pairs.append,
                on_camera_info=infos.append,
                on_error=pytest.fail,
            )
        )
        return made[-1]

    yield make
    for inputs in made:
        inputs.close()


def inputs_of(node, *, settings=None, **changes):
    """Make inputs whose callbacks print, but for those given."""
    asides = ('depth_camera_info', 'confidence', 'mask')
    callbacks = {f'on_{name}': print for name in ('pair', 'camera_info', *asides)}
    arguments = {'stages': StageTimes(), 'on_error': pytest.fail, **callbacks, **changes}
    return Inputs(node, settings or Settings(), **arguments)


# The filter


@pytest.fixture
def filter_(pairs):
    filter_ = PairFilter(
        Pairing(PairingSettings.of(SyncSettings())), stages=StageTimes(), on_error=pytest.fail
    )
    filter_.registerCallback(pairs.append)
    return filter_


def test_the_filter_connects_as_message_filters_do(filter_, pairs, sensors):
    image, depth = SimpleFilter(), SimpleFilter()
    filter_.connectInput(image, depth)
    image.signalMessage(sensors.image(SEC))
    depth.signalMessage(sensors.depth(SEC))
    (pair,) = pairs
    assert (pair.image.encoding, pair.depth.encoding) == ('rgb8', '16UC1')
    assert pair.image_stamp_ns == pair.depth_stamp_ns == SEC


@pytest.mark.parametrize('sec, nanosec', [(-1, 0), (0, 0), (5, 4_000_000_000), (-(2**31), 7)])
def test_impossible_stamps_are_counted_and_raise_nothing(filter_, pairs, sensors, sec, nanosec):
    """F7, F8: what a driver may write into a header."""
    image, depth = SimpleFilter(), SimpleFilter()
    filter_.connectInput(image, depth)
    for source, message in ((image, sensors.image(SEC)), (depth, sensors.depth(SEC))):
        message.header.stamp.sec, message.header.stamp.nanosec = sec, nanosec
        source.signalMessage(message)
    assert pairs == []
    lost = filter_.pairing.counters.image.lost
    assert lost[Loss.ZERO_STAMP if sec == nanosec == 0 else Loss.BAD_STAMP] == 1


def test_settings_become_nanoseconds():
    found = PairingSettings.of(
        SyncSettings(
            tolerance=0.015,
            wait=0.1,
            depth_time_offset=-0.0333,
            queue_size=7,
            reuse_depth=True,
        )
    )
    assert (found.tolerance_ns, found.wait_ns) == (15_000_000, 100_000_000)
    assert found.depth_time_offset_ns == -33_300_000
    assert (found.queue_size, found.reuse_depth) == (7, True)


def pairs_of(images_ms, depths_ms, **settings):
    """Return the stamps of the pairs of images and depth that arrive in this order, at once."""
    pairing = Pairing(PairingSettings.of(SyncSettings(**settings)))
    pairs = []
    for topic, stamps_ms in ((Topic.IMAGE, images_ms), (Topic.DEPTH, depths_ms)):
        for stamp_ms in stamps_ms:
            pairs += pairing.add(topic, stamp_ms * MS, None, now_ns=0, nbytes=0)
    pairs += pairing.poll(now_ns=200 * MS)
    return [(pair.image_stamp_ns // MS, pair.depth_stamp_ns // MS) for pair in pairs]


@pytest.mark.setting('sync.tolerance')
def test_stamps_may_differ_by_the_tolerance():
    assert pairs_of([1000], [1030]) == []
    assert pairs_of([1000], [1030], tolerance=0.03) == [(1000, 1030)]


@pytest.mark.setting('sync.wait')
def test_an_image_waits_for_closer_depth_as_long_as_set():
    assert pairs_of([1000], [999]) == [(1000, 999)]
    assert pairs_of([1000], [999], wait=0.3) == []


@pytest.mark.setting('sync.depth_time_offset')
def test_depth_that_lags_is_paired_with_the_offset_set():
    assert pairs_of([1000], [1040]) == []
    assert pairs_of([1000], [1040], depth_time_offset=-0.04) == [(1000, 1040)]


@pytest.mark.setting('sync.queue_size')
def test_as_many_messages_wait_as_set():
    images = range(1000, 1600, 100)
    assert len(pairs_of(images, images)) == 6
    assert pairs_of(images, images, queue_size=2) == [(1400, 1400), (1500, 1500)]


@pytest.mark.setting('sync.reuse_depth')
def test_depth_serves_several_images_where_set():
    assert len(pairs_of([1000, 1010], [1005])) == 1
    assert len(pairs_of([1000, 1010], [1005], reuse_depth=True)) == 2


# Subscriptions


@pytest.mark.setting('input.image_transport', 'input.depth_transport')
def test_the_transports_asked_for_are_subscribed_to(bench, listen):
    wanted = InputSettings(image_transport='compressed', depth_transport='compressedDepth')
    listen(Settings(input=wanted))
    topics = {each.topic_name for each in bench.node.subscriptions}
    assert topics >= {'/image/compressed', '/depth/compressedDepth'}


@pytest.mark.setting('qos.image', 'qos.depth')
def test_each_topic_has_the_reliability_asked_for(bench, listen):
    listen(Settings(qos=QosSettings(image='best_effort', depth='best_effort')))
    asked = {each.topic_name: each.qos_profile.reliability for each in bench.node.subscriptions}
    assert asked['/image'] == asked['/depth'] == ReliabilityPolicy.BEST_EFFORT


def test_pairs_come_out_of_topics(bench, listen, pairs, infos):
    listen()
    bench.advertise_all()
    stamps = [bench.send() for _ in range(3)]
    bench.spin_until(lambda: len(pairs) == 3 and len(infos) == 3)
    assert [pair.image_stamp_ns for pair in pairs] == stamps
    assert [pair.depth_stamp_ns for pair in pairs] == stamps


def test_the_timer_decides_what_no_message_does(bench, listen, pairs):
    """An image may wait for a nearer depth that never comes."""
    listen(Settings(sync=SyncSettings(tolerance=0.5, wait=0.05)))
    bench.advertise('image')
    bench.advertise('depth')
    stamp_ns = bench.next_stamp_ns()
    bench.send(image=bench.sensors.image(stamp_ns), depth=bench.sensors.depth(stamp_ns - 1000))
    bench.spin_until(lambda: pairs)
    assert pairs[0].depth_stamp_ns - pairs[0].image_stamp_ns == -1000


@pytest.mark.parametrize('qos', OFFERED.values(), ids=OFFERED)
def test_a_publisher_that_was_there_before_is_heard(bench, listen, pairs, infos, qos):
    """G1, G2: without the user knowing the word."""
    for role in ('image', 'depth', 'camera_info'):
        bench.advertise(role, qos, matched=False)
    for topic in ('/image', '/depth', '/camera_info'):
        bench.spin_until(lambda topic=topic: bench.node.count_publishers(topic) == 1)
    inputs = listen()
    publishers = list(bench.publishers.values())
    inputs.adapt()
    bench.spin_until(lambda: all(bench.are_matched(each, bench.node) for each in publishers))
    bench.send()
    bench.spin_until(lambda: pairs and infos)


@pytest.mark.parametrize('qos', OFFERED.values(), ids=OFFERED)
def test_a_publisher_that_comes_later_is_heard(bench, listen, pairs, infos, qos, capfd):
    """G1, G2: and rclpy does not warn of what fixes itself."""
    inputs = listen()
    for role in ('image', 'depth', 'camera_info'):
        bench.advertise(role, qos, matched=False)
    publishers = list(bench.publishers.values())

    def all_heard():
        inputs.adapt()
        return all(bench.are_matched(each, bench.node) for each in publishers)

    bench.spin_until(all_heard)
    bench.send()
    bench.spin_until(lambda: pairs and infos)
    said = [line for line in capfd.readouterr().err.splitlines() if '[promptda]' in line]
    assert not [line for line in said if 'incompatible' in line]
    assert sum('is best effort: subscribed again as that' in line for line in said) == (
        2 * (qos is BEST_EFFORT)
    )


def test_a_camera_info_sent_before_the_node_came_is_heard(bench, listen, infos):
    """E9: a single message, latched."""
    publisher = bench.advertise('camera_info', LATCHED, matched=False)
    publisher.publish(bench.sensors.camera_info(SEC))
    inputs = listen()

    def heard():
        inputs.adapt()
        return infos

    bench.spin_until(heard)
    assert infos[0].header.stamp.sec == 1


@pytest.mark.parametrize('qos', [BEST_EFFORT, RELIABLE], ids=['best', 'reliable'])
def test_a_latched_camera_info_beside_another_leaves_both_heard(bench, listen, infos, qos):
    """E9: whoever asks for latched messages is deaf to all others."""
    inputs = listen()
    publishers = [bench.advertise('camera_info', each, matched=False) for each in (LATCHED, qos)]
    bench.spin_until(lambda: bench.node.count_publishers('/camera_info') == 2)

    def both_matched():
        inputs.adapt()
        return all(bench.are_matched(each, bench.node) for each in publishers)

    bench.spin_until(both_matched)
    for number, publisher in enumerate(publishers, 1):
        publisher.publish(bench.sensors.camera_info(number * SEC))
    bench.spin_until(lambda: {each.header.stamp.sec for each in infos} == {1, 2})


@pytest.mark.parametrize('qos', [BEST_EFFORT, RELIABLE], ids=['best', 'reliable'])
def test_best_effort_asked_for_hears_everybody(bench, listen, pairs, qos):
    listen(Settings(qos=QosSettings(image='best_effort', depth='best_effort')))
    bench.advertise('image', qos)
    bench.advertise('depth', qos)
    bench.send()
    bench.spin_until(lambda: pairs)


def test_reliable_asked_for_stays_reliable_and_says_that_it_is_deaf(bench, listen):
    """G1: the user's word holds; the silence is explained with the setting to change."""
    inputs = listen(Settings(qos=QosSettings(image='reliable', depth='reliable')))
    bench.advertise('image', BEST_EFFORT, matched=False)
    bench.spin_until(lambda: bench.node.count_publishers('/image') == 1)
    inputs.adapt()
    facts = inputs.image.facts('image', received=0, lost=NOTHING_LOST)
    assert facts.incompatible_qos
    assert not inputs.depth.facts('depth', received=0, lost=NOTHING_LOST).incompatible_qos


def test_both_of_two_publishers_are_heard_whatever_their_reliability(bench, listen, pairs):
    """G3: on one topic."""
    inputs = listen()
    depth = bench.advertise('depth')
    first = bench.advertise('image', RELIABLE)
    second = bench.advertise('image', BEST_EFFORT, matched=False)

    def both_heard():
        inputs.adapt()
        return all(bench.are_matched(each, bench.node) for each in (depth, first, second))

    bench.spin_until(both_heard)
    for publisher in (first, second):
        bench.publishers['image'] = publisher
        bench.send()
    bench.spin_until(lambda: len(pairs) == 2)


def test_facts_are_those_of_the_graph(bench, listen, make_context):
    """C11, G6: names as resolved, publishers as counted, types as found."""
    inputs = listen()
    facts = inputs.image.facts('image', received=0, lost=NOTHING_LOST)
    assert (facts.role, facts.name, facts.publishers) == ('image', '/image', 0)
    assert facts.wrong_types == ()
    other = Node('other', context=make_context())  # rmw refuses two types in one participant
    other.create_publisher(CompressedImage, '/image', 10)
    bench.spin_until(lambda: bench.node.count_publishers('/image') == 1)
    lost = {**NOTHING_LOST, Loss.ZERO_STAMP: 3, Loss.BAD_STAMP: 4}
    facts = inputs.image.facts('image', received=9, lost=lost)
    assert facts.wrong_types == ('sensor_msgs/msg/CompressedImage',)
    assert (facts.received, facts.zero_stamps, facts.bad_stamps) == (9, 3, 4)
    other.destroy_node()


def test_topics_follow_remaps_and_the_namespace(make_bench):
    """A11: relative names, so that they move."""
    arguments = ['-r', '__ns:=/robot1', '-r', 'image:=/camera/color/image_raw']
    node = make_bench(*arguments).node
    inputs = Inputs(
        node,
        Settings(),
        stages=StageTimes(),
        on_pair=print,
        on_camera_info=print,
        on_error=pytest.fail,
    )
    assert inputs.image.topic == '/camera/color/image_raw'
    assert inputs.depth.topic == '/robot1/depth'
    topics = {each.topic_name for each in node.subscriptions}
    assert {'/camera/color/image_raw', '/robot1/depth', '/robot1/camera_info'} <= topics
    inputs.close()


def test_the_topics_of_a_camera_begin_with_its_name(make_bench):
    """A11: `left/image` of a node in a namespace, and each can be remapped by itself."""
    node = make_bench('-r', '__ns:=/robot1', '-r', 'left/image:=/wrist/image_raw').node
    inputs = inputs_of(node, prefix='left/')
    topics = {each.topic_name for each in node.subscriptions}
    assert topics == {
        '/wrist/image_raw',
        '/robot1/left/depth',
        '/robot1/left/camera_info',
        '/robot1/left/depth_camera_info',
    }
    inputs.close()


def test_mask_and_confidence_are_listened_to_while_a_setting_needs_them(bench):
    """Both settings are live."""
    base = {each.topic_name for each in bench.node.subscriptions}
    inputs = inputs_of(bench.node)

    def listened_to(**changes):
        settings = Settings()
        inputs.apply(replace(settings, input=replace(settings.input, **changes)))
        topics = {each.topic_name for each in bench.node.subscriptions} - base
        return topics & {'/mask', '/confidence'}

    assert listened_to() == set()
    assert listened_to(mask='remove') == {'/mask'}
    assert listened_to(mask='keep', min_confidence=1.0) == {'/mask', '/confidence'}
    assert listened_to(min_confidence=2.0) == {'/confidence'}
    assert listened_to() == set()
    assert listened_to(mask='keep') == {'/mask'}
    inputs.close()
    assert {each.topic_name for each in bench.node.subscriptions} == base


def test_mask_confidence_and_the_depth_camera_are_heard(bench):
    heard = {'mask': [], 'confidence': [], 'depth_camera_info': []}
    callbacks = {f'on_{role}': messages.append for role, messages in heard.items()}
    settings = Settings()
    settings = replace(settings, input=replace(settings.input, mask='keep', min_confidence=1.0))
    inputs = inputs_of(bench.node, settings=settings, **callbacks)
    publishers = {
        role: bench.peer.create_publisher(kind, f'/{role}', BEST_EFFORT)
        for role, kind in (
            ('mask', Image),
            ('confidence', Image),
            ('depth_camera_info', CameraInfo),
        )
    }

    def all_heard():
        inputs.adapt()
        return all(bench.are_matched(each, bench.node) for each in publishers.values())

    bench.spin_until(all_heard)
    for publisher in publishers.values():
        publisher.publish(publisher.msg_type())
    bench.spin_until(lambda: all(heard.values()))
    inputs.close()


def test_compressed_images_and_clouds_are_paired(bench, listen, pairs, make_context):
    """As they are: reading them is the worker's."""
    settings = Settings()
    wanted = replace(settings.input, image_transport='compressed', depth_transport='points')
    inputs = listen(replace(settings, input=wanted))
    image = bench.peer.create_publisher(CompressedImage, '/image/compressed', 10)
    depth = bench.peer.create_publisher(PointCloud2, '/depth', 10)
    bench.spin_until(lambda: all(bench.are_matched(each, bench.node) for each in (image, depth)))
    for publisher in (depth, image):
        message = publisher.msg_type()
        message.header.stamp.sec = 5
        message.data = array.array('B', bytes(1000))
        publisher.publish(message)
    bench.spin_until(lambda: pairs)
    assert isinstance(pairs[0].image, CompressedImage)
    assert isinstance(pairs[0].depth, PointCloud2)
    assert (pairs[0].image_stamp_ns, pairs[0].depth_stamp_ns) == (5 * SEC, 5 * SEC)
    assert inputs.pairing.counters.image.received == 1


def test_closing_leaves_no_subscription_and_no_timer(bench):
    before = len(list(bench.node.subscriptions)), len(list(bench.node.timers))
    for _ in range(3):
        inputs = Inputs(
            bench.node,
            Settings(),
            stages=StageTimes(),
            on_pair=print,
            on_camera_info=print,
            on_error=pytest.fail,
        )
        inputs.adapt()
        inputs.close()
    assert (len(list(bench.node.subscriptions)), len(list(bench.node.timers))) == before


def test_changed_settings_hold_from_the_next_pair_on(bench, listen, pairs):
    """A6: while messages arrive."""
    inputs = listen()
    bench.advertise('image')
    bench.advertise('depth')

    def send_apart(offset_ns):
        stamp_ns = bench.next_stamp_ns()
        depth = bench.sensors.depth(stamp_ns + offset_ns)
        bench.send(image=bench.sensors.image(stamp_ns), depth=depth)
        return stamp_ns

    received = inputs.pairing.counters.image.received
    send_apart(12_000_000)
    bench.spin_until(lambda: len(pairs) == 1)
    settings = Settings()
    inputs.apply(replace(settings, sync=replace(settings.sync, tolerance=0.001)))
    send_apart(12_000_000)
    bench.spin_until(lambda: inputs.pairing.counters.image.received == received + 2)
    inputs.apply(replace(settings, sync=replace(settings.sync, tolerance=0.002)))
    stamp_ns = send_apart(2_000_000)
    bench.spin_until(lambda: len(pairs) == 2)
    assert pairs[-1].image_stamp_ns == stamp_ns


def test_a_clock_that_jumps_back_starts_a_new_epoch(bench, listen, pairs):
    """F11: a bag that loops with /clock; nothing of before is paired with anything after."""
    bench.node.set_parameters([Parameter('use_sim_time', value=True)])
    inputs = listen()
    clock = bench.peer.create_publisher(Clock, '/clock', 10)
    bench.spin_until(lambda: bench.are_matched(clock, bench.node))

    def show(sec):
        message = Clock()
        message.clock.sec = sec
        clock.publish(message)
        bench.spin_until(lambda: bench.node.get_clock().now().nanoseconds == sec * SEC)

    for sec in (100, 150):
        show(sec)
    assert inputs.pairing.counters.resets == 0
    show(100)
    assert inputs.pairing.counters.resets == 1
    assert 'jumped back by 50.0 s' in inputs.pairing.counters.last_reset
    bench.advertise('image')
    bench.advertise('depth')
    bench.send()
    bench.spin_until(lambda: pairs)
    assert pairs[0].epoch == 1


def test_the_bytes_held_are_those_of_the_messages(bench, listen):
    """G6: with one topic alone memory stays flat."""
    limit = 1_000_000
    inputs = listen(Settings(sync=SyncSettings(queue_size=100, wait=5.0)))
    inputs.pairing.settings = replace(inputs.pairing.settings, max_bytes=limit)
    bench.advertise('image')
    for number in range(5):
        message = bench.sensors.image(bench.next_stamp_ns())
        message.data = array.array('B', bytes(400_000))
        bench.send(image=message)
        bench.spin_until(lambda n=number: inputs.pairing.counters.image.received == n + 1)
    assert inputs.pairing.counters.image.held == 2
    assert inputs.pairing.counters.image.lost[Loss.OVERFLOW] == 3


def test_a_sensor_input_is_a_filter_of_its_own(bench, sensors):
    heard = []
    source = SensorInput(bench.node, 'image')
    source.registerCallback(heard.append)
    bench.advertise('image')
    bench.send()
    bench.spin_until(lambda: heard)
    assert isinstance(heard[0], Image)
    source.close()


@pytest.fixture
def tiny():
    return Image(height=1, width=1, step=3, encoding='rgb8', data=[0, 0, 0])


def test_of_a_flood_only_the_newest_images_are_read_and_real_ones_pass_after_it(
    bench, listen, pairs, tiny
):
    """G15: a second at 1000 Hz; what waits to be read is never more than the queue."""
    inputs = listen()
    for role in ('image', 'depth'):
        bench.advertise(role)
    for _ in range(1000):
        tiny.header = bench.sensors.image(bench.next_stamp_ns()).header
        bench.publishers['image'].publish(tiny)
    stamp_ns = bench.send()
    bench.spin_until(lambda: pairs)
    assert inputs.pairing.counters.image.received <= 2 * INPUT_QUEUE
    assert pairs[0].image_stamp_ns == stamp_ns


def test_of_a_flood_that_is_read_no_more_than_the_queue_waits_for_depth(
    bench, listen, pairs, tiny
):
    """G15: one by one, as a machine reads them that is fast enough."""
    inputs = listen(Settings(sync=SyncSettings(wait=5.0)))
    for role in ('image', 'depth'):
        bench.advertise(role)
    for number in range(3 * inputs.pairing.settings.queue_size):
        tiny.header = bench.sensors.image(bench.next_stamp_ns()).header
        bench.publishers['image'].publish(tiny)
        bench.spin_until(lambda n=number: inputs.pairing.counters.image.received > n)
        assert inputs.pairing.counters.image.held <= inputs.pairing.settings.queue_size
    stamp_ns = bench.send()
    bench.spin_until(lambda: pairs)
    assert pairs[0].image_stamp_ns == stamp_ns
