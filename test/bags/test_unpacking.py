# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.bags.unpacking."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import os
from pathlib import Path
import struct
from typing import Any

import cv2
import numpy as np
import pytest
from rclpy.serialization import serialize_message
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import get_typestore, Stores
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from promptda_ros.bags.files import BagError, is_bag
from promptda_ros.bags.kinds import EXACT_DEPTH_TOPIC
from promptda_ros.bags.unpacking import Topics, unpack_bag
from promptda_ros.core.prompt.sensor_range import read_sides
from promptda_ros.core.settings.depth import PromptSettings
from promptda_ros.messages import millimetres
from promptda_ros.messages.message_types import ros_types
from promptda_ros.messages.outgoing import stamp_of
from promptda_ros.messages.outgoing_images import image_of
from promptda_ros.messages.picture_files import read_depth_file, read_image_file

ROS = ros_types()
DEMO = Path(__file__).resolve().parents[2] / 'assets' / 'demo.mcap'
COLOUR_TOPIC = '/camera/color/image_raw/compressed'
DEPTH_TOPIC = '/camera/depth/image_raw'
DEMO_TOPICS = Topics(COLOUR_TOPIC, DEPTH_TOPIC, EXACT_DEPTH_TOPIC)
TOPICS = Topics('/image', '/sensor', '/reference')
MS = 1_000_000
FIRST_NS = 1_700_000_000_000_000_000
IMAGE = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)
DEPTH_M = np.linspace(0.5, 2.0, 48, dtype=np.float32).reshape(6, 8)
DEPTH_M[0, :2] = np.nan
Messages = Sequence[tuple[str, Any]]


def header(at_ms: float, frame_id: str = 'camera') -> Header:
    return Header(stamp=stamp_of(FIRST_NS + round(at_ms * MS), ROS), frame_id=frame_id)


def image(at_ms: float) -> tuple[str, Image]:
    return TOPICS.image, image_of(IMAGE, header(at_ms), 'rgb8', ROS)


def depth(topic: str, at_ms: float, depth_m: np.ndarray = DEPTH_M) -> tuple[str, Image]:
    return topic, image_of(depth_m, header(at_ms), '32FC1', ROS)


def compressed(at_ms: float, form: str, pixels: np.ndarray, before: bytes = b'') -> Any:
    data = before + cv2.imencode('.png', pixels)[1].tobytes()
    return CompressedImage(header=header(at_ms), format=form, data=data)


@pytest.fixture
def write_bag(tmp_path: Path) -> Callable[..., Path]:
    """Return a writer of bags in the order of their stamps."""

    def write(messages: Messages, storage: StoragePlugin = StoragePlugin.MCAP) -> Path:
        types, connections = get_typestore(Stores.ROS2_HUMBLE), {}
        with Writer(tmp_path / 'bag', version=9, storage_plugin=storage) as writer:
            for topic, message in messages:
                kind = f'sensor_msgs/msg/{type(message).__name__}'
                if topic not in connections:
                    connections[topic] = writer.add_connection(topic, kind, typestore=types)
                stamp = message.header.stamp
                at_ns = stamp.sec * 10**9 + stamp.nanosec
                writer.write(connections[topic], at_ns, serialize_message(message))
        return tmp_path / 'bag'

    return write


def trio(at_ms: float) -> Messages:
    return image(at_ms), depth(TOPICS.sensor, at_ms + 3), depth(TOPICS.reference, at_ms + 1)


@pytest.fixture
def start_of_demo(copy_demo: Callable[..., Path]) -> Path:
    """Copy the first messages of the bundled recording to a bag in SQLite."""
    return copy_demo(StoragePlugin.SQLITE3, frames=4)


def test_the_bundled_recording_becomes_a_folder_of_trios(start_of_demo, tmp_path):
    assert is_bag(start_of_demo)
    assert is_bag(DEMO)
    assert not is_bag(tmp_path)
    folder = unpack_bag(start_of_demo, DEMO_TOPICS, tmp_path / 'out')
    names = [f'{number:06}.png' for number in range(4)]
    for kind, size in (('image', (480, 640, 3)), ('sensor', (48, 64)), ('depth', (480, 640))):
        assert sorted(path.name for path in (folder / kind).iterdir()) == names
        read = read_image_file if kind == 'image' else lambda path: read_depth_file(path, 0.001)
        assert all(read(path).shape == size for path in (folder / kind).iterdir())
    sensor_m, exact_m = (
        read_depth_file(folder / kind / names[0], 0.001) for kind in ('sensor', 'depth')
    )
    size = (64, 48)
    reduced_m = cv2.resize(exact_m, size, interpolation=cv2.INTER_NEAREST_EXACT)
    assert np.nanmedian(np.abs(sensor_m - reduced_m)) < 0.01


def test_without_a_reference_depth_the_sensors_own_stands_for_it(write_bag, tmp_path):
    bag = write_bag([image(0), depth(TOPICS.sensor, 3)])
    folder = unpack_bag(bag, Topics(TOPICS.image, TOPICS.sensor), tmp_path / 'out')
    assert sorted(path.name for path in folder.iterdir()) == ['depth', 'image']
    assert sorted(path.name for path in (folder / 'depth').iterdir()) == ['000000.png']


def test_a_bag_is_unpacked_once(write_bag, tmp_path):
    bag = write_bag(trio(0))
    folder = unpack_bag(bag, TOPICS, tmp_path / 'out')
    marker = folder / 'image' / '000000.png'
    marker.unlink()
    assert unpack_bag(bag, TOPICS, tmp_path / 'out') == folder
    assert not marker.exists()


@pytest.mark.parametrize('storage', list(StoragePlugin))
def test_pixels_arrive_exactly(write_bag, tmp_path, storage):
    folder = unpack_bag(write_bag(trio(0), storage), TOPICS, tmp_path / 'out')
    np.testing.assert_array_equal(read_image_file(folder / 'image/000000.png'), IMAGE)
    for kind in ('sensor', 'depth'):
        found_m = read_depth_file(folder / kind / '000000.png', 0.001)
        np.testing.assert_allclose(found_m, DEPTH_M, atol=0.00051)


def test_the_sides_of_the_range_arrive(write_bag, tmp_path):
    """K1, K2: of the sensor; the reference depth knows no distance there."""
    depth_m = DEPTH_M.copy()
    depth_m[1, :4] = np.inf, 80.0, -np.inf, 0.0003
    messages = image(0), depth(TOPICS.sensor, 3, depth_m), depth(TOPICS.reference, 1, depth_m)
    folder = unpack_bag(write_bag(messages), TOPICS, tmp_path / 'out')
    sent, found = (
        read_sides(each_m, PromptSettings())
        for each_m in (depth_m, read_depth_file(folder / 'sensor' / '000000.png', 0.001))
    )
    np.testing.assert_array_equal(found.beyond, sent.beyond)
    np.testing.assert_array_equal(found.nearer, sent.nearer)
    reference_m = read_depth_file(folder / 'depth' / '000000.png', 0.001)
    assert np.isnan(reference_m[1, :4]).all()


def test_messages_are_paired_by_stamp_within_the_tolerance_of_the_node(write_bag, tmp_path):
    lone = [image(100), depth(TOPICS.sensor, 100 + 16), depth(TOPICS.reference, 100)]
    late = [image(200), depth(TOPICS.sensor, 200 - 14), depth(TOPICS.reference, 200 + 14)]
    messages = [*trio(0), *lone, *late]
    messages.sort(key=lambda one: one[1].header.stamp.nanosec)
    folder = unpack_bag(write_bag(messages), TOPICS, tmp_path / 'out')
    for kind in ('image', 'sensor', 'depth'):
        names = sorted(path.stem for path in (folder / kind).iterdir())
        assert names == ['000000', '000002']


def test_messages_that_were_logged_late_find_their_partners(write_bag, tmp_path):
    """The reference depth of one's own pipeline may come a second behind the camera."""
    messages = [image(at) for at in range(0, 2000, 100)]
    messages += [depth(TOPICS.sensor, at) for at in range(0, 2000, 100)]
    messages += [depth(TOPICS.reference, at) for at in range(0, 2000, 100)]
    folder = unpack_bag(write_bag(messages), TOPICS, tmp_path / 'out')
    assert len(list((folder / 'image').iterdir())) == 20


COUNTS = millimetres.counts_of_metres(DEPTH_M)
INVERSE = struct.pack('<iff', 0, 1000.0, -99.0)
INVERSE_COUNTS = np.where(np.isnan(DEPTH_M), 0, np.rint(1000 / np.nan_to_num(DEPTH_M, nan=1) - 99))


@pytest.mark.parametrize(
    'form, pixels, before, tolerance_m',
    [
        ('16UC1; png compressed ', COUNTS, b'', 0.00051),
        ('16UC1; compressedDepth png', COUNTS, struct.pack('<iff', 0, 0, 0), 0.00051),
        ('16UC1; compressedDepth', COUNTS, struct.pack('<iff', 0, 0, 0), 0.00051),
        ('32FC1; compressedDepth png', INVERSE_COUNTS.astype(np.uint16), INVERSE, 0.003),
    ],
)
def test_every_compressed_form_of_depth_is_read(
    write_bag, tmp_path, form, pixels, before, tolerance_m
):
    sensor = TOPICS.sensor, compressed(0, form, pixels, before)
    bag = write_bag([image(0), sensor, depth(TOPICS.reference, 0)])
    folder = unpack_bag(bag, TOPICS, tmp_path / 'out')
    found_m = read_depth_file(folder / 'sensor/000000.png', 0.001)
    np.testing.assert_allclose(found_m, DEPTH_M, atol=tolerance_m)


@pytest.mark.parametrize(
    'message, sentence',
    [
        (compressed(0, '16UC1; png', IMAGE), 'PNG of 3 channels of 8 bits'),
        (CompressedImage(header=header(0), format='rvl', data=b'12345678901234'), "format 'rvl'"),
        (CompressedImage(header=header(0), format='empty'), "format 'empty'"),
        (image_of(IMAGE, header(0), 'rgb8', ROS), 'rgb8'),
    ],
)
def test_what_is_no_depth_is_said_with_its_topic(write_bag, tmp_path, message, sentence):
    bag = write_bag([image(0), (TOPICS.sensor, message), depth(TOPICS.reference, 0)])
    with pytest.raises(BagError, match=f'/sensor, message 0: .*{sentence}'):
        unpack_bag(bag, TOPICS, tmp_path / 'out')
    assert not any((tmp_path / 'out').glob('bag-????????'))


@pytest.mark.parametrize(
    'topics, sentence',
    [
        (Topics('/image', '/sensr', '/reference'), '/sensr is not there.*did you mean /sensor'),
        (Topics('/image', '/sensor', '/sensor'), 'names a topic twice'),
    ],
)
def test_wrong_topics_are_named(write_bag, tmp_path, topics, sentence):
    with pytest.raises(BagError, match=sentence):
        unpack_bag(write_bag(trio(0)), topics, tmp_path / 'out')


def test_topics_of_other_types_are_named(tmp_path):
    info = '/camera/color/camera_info'
    topics = Topics(COLOUR_TOPIC, info, EXACT_DEPTH_TOPIC)
    with pytest.raises(BagError, match=f'{info} is a sensor_msgs/msg/CameraInfo, not an'):
        unpack_bag(DEMO, topics, tmp_path / 'out')


def test_stamps_of_different_clocks_are_refused(write_bag, tmp_path):
    bag = write_bag([image(0), depth(TOPICS.sensor, 0), depth(TOPICS.reference, 500)])
    with pytest.raises(BagError, match=r'1 have /\S+, 0 have /\S+ within 15 ms, none'):
        unpack_bag(bag, TOPICS, tmp_path / 'out')


def test_depth_of_another_frame_is_warned_of(write_bag, tmp_path, capsys):
    reference = image_of(DEPTH_M, header(0, 'depth_frame'), '32FC1', ROS)
    bag = write_bag([image(0), depth(TOPICS.sensor, 0), (TOPICS.reference, reference)])
    unpack_bag(bag, TOPICS, tmp_path / 'out')
    assert "/reference has frame_id 'depth_frame', /image 'camera'" in capsys.readouterr().out


def test_a_slash_before_the_frame_is_not_warned_of(write_bag, tmp_path, capsys):
    """K17: as converted bags of ROS 1 have it."""
    reference = image_of(DEPTH_M, header(0, '/camera'), '32FC1', ROS)
    bag = write_bag([image(0), depth(TOPICS.sensor, 0), (TOPICS.reference, reference)])
    unpack_bag(bag, TOPICS, tmp_path / 'out')
    assert 'has frame_id' not in capsys.readouterr().out


def test_a_file_that_is_no_bag_is_refused(tmp_path):
    path = tmp_path / 'broken.mcap'
    path.write_bytes(b'nothing')
    with pytest.raises(BagError, match=r'broken.mcap cannot be read: it is empty, or no .mcap'):
        unpack_bag(path, TOPICS, tmp_path / 'out')


def test_a_bag_that_has_changed_is_unpacked_anew(write_bag, tmp_path):
    bag = write_bag(trio(0))
    before = unpack_bag(bag, TOPICS, tmp_path / 'out')
    for path in bag.iterdir():
        os.utime(path, ns=(0, 0))
    assert unpack_bag(bag, TOPICS, tmp_path / 'out') != before


def test_a_recording_that_was_cut_off_is_not_learned_from(tmp_path):
    """K18: what it lacks would be missing in one result and not in another."""
    path = tmp_path / 'cut.mcap'
    path.write_bytes(DEMO.read_bytes()[:-1000])
    topics = Topics(COLOUR_TOPIC, DEPTH_TOPIC)
    with pytest.raises(BagError, match=r'`mcap recover \S+cut.mcap -o recovered.mcap`'):
        unpack_bag(path, topics, tmp_path / 'out')
