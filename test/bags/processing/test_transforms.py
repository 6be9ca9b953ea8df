# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Recorded /tf and /tf_static as the transforms of the pipeline."""

from __future__ import annotations

from typing import Any

import pytest
from rosbags.typesys import get_typestore, Stores

from promptda_ros.bags.processing.transforms import RecordedTransforms
from promptda_ros.camera.extrinsics import Extrinsics
from promptda_ros.core.frame import BadFrame
from promptda_ros.core.geometry.transform import UnknownTransform

STORE = get_typestore(Stores.ROS2_JAZZY)
SECOND = 1_000_000_000


def message_of(parent: str, child: str, stamp_ns: int, x_m: float, w: float = 1.0) -> Any:
    made = {name.rsplit('/', 1)[1]: STORE.types[name] for name in STORE.types}
    stamp = made['Time'](*divmod(stamp_ns, SECOND))
    transform = made['Transform'](made['Vector3'](x_m, 0, 0), made['Quaternion'](0, 0, 0, w))
    header = made['Header'](stamp, parent)
    return made['TFMessage']([made['TransformStamped'](header, child, transform)])


def x_of(transforms: RecordedTransforms, stamp_ns: int = SECOND) -> float:
    return float(transforms.lookup('colour', 'depth', stamp_ns, 0.0).translation_m[0])


def test_a_moving_frame_is_where_it_was_between_two_messages():
    transforms = RecordedTransforms(pytest.fail)
    for stamp_ns, x_m in [(SECOND, 1.0), (2 * SECOND, 2.0)]:
        transforms.take(message_of('colour', 'depth', stamp_ns, x_m), static=False)
    assert x_of(transforms, 1_250_000_000) == 1.25


def test_a_calibration_that_is_published_anew_holds_from_its_place_in_the_recording():
    first, second = (message_of('colour', 'depth', 0, x_m) for x_m in (1.0, 2.0))
    transforms = RecordedTransforms(pytest.fail)
    transforms.begin_with([first, second])
    assert x_of(transforms) == 1.0
    transforms.take(first, static=True)
    assert x_of(transforms) == 1.0
    transforms.take(second, static=True)
    assert x_of(transforms) == 2.0


def test_a_jump_of_time_leaves_what_is_fixed():
    transforms = RecordedTransforms(pytest.fail)
    transforms.begin_with([message_of('colour', 'depth', 0, 1.0)])
    transforms.take(message_of('map', 'colour', SECOND, 1.0), static=False)
    transforms.clear()
    assert x_of(transforms) == 1.0
    with pytest.raises(UnknownTransform, match='stamps jumped back'):
        transforms.lookup('map', 'depth', SECOND, 0.0)


@pytest.mark.parametrize('back_sec', [3, 100])
def test_what_was_read_ahead_after_a_jump_is_not_forgotten_with_what_was_before(back_sec):
    transforms = RecordedTransforms(print)
    for lap, begin_ns in enumerate((200 * SECOND, (200 - back_sec) * SECOND)):
        for number in range(5):
            message = message_of('colour', 'depth', begin_ns + number * SECOND // 10, 1.0 + lap)
            transforms.take(message, static=False)
    for _ in range(2):  # once for each camera
        transforms.clear()
        assert x_of(transforms, begin_ns + SECOND // 4) == 2.0
    with pytest.raises(UnknownTransform):
        x_of(transforms, 200 * SECOND + SECOND // 4)


def test_two_publishers_of_one_frame_of_which_one_is_late_are_no_jump():
    """A camera whose stamps jump back finds nothing of before, as in the node."""
    transforms = RecordedTransforms(print)
    for stamp_sec in (100, 97, 101, 102):
        transforms.take(message_of('colour', 'depth', stamp_sec * SECOND, 1.0), static=False)
    transforms.clear()
    with pytest.raises(UnknownTransform):
        x_of(transforms, 101 * SECOND)


def test_what_was_read_since_a_jump_is_not_kept_for_ever():
    transforms = RecordedTransforms(print)
    for stamp_sec in (100, *range(50, 70)):
        transforms.take(message_of('colour', 'depth', stamp_sec * SECOND, 1.0), static=False)
    transforms.clear()
    with pytest.raises(UnknownTransform):
        x_of(transforms, 60 * SECOND)


def test_a_transform_that_is_none_is_ignored_and_logged():
    """A driver that is not ready sends a quaternion of zeros."""
    said: list[str] = []
    transforms = RecordedTransforms(said.append)
    transforms.begin_with([message_of('colour', 'depth', 0, 1.0)])
    transforms.take(message_of('colour', 'depth', 0, 2.0, w=0.0), static=True)
    assert x_of(transforms) == 1.0
    assert len(said) == 1
    assert "/tf: transform of 'depth' in 'colour' at 0.000000 s ignored: quat" in said[0]


def test_a_pair_without_transform_is_dropped_with_the_stamps_that_are_known():
    transforms = RecordedTransforms(pytest.fail)
    transforms.take(message_of('colour', 'depth', SECOND, 1.0), static=False)
    with pytest.raises(BadFrame) as dropped:
        Extrinsics(transforms).lookup('colour', 'depth', 1_700_000_000 * SECOND, 0.0)
    assert dropped.value.reason == 'no_transform'
    assert 'known at 1.000000 s only, not at 1700000000.000000 s; rec' in str(dropped.value)
    assert "record /tf and /tf_static with a transform between 'colour' and 'depth'" in str(
        dropped.value
    )
