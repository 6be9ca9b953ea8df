# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.bags.recording: the camera of any bag."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from rclpy.serialization import serialize_message
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import get_typestore, Stores
from sensor_msgs.msg import CameraInfo, CompressedImage
from std_msgs.msg import Header

from promptda_ros.bags.bag import open_bag
from promptda_ros.bags.files import BagError
from promptda_ros.bags.recording import find_topics, read_frames, RecordedFrame
from promptda_ros.messages.message_types import ros_types
from promptda_ros.messages.outgoing import stamp_of
from promptda_ros.messages.outgoing_images import encode_depth, image_of

ROS = ros_types()
FIRST_NS = 1_700_000_000_000_000_000
IMAGE = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)
DEPTH_M = np.linspace(0.5, 2.0, 48, dtype=np.float32).reshape(6, 8)
COUNTS = np.rint(DEPTH_M * 1000).astype(np.uint16)


def header(at_ms: float = 0, frame_id: str = 'camera') -> Header:
    return Header(
        stamp=stamp_of(1_700_000_000_000_000_000 + round(at_ms * 1e6), ROS), frame_id=frame_id
    )


def colour(at_ms: float = 0) -> Any:
    return image_of(IMAGE, header(at_ms), 'rgb8', ROS)


def packed_colour(at_ms: float = 0) -> Any:
    data = cv2.imencode('.png', IMAGE[..., ::-1])[1].tobytes()
    return CompressedImage(header=header(at_ms), format='rgb8; png compressed bgr8', data=data)


def depth(at_ms: float = 0) -> Any:
    return image_of(COUNTS, header(at_ms), '16UC1', ROS)


def info(at_ms: float = 0, fx: float = 10.0) -> Any:
    k = [fx, 0.0, 4.0, 0.0, fx, 3.0, 0.0, 0.0, 1.0]
    return CameraInfo(header=header(at_ms), width=8, height=6, k=k)


@pytest.fixture
def write_bag(tmp_path: Path) -> Callable[..., Path]:
    def write(*messages: tuple[str, Any]) -> Path:
        types, connections = get_typestore(Stores.ROS2_HUMBLE), {}
        writer = Writer(tmp_path / 'bag', version=9, storage_plugin=StoragePlugin.MCAP)
        with writer:
            for at, (topic, message) in enumerate(messages):
                kind = f'sensor_msgs/msg/{type(message).__name__}'
                if topic not in connections:
                    connections[topic] = writer.add_connection(topic, kind, typestore=types)
                writer.write(connections[topic], at, serialize_message(message))
        return tmp_path / 'bag'

    return write


def frames_of(path: Path, **topics: str) -> list[RecordedFrame]:
    with open_bag(path) as bag:
        return list(read_frames(bag, find_topics(bag, **topics)))


@pytest.mark.parametrize('image', [colour(), packed_colour()], ids=['raw', 'compressed'])
@pytest.mark.parametrize(
    'sensor',
    [depth(), encode_depth(COUNTS, header(), ROS), image_of(DEPTH_M, header(), '32FC1', ROS)],
    ids=['16UC1', 'compressedDepth', '32FC1'],
)
def test_the_only_topics_that_fit_are_found_whatever_their_transport(write_bag, image, sensor):
    bag = write_bag(('/a/depth', sensor), ('/b/image', image), ('/b/camera_info', info()))
    (frame,) = frames_of(bag)
    np.testing.assert_array_equal(frame.image, IMAGE)
    np.testing.assert_allclose(frame.sensor_depth_m(), DEPTH_M, atol=0.00051)
    assert frame.camera_info is not None
    assert frame.exact_depth_m is None


def test_a_topic_in_two_transports_is_one(write_bag):
    bag = write_bag(
        ('/image', colour()), ('/image/compressed', packed_colour()), ('/depth', depth())
    )
    with open_bag(bag) as opened:
        assert find_topics(opened).image == '/image'


@pytest.mark.parametrize(
    'messages, named, sentence',
    [
        ({'/a': colour(), '/b': colour(), '/d': depth()}, {}, 'several image topics, /a, /b'),
        ({'/a': colour(), '/d': depth(), '/e': depth()}, {}, 'several depth topics, /d, /e'),
        ({'/a': colour()}, {}, 'no depth topic, name one with --depth: it has /a'),
        ({'/a': depth()}, {}, 'no image topic, name one with --image'),
        ({'/a': colour(), '/d': depth()}, {'image': '/A'}, 'no topic /A for --image'),
        (
            {'/a': colour(), '/d': depth(), '/x/i': info(), '/y/i': info()},
            {},
            'several camera-info topics',
        ),
    ],
)
def test_topics_that_are_not_clear_are_asked_for_by_the_option(
    write_bag, messages, named, sentence
):
    with pytest.raises(BagError, match=sentence):
        frames_of(write_bag(*messages.items()), **named)


def test_what_the_message_about_several_topics_advises_works(write_bag):
    """K18."""
    bag = write_bag(('/a', colour()), ('/b', colour()), ('/d', depth()), ('/e', depth()))
    assert len(frames_of(bag, image='/b', depth='/d')) == 1


def test_the_camera_info_beside_the_image_is_taken(write_bag):
    bag = write_bag(
        ('/ir/camera_info', info(fx=1.0)),
        ('/rgb/camera_info', info(fx=2.0)),
        ('/rgb/image_raw', colour()),
        ('/depth', depth()),
    )
    (frame,) = frames_of(bag)
    assert frame.camera_info is not None
    assert frame.camera_info.k[0] == 2.0


def test_frames_come_in_the_order_of_the_images_with_the_newest_camera_info_before(write_bag):
    """E6: and one that is latched before its time."""
    bag = write_bag(
        ('/info', info(0, fx=1.0)),
        ('/image', colour(100)),
        ('/image', colour(200)),
        ('/info', info(150, fx=2.0)),
        ('/depth', depth(98)),
        ('/depth', depth(203)),
        ('/image', colour(300)),  # without depth
    )
    frames = frames_of(bag)
    assert [frame.camera_info.k[0] for frame in frames] == [1.0, 2.0]
    assert [frame.depth.header.stamp.nanosec for frame in frames] == [98_000_000, 203_000_000]


def test_images_and_depth_of_different_clocks_are_said(write_bag):
    with pytest.raises(BagError, match='none of 1 images on /i has depth of 1 on /d within 15 ms'):
        frames_of(write_bag(('/i', colour(0)), ('/d', depth(500))))


def test_a_message_that_can_not_be_decoded_is_named(write_bag):
    broken = CompressedImage(header=header(), format='jpeg', data=b'\xff\xd8\xff' + bytes(40))
    with pytest.raises(BagError, match=r'/i message 0'):
        frames_of(write_bag(('/i', broken), ('/d', depth())))
