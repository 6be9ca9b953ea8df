# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Extrinsics by TF: with tf2_ros where it is installed, else with a fake of it."""

from __future__ import annotations

from collections.abc import Iterator
import importlib.util
import sys
import threading
import time
from types import ModuleType, SimpleNamespace

from geometry_msgs.msg import TransformStamped
import numpy as np
import pytest
import rclpy
from rclpy.context import Context
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.time import Time

from promptda_ros.camera.extrinsics import Extrinsics
from promptda_ros.core.frame import BadFrame
from promptda_ros.core.geometry.transform import UnknownTransform
from promptda_ros.core.settings.input import ExtrinsicsSettings
from promptda_ros.node.transforms import TfTransforms

CAMERA, SENSOR = 'camera_color_optical_frame', 'camera_depth_optical_frame'
STAMP_NS = 1_700_000_000_000_000_000
AUTO = ExtrinsicsSettings(timeout=0.05)
PATIENT = ExtrinsicsSettings(timeout=5.0)
WITHOUT_TF = importlib.util.find_spec('tf2_ros') is None


class FakeTransformException(Exception):
    """Stands for tf2_ros.TransformException, the base of all that its lookups raise."""


class FakeBuffer:
    """Stands for tf2_ros.Buffer: one pair of frames, fixed or known until some stamp."""

    def __init__(self) -> None:
        self._fixed: dict[tuple[str, str], TransformStamped] = {}
        self._moving: dict[tuple[str, str], TransformStamped] = {}

    def set_transform_static(self, transform: TransformStamped, authority: str) -> None:
        self._fixed[transform.header.frame_id, transform.child_frame_id] = transform

    def set_transform(self, transform: TransformStamped, authority: str) -> None:
        self._moving[transform.header.frame_id, transform.child_frame_id] = transform

    def clear(self) -> None:
        self._moving.clear()

    def lookup_transform(
        self, target_frame: str, source_frame: str, time: Time, timeout: Duration
    ) -> TransformStamped:
        wait_until_ns = monotonic_ns() + timeout.nanoseconds
        while True:
            try:
                return self._lookup(target_frame, source_frame, time)
            except FakeTransformException:
                if monotonic_ns() >= wait_until_ns:
                    raise
            sleep_like_tf2()

    def _lookup(self, target: str, source: str, time: Time) -> TransformStamped:
        if (target, source) in self._fixed:
            return self._fixed[target, source]
        moving = self._moving.get((target, source))
        if moving is None:
            raise FakeTransformException(f'"{source}" passed to lookupTransform does not exist')
        if Time.from_msg(moving.header.stamp).nanoseconds < time.nanoseconds:
            raise FakeTransformException('Lookup would require extrapolation into the future')
        return moving


class FakeListener:
    """Stands for tf2_ros.TransformListener."""

    def __init__(self, buffer: FakeBuffer, node: Node) -> None:
        self.buffer, self.node, self.listening = buffer, node, True

    def unregister(self) -> None:
        self.listening = False


def monotonic_ns() -> int:
    return time.monotonic_ns()


def sleep_like_tf2() -> None:
    time.sleep(0.001)


@pytest.fixture
def node() -> Iterator[Node]:
    context = Context()
    rclpy.init(context=context)
    node = rclpy.create_node('extrinsics', context=context)
    yield node
    node.destroy_node()
    rclpy.shutdown(context=context)


@pytest.fixture
def tf(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Put a fake in the place of tf2_ros, and hold what was made of it."""
    made = SimpleNamespace(listeners=[])

    def listen(buffer: FakeBuffer, node: Node) -> FakeListener:
        made.listeners.append(FakeListener(buffer, node))
        return made.listeners[-1]

    module = ModuleType('tf2_ros')
    module.Buffer, module.TransformListener = FakeBuffer, listen
    module.TransformException = FakeTransformException
    monkeypatch.setitem(sys.modules, 'tf2_ros', module)
    return made


def extrinsics_of(node: Node) -> Extrinsics:
    return Extrinsics(TfTransforms(node))


def transform_at(stamp_ns: int, x: float = 0.05) -> TransformStamped:
    transform = TransformStamped(child_frame_id=SENSOR)
    transform.header.frame_id, transform.header.stamp = CAMERA, Time(nanoseconds=stamp_ns).to_msg()
    transform.transform.translation.x = x
    transform.transform.rotation.w = 1.0
    return transform


def test_a_slash_before_a_frame_is_no_part_of_its_name(node, tf):
    """K17: tf2 refuses such names, in lookups and in what a user is told to publish."""
    extrinsics = extrinsics_of(node)
    assert extrinsics.camera_from_sensor(f'/{CAMERA}', CAMERA, STAMP_NS, AUTO) is None
    with pytest.raises(BadFrame) as dropped:
        extrinsics.camera_from_sensor(f'/{SENSOR}', f'/{CAMERA}', STAMP_NS, AUTO)
    assert f'--frame-id {CAMERA} --child-frame-id {SENSOR} ' in str(dropped.value)
    tf.listeners[0].buffer.set_transform_static(transform_at(0), 'test')
    found = extrinsics.camera_from_sensor(f'/{SENSOR}', f'/{CAMERA}', STAMP_NS, AUTO)
    np.testing.assert_allclose(found.translation_m, [0.05, 0.0, 0.0])


def test_a_missing_transform_drops_the_frame_and_says_how_to_publish_it(node, tf):
    """D12: never identity."""
    with pytest.raises(BadFrame, match=f"no transform from '{SENSOR}' to '{CAMERA}'") as dropped:
        extrinsics_of(node).camera_from_sensor(SENSOR, CAMERA, STAMP_NS, AUTO)
    assert dropped.value.reason == 'no_transform'
    command = f'static_transform_publisher --frame-id {CAMERA} --child-frame-id {SENSOR}'
    assert command in str(dropped.value)
    assert 'extrinsics.source:=parameters' in str(dropped.value)


@pytest.mark.skipif(not WITHOUT_TF, reason='tf2_ros is installed')
def test_without_tf2_ros_the_frame_is_dropped_with_what_to_install(node):
    with pytest.raises(BadFrame, match=r'sudo apt install ros-.*-tf2-ros-py') as dropped:
        extrinsics_of(node).camera_from_sensor(SENSOR, CAMERA, STAMP_NS, AUTO)
    assert dropped.value.reason == 'no_transform'
    assert 'extrinsics.source:=parameters' in str(dropped.value)


def test_a_fixed_transform_holds_at_any_stamp_and_is_replaced_when_published_anew(node, tf):
    extrinsics = extrinsics_of(node)
    with pytest.raises(BadFrame):
        extrinsics.camera_from_sensor(SENSOR, CAMERA, STAMP_NS, AUTO)
    for x in (0.05, 0.06):
        tf.listeners[0].buffer.set_transform_static(transform_at(0, x), 'test')
        transform = extrinsics.camera_from_sensor(SENSOR, CAMERA, STAMP_NS, AUTO)
        np.testing.assert_allclose(transform.translation_m, [x, 0.0, 0.0])
    assert len(tf.listeners) == 1


def test_a_moving_transform_is_waited_for_until_it_is_known_at_the_stamp(node, tf):
    extrinsics = extrinsics_of(node)
    with pytest.raises(BadFrame):
        extrinsics.camera_from_sensor(SENSOR, CAMERA, STAMP_NS, AUTO)
    buffer = tf.listeners[0].buffer
    buffer.set_transform(transform_at(STAMP_NS - 1), 'test')
    with pytest.raises(BadFrame, match='extrapolation into the future'):
        extrinsics.camera_from_sensor(SENSOR, CAMERA, STAMP_NS, AUTO)
    receive = threading.Timer(0.02, buffer.set_transform, (transform_at(STAMP_NS), 'test'))
    receive.start()
    transform = extrinsics.camera_from_sensor(SENSOR, CAMERA, STAMP_NS, PATIENT)
    receive.join()
    np.testing.assert_allclose(transform.translation_m, [0.05, 0.0, 0.0])


@pytest.mark.setting('extrinsics.timeout')
def test_tf_is_waited_for_as_long_as_set(node, tf, monkeypatch):
    waits_ns = []

    def refuse(buffer, target, source, time, timeout):
        waits_ns.append(timeout.nanoseconds)
        raise FakeTransformException('unknown')

    monkeypatch.setattr(FakeBuffer, 'lookup_transform', refuse)
    with pytest.raises(BadFrame):
        extrinsics_of(node).camera_from_sensor(SENSOR, CAMERA, STAMP_NS, PATIENT)
    assert waits_ns == [5_000_000_000]


def test_when_stamps_jump_back_only_fixed_transforms_stay(node, tf):
    extrinsics = extrinsics_of(node)
    with pytest.raises(BadFrame):
        extrinsics.lookup(CAMERA, SENSOR, STAMP_NS, 0.0)
    buffer = tf.listeners[0].buffer
    buffer.set_transform(transform_at(STAMP_NS), 'test')
    extrinsics.clear()
    with pytest.raises(BadFrame):
        extrinsics.lookup(CAMERA, SENSOR, STAMP_NS, 0.0)
    buffer.set_transform_static(transform_at(0), 'test')
    extrinsics.clear()
    extrinsics.lookup(CAMERA, SENSOR, STAMP_NS, 0.0)


def test_frames_named_at_length_do_not_flood_the_log(node, tf):
    """C2: the text is cut."""
    with pytest.raises(BadFrame) as dropped:
        extrinsics_of(node).camera_from_sensor('x' * 100_000, CAMERA, STAMP_NS, AUTO)
    assert len(str(dropped.value)) < 1000


def test_a_transform_without_rotation_drops_the_frame(node, tf):
    extrinsics = extrinsics_of(node)
    with pytest.raises(BadFrame):
        extrinsics.lookup(CAMERA, SENSOR, STAMP_NS, 0.0)
    broken = transform_at(0)
    broken.transform.rotation.w = 0.0
    tf.listeners[0].buffer.set_transform_static(broken, 'test')
    with pytest.raises(BadFrame, match='is no rotation'):
        extrinsics.lookup(CAMERA, SENSOR, STAMP_NS, 0.0)


def test_closing_ends_listening(node, tf):
    transforms = TfTransforms(node)
    with pytest.raises(UnknownTransform):
        transforms.lookup(CAMERA, SENSOR, STAMP_NS, 0.0)
    transforms.close()
    assert not tf.listeners[0].listening
    transforms.close()


@pytest.mark.skipif(WITHOUT_TF, reason='needs tf2_ros')
def test_tf2_ros_itself_gives_fixed_transforms(node, monkeypatch):
    import tf2_ros

    buffers, new_buffer = [], tf2_ros.Buffer
    monkeypatch.setattr(tf2_ros, 'Buffer', lambda: buffers.append(new_buffer()) or buffers[-1])
    transforms = TfTransforms(node)
    extrinsics = Extrinsics(transforms)
    with pytest.raises(BadFrame):
        extrinsics.camera_from_sensor(SENSOR, CAMERA, STAMP_NS, AUTO)
    (buffer,) = buffers
    buffer.set_transform_static(transform_at(0), 'test')
    transform = extrinsics.camera_from_sensor(SENSOR, CAMERA, STAMP_NS, AUTO)
    np.testing.assert_allclose(transform.translation_m, [0.05, 0.0, 0.0])
    extrinsics.clear()
    extrinsics.lookup(CAMERA, SENSOR, STAMP_NS, 0.0)
    transforms.close()
