# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Messages wait for each other by their stamps."""

from __future__ import annotations

from types import SimpleNamespace

from promptda_ros.view.listening.held import Held, MOST_BYTES
from promptda_ros.view.moment import DEPTH, IMAGE, SENSOR, UNCERTAINTY


def message(stamp_ns, nbytes=1):
    """Return what has a header and data."""
    sec, nanosec = divmod(stamp_ns, 1_000_000_000)
    stamp = SimpleNamespace(sec=sec, nanosec=nanosec)
    return SimpleNamespace(header=SimpleNamespace(stamp=stamp), data=range(nbytes))


def held(**stamps_of):
    """Return messages of layers at these stamps."""
    found = Held()
    for layer, stamps in stamps_of.items():
        for stamp_ns in stamps:
            found.add(layer, message(stamp_ns))
    return found


def newest(found, *layers, **changes):
    """Return what is found of some layers."""
    return found.newest(layers, **{'tolerance_ns': 3, 'depth_offset_ns': 0, **changes})


def test_the_last_image_is_taken_of_which_everything_has_come():
    found = newest(held(image=[10, 20, 30], sensor=[10, 20, 30], depth=[10, 20]), IMAGE, DEPTH)
    assert found.stamp_ns == 20
    assert found.messages.keys() == {IMAGE, SENSOR, DEPTH}


def test_nothing_is_shown_before_everything_has_come():
    some = held(image=[10, 20], sensor=[10], depth=[10], uncertainty=[20])
    assert newest(some, IMAGE, DEPTH, UNCERTAINTY) is None
    assert newest(some, IMAGE).stamp_ns == 20


def test_the_sensor_is_the_nearest_within_the_tolerance_of_the_node():
    some = held(image=[100], sensor=[90, 98, 104])
    assert newest(some, IMAGE).messages[SENSOR].header.stamp.nanosec == 98
    assert newest(some, IMAGE, tolerance_ns=1).messages[SENSOR] is None
    # An offset is added to the stamps of the depth.
    assert newest(some, IMAGE, depth_offset_ns=10).messages[SENSOR].header.stamp.nanosec == 90


def test_an_image_is_found_by_its_stamp():
    assert newest(held(image=[10, 20, 30], sensor=[]), IMAGE, stamp_ns=20).stamp_ns == 20
    assert newest(held(image=[10, 30], sensor=[]), IMAGE, stamp_ns=20) is None


def test_what_arrived_last_is_newest_also_after_a_jump_back():
    assert newest(held(image=[500, 510, 10], depth=[500, 510, 10]), IMAGE, DEPTH).stamp_ns == 10


def test_large_messages_are_not_piled_up():
    found = Held()
    for number in range(10):
        found.add(IMAGE, message(number, MOST_BYTES // 4))
    assert newest(found, IMAGE, stamp_ns=5) is None
    assert newest(found, IMAGE, stamp_ns=6).stamp_ns == 6


def test_a_layer_that_nobody_looks_at_is_let_go_of():
    found = held(image=[10])
    found.clear(IMAGE)
    assert not found.has(IMAGE)
