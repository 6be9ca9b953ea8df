# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`promptda play`: plays back a camera recording with current stamps."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
import time
from typing import Any

import rclpy
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from promptda_ros.bags.bag import Bag, open_bag, say_warnings
from promptda_ros.bags.channel import Channel
from promptda_ros.bags.recording import CameraTopics, find_topics, read_frames, RecordedFrame
from promptda_ros.core.errors import ExitCode
from promptda_ros.messages.message_types import ros_types
from promptda_ros.messages.outgoing import stamp_of
from promptda_ros.messages.outgoing_images import image_of
from promptda_ros.messages.stamps import stamp_ns_of
from promptda_ros.node.ros_errors import foreseen_errors_of_ros, start_ros
from promptda_ros.process import Stopped
from promptda_ros.share import share_folder
from promptda_ros.tools.arguments import number_above, Parser

# The default topics of depth.launch.py
IMAGE_TOPIC = '/camera/camera/color/image_raw'
CAMERA_INFO_TOPIC = '/camera/camera/color/camera_info'
DEPTH_TOPIC = '/camera/camera/aligned_depth_to_color/image_raw'
RECORDING = 'assets/demo.mcap'


class Player:
    """Publishes recorded frames on a camera's topics, stamped with the time they are sent."""

    def __init__(self, node: Node) -> None:
        self._node = node
        # As camera drivers do: best effort.
        qos = qos_profile_sensor_data
        self._image = node.create_publisher(Image, IMAGE_TOPIC, qos)
        self._info = node.create_publisher(CameraInfo, CAMERA_INFO_TOPIC, qos)
        self._depth = node.create_publisher(Image, DEPTH_TOPIC, qos)

    def has_subscribers(self) -> bool:
        """Return whether every topic has subscribers."""
        publishers = (self._image, self._info, self._depth)
        return all(publisher.get_subscription_count() for publisher in publishers)

    def send(self, frame: RecordedFrame) -> int:
        """Publish one frame and return the stamp of its image in nanoseconds."""
        now_ns: int = self._node.get_clock().now().nanoseconds
        depth, types = _as_image(frame), ros_types()
        depth_stamp = depth.header.stamp
        delay_ns = stamp_ns_of(depth.header) - frame.stamp_ns
        header = Header(stamp=stamp_of(now_ns, types), frame_id=frame.frame_id)
        depth.header.stamp = stamp_of(now_ns + delay_ns, types)
        if frame.camera_info is not None:
            frame.camera_info.header.stamp = header.stamp
            self._info.publish(frame.camera_info)
        self._image.publish(image_of(frame.image, header, 'rgb8', types))
        self._depth.publish(depth)
        depth.header.stamp = depth_stamp
        return now_ns


def _as_image(frame: RecordedFrame) -> Image:
    """Return the depth as the topic carries it; compressed depth is decoded."""
    if isinstance(frame.depth, Image):
        return frame.depth
    return image_of(frame.sensor_depth_m(), frame.depth.header, '32FC1', ros_types())


def add_recording(parser: argparse.ArgumentParser) -> None:
    """Let a command take a recording and the topics of a camera in it."""
    parser.add_argument(
        '--recording',
        type=Path,
        default=share_folder() / RECORDING,
        help='rosbag2 folder or file (.mcap, .db3) with a camera',
    )
    found = 'of the recording; found automatically if there is only one candidate'
    parser.add_argument('--image', default='', help=f'colour topic {found}')
    parser.add_argument('--depth', default='', help=f'topic of the sensor depth {found}')
    parser.add_argument('--camera-info', default='', help=f'camera_info topic {found}')
    parser.add_argument('--rate', type=number_above(0.0), default=10.0, help='frames per second')


def ros_message(channel: Channel, data: bytes) -> Any:
    """Return a recorded message as one of the installed ROS, which a node can publish."""
    package, folder, name = channel.type_name.split('/')
    return deserialize_message(data, getattr(import_module(f'{package}.{folder}'), name))


@contextmanager
def open_recording(arguments: argparse.Namespace) -> Iterator[tuple[Bag, CameraTopics]]:
    """Open the recording that the arguments name, and find its topics.

    Raises:
        BagError: it can't be read, or it is not clear which topics are meant.
    """
    with open_bag(arguments.recording, ros_message) as bag:
        say_warnings(bag)
        named = {name: getattr(arguments, name) for name in ('image', 'depth', 'camera_info')}
        yield bag, find_topics(bag, **named)


def main(argv: list[str]) -> int:
    """Publish the recording once, or again and again."""
    arguments = make_parser().parse_args(argv)
    with open_recording(arguments) as (bag, topics), started_node('recorded_camera') as node:
        player = Player(node)
        says = f'playing {bag.path}: {topics.image} on {IMAGE_TOPIC}, {topics.depth}'
        node.get_logger().info(f'{says} on {DEPTH_TOPIC}')
        try:
            is_first = True
            while is_first or arguments.loop:
                is_first = False
                _play(player, read_frames(bag, topics), period_sec=1 / arguments.rate)
        except Stopped:
            if not arguments.loop:
                raise
            # The proper end of a loop: ros2 launch reports any code but 0 as a failure.
    return ExitCode.CLEAN


def make_parser() -> Parser:
    """Return the arguments of this command."""
    parser = Parser('play', __doc__)
    add_recording(parser)
    parser.add_argument('--loop', action='store_true', help='repeat the recording')
    return parser


def _play(player: Player, frames: Iterator[RecordedFrame], *, period_sec: float) -> None:
    due_sec = time.monotonic()
    for frame in frames:
        player.send(frame)
        due_sec += period_sec
        time.sleep(max(0.0, due_sec - time.monotonic()))


@contextmanager
def started_node(name: str, *arguments: str) -> Iterator[Node]:
    """Start ROS and a node.

    `arguments` are those of ROS for the node, such as remappings.
    """
    start_ros()
    with foreseen_errors_of_ros():
        node = Node(name, cli_args=['--ros-args', *arguments] if arguments else None)
    try:
        yield node
    finally:
        node.destroy_node()
        rclpy.try_shutdown()
