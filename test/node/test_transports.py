# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is published is found, in whatever form, and what can't be taken says what to set."""

from __future__ import annotations

import array

import pytest
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image, PointCloud2

from promptda_ros.camera.transports import remedy_for, TRANSPORTS
from promptda_ros.core.pairing.stream import Loss
from promptda_ros.node.subscriptions import SensorInput

NOTHING_LOST = dict.fromkeys(Loss, 0)
BEST_EFFORT = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)
# role, transport, topic and type of every form that is not raw
FORMS = [
    ('image', 'compressed', '/image/compressed', CompressedImage),
    ('depth', 'compressedDepth', '/depth/compressedDepth', CompressedImage),
    ('depth', 'points', '/depth', PointCloud2),
    ('depth', 'compressed', '/depth/compressed', CompressedImage),
]


def some(kind):
    """Return a message with content, as it is counted by its bytes."""
    message = kind()
    message.header.stamp.sec = 5
    message.data = array.array('B', b'abc')
    return message


@pytest.fixture
def driver(bench, make_context):
    """Make a node that publishes in a process-like world of its own.

    Middlewares refuse two types on one topic within a participant.
    """
    node = Node('driver', context=make_context(), use_global_arguments=False)
    yield node
    node.destroy_node()


@pytest.fixture
def sensor_input(bench):
    """Make inputs of the bench's node; they are closed at the end."""
    made = []

    def make(role, **settings):
        made.append(SensorInput(bench.node, role, **settings))
        return made[-1]

    yield make
    for each in made:
        each.close()


def hear(bench, source, publisher):
    """Adapt once in a while, as the supervision does, until a message is heard."""
    heard = []
    source.registerCallback(heard.append)

    def arrives():
        source.adapt()
        publisher.publish(some(publisher.msg_type))
        return heard

    bench.spin_until(arrives)
    return heard[0]


@pytest.mark.parametrize('role, name, topic, kind', FORMS)
@pytest.mark.parametrize('wanted', ['auto', 'by name'])
@pytest.mark.parametrize('qos', [10, BEST_EFFORT], ids=['reliable', 'best effort'])
def test_every_form_that_is_published_is_heard(
    bench, driver, sensor_input, role, name, topic, kind, wanted, qos
):
    """D16, G1: with auto a cloud on depth is taken as points, whatever its reliability."""
    source = sensor_input(role, transport='auto' if wanted == 'auto' else name)
    publisher = driver.create_publisher(kind, topic, qos)
    assert isinstance(hear(bench, source, publisher), kind)
    assert (source.transport.name, source.topic) == (name, topic)


def test_a_form_that_was_published_before_is_taken_at_once(bench, driver, sensor_input):
    driver.create_publisher(PointCloud2, '/depth', 10)
    bench.spin_until(lambda: bench.node.count_publishers('/depth') == 1)
    assert sensor_input('depth', transport='auto').transport.name == 'points'


def test_raw_comes_first_and_compressed_takes_over_when_it_ends(bench, driver, sensor_input):
    """Drivers with image_transport offer all forms at once."""
    source = sensor_input('image', transport='auto')
    driver.create_publisher(CompressedImage, '/image/compressed', 10)
    raw = driver.create_publisher(Image, '/image', 10)

    def adapted_to(name):
        source.adapt()
        return source.transport.name == name

    bench.spin_until(lambda: bench.node.count_publishers('/image/compressed') == 1)
    bench.spin_until(lambda: bench.node.count_publishers('/image') == 1)
    source.adapt()
    assert source.transport.name == 'raw'
    driver.destroy_publisher(raw)
    bench.spin_until(lambda: adapted_to('compressed'))
    driver.create_publisher(Image, '/image', 10)
    bench.spin_until(lambda: adapted_to('raw'))


def test_a_form_that_was_asked_for_is_kept(bench, driver, sensor_input):
    source = sensor_input('image', transport='compressed')
    driver.create_publisher(Image, '/image', 10)
    bench.spin_until(lambda: bench.node.count_publishers('/image') == 1)
    source.adapt()
    assert source.transport.name == 'compressed'


def test_compressed_topics_follow_the_remapping_of_the_raw_one(make_bench):
    """A11: `image` remapped to the driver's raw topic is enough."""
    bench = make_bench(
        '-r', '__ns:=/robot1', '-r', 'image:=/camera/color/image_raw', '-r', 'left/depth:=/tof'
    )
    image = SensorInput(bench.node, 'image', transport='compressed')
    depth = SensorInput(bench.node, 'depth', prefix='left/', transport='compressedDepth')
    mask = SensorInput(bench.node, 'mask', prefix='left/')
    topics = {each.topic_name for each in bench.node.subscriptions}
    assert image.topic == '/camera/color/image_raw/compressed'
    assert depth.topic == '/tof/compressedDepth'
    assert mask.topic == '/robot1/left/mask'
    assert {image.topic, depth.topic, mask.topic} <= topics
    for each in (image, depth, mask):
        each.close()


@pytest.mark.parametrize(
    'role, kind, remedy',
    [
        ('depth', PointCloud2, 'set input.depth_transport:=points, or auto'),
        (
            'image',
            CompressedImage,
            'set input.image_transport:=compressed, and append /compressed',
        ),
        ('image', PointCloud2, 'remap image to a topic of sensor_msgs/msg/CompressedImage or'),
    ],
)
def test_another_type_is_named_with_what_to_set(bench, driver, sensor_input, role, kind, remedy):
    """C11, D16: nothing is received, and the node says why."""
    source = sensor_input(role, transport='raw')
    driver.create_publisher(kind, f'/{role}', 10)
    bench.spin_until(lambda: bench.node.count_publishers(f'/{role}') == 1)
    source.adapt()
    facts = source.facts(role, received=0, lost=NOTHING_LOST)
    assert facts.type == 'sensor_msgs/msg/Image'
    assert facts.wrong_types == (f'sensor_msgs/msg/{kind.__name__}',)
    assert facts.remedy.startswith(remedy)
    assert not facts.incompatible_qos


def test_the_topic_of_a_plugin_is_traced_to_the_one_to_remap_to():
    """C11: users remap to the topic that they see."""
    text = remedy_for('image', '/camera/image/compressed', {'sensor_msgs/msg/CompressedImage'})
    assert text == 'remap image to /camera/image and set input.image_transport:=compressed'
    for name in ('compressed', 'compressedDepth'):
        text = remedy_for('depth', f'/depth/{name}', {'sensor_msgs/msg/CompressedImage'})
        assert text == f'remap depth to /depth and set input.depth_transport:={name}'


def test_auto_prefers_raw_for_every_role():
    assert all(transports[0].name == 'raw' for transports in TRANSPORTS.values())


def test_a_disparity_is_told_from_depth_with_what_to_remap():
    """C11: the type on the topic says that it is greater for nearer things."""
    text = remedy_for('depth', '/stereo/disparity', {'stereo_msgs/msg/DisparityImage'})
    assert 'it is not depth' in text
    assert 'input.depth_transport:=points' in text
