# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Times one worker that serves several cameras, as the node's does: one batch, then each alone."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.gpu_suite import host, networks
from benchmarks.gpu_suite.bench import Bench
from benchmarks.results import Cell
from promptda_ros.core.frame import Frame
from promptda_ros.core.frame_outputs import FrameOutputs
from promptda_ros.core.settings import build

TITLE = "Cameras on one worker, images of the network's size, depth and cloud of each on the host"
COLUMNS = ('', 'cameras', 'median ms', '5 to 95 %', 'frames/s')


def run(bench: Bench) -> None:
    """Time a round of frames for every number of cameras."""
    name = next(iter(bench.plan.shapes))
    for cameras in bench.plan.cameras:
        frames = [host.make_frame(bench.plan.images[0])] * cameras
        timed = bench.time(
            lambda frames=frames: _round(bench, name, frames),  # type: ignore[misc]
            runs_on=lambda: bench.ours(name),
        )
        rate: Cell = 1e3 * cameras / timed.spread.median if timed.spread else ''
        label = f'{name} {timed.name("ours")}'
        bench.journal.add(TITLE, COLUMNS, [label, cameras, *timed.cells(), rate])


def _round(bench: Bench, name: str, frames: list[Frame]) -> Callable[[], object]:
    estimator, settings = bench.ours(name), build({})

    def run() -> object:
        prepared = [estimator.prepare(frame, settings.prompt, settings.output) for frame in frames]
        for frame, one, network_m in zip(frames, prepared, estimator.infer(prepared), strict=True):
            depth = estimator.restore(one, network_m, settings.output)
            points = FrameOutputs(frame, depth, settings).points
        return points

    networks.record(estimator, run)
    return run
