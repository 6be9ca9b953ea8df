# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where the sensor is, seen from the camera: from parameters, from equal frames, or from TF."""

from __future__ import annotations

from dataclasses import dataclass
import shlex
from typing import Any

from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.time import Time

from promptda_ros.core.frame import BadFrame
from promptda_ros.core.geometry.frame_ids import plain, same_frame
from promptda_ros.core.geometry.transform import BadTransform, Transform
from promptda_ros.core.peer_text import shorten
from promptda_ros.core.settings.input import ExtrinsicsSettings

BY_PARAMETERS = (
    'set extrinsics.source:=parameters with extrinsics.translation and extrinsics.rotation'
)


@dataclass(frozen=True)
class _Tf:
    """The transforms received on /tf and /tf_static."""

    buffer: Any  # tf2_ros.Buffer
    listener: Any  # tf2_ros.TransformListener
    error: type[Exception]  # tf2_ros.TransformException


class Extrinsics:
    """Looks up transforms; subscribes to TF when one is first needed from there.

    For the worker, which waits here while the executor's thread receives what it waits for.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._tf: _Tf | None = None

    def camera_from_sensor(
        self, sensor_frame: str, camera_frame: str, stamp_ns: int, settings: ExtrinsicsSettings
    ) -> Transform | None:
        """Return the sensor's pose in the camera's frame, or None for registered depth.

        Raises:
            BadFrame: the transform is not known.
        """
        if settings.source == 'parameters':
            return Transform.of(settings.translation, settings.rotation)
        if same_frame(sensor_frame, camera_frame):
            return None
        return self.lookup(camera_frame, sensor_frame, stamp_ns, settings.timeout)

    def lookup(self, target: str, source: str, stamp_ns: int, timeout_sec: float) -> Transform:
        """Return the transform that takes points of the source frame to the target frame.

        Static transforms hold at any stamp and are never waited for; tf2 keeps them, and notes
        when a calibration publishes them anew, as a copy here would not.

        Raises:
            BadFrame: TF has none for this moment and none arrives in time.
        """
        target, source = plain(target), plain(source)
        try:
            tf = self._tf = self._tf or _listen(self._node)
        except ImportError as error:
            raise BadFrame(
                'no_transform',
                f"no transform from '{shorten(source)}' to '{shorten(target)}': tf2_ros does not "
                f'load ({shorten(str(error))}); sudo apt install ros-$ROS_DISTRO-tf2-ros-py, or '
                f'{BY_PARAMETERS}',
            ) from error
        try:
            found = tf.buffer.lookup_transform(
                target, source, Time(nanoseconds=stamp_ns), Duration(seconds=timeout_sec)
            )
            move, turn = found.transform.translation, found.transform.rotation
            return Transform.of((move.x, move.y, move.z), (turn.x, turn.y, turn.z, turn.w))
        except (tf.error, BadTransform) as error:
            raise _no_transform(target, source, error) from error

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


def _no_transform(target: str, source: str, error: Exception) -> BadFrame:
    target, source = shorten(target), shorten(source)
    if target and source:
        names = f'--frame-id {shlex.quote(target)} --child-frame-id {shlex.quote(source)}'
        fix = (
            'if the sensor is fixed to the camera, publish where it is: ros2 run tf2_ros '
            f'static_transform_publisher {names} --x 0.05 (and so on)'
        )
    else:
        fix = 'TF needs a name for both: set frame_id in the driver that sends none'
    return BadFrame(
        'no_transform',
        f"no transform from '{source}' to '{target}' at the image's stamp: "
        f'{shorten(str(error))}; {fix}, or {BY_PARAMETERS}',
    )
