# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The node while its network is slower than the camera: the newest frame, nothing kept."""

from __future__ import annotations

import gc
import re
import threading
import time
import tracemalloc
from typing import Any

import pytest
from sensor_msgs.msg import Image

from promptda_ros.node.diagnostics import LATELY, SLOWED_WARN

FRAMES_IN_A_RUN = 5
FLOOD = 1000
RUNS = 6
LIMIT_SEC = 30.0  # far above what anything here takes
HEIGHT, WIDTH = 480, 640
MOST_FRAMES = 20 * LATELY


class GatedNetwork:
    """Answers when the test lets it."""

    def __init__(self, network: Any) -> None:
        self.patch_px = network.patch_px
        self.runs = 0
        self.may_answer = threading.Semaphore(0)
        self._network = network

    def __call__(self, pixels: Any, prompt_m: Any) -> Any:
        self.runs += 1
        assert self.may_answer.acquire(timeout=LIMIT_SEC)
        return self._network(pixels, prompt_m)


@pytest.fixture
def overloaded(rig: Any) -> Any:
    """Start a node whose network is gated."""
    estimator = rig.node.pipeline.model.estimator
    estimator.network = rig.network = GatedNetwork(estimator.network)
    rig.offered = rig.watch_offers()
    yield rig
    rig.network.may_answer.release(RUNS)


class HotNetwork:
    """Takes as long as it is told to beside what it takes."""

    def __init__(self, network: Any) -> None:
        self.patch_px = network.patch_px
        self.more_sec = 0.0
        self._network = network

    def __call__(self, pixels: Any, prompt_m: Any) -> Any:
        time.sleep(self.more_sec)
        return self._network(pixels, prompt_m)


def send_and_hand_over(rig: Any) -> int:
    """Send a frame, wait until the worker may have it, and return its stamp."""
    count = len(rig.offered)
    stamp_ns = rig.send()
    rig.spin_until(lambda: len(rig.offered) > count)
    return stamp_ns


def overload(rig: Any, heard: list[Any], runs: int) -> list[int]:
    """Send frames while the network is busy; return the stamp of the last one of each run."""
    newest = []
    for _ in range(runs):
        stamps = [send_and_hand_over(rig) for _ in range(FRAMES_IN_A_RUN)]
        newest.append(stamps[-1])
        answered, run = len(heard), rig.network.runs
        rig.network.may_answer.release()
        rig.spin_until(lambda n=answered, k=run: len(heard) > n and rig.network.runs > k)
    return newest


def stamp_ns_of(message: Any) -> int:
    """Return the stamp of a message."""
    stamp = message.header.stamp
    return stamp.sec * 1_000_000_000 + stamp.nanosec


def test_under_overload_the_newest_pair_is_next_and_nothing_queues(overloaded):
    """F18, J6: an answer is never older than one run of the network and one period.

    However late it is, it has the stamp of its image.
    """
    heard = overloaded.listen('depth/image_rect')
    first = send_and_hand_over(overloaded)
    overloaded.spin_until(lambda: overloaded.network.runs == 1)
    newest = overload(overloaded, heard, RUNS)
    assert [stamp_ns_of(each) for each in heard] == [first, *newest[:-1]]
    assert overloaded.drops == {'overrun': RUNS * (FRAMES_IN_A_RUN - 1)}


def test_the_pair_after_a_flood_of_tiny_images_is_published(rig):
    """G15: from another publisher, as fast as it can, while the node works."""
    heard, tiny = rig.listen('depth/image_rect'), Image(height=1, width=1, step=3)
    tiny.encoding, tiny.data = 'rgb8', [0, 0, 0]
    rig.send_through(heard)
    publisher = rig.peer.create_publisher(Image, '/image', 10)
    rig.spin_until(lambda: publisher.get_subscription_count() == 1)
    stamps = [rig.sensors.image(rig.next_stamp_ns()).header for _ in range(FLOOD)]

    def flood() -> None:
        for tiny.header in stamps:
            publisher.publish(tiny)

    thread = threading.Thread(target=flood)
    thread.start()
    most_held = 0
    while thread.is_alive():
        rig.spin_once()
        most_held = max(most_held, rig.pairing.counters.image.held)
    thread.join()
    # A busy machine may have published all before the node looked.
    rig.spin_until(lambda: rig.pairing.counters.image.received > 1)
    assert most_held <= rig.camera.settings.sync.queue_size
    rig.send_through(heard)


def test_memory_under_overload_is_flat(overloaded):
    """G6: of the images that nobody has time for, none is kept."""
    overloaded.sensors.height, overloaded.sensors.width = HEIGHT, WIDTH
    heard = overloaded.listen('depth/image_rect')
    send_and_hand_over(overloaded)
    overloaded.spin_until(lambda: overloaded.network.runs == 1)
    tracemalloc.start()
    try:
        kept_bytes = [kept_after(overloaded, heard, runs) for runs in (RUNS // 3, RUNS)]
    finally:
        tracemalloc.stop()
    assert overloaded.drops['overrun'] >= RUNS * (FRAMES_IN_A_RUN - 1)
    assert abs(kept_bytes[1] - kept_bytes[0]) < 3 * HEIGHT * WIDTH * 3


def kept_after(rig: Any, heard: list[Any], runs: int) -> int:
    """Send frames and return how many bytes are in use then, without the answers."""
    overload(rig, heard, runs)
    heard.clear()
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def test_a_device_that_became_slow_is_a_warning_with_its_causes(often, rig):
    """F18, H6: ten times slower by heat, and cool again; no frame waits behind another."""
    heard, latest = rig.listen('depth/image_rect'), rig.hear_statuses()
    model = rig.node.pipeline.model
    model.estimator.network = network = HotNetwork(model.estimator.network)

    def send_until(level: str) -> str:
        for _ in range(MOST_FRAMES):
            rig.send_through(heard)
            if latest('network') and latest('network')[0] == level:
                return str(latest('network')[1])
        pytest.fail(f'never {level} in {MOST_FRAMES} frames')

    for _ in range(LATELY):
        send_until('ok')
    network.more_sec = 10 * model.frame_sec
    text = send_until('warn')
    found = re.search(r'frames take (\S+) s, against (\S+) s at start', text)
    assert float(found[1]) > 0.9 * SLOWED_WARN * float(found[2])  # both are rounded
    assert 'hot or short of power' in text
    network.more_sec = 0.0
    send_until('ok')
