# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Times the node's own path stage by stage, from messages in memory to published messages.

Prints a table and writes JSON. The subscriptions that make the node build every output are never
read: transport has a benchmark of its own (hop_latency.py).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import rclpy
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.node import Node
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
import torch

from benchmarks.results import Results, Table
from promptda_ros.bags.recording import read_recording, RecordedFrame
from promptda_ros.camera.camera import Camera
from promptda_ros.core.pairing.pairing import Pair
from promptda_ros.core.runtime.stages import spread_of, STAGES, StageTimes
from promptda_ros.core.settings import model_setting
from promptda_ros.messages.message_types import ros_types
from promptda_ros.messages.outgoing_images import image_of
from promptda_ros.messages.sensor_message import SensorMessage
from promptda_ros.node.node import PromptDepthNode
from promptda_ros.share import share_folder
from promptda_ros.tools.arguments import add_model
from promptda_ros.tools.play import RECORDING, ros_message

HEARD = {'depth/image_rect': Image, 'depth/camera_info': CameraInfo, 'points': PointCloud2}
BESIDE_NETWORK = ('read', 'prepare', 'restore', 'build')
WARM_UP_FRAMES = 5


def main() -> None:
    """Run the benchmark."""
    arguments = _parser().parse_args()
    torch.set_num_threads(arguments.threads)
    rclpy.init()
    values = {model_setting(arguments.model): arguments.model, 'device': arguments.device}
    parameters = [Parameter(name, value=value) for name, value in values.items()]
    node = PromptDepthNode(parameter_overrides=parameters)
    if node.trigger_configure() != TransitionCallbackReturn.SUCCESS:
        raise SystemExit(1)  # the node said why
    listener = Node('listener')
    for name, kind in HEARD.items():
        listener.create_subscription(kind, f'/promptda/{name}', lambda _: None, 1)
    (camera,), pipeline = node.cameras, node.pipeline
    assert pipeline is not None
    pairs = [_pair(frame, camera) for frame in read_recording(arguments.recording, ros_message)]
    for pair in pairs[:WARM_UP_FRAMES]:
        pipeline.process({camera: pair})
    camera.stages = _Stages()
    for number in range(arguments.frames):
        pipeline.process({camera: pairs[number % len(pairs)]})
    _report(camera.stages, pipeline.model.describe(), arguments)
    rclpy.shutdown()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--recording', type=Path, default=share_folder() / RECORDING)
    add_model(parser)
    parser.add_argument('--device', default='auto')
    parser.add_argument('--frames', type=int, default=200)
    parser.add_argument('--threads', type=int, default=torch.get_num_threads())
    parser.add_argument('--out', type=Path, default=Path('benchmark_output/stages.json'))
    return parser


def _pair(frame: RecordedFrame, camera: Camera) -> Pair[SensorMessage]:
    assert frame.camera_info is not None
    camera.reader.calibration.add(frame.camera_info)
    image = image_of(frame.image, frame.camera_info.header, 'rgb8', ros_types())
    return Pair(
        image=image,
        depth=frame.depth,
        image_stamp_ns=frame.stamp_ns,
        depth_stamp_ns=frame.stamp_ns,
        epoch=0,
        image_arrival_ns=0,
        paired_ns=0,
    )


class _Stages(StageTimes):
    """Keeps every duration."""

    def __init__(self) -> None:
        super().__init__()
        self.all_ms: dict[str, list[float]] = {stage: [] for stage in STAGES}

    def add(self, stage: str, duration_ms: float) -> None:
        """Count a duration."""
        self.all_ms[stage].append(duration_ms)


def _report(stages: _Stages, model: str, arguments: argparse.Namespace) -> None:
    names = STAGES[STAGES.index('read') :]
    rows = [_row(name, stages.all_ms[name]) for name in names]
    beside = zip(*(stages.all_ms[name] for name in BESIDE_NETWORK), strict=True)
    rows.append(_row(' + '.join(BESIDE_NETWORK), [*map(sum, beside)]))
    columns = ('stage', 'median ms', 'p99 ms', 'least ms')
    settings = (
        f'{model}, {torch.get_num_threads()} threads; {arguments.frames} frames of '
        f'{arguments.recording.name}, from messages in memory; depth, camera_info and cloud.'
    )
    results = Results(
        'Stages of one frame', [Table('', columns, rows)], settings, (), stages.all_ms
    )
    results.report(arguments.out)


def _row(name: str, times_ms: list[float]) -> list[str | float]:
    found = spread_of(sorted(times_ms))
    return [name, found.p50, found.p99, min(times_ms)]


if __name__ == '__main__':
    main()
