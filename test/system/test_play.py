# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The recorded camera as a process of its own."""

from __future__ import annotations

from collections.abc import Callable
import signal
from typing import Any

import pytest
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo, Image

from promptda_ros.core.errors import ExitCode
from promptda_ros.messages.stamps import stamp_ns_of
from promptda_ros.tools.play import CAMERA_INFO_TOPIC, DEPTH_TOPIC, IMAGE_TOPIC

PLAY = ('-m', 'promptda_ros.tools.main', 'play', '--loop', '--rate', '30')


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_the_recorded_camera_plays_until_it_is_stopped(
    start_node: Callable[..., Any], ros_context: Context, number: int
):
    """I6: and ends cleanly, though it was about to publish."""
    node = rclpy.create_node('listener', context=ros_context)
    heard: dict[str, list[Any]] = {IMAGE_TOPIC: [], DEPTH_TOPIC: [], CAMERA_INFO_TOPIC: []}
    for topic, messages in heard.items():
        kind = CameraInfo if topic == CAMERA_INFO_TOPIC else Image
        node.create_subscription(kind, topic, messages.append, qos_profile_sensor_data)
    executor = SingleThreadedExecutor(context=ros_context)
    executor.add_node(node)
    camera = start_node(python=PLAY)
    while any(len(messages) < 3 for messages in heard.values()):
        executor.spin_once(timeout_sec=0.1)
    camera.signal(number)
    assert camera.exit_code() == ExitCode.CLEAN
    assert 'Traceback' not in camera.stderr
    stamps = [stamp_ns_of(message.header) for message in heard[IMAGE_TOPIC]]
    assert stamps == sorted(set(stamps))
    assert stamp_ns_of(heard[CAMERA_INFO_TOPIC][-1].header) >= stamps[-1]
    executor.shutdown()
    node.destroy_node()
