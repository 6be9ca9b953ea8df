# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Time an image from one process to another: the shipped Fast DDS profile against the default."""

from __future__ import annotations

import argparse
import array
from dataclasses import asdict, dataclass, field
import json
import os
from pathlib import Path
import select
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from benchmarks.results import Results, Table
from promptda_ros.dds_environment import large_image_environment

if TYPE_CHECKING:
    from rclpy.qos import QoSProfile

REPOSITORY = Path(__file__).resolve().parents[1]
SIZES = ((640, 480), (1280, 720), (1920, 1440), (2016, 2016))  # rgb8: 0.9, 2.8, 8.3, 12.2 MB
USUAL = (1920, 1440)  # of a phone's camera; who has the profile is compared for this one
RATE_HZ = 12.0
QOS = ('best_effort', 'reliable')
# Who has the shipped environment: (sender, receiver).
TRANSPORTS = {'default': (False, False), 'receiver only': (False, True), 'shipped': (True, True)}


@dataclass
class Hops:
    """What became of the images of one size, transport and QoS, over all rounds."""

    width: int
    height: int
    transport: str
    qos: str
    sent: int = 0
    latencies_ms: list[float] = field(default_factory=list)

    def percentile_ms(self, percent: int) -> float | str:
        """Return a percentile of the delivered images' latencies, '' where none was delivered."""
        ordered = sorted(self.latencies_ms)
        if not ordered:
            return ''
        return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


def main() -> None:
    """Compare, or be one of the two processes that the comparison starts."""
    arguments = parse_arguments()
    if arguments.role:
        {'send': send, 'receive': receive}[arguments.role](arguments)
    else:
        compare(arguments)


def compare(arguments: argparse.Namespace) -> None:
    """Measure every combination in turn, several rounds, so that a busy moment hits all alike."""
    results = [
        Hops(*size, transport, qos)
        for size in SIZES
        for transport in TRANSPORTS
        for qos in QOS
        if size == USUAL or transport != 'receiver only'
    ]
    for round_number in range(arguments.rounds):
        print(f'round {round_number + 1} of {arguments.rounds}', file=sys.stderr)
        for hops in results:
            hops.sent += arguments.images
            hops.latencies_ms += measure(hops, arguments.images)
    report(results, arguments)


def parse_arguments() -> argparse.Namespace:
    """Read the command line; --role is for the two processes that this one starts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--images', type=int, default=30, help='images a round')
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--out', type=Path, default=Path('benchmark_output/hop_latency.json'))
    parser.add_argument('--role', choices=['send', 'receive'], help=argparse.SUPPRESS)
    parser.add_argument('--size', type=int, nargs=2, help=argparse.SUPPRESS)
    parser.add_argument('--qos', choices=QOS, help=argparse.SUPPRESS)
    return parser.parse_args()


def measure(hops: Hops, images: int) -> list[float]:
    """Run one sender and one receiver; return the latency of every delivered image in ms."""
    sender_shipped, receiver_shipped = TRANSPORTS[hops.transport]
    receiver = start('receive', hops, images, shipped=receiver_shipped)
    sender = start('send', hops, images, shipped=sender_shipped)
    sender.wait()
    output, _ = receiver.communicate()
    if sender.returncode or receiver.returncode:
        codes = f'sender {sender.returncode}, receiver {receiver.returncode}'
        raise RuntimeError(f'{hops.transport}, {hops.qos}: {codes}')
    latencies_ms: list[float] = json.loads(output)
    return latencies_ms


def start(role: str, hops: Hops, images: int, *, shipped: bool) -> subprocess.Popen[str]:
    """Start this script again as sender or receiver; its standard input stays open meanwhile."""
    ours = large_image_environment(REPOSITORY, {})
    # A sourced workspace has set them for us already.
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    if shipped:
        environment.update(ours)
    command = [sys.executable, '-m', 'benchmarks.hop_latency', '--role', role, '--qos', hops.qos]
    command += ['--images', str(images), '--size', str(hops.width), str(hops.height)]
    return subprocess.Popen(
        command,
        cwd=REPOSITORY,
        env=environment,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


def send(arguments: argparse.Namespace) -> None:
    """Publish images at the camera's rate, each stamped with the moment of its sending."""
    import rclpy
    from rclpy.duration import Duration
    from sensor_msgs.msg import Image

    rclpy.init()
    node = rclpy.create_node('hop_sender')
    publisher = node.create_publisher(Image, 'hop_image', qos_profile(arguments.qos))
    while publisher.get_subscription_count() == 0:
        time.sleep(0.05)
    time.sleep(0.5)  # the receiver may learn of us a little later than we of it
    width, height = arguments.size
    image = Image(height=height, width=width, encoding='rgb8', step=3 * width)
    image.data = array.array('B', os.urandom(3 * width)) * height
    for _ in range(arguments.images):
        now_ns = time.monotonic_ns()
        image.header.stamp.sec, image.header.stamp.nanosec = divmod(now_ns, 1_000_000_000)
        publisher.publish(image)
        time.sleep(max(0.0, 1 / RATE_HZ - (time.monotonic_ns() - now_ns) / 1e9))
    publisher.wait_for_all_acked(Duration(seconds=5))
    node.destroy_node()
    rclpy.shutdown()


def receive(arguments: argparse.Namespace) -> None:
    """Print the latency of every image in ms, as JSON, once all are here or no more will come."""
    import rclpy
    from sensor_msgs.msg import Image

    latencies_ms: list[float] = []

    def note(image: Image) -> None:
        sent_ns = image.header.stamp.sec * 1_000_000_000 + image.header.stamp.nanosec
        latencies_ms.append((time.monotonic_ns() - sent_ns) / 1e6)

    rclpy.init()
    node = rclpy.create_node('hop_receiver')
    node.create_subscription(Image, 'hop_image', note, qos_profile(arguments.qos))
    idle = False
    while len(latencies_ms) < arguments.images and not (idle and input_closed()):
        before = len(latencies_ms)
        rclpy.spin_once(node, timeout_sec=0.5)
        idle = len(latencies_ms) == before
    node.destroy_node()
    rclpy.shutdown()
    print(json.dumps(latencies_ms))


def input_closed() -> bool:
    """Tell whether the starter closed our standard input; it writes nothing to it."""
    readable, _, _ = select.select([sys.stdin], [], [], 0)
    return bool(readable)


def qos_profile(reliability: str) -> QoSProfile:
    """Keep the last five images, as the node does."""
    from rclpy.qos import QoSProfile, ReliabilityPolicy

    return QoSProfile(depth=5, reliability=ReliabilityPolicy[reliability.upper()])


def report(results: list[Hops], arguments: argparse.Namespace) -> None:
    """Print the table and write everything measured."""
    columns = ('MB', 'transport', 'quality of service', 'delivered', 'p50 ms', 'p95 ms')
    rows = [
        [
            round(hops.width * hops.height * 3 / 1e6, 1),
            hops.transport,
            hops.qos.replace('_', ' '),
            f'{len(hops.latencies_ms)} of {hops.sent}',
            *(hops.percentile_ms(percent) for percent in (50, 95)),
        ]
        for hops in results
    ]
    rounds = f'{arguments.rounds} interleaved rounds of {arguments.images}'
    Results(
        title='An image from one process to another',
        tables=[Table('', columns, rows)],
        settings=f'{RATE_HZ:g} images/s, {rounds}.',
        figures=[asdict(hops) for hops in results],
    ).report(arguments.out)


if __name__ == '__main__':
    main()
