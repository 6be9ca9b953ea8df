# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The node's process under measurement, and how a benchmark starts it beside the traffic.

Run as a module it is the node until SIGTERM, then prints what every frame took, as JSON.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
import json
import subprocess
import sys
import time
from typing import Any

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from rclpy.signals import SignalHandlerOptions
import torch
import torch.nn.functional as F

from benchmarks.environment import private_environment
from benchmarks.results import REPOSITORY
from promptda_ros.core.runtime.stages import StageTimes
from promptda_ros.node.node import PromptDepthNode
from promptda_ros.process import StopSignal

ENGINE = ('prepare', 'infer', 'restore')
SPIN_SEC = 0.1


def measure(
    nodes: Mapping[str, list[str]],
    traffic: list[str],
    *,
    network: bool = True,
    engine: str = 'auto',
) -> tuple[list[Any], list[dict[str, Any]]]:
    """Run nodes, by name with their cameras, beside the traffic of all of them.

    Returns what the traffic saw of each camera and what each node noted. All have the shipped
    environment and, unless one is set, a ROS domain of their own.
    """
    environment = private_environment()

    def start(module: str, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, '-m', f'benchmarks.{module}', *arguments]
        return subprocess.Popen(
            command, cwd=REPOSITORY, env=environment, text=True, stdout=subprocess.PIPE
        )

    flags = ['--engine', engine, *([] if network else ['--without-network'])]
    serving = [
        start('serving', '--name', name, '--cameras', ','.join(cameras), *flags)
        for name, cameras in nodes.items()
    ]
    try:
        everyone = [f'{name}:{camera}' for name, each in nodes.items() for camera in each]
        sending = start('traffic', '--cameras', ','.join(everyone), *traffic)
        seen = json.loads(sending.communicate()[0])
    finally:
        for process in serving:
            process.terminate()
        noted = [process.communicate()[0] for process in serving]
    return seen, [json.loads(each) for each in noted]


class Frames:
    """Stands before the pipeline and notes what the only camera's frames take."""

    def __init__(self, node: PromptDepthNode) -> None:
        self.noted: dict[int, dict[str, float]] = {}
        self._current: dict[str, float] = {}
        (camera,) = node.cameras
        pipeline: Any = node.pipeline
        camera.stages = _Stages(self._current)
        self._process, pipeline.process = pipeline.process, self.process

    def process(self, pairs: Mapping[Any, Any]) -> None:
        """Process a frame and note it by its stamp."""
        (pair,) = pairs.values()
        self._current.clear()
        self._process(pairs)
        done_ns = time.monotonic_ns()
        self.noted[pair.image_stamp_ns] = {
            **self._current,
            'arrival_ns': pair.image_arrival_ns,
            'done_ns': done_ns,
        }


class _Stages(StageTimes):
    """Also tells of the frame in work."""

    def __init__(self, current: dict[str, float]) -> None:
        super().__init__()
        self._current = current

    def add(self, stage: str, duration_ms: float) -> None:
        """Note the time of one stage, also as the current frame's."""
        super().add(stage, duration_ms)
        self._current[stage] = duration_ms


def main() -> None:
    """Be the node."""
    arguments = parse_arguments()
    stop = StopSignal()
    name = ['--ros-args', '-r', f'__node:={arguments.name}']
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO, args=name)
    cameras = arguments.cameras.split(',')
    parameters = [Parameter('cameras', value=cameras)] if arguments.cameras else []
    for setting, value in (('trust.gate', False), ('engine', arguments.engine)):
        parameters.append(Parameter(setting, value=value))
    node = PromptDepthNode(parameter_overrides=parameters)
    node.trigger_configure()
    if arguments.without_network:
        pipeline: Any = node.pipeline
        estimator = pipeline.model.estimator
        estimator.network, estimator.anchor = NoNetwork(), None
    frames = None if arguments.cameras else Frames(node)
    node.trigger_activate()
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    begun_cpu_sec = time.process_time()
    while not stop.received:
        executor.spin_once(SPIN_SEC)
    note = {
        'cpu_sec': time.process_time() - begun_cpu_sec,
        'frames': frames.noted if frames else {},
        'drops': {camera.name: camera.drops.snapshot() for camera in node.cameras},
    }
    node.stop()
    node.destroy_node()
    rclpy.try_shutdown()
    print(json.dumps(note))


class NoNetwork:
    """Answers at once, as a network on a card that is never busy would."""

    patch_px = 14

    def __call__(self, pixels: torch.Tensor, prompt_m: torch.Tensor) -> torch.Tensor:
        """Enlarge the prompt."""
        return F.interpolate(prompt_m, pixels.shape[2:], mode='bilinear')[:, 0]


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--name', default='promptda')
    parser.add_argument('--cameras', default='', help='names; one camera has none')
    parser.add_argument('--engine', default='auto')
    parser.add_argument('--without-network', action='store_true')
    return parser.parse_args()


if __name__ == '__main__':
    main()
