# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The transforms on /tf and /tf_static, as tf2_ros keeps them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
import shlex
from typing import Any

from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.time import Time

from promptda_ros.core.geometry.transform import Transform, UnknownTransform
from promptda_ros.core.peer_text import shorten


@dataclass(frozen=True)
class _Tf:
    """The transforms received on /tf and /tf_static."""

    buffer: Any  # tf2_ros.Buffer
    listener: Any  # tf2_ros.TransformListener
    error: type[Exception]  # tf2_ros.TransformException


class TfTransforms:
    """Looks up transforms; subscribes to TF when one is first needed.

    For the worker, which waits here while the executor's thread receives what it waits for.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._tf: _Tf | None = None

    def listen(self) -> None:
        """Subscribe now rather than when a transform is first needed, where tf2_ros is there."""
        with suppress(ImportError):
            self._tf = self._tf or _listen(self._node)

    def lookup(self, target: str, source: str, stamp_ns: int, timeout_sec: float) -> Transform:
        """Return the transform that takes points of the source frame to the target frame.

        Static transforms hold at any stamp and are never waited for; tf2 keeps them, and notes
        when a calibration publishes them anew, as a copy here would not.

        Raises:
            UnknownTransform: TF has none for this moment and none arrives in time.
            BadTransform: it is no rigid transform.
        """
        try:
            tf = self._tf = self._tf or _listen(self._node)
        except ImportError as error:
            text = f'tf2_ros does not load ({shorten(str(error))})'
            raise UnknownTransform(text) from error
        try:
            found = tf.buffer.lookup_transform(
                target, source, Time(nanoseconds=stamp_ns), Duration(seconds=timeout_sec)
            )
        except tf.error as error:
            raise UnknownTransform(str(error)) from error
        move, turn = found.transform.translation, found.transform.rotation
        return Transform.of((move.x, move.y, move.z), (turn.x, turn.y, turn.z, turn.w))

    def advise(self, target: str, source: str) -> str:
        """Return how to publish the transform that was just looked up in vain."""
        if self._tf is None:
            return 'sudo apt install ros-$ROS_DISTRO-tf2-ros-py'
        names = [shlex.quote(shorten(name)) for name in (target, source)]
        return (
            'if the sensor is fixed to the camera, publish where it is: ros2 run tf2_ros '
            f'static_transform_publisher --frame-id {names[0]} --child-frame-id {names[1]} '
            '--x 0.05 (and so on)'
        )

    def clear(self) -> None:
        """Forget moving transforms, because stamps jumped back (a bag that loops)."""
        if self._tf is not None:
            self._tf.buffer.clear()

    def close(self) -> None:
        """Stop listening to TF."""
        if self._tf is not None:
            self._tf.listener.unregister()
            self._tf = None


def _listen(node: Node) -> _Tf:
    import tf2_ros  # only where it is needed: not every machine has it

    buffer = tf2_ros.Buffer()
    listener = tf2_ros.TransformListener(buffer, node)
    return _Tf(buffer, listener, tf2_ros.TransformException)
