# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where the sensor is, seen from the camera: from parameters, from equal frames, or from TF."""

from __future__ import annotations

from typing import Protocol

from promptda_ros.core.frame import BadFrame
from promptda_ros.core.geometry.frame_ids import plain, same_frame
from promptda_ros.core.geometry.transform import BadTransform, Transform, UnknownTransform
from promptda_ros.core.peer_text import SENTENCE_CHARACTERS, shorten
from promptda_ros.core.settings.input import ExtrinsicsSettings

BY_PARAMETERS = (
    'set extrinsics.source:=parameters with extrinsics.translation and extrinsics.rotation'
)


class Transforms(Protocol):
    """What is known of /tf and /tf_static: received by a node, or recorded."""

    def lookup(self, target: str, source: str, stamp_ns: int, timeout_sec: float) -> Transform:
        """Return the transform that takes points of the source frame to the target frame.

        Raises:
            UnknownTransform: there is none for this moment, and none arrives in time.
            BadTransform: it is no rigid transform.
        """

    def advise(self, target: str, source: str) -> str:
        """Return what to do about the transform that was just looked up in vain."""

    def clear(self) -> None:
        """Forget moving transforms, because stamps jumped back."""


class Extrinsics:
    """Finds where sensors and frames are, for the worker, which may wait here."""

    def __init__(self, transforms: Transforms) -> None:
        self._transforms = transforms

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

        Raises:
            BadFrame: there is none for this moment and none arrives in time.
        """
        target, source = plain(target), plain(source)
        try:
            return self._transforms.lookup(target, source, stamp_ns, timeout_sec)
        except (UnknownTransform, BadTransform) as error:
            if target and source:
                fix = self._transforms.advise(target, source)
            else:
                fix = 'TF needs a name for both: set frame_id in the driver that sends none'
            raise BadFrame(
                'no_transform',
                f"no transform from '{shorten(source)}' to '{shorten(target)}' at the image's "
                f'stamp: {shorten(str(error), SENTENCE_CHARACTERS)}; {fix}, or {BY_PARAMETERS}',
            ) from error

    def clear(self) -> None:
        """Forget moving transforms, because stamps jumped back (a bag that loops)."""
        self._transforms.clear()
