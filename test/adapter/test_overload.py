# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The node while its network is slower than the camera: the newest frame, nothing kept."""

from __future__ import annotations

import gc
import time
import tracemalloc
from typing import Any

import pytest

INFERENCE_SEC = 0.5
PERIOD_SEC = INFERENCE_SEC / 5
# For the machine, which the test shares; a frame that had to queue would take two inferences.
SLACK_SEC = 0.5 * INFERENCE_SEC
FRAMES = 60
HEIGHT, WIDTH = 480, 640


class SlowNetwork:
    """Takes its time before it answers."""

    def __init__(self, network: Any) -> None:
        self.patch_px = network.patch_px
        self._network = network

    def __call__(self, pixels: Any, prompt_m: Any) -> Any:
        time.sleep(INFERENCE_SEC)
        return self._network(pixels, prompt_m)


@pytest.fixture
def overloaded(rig: Any) -> Any:
    """Start a node whose network is five times slower than its camera."""
    estimator = rig.node._pipeline.model.estimator
    estimator.network = SlowNetwork(estimator.network)
    return rig


def send_at_pace(rig: Any, heard: list[Any], frames: int) -> list[float]:
    """Send frames at the camera's pace; return how long each that is answered took, in order."""
    sent_sec: dict[int, float] = {}
    taken_sec: list[float] = []
    due_sec = time.monotonic()
    for _ in range(frames):
        stamp_ns = rig.send()
        sent_sec[stamp_ns] = time.monotonic()
        due_sec += PERIOD_SEC
        while time.monotonic() < due_sec:
            rig.spin_once()
            for message in heard[len(taken_sec) :]:
                stamp = message.header.stamp
                sent = sent_sec.get(stamp.sec * 1_000_000_000 + stamp.nanosec, due_sec)
                taken_sec.append(time.monotonic() - sent)
    return taken_sec


def test_latency_under_overload_stays_below_a_period_and_an_inference(overloaded):
    """F18: the newest pair is worked on, the others are counted, nothing queues."""
    taken_sec = send_at_pace(overloaded, overloaded.listen('depth/image_rect'), FRAMES)

    expected = FRAMES * PERIOD_SEC / INFERENCE_SEC
    assert 0.5 * expected <= len(taken_sec) <= expected + 1
    assert max(taken_sec) <= PERIOD_SEC + INFERENCE_SEC + SLACK_SEC
    assert overloaded.drops['overrun'] >= 0.5 * FRAMES
    assert set(overloaded.drops) == {'overrun'}


def test_memory_under_overload_is_flat(overloaded):
    """G6: of the images that nobody has time for, none is kept."""
    overloaded.sensors.height, overloaded.sensors.width = HEIGHT, WIDTH
    heard = overloaded.listen('depth/image_rect')
    tracemalloc.start()
    try:
        kept_bytes = [kept_after(overloaded, heard, frames) for frames in (FRAMES // 3, FRAMES)]
    finally:
        tracemalloc.stop()

    assert overloaded.drops['overrun'] >= 0.5 * FRAMES
    assert abs(kept_bytes[1] - kept_bytes[0]) < 3 * HEIGHT * WIDTH * 3


def kept_after(rig: Any, heard: list[Any], frames: int) -> int:
    """Send frames and return how many bytes are in use then, without the answers."""
    send_at_pace(rig, heard, frames)
    heard.clear()
    gc.collect()
    return tracemalloc.get_traced_memory()[0]
