# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The node runs on another host, and the wire to it is bad."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
import time

from benchmarks.chaos.fault import ALL, CAMERAS, Fault
from benchmarks.chaos.machine import lacks_wire
from benchmarks.chaos.stage import Stage

SOON_SEC = 10.0


@contextmanager
def across(bad: str, good: str, stage: Stage) -> Iterator[None]:
    """Move the node to the other host, spoil the wire, repair it, and move the node back."""
    wire = stage.wire
    assert wire is not None, 'lacks_wire() says why'
    stage.node.prefix = wire.to_far_host
    try:
        stage.restart_node()
        stage.wait_until_served()
        _wait_for_depth(stage, 'depth from the other host', within_sec=SOON_SEC)
        wire.tell(bad)
        try:
            yield
        finally:
            wire.tell(good)
        _wait_for_depth(stage, 'depth over the repaired wire', within_sec=SOON_SEC)
    finally:
        stage.node.prefix = []
    stage.restart_node()
    stage.wait_until_served()


def _wait_for_depth(stage: Stage, what: str, *, within_sec: float) -> None:
    """Wait for depth of images that are sent from now on."""
    now_ns = time.monotonic_ns()

    def has_come(camera: str) -> bool:
        images = map(stage.truths[camera].image_at, stage.observer.depth_stamps(camera))
        return any(image is not None and image.at_ns >= now_ns for image in images)

    stage.wait_until(lambda: all(map(has_come, CAMERAS)), what, within_sec=within_sec)


def _on(bad: str, good: str) -> Callable[[Stage], AbstractContextManager[None]]:
    return partial(across, bad, good)


LOSS = Fault('network loses 5 %', 6.0, ALL, _on('loss 0.05', 'loss 0'), lacks_wire)
HEAVY_LOSS = Fault('network loses 20 %', 6.0, ALL, _on('loss 0.2', 'loss 0'), lacks_wire)
DELAY = Fault(
    'network late and out of order', 6.0, ALL, _on('delay 0.05 0.04', 'delay 0 0'), lacks_wire
)
DOWN = Fault('network down and up', 5.0, ALL, _on('down', 'up'), lacks_wire)
