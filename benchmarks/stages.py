# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Times the node's own path stage by stage, from messages in memory to published messages.

Prints a table and writes JSON. The subscriptions that make the node build every output are never
read: transport has a benchmark of its own (hop_latency.py).
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
import json
from pathlib import Path

import rclpy
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
import torch

from promptda_ros.cameras import Camera
from promptda_ros.core.pairing import Pair
from promptda_ros.core.settings import build, model_setting
from promptda_ros.core.stages import Spread, STAGES
from promptda_ros.extrinsics import Extrinsics
from promptda_ros.messages import colour_image
from promptda_ros.models import load_model
from promptda_ros.pipeline import Pipeline
from promptda_ros.recording import read_recording, RecordedFrame
from promptda_ros.share import share_folder
from promptda_ros.tools.play import RECORDING
from promptda_ros.transports import SensorMessage

HEARD = {'depth/image_rect': Image, 'depth/camera_info': CameraInfo, 'points': PointCloud2}
BESIDE_NETWORK = ('read', 'prepare', 'restore', 'build')
WARM_UP_FRAMES = 5


def main() -> None:
    """Run the benchmark."""
    arguments = _parser().parse_args()
    torch.set_num_threads(arguments.threads)
    rclpy.init()
    node = Node('promptda')
    listener = Node('listener')
    for name, kind in HEARD.items():
        listener.create_subscription(kind, f'/promptda/{name}', lambda message: None, 1)
    settings = build(
        {
            model_setting(arguments.model): arguments.model,
            'device': arguments.device,
        }
    )
    model = load_model(settings)
    camera = Camera('', node, settings, Extrinsics(node))
    pipeline = Pipeline(model, on_error=print)
    pairs = [_pair(frame, camera) for frame in read_recording(arguments.recording)]
    for pair in pairs[:WARM_UP_FRAMES]:
        pipeline.process({camera: pair})
    camera.stages.clear()
    for number in range(arguments.frames):
        pipeline.process({camera: pairs[number % len(pairs)]})
    _report(camera.stages.snapshot(), model.describe(), arguments.out)
    rclpy.shutdown()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--recording', type=Path, default=share_folder() / RECORDING)
    parser.add_argument('--model', default='promptda-tiny')
    parser.add_argument('--device', default='auto')
    parser.add_argument('--frames', type=int, default=200)
    parser.add_argument('--threads', type=int, default=torch.get_num_threads())
    parser.add_argument('--out', type=Path, default=Path('benchmark_output/stages.json'))
    return parser


def _pair(frame: RecordedFrame, camera: Camera) -> Pair[SensorMessage]:
    camera.reader.calibration.add(frame.camera_info)
    image = colour_image(frame.image, frame.camera_info.header)
    return Pair(
        image=image,
        depth=frame.depth,
        image_stamp_ns=frame.stamp_ns,
        depth_stamp_ns=frame.stamp_ns,
        offset_ns=0,
        epoch=0,
        image_arrival_ns=0,
        paired_ns=0,
    )


def _report(stages: dict[str, Spread], model: str, out: Path) -> None:
    print(model)
    print(f'{"stage":18}{"median ms":>10}{"p99 ms":>10}')
    for stage in STAGES[STAGES.index('read') :]:
        print(f'{stage:18}{stages[stage].p50:10.2f}{stages[stage].p99:10.2f}')
    beside_ms = sum(stages[stage].p50 for stage in BESIDE_NETWORK)
    print(f'{"+".join(BESIDE_NETWORK)}: {beside_ms:.2f} ms')
    out.parent.mkdir(parents=True, exist_ok=True)
    figures = {stage: asdict(spread) for stage, spread in stages.items()}
    out.write_text(json.dumps({'model': model, 'stages_ms': figures}, indent=2) + '\n')


if __name__ == '__main__':
    main()
