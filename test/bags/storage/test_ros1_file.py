# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.bags.storage.ros1_file: ROS 1 is converted as it is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rosbags.rosbag1 import Writer
from rosbags.typesys import get_types_from_msg, get_typestore, Stores
import yaml

from promptda_ros.bags.bag import open_bag
from promptda_ros.bags.files import BagError
from promptda_ros.bags.writer import verify
from test.bags.drawn_bags import write_bag

OLD = get_typestore(Stores.ROS1_NOETIC)
OLD.register(get_types_from_msg('std_msgs/Header header\nint8 kind\n', 'ours/msg/Kind'))
OLD.register(
    get_types_from_msg('geometry_msgs/TransformStamped[] transforms\n', 'tf/msg/tfMessage')
)
CALIBRATION = 'sensor_msgs/msg/CameraInfo'


def header(number: int = 7) -> Any:
    stamp = OLD.types['builtin_interfaces/msg/Time'](number, 500)
    return OLD.types['std_msgs/msg/Header'](seq=9, stamp=stamp, frame_id='camera')


def camera_info() -> Any:
    whole = OLD.types['sensor_msgs/msg/RegionOfInterest'](0, 0, 0, 0, False)
    k = np.array([10, 0, 4, 0, 10, 3, 0, 0, 1], float)
    numbers = {'D': np.zeros(5), 'K': k, 'R': np.eye(3).ravel(), 'P': np.zeros(12)}
    sizes = {'width': 8, 'height': 6, 'binning_x': 0, 'binning_y': 0}
    model = {'distortion_model': 'plumb_bob', 'roi': whole}
    return OLD.types[CALIBRATION](header=header(), **sizes, **numbers, **model)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Write a calibration, an image, a latched transform and a type of one's own."""
    image = OLD.types['sensor_msgs/msg/Image'](
        header(), 1, 4, 'mono8', 0, 4, np.arange(4, dtype=np.uint8)
    )
    transforms = OLD.types['tf/msg/tfMessage']([])
    messages = {
        '/info': camera_info(),
        '/image': image,
        '/tf_static': transforms,
        '/kind': OLD.types['ours/msg/Kind'](header(), 3),
    }
    path = tmp_path / 'old.bag'
    with Writer(path) as writer:
        for at, (topic, message) in enumerate(messages.items()):
            name = message.__msgtype__
            latching = int(topic == '/tf_static')
            connection = writer.add_connection(topic, name, typestore=OLD, latching=latching)
            writer.write(connection, 100 + at, OLD.serialize_ros1(message, name))
    return path


def test_messages_have_the_fields_of_ros_2(recording):
    """K18."""
    with open_bag(recording) as bag:
        found = {one.topic: one.message for one in bag.messages(bag.types)}
        assert bag.types['/info'] == CALIBRATION
        assert bag.types['/tf_static'] == 'tf2_msgs/msg/TFMessage'
        assert bag.span_ns == (100, 103)
        assert [one.logged_ns for one in bag.raw(begin_ns=101, end_ns=103)] == [101, 102]
        assert [one.number for one in bag.raw(['/image'], begin_ns=102)] == []
    assert found['/info'].k[0] == 10
    assert found['/info'].header.stamp.sec == 7
    assert found['/image'].data.tolist() == [0, 1, 2, 3]
    assert not hasattr(found['/image'].header, 'seq')
    assert (found['/kind'].kind, found['/kind'].header.frame_id) == (3, 'camera')


def test_the_conversion_is_told(recording):
    with open_bag(recording) as bag:
        (warning,) = bag.warnings
    assert 'is of ROS 1: its messages are converted' in warning


def test_what_is_written_of_it_is_a_bag_of_ros_2(recording, tmp_path):
    with open_bag(recording) as bag:
        copy = write_bag(tmp_path / 'new', bag.raw())
        assert verify(copy) == bag.counts
        expected = list(bag.raw())
    with open_bag(copy) as bag:
        assert list(bag.raw()) == expected
        qos = {one.topic: one.qos for one in bag.channels}
    assert yaml.safe_load(qos['/tf_static'])[0]['durability'] == 1  # transient local
    assert not qos['/image']


def test_one_that_was_not_closed_is_refused_with_the_command_that_helps(recording, tmp_path):
    """K18."""
    path = tmp_path / 'cut.bag'
    path.write_bytes(recording.read_bytes()[:-100])
    with pytest.raises(BagError, match=r'`rosbag reindex \S*cut.bag`'), open_bag(path):
        pass
