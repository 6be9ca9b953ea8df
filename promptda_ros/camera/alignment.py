# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether depth is registered to its image already, and where its sensor is if it is not."""

from __future__ import annotations

from collections.abc import Callable

from promptda_ros.camera.calibration import Calibration
from promptda_ros.camera.extrinsics import BY_PARAMETERS, Extrinsics
from promptda_ros.core.frame import BadFrame
from promptda_ros.core.geometry.camera_info import is_ideal, same_camera
from promptda_ros.core.geometry.frame_ids import plain
from promptda_ros.core.geometry.transform import Transform
from promptda_ros.core.pairing.pairing import Pair
from promptda_ros.core.peer_text import shorten
from promptda_ros.core.runtime.log import SayOnce
from promptda_ros.core.settings.schema import Settings
from promptda_ros.messages.decoding import is_points
from promptda_ros.messages.sensor_message import SensorMessage

OR_REGISTERED = (
    'or use the aligned depth of the driver where it has such a topic (RealSense: '
    'align_depth.enable:=true), or set input.allow_frame_mismatch:=true if the depth is registered'
)
TAKEN_AS_REGISTERED = (
    f'the depth is taken as registered by its driver; if it is not, {BY_PARAMETERS}'
)
TAKEN_BY_TF = (
    'they are ideal, as those of any two simulated cameras, so that the depth is registered by '
    'TF; if it is registered already, set input.allow_frame_mismatch:=true'
)


class Alignment:
    """Decides for the pairs of one camera, from settings, frames, calibrations and TF."""

    def __init__(
        self,
        calibration: Calibration,
        depth_calibration: Calibration,
        extrinsics: Extrinsics,
        *,
        warn: Callable[[str], object],
    ) -> None:
        self._calibration = calibration
        self._depth_calibration = depth_calibration
        self.extrinsics = extrinsics
        self._say_once = SayOnce(warn)

    def clear(self) -> None:
        """Reset what was said once, as listening restarts."""
        self._say_once.forget()

    def camera_from_sensor(
        self, pair: Pair[SensorMessage], settings: Settings, *, same_size: bool
    ) -> Transform | None:
        """Return where the sensor is, or None for depth that is registered already.

        `same_size` tells whether the depth is an image of the size of the colour image.

        Raises:
            BadFrame: the transform or the calibration of a depth image is not known.
        """
        is_auto = settings.extrinsics.source == 'auto'
        if is_auto and pair.depth.header.frame_id == pair.image.header.frame_id:
            return None  # the usual camera
        frames = plain(pair.depth.header.frame_id), plain(pair.image.header.frame_id)
        if is_auto:
            if frames[0] == frames[1] or settings.input.allow_frame_mismatch:
                return None
            if same_size and self._is_aligned(pair):
                return None
            if not all(frames):
                raise _no_frame_id(*frames)
        if self._have_one_topic() and not is_points(pair.depth):
            raise _no_calibration_of_its_own(frames[0], self._calibration.topic, settings)
        try:
            return self.extrinsics.camera_from_sensor(
                *frames, pair.image_stamp_ns, settings.extrinsics
            )
        except BadFrame as error:
            raise BadFrame(error.reason, f'{error}; {OR_REGISTERED}') from error

    def _have_one_topic(self) -> bool:
        return self._calibration.topic == self._depth_calibration.topic

    def _is_aligned(self, pair: Pair[SensorMessage]) -> bool:
        """Return whether depth of another frame_id has exactly the image's calibration.

        Then the driver has registered it and left the frame of the sensor in its header. Simulated
        cameras are equal wherever they are: of them the frames tell, and TF. One topic for both,
        as the launch file finds beside image and depth, is equal to itself and tells nothing.
        """
        if self._have_one_topic():
            return False
        colour = self._calibration.message_at(pair.image_stamp_ns)
        sensor = self._depth_calibration.message_at(pair.depth_stamp_ns)
        if colour is None or sensor is None or not same_camera(colour, sensor):
            return False
        is_simulated = is_ideal(colour)
        self._say_once(
            'aligned',
            f"depth is of frame '{shorten(pair.depth.header.frame_id)}' and the image of "
            f"'{shorten(pair.image.header.frame_id)}', but camera_info and depth_camera_info are "
            f'equal: {TAKEN_BY_TF if is_simulated else TAKEN_AS_REGISTERED}',
        )
        return not is_simulated


def _no_frame_id(depth_frame: str, image_frame: str) -> BadFrame:
    bare, other = ('image', 'depth') if depth_frame else ('depth', 'image')
    return BadFrame(
        'no_frame_id',
        f'the {bare} has no frame_id while the {other} has '
        f"'{shorten(depth_frame or image_frame)}': it is not known whether the depth is "
        'registered to the image; set frame_id in the driver, or '
        f'input.allow_frame_mismatch:=true if it is registered, or {BY_PARAMETERS}',
    )


def _no_calibration_of_its_own(depth_frame: str, topic: str, settings: Settings) -> BadFrame:
    source = '' if settings.extrinsics.source == 'auto' else 'extrinsics.source:=auto and '
    return BadFrame(
        'no_depth_camera_info',
        f"depth of frame '{shorten(depth_frame)}' can't be registered to colour: its calibration "
        f'is not known, because camera_info and depth_camera_info are one topic, {topic}; '
        'remap depth_camera_info (in the launch file depth_camera_info_topic:=) to the '
        f'camera_info of the depth sensor, or set {source}input.allow_frame_mismatch:=true if the '
        'depth is registered',
    )
