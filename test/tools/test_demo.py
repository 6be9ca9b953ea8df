# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.tools.demo: when it stops to wait for results."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from promptda_ros.tools import demo
from promptda_ros.tools.demonstration.listener import Listener

Event = Callable[[Listener], None]


def figures(received: int, published: int, *, overrun: int = 0) -> Event:
    """Return an arrival of diagnostics."""
    values = {
        'image.received': str(received),
        'published.depth/image_rect': str(published),
        'published.points': str(published),
        'drops.overrun': str(overrun),
    }
    return lambda listener: listener.figures.update(values)


def depth(stamp_ns: int) -> Event:
    """Return an arrival of a result, depth and cloud."""

    def arrive(listener: Listener) -> None:
        listener.depths[stamp_ns] = None
        listener.points.append(stamp_ns)

    return arrive


class Script:
    """Plays arrivals in place of an executor, then lets the time pass that it is asked to wait."""

    def __init__(self, listener: Listener, events: list[Event], clock: SimpleNamespace) -> None:
        self.listener, self.events, self.clock = listener, events, clock

    def spin_once(self, timeout_sec: float) -> None:
        if self.events:
            self.events.pop(0)(self.listener)
        self.clock.now += timeout_sec


@pytest.fixture
def waited_sec(monkeypatch) -> Callable[..., float]:
    """Return what replays three frames at once and returns how long it waits for their results."""
    monkeypatch.setattr(demo, 'WARM_UP_FRAMES', 0)

    def replay(*events: Event) -> float:
        clock = SimpleNamespace(now=0.0)
        monkeypatch.setattr(demo, 'time', SimpleNamespace(monotonic=lambda: clock.now))
        node = SimpleNamespace(get_clock=lambda: clock, create_subscription=lambda *_: None)
        listener, stamps = Listener(node, name='promptda'), iter(range(3))
        script = Script(listener, list(events), clock)
        player = SimpleNamespace(send=lambda _: next(stamps))
        peer = demo.Peer(script, player, listener)
        assert list(peer.replay([None] * 3, period_sec=0.0)) == [0, 1, 2]
        assert not script.events, 'it left before the last arrival'
        return clock.now

    return replay


def test_the_demo_ends_once_every_frame_is_accounted_for(waited_sec):
    """The figures come last: they alone tell that nothing is missing."""
    events = [depth(0), depth(1), figures(3, 1, overrun=1), figures(3, 2, overrun=1)]
    assert waited_sec(*events) < demo.DELIVERY_SEC


def test_the_demo_does_not_wait_for_a_compilation_where_images_were_lost(waited_sec):
    assert waited_sec(depth(0), figures(2, 1, overrun=1)) < 2 * demo.DELIVERY_SEC


def test_the_demo_does_not_wait_for_a_compilation_where_a_result_was_lost(waited_sec):
    assert waited_sec(figures(3, 3), depth(0), depth(1)) < 2 * demo.DELIVERY_SEC


def test_the_demo_waits_for_a_frame_that_a_compilation_holds_up(waited_sec):
    def long_pause(listener: Listener) -> None:
        pass

    pauses = [long_pause] * int(3 * demo.DELIVERY_SEC / 0.05)
    events = [figures(3, 2), depth(0), depth(1), *pauses, depth(2), figures(3, 3)]
    assert waited_sec(*events) < demo.COMPILATION_SEC


def test_a_compilation_after_the_first_frame_costs_no_frame(waited_sec, monkeypatch):
    """The second one waits through it alone, in place of all that would be dropped."""
    monkeypatch.setattr(demo, 'WARM_UP_FRAMES', 2)
    pauses = [lambda listener: None] * int(3 * demo.DELIVERY_SEC / 0.05)
    events = [depth(0), figures(1, 1), figures(2, 1), *pauses, depth(1), figures(2, 2)]
    assert waited_sec(*events, depth(2), figures(3, 3)) < demo.COMPILATION_SEC
