# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The driver of one camera, a process that does what lines on its standard input say.

Before a frame is published, a line of JSON on standard output says what is in it, so that whoever
started the driver knows of every frame that may have left it. It ends with its standard input.
What libraries print there, as Fast DDS does of shared memory that is full, goes to the log.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
import select
import sys
import time
from typing import Any, TextIO

import numpy as np
import rclpy
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from benchmarks import garbage
from benchmarks.chaos.content import HEIGHT, Scene, WIDTH
from benchmarks.chaos.fault import CAMERAS
from promptda_ros.core.frame import Intrinsics
from promptda_ros.messages import outgoing
from promptda_ros.messages.message_types import ros_types
from promptda_ros.messages.outgoing_images import image_of

NANOSECONDS = 1_000_000_000
RATE_HZ = 3.0
JITTER_NS = 8_000_000  # of the depth against its image, within the tolerance of pairs
STRAY_NS = 60_000_000  # a depth that belongs to no image
STRAY_EVERY, ALONE_EVERY = 5, 7  # frames with such a depth beside theirs, images without depth
STRAY_RATE_HZ = 5.0  # faster than that, a stray would be near the next image
STRAY_NUMBERS = 150 * len(CAMERAS)
LOOK_SEC = 0.1
ROLES = {'depth': Image, 'camera_info': CameraInfo, 'image': Image}


class Driver:
    """Sends the frames of a camera; every public method is a command."""

    def __init__(self, camera: str, scene: Scene, *, first: int, lines: TextIO) -> None:
        self._lines = lines
        self._camera, self._scene, self._types = camera, scene, ros_types()
        self._node = rclpy.create_node(f'{camera}_driver')
        self._rng = np.random.default_rng(first)
        self._count = first
        self._period_sec, self._is_paused, self._is_frozen = 1 / RATE_HZ, True, False
        self._jump_ns = dict.fromkeys(ROLES, 0)
        self._gone_back = ''
        self._width, self._height = WIDTH, HEIGHT
        self._info_size: tuple[int, int] | None = (1, 1)  # shares of the image's; None: no info
        self._turn: int | None = None
        self._spoilt: dict[str, Any] = {}
        self._publishers: list[dict[str, Any]] = []
        self._last: dict[str, Any] = {}
        self._heard = -1
        self.qos('reliable', 'volatile', '5')

    # Commands

    def rate(self, hz: str) -> None:
        """Send that many frames a second."""
        self._period_sec = 1 / float(hz)

    def pause(self) -> None:
        """Send nothing."""
        self._is_paused = True

    def resume(self) -> None:
        """Send again."""
        self._is_paused = False

    def freeze(self, is_on: str) -> None:
        """Send the last frame again and again, as a sensor that hangs."""
        self._is_frozen = is_on == 'on'

    def jump(self, seconds: str, *roles: str) -> None:
        """Move the clock of these topics, of all unless some are named."""
        for role in roles or ROLES:
            self._jump_ns[role] += round(float(seconds) * NANOSECONDS)
        if float(seconds) < 0:
            self._gone_back = 'image' if 'image' in (roles or ROLES) else 'depth'

    def size(self, width: str, height: str) -> None:
        """Send images of another size."""
        self._width, self._height = int(width), int(height)

    def info(self, how: str) -> None:
        """Send camera_info (on), none (off), or that of twice the size (wrong)."""
        self._info_size = {'on': (1, 1), 'off': None, 'wrong': (2, 2)}[how]

    def garbage(self, turn: str) -> None:
        """Send garbage instead of frames, in the transport of a turn; `off` ends it."""
        self._destroy(self._spoilt)
        self._turn = None if turn == 'off' else int(turn)
        if self._turn is None:
            self._advertise()
        else:
            self._withdraw()

    def copies(self, number: str) -> None:
        """Publish every message that many times, by publishers of their own."""
        while len(self._publishers) < int(number):
            self._publishers.append(self._new_publishers())
        while len(self._publishers) > int(number):
            self._destroy(self._publishers.pop())

    def qos(self, reliability: str, durability: str, depth: str) -> None:
        """Publish with another quality of service."""
        self._qos = QoSProfile(
            depth=int(depth),
            reliability=ReliabilityPolicy[reliability.upper()],
            durability=DurabilityPolicy[durability.upper()],
        )
        self._advertise()

    # The loop

    def run(self) -> None:
        """Send and obey until the standard input ends."""
        due_sec = time.monotonic()
        while self._obey(max(0.0, min(LOOK_SEC, due_sec - time.monotonic()))):
            self._say_who_hears()
            now_sec = time.monotonic()
            if now_sec < due_sec:
                continue
            due_sec += self._period_sec
            if due_sec < now_sec:  # after a stop of the process nothing is made up for
                due_sec = now_sec + self._period_sec
            if self._is_paused:
                due_sec = now_sec + LOOK_SEC
            elif self._turn is not None:
                self._send_garbage(self._turn)
            else:
                self._send()

    def _obey(self, timeout_sec: float) -> bool:
        if not select.select([sys.stdin], [], [], timeout_sec)[0]:
            return True
        line = sys.stdin.readline()
        if line.strip():
            command, *words = line.split()
            getattr(self, command)(*words)
        return bool(line)

    def _say_who_hears(self) -> None:
        pictures = [each for role, each in self._roles() if role != 'camera_info']
        heard = min((each.get_subscription_count() for each in pictures), default=0)
        if heard != self._heard:
            self._heard = heard
            self._say(heard=heard)

    # Frames

    def _send(self) -> None:
        if not (self._is_frozen and self._last):
            self._last = self._new_frame()
        for publishers in self._publishers:
            for role, messages in self._last.items():
                for message in messages:
                    publishers[role].publish(message)

    def _new_frame(self) -> dict[str, Any]:
        number = self._next_number()
        stamp_ns = time.time_ns()
        depths = [] if self._count % ALONE_EVERY == 0 else [(number, self._jitter_ns())]
        if self._count % STRAY_EVERY == 0 and self._period_sec > 1 / STRAY_RATE_HZ:
            depths.append((number + STRAY_NUMBERS, STRAY_NS))
        made_ns = [(stamp_ns + self._jump_ns['depth'] + late_ns, each) for each, late_ns in depths]
        stamp_ns += self._jump_ns['image']
        sent = [stamp_ns, number, self._width, self._height]
        self._say(image=sent, depths=made_ns, back=self._gone_back)
        self._gone_back = ''
        width, height = self._width, self._height
        pixels = self._scene.image_of(number, width=width, height=height)
        return {
            'depth': [self._depth(each, depth_ns) for depth_ns, each in made_ns],
            'camera_info': [] if self._info_size is None else [self._info(stamp_ns)],
            'image': [image_of(pixels, self._header(stamp_ns), 'rgb8', self._types)],
        }

    def _depth(self, number: int, stamp_ns: int) -> Any:
        pixels = self._scene.depth_of(number)
        return image_of(pixels, self._header(stamp_ns), '16UC1', self._types)

    def _info(self, stamp_ns: int) -> Any:
        assert self._info_size is not None
        width, height = self._width * self._info_size[0], self._height * self._info_size[1]
        focal_px = 0.9 * width
        seen = Intrinsics(width, height, focal_px, focal_px, (width - 1) / 2, (height - 1) / 2)
        return outgoing.camera_info(seen, self._header(stamp_ns), self._types)

    def _send_garbage(self, turn: int) -> None:
        stamp_ns = time.time_ns()
        made = garbage.camera(turn, self._rng)
        sizes = [getattr(made.get('image'), name, 0) for name in ('width', 'height')]
        self._say(image=[stamp_ns, self._next_number(), *sizes], depths=[], garbage=True)
        for topic, message in made.items():
            if topic not in self._spoilt:
                name = f'/{self._camera}/{topic}'
                self._spoilt[topic] = self._node.create_publisher(type(message), name, 5)
            message.header = self._header(stamp_ns)
            self._spoilt[topic].publish(message)

    def _next_number(self) -> int:
        self._count += 1
        return self._count * len(CAMERAS) + CAMERAS.index(self._camera)

    def _jitter_ns(self) -> int:
        return int(self._rng.integers(-JITTER_NS, JITTER_NS))

    def _header(self, stamp_ns: int) -> Header:
        stamp = outgoing.stamp_of(stamp_ns, self._types)
        return Header(stamp=stamp, frame_id=frame_id_of(self._camera))

    # Publishers

    def _advertise(self) -> None:
        self._withdraw()
        self._publishers = [self._new_publishers()]
        self._heard = -1
        self._say(anew=True)

    def _new_publishers(self) -> dict[str, Any]:
        return {
            role: self._node.create_publisher(kind, f'/{self._camera}/{role}', self._qos)
            for role, kind in ROLES.items()
        }

    def _withdraw(self) -> None:
        for publishers in self._publishers:
            self._destroy(publishers)
        self._publishers = []

    def _destroy(self, publishers: dict[str, Any]) -> None:
        for each in publishers.values():
            self._node.destroy_publisher(each)
        publishers.clear()

    def _roles(self) -> list[tuple[str, Any]]:
        return [item for publishers in self._publishers for item in publishers.items()]

    def _say(self, **what: Any) -> None:
        print(json.dumps({'at_ns': time.monotonic_ns(), **what}), file=self._lines, flush=True)


def frame_id_of(camera: str) -> str:
    """Return the name of a camera's frame."""
    return f'{camera}_optical_frame'


def main() -> None:
    """Be the driver."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('camera')
    parser.add_argument('scene', type=Path)
    parser.add_argument('--first', type=int, default=0, help='number of the frame before')
    arguments = parser.parse_args()
    lines = os.fdopen(os.dup(sys.stdout.fileno()), 'w')
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    rclpy.init()
    scene = Scene.of(arguments.scene)
    driver = Driver(arguments.camera, scene, first=arguments.first, lines=lines)
    driver.run()
    rclpy.try_shutdown()


if __name__ == '__main__':
    main()
