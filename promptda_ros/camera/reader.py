# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A pair of messages in any transport -> the frame: one image and the depth registered to it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from promptda_ros.camera.alignment import Alignment
from promptda_ros.camera.attachments import Attachments, FrozenDepth, keep_confident, read_mask
from promptda_ros.camera.calibration import Calibration, ImageReference, Optics
from promptda_ros.camera.extrinsics import Extrinsics
from promptda_ros.core.frame import BadFrame, FloatImage, Frame, Mask
from promptda_ros.core.geometry.transform import IDENTITY, Transform
from promptda_ros.core.pairing.pairing import Pair
from promptda_ros.core.peer_text import shorten
from promptda_ros.core.prompt.disparity import DisparityWatch
from promptda_ros.core.registration import register_depth, register_points
from promptda_ros.core.runtime.log import SayOnce
from promptda_ros.core.settings.input import InputSettings
from promptda_ros.core.settings.schema import Settings
from promptda_ros.messages.decoding import is_points, read_any_depth, read_any_image
from promptda_ros.messages.point_clouds import read_points
from promptda_ros.messages.sensor_message import SensorMessage
from promptda_ros.messages.stamps import NANOSECONDS

CAN_NOT_REGISTER = "depth can't be registered to colour"


class PairReader:
    """Reads the pairs of one camera, with what was received beside them until then."""

    def __init__(
        self,
        *,
        calibration: Calibration,
        depth_calibration: Calibration,
        extrinsics: Extrinsics,
        device: torch.device,
        warn: Callable[[str], object],
        kept_ns: int = 0,
    ) -> None:
        """Take the device on which depth is registered, and how long confidence is kept."""
        self.calibration = calibration
        self.depth_calibration = depth_calibration
        self.confidence, self.masks = Attachments(kept_ns), Attachments(kept_ns)
        self.alignment = Alignment(calibration, depth_calibration, extrinsics, warn=warn)
        self._device = device
        self._frozen = FrozenDepth(warn)
        self._disparity = DisparityWatch()
        self._say_once = SayOnce(warn)

    def clear(self) -> None:
        """Forget everything, as listening restarts."""
        for each in (self.calibration, self.depth_calibration, self.confidence, self.masks):
            each.clear()
        self.alignment.clear()
        self._frozen.clear()
        self._disparity.clear()
        self._say_once.forget()

    def read(self, pair: Pair[SensorMessage], settings: Settings) -> Frame:
        """Return the frame of a pair.

        Raises:
            BadFrame: a message can't be read, or what is needed to register the depth is missing.
        """
        image = read_any_image(pair.image, settings.input)
        frame_id = pair.image.header.frame_id
        reference = ImageReference(pair.image_stamp_ns, frame_id, *image.shape[:2])
        optics = self.calibration.optics_of(reference, settings.input)
        self._frozen.check(pair.depth.data, pair.depth_stamp_ns)
        sensor_depth_m = self._read_sensor(pair, reference, optics, settings)
        mask, withheld = None, False
        if settings.input.mask != 'off':
            mask, withheld = self._read_mask(reference, settings.input)
        if optics is not None and optics.rectifier is not None:
            image = optics.rectifier.image(image)
            mask = _rectify_mask(mask, optics, reference)
        return Frame(
            stamp_ns=reference.stamp_ns,
            frame_id=frame_id,
            image=image,
            sensor_depth_m=sensor_depth_m,
            mask=mask,
            intrinsics=None if optics is None else optics.intrinsics,
            points_withheld=withheld,
            sensor_stamp_ns=pair.depth_stamp_ns,
        )

    # Depth

    def _read_sensor(
        self,
        pair: Pair[SensorMessage],
        reference: ImageReference,
        optics: Optics | None,
        settings: Settings,
    ) -> FloatImage:
        """Return depth in metres, registered to the image as it will be when it is rectified."""
        where = self.alignment.camera_from_sensor
        if is_points(pair.depth):
            camera_from_sensor = where(pair, settings, same_size=False)
            return self._register_points(pair.depth, optics, camera_from_sensor, settings)
        depth_m = read_any_depth(pair.depth, settings.input)
        if settings.trust.gate:
            self._disparity.check(depth_m, pair.depth_stamp_ns)
        if settings.input.min_confidence > 0:
            depth_m = keep_confident(depth_m, self._confidence_of(pair, settings), settings.input)
        is_same_size = depth_m.shape == (reference.height, reference.width)
        camera_from_sensor = where(pair, settings, same_size=is_same_size)
        if camera_from_sensor is not None:
            return self._register_depth(pair, depth_m, optics, camera_from_sensor, settings)
        # It has the pixels of the image, distorted as that is.
        if settings.input.depth_kind == 'ray':
            optics = self._require(optics, "distance along the ray can't be turned into depth")
            return optics.depth_of_rays(depth_m)
        return depth_m if optics is None else optics.depth_of_z(depth_m)

    def _register_points(
        self,
        message: SensorMessage,
        optics: Optics | None,
        camera_from_sensor: Transform | None,
        settings: Settings,
    ) -> FloatImage:
        if settings.input.min_confidence > 0:
            raise BadFrame(
                'confidence_points',
                'depth arrives as points, to whose confidence no image belongs; '
                'set input.min_confidence:=0',
            )
        return register_points(
            read_points(
                message,
                depth_scale=settings.input.depth_scale,
                max_points=settings.input.max_pixels,
            ),
            self._require(optics, CAN_NOT_REGISTER).intrinsics,
            camera_from_sensor or IDENTITY,
            max_long_side=settings.prompt.max_long_side,
            device=self._device,
        )

    def _register_depth(
        self,
        pair: Pair[SensorMessage],
        depth_m: FloatImage,
        optics: Optics | None,
        camera_from_sensor: Transform,
        settings: Settings,
    ) -> FloatImage:
        reference = ImageReference(pair.depth_stamp_ns, pair.depth.header.frame_id, *depth_m.shape)
        sensor = self.depth_calibration.optics_of(reference, settings.input)
        if sensor is None:
            raise BadFrame(
                'no_depth_camera_info',
                f"depth of frame '{shorten(reference.frame_id)}' can't be registered to colour: "
                f'{self.depth_calibration.problem}; remap depth_camera_info to the camera_info '
                'beside the depth topic',
            )
        is_ray = settings.input.depth_kind == 'ray'
        return register_depth(
            sensor.depth_of_rays(depth_m) if is_ray else sensor.depth_of_z(depth_m),
            sensor.intrinsics,
            self._require(optics, CAN_NOT_REGISTER).intrinsics,
            camera_from_sensor,
            max_long_side=settings.prompt.max_long_side,
            device=self._device,
        )

    def _require(self, optics: Optics | None, loss: str) -> Optics:
        if optics is not None:
            return optics
        raise BadFrame(
            'no_camera_info',
            f'{loss}: {self.calibration.problem}; remap camera_info to the one beside the image '
            'topic, or use depth that the driver has registered',
        )

    # What belongs to single pixels

    def _confidence_of(self, pair: Pair[SensorMessage], settings: Settings) -> SensorMessage:
        found = self.confidence.wait_for(
            pair.depth_stamp_ns,
            tolerance_ns=round(settings.sync.tolerance * NANOSECONDS),
            timeout_sec=settings.sync.wait,
        )
        if found is not None:
            return found
        raise BadFrame(
            'no_confidence',
            f'no confidence image within sync.tolerance {settings.sync.tolerance:g} s of the '
            'depth: what was measured well is not known; remap confidence to the topic of the '
            'sensor, or set input.min_confidence:=0',
        )

    def _read_mask(self, reference: ImageReference, settings: InputSettings) -> tuple[Mask, bool]:
        """Return the mask of the distorted image, and whether clouds are withheld for want of it.

        Then all points are masked too: what the mask hides may be the robot itself.
        """
        size = (reference.height, reference.width)
        try:
            return read_mask(self._mask_of(reference, settings), size, settings), False
        except BadFrame as error:
            self._say_once(error.reason, f'no point cloud: {error}')
            return np.ones(size, np.bool_), True

    def _mask_of(self, reference: ImageReference, settings: InputSettings) -> SensorMessage:
        distance_ns, message = self.masks.nearest(reference.stamp_ns)
        if message is None or distance_ns is None:
            text = 'no mask has arrived; remap mask to its topic, or set input.mask:=off'
            raise BadFrame('no_mask', text)
        if (distance_sec := distance_ns / NANOSECONDS) > settings.mask_max_age:
            raise BadFrame(
                'old_mask',
                f'the newest mask is {distance_sec:.2f} s from the image > input.mask_max_age '
                f'{settings.mask_max_age:g} s; check that it is published, with the stamp of the '
                'image it was made of',
            )
        return message


def _rectify_mask(mask: Mask | None, optics: Optics, reference: ImageReference) -> Mask | None:
    """Rectify a mask, and take out the pixels that the camera did not see."""
    assert optics.rectifier is not None
    uncovered = optics.rectifier.uncovered(reference.height, reference.width)
    if mask is None:
        return uncovered
    rectified = optics.rectifier.mask(mask)
    return rectified if uncovered is None else rectified | uncovered
