# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The other process: cameras that send the recording, and who listens to what becomes of it.

Started by benchmarks; prints, as JSON, when every frame of every camera was sent and received.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import cycle
import json
import time
from typing import Any

import cv2
import rclpy
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from std_msgs.msg import Header

from promptda_ros.bags.recording import read_recording
from promptda_ros.core.frame import Intrinsics
from promptda_ros.messages import outgoing, stamps
from promptda_ros.messages.message_types import ros_types
from promptda_ros.messages.millimetres import counts_of_metres
from promptda_ros.messages.outgoing_images import image_of
from promptda_ros.share import share_folder
from promptda_ros.tools.play import RECORDING

KINDS = {'depth/image_rect': Image, 'points': PointCloud2}
START_SEC = 120.0
PATIENCE_SEC = 5.0  # how long nothing may come before the rest counts as lost
FRAMES_KEPT = 8  # of the recording, at sizes that it does not have


class Camera:
    """A camera of the graph and the listeners to its depth."""

    def __init__(self, node: Node, name: str, outputs: list[str], server: str) -> None:
        prefix = f'{name}/' if name else ''
        qos = qos_profile_sensor_data
        self._publishers = {
            role: node.create_publisher(kind, f'/{prefix}{role}', qos)
            for role, kind in (('camera_info', CameraInfo), ('depth', Image), ('image', Image))
        }
        self._subscriptions = [
            node.create_subscription(
                KINDS[output], f'/{server}/{prefix}{output}', self._receive, 10
            )
            for output in outputs
        ]
        self.sent_ns: dict[int, int] = {}  # by stamp
        self.received_ns: dict[int, list[int]] = {}

    def is_served(self) -> bool:
        """Tell whether a node listens and answers."""
        heard = [each.get_subscription_count() for each in self._publishers.values()]
        answered = [each.get_publisher_count() for each in self._subscriptions]
        return all(heard) and all(answered)

    def send(self, frame: dict[str, Any]) -> None:
        """Publish a frame, stamped with now."""
        stamp_ns = time.time_ns()
        self.sent_ns[stamp_ns] = time.monotonic_ns()
        for role, publisher in self._publishers.items():
            frame[role].header.stamp = outgoing.stamp_of(stamp_ns, ros_types())
            publisher.publish(frame[role])

    def answers(self) -> dict[int, tuple[int, int]]:
        """Return when each frame was sent and the last of its outputs received, by stamp."""
        full = len(self._subscriptions)
        return {
            stamp_ns: (self.sent_ns[stamp_ns], max(times))
            for stamp_ns, times in self.received_ns.items()
            if len(times) == full
        }

    def _receive(self, message: Any) -> None:
        now_ns = time.monotonic_ns()
        self.received_ns.setdefault(stamps.stamp_ns_of(message.header), []).append(now_ns)


def main() -> None:
    """Send, listen, and print what came of it."""
    arguments = parse_arguments()
    frames = list(read_frames(arguments.width, arguments.height))
    rclpy.init()
    node = Node('traffic')
    outputs = arguments.outputs.split(',')
    servers = [each.partition(':') for each in arguments.cameras.split(',')]
    cameras = [Camera(node, name, outputs, server) for server, _, name in servers]
    end_sec = time.monotonic() + START_SEC
    while not all(camera.is_served() for camera in cameras):
        rclpy.spin_once(node, timeout_sec=0.1)
        if time.monotonic() > end_sec:
            raise SystemExit(f'no node serves {arguments.cameras} after {START_SEC:g} s')
    run(node, cameras, frames, arguments)
    print(json.dumps([[list(camera.sent_ns), camera.answers()] for camera in cameras]))
    node.destroy_node()
    rclpy.shutdown()


def run(
    node: Node,
    cameras: list[Camera],
    frames: list[dict[str, Any]],
    arguments: argparse.Namespace,
) -> None:
    """Send every camera's frames at the rate, the cameras one after the other in each period."""
    due_sec = time.monotonic()
    frame = cycle(frames)
    for _ in range(arguments.frames):
        for camera in cameras:
            camera.send(next(frame))
            due_sec += 1 / (arguments.rate * len(cameras))
            while (wait_sec := due_sec - time.monotonic()) > 0:
                rclpy.spin_once(node, timeout_sec=wait_sec)
    count = -1
    while count != (count := sum(len(camera.received_ns) for camera in cameras)):
        end_sec = time.monotonic() + PATIENCE_SEC
        while time.monotonic() < end_sec:
            rclpy.spin_once(node, timeout_sec=0.1)


def read_frames(
    width: int, height: int, kept: int | None = FRAMES_KEPT
) -> Iterator[dict[str, Any]]:
    """Yield messages of the recording, cut and enlarged to a size; the sensor keeps its own."""
    header, types = Header(frame_id='camera'), ros_types()
    focal_px = 0.9 * width
    middle = (width - 1) / 2, (height - 1) / 2
    info = outgoing.camera_info(
        Intrinsics(width, height, focal_px, focal_px, *middle), header, types
    )
    for frame in read_recording(share_folder() / RECORDING)[:kept]:
        image = _cut(frame.image, width / height)
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
        depth_m = _cut(frame.sensor_depth_m(), width / height)
        yield {
            'image': image_of(image, Header(frame_id='camera'), 'rgb8', types),
            'depth': image_of(
                counts_of_metres(depth_m), Header(frame_id='camera'), '16UC1', types
            ),
            'camera_info': info,
        }


def _cut(pixels: Any, aspect: float) -> Any:
    rows = round(pixels.shape[1] / aspect)
    return pixels[:rows]


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--cameras', default='promptda:', help='NODE:NAME, with commas between')
    parser.add_argument('--outputs', default='depth/image_rect')
    parser.add_argument('--rate', type=float, default=10.0, help='frames/s of each camera')
    parser.add_argument('--frames', type=int, default=60, help='of each camera')
    parser.add_argument('--width', type=int, default=640)
    parser.add_argument('--height', type=int, default=480)
    return parser.parse_args()


if __name__ == '__main__':
    main()
