# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`promptda play`: publishes the recorded camera as if it were there now."""

from __future__ import annotations

from itertools import chain, repeat
from pathlib import Path
import time

import rclpy
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import CameraInfo, Image

from promptda_ros.exit_codes import ExitCode
from promptda_ros.messages import colour_image, stamp_ns_of, stamp_of
from promptda_ros.process import Stopped, StopSignal
from promptda_ros.recording import read_recording, RecordedFrame
from promptda_ros.share import share_folder
from promptda_ros.tools.arguments import number_above, Parser

IMAGE_TOPIC = '/camera/color/image_raw'
CAMERA_INFO_TOPIC = '/camera/color/camera_info'
DEPTH_TOPIC = '/camera/aligned_depth_to_color/image_raw'
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

    def heard(self) -> bool:
        """Tell whether somebody listens to all topics."""
        publishers = (self._image, self._info, self._depth)
        return all(publisher.get_subscription_count() for publisher in publishers)

    def send(self, frame: RecordedFrame) -> int:
        """Publish one frame and return the stamp of its image in nanoseconds."""
        now_ns = self._node.get_clock().now().nanoseconds
        depth_stamp = frame.depth.header.stamp
        delay_ns = stamp_ns_of(frame.depth.header) - frame.stamp_ns
        frame.camera_info.header.stamp = stamp_of(now_ns)
        frame.depth.header.stamp = stamp_of(now_ns + delay_ns)
        self._info.publish(frame.camera_info)
        self._image.publish(colour_image(frame.image, frame.camera_info.header))
        self._depth.publish(frame.depth)
        frame.depth.header.stamp = depth_stamp
        return now_ns


def main(argv: list[str], stop: StopSignal) -> int:
    """Publish the recording once, or again and again."""
    parser = Parser('play', __doc__)
    parser.add_argument('--recording', type=Path, default=share_folder() / RECORDING)
    parser.add_argument('--rate', type=number_above(0.0), default=10.0, help='frames per second')
    parser.add_argument('--loop', action='store_true', help='begin again at the end')
    arguments = parser.parse_args(argv)
    stop.interrupts = False
    frames = read_recording(arguments.recording)
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    node = Node('recorded_camera')
    player = Player(node)
    node.get_logger().info(f'playing {len(frames)} frames on {IMAGE_TOPIC}, {DEPTH_TOPIC}')
    rounds = repeat(frames) if arguments.loop else [frames]
    due_sec = time.monotonic()
    for frame in chain.from_iterable(rounds):
        if stop.received:
            break
        player.send(frame)
        due_sec += 1 / arguments.rate
        time.sleep(max(0.0, due_sec - time.monotonic()))
    node.destroy_node()
    rclpy.try_shutdown()
    if stop.received:
        raise Stopped
    return ExitCode.CLEAN
