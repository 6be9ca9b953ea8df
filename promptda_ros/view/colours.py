# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Colours of depth, uncertainty and validity, the same on tiles and in clouds."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from promptda_ros.core.frame import ByteImage, FloatImage
from promptda_ros.core.picture import colourise
from promptda_ros.core.restore.trust import Validity
from promptda_ros.view.moment import Moment

PERCENTILES = (1.0, 50.0, 99.0)
# A scale that moved with every frame would make a still scene flicker.
LARGEST_CHANGE = 0.1
UNCERTAINTY_M = 0.05  # what is shown as the worst
PICTURE, BY_DEPTH, BY_UNCERTAINTY, BY_VALIDITY = COLOURINGS = (
    'picture', 'depth', 'uncertainty', 'validity',
)  # fmt: skip
VALIDITY_COLOURS = {
    Validity.REMOVED: (0, 0, 0),
    Validity.OUTSIDE_RANGE: (110, 60, 20),
    Validity.PREDICTED: (230, 150, 30),
    Validity.FILLED: (70, 130, 230),
    Validity.MEASURED: (60, 180, 90),
    Validity.BEYOND_RANGE: (70, 70, 90),
    Validity.NEARER_THAN_RANGE: (200, 40, 60),
}
_TABLE = np.array([VALIDITY_COLOURS[code] for code in Validity], np.uint8)


@dataclass(frozen=True)
class Scale:
    """The depth that the ends of the colours stand for, on every tile and in every cloud."""

    near_m: float = 0.3
    far_m: float = 3.0
    middle_m: float = 0.0  # the depth that half of the pixels are nearer than; 0: not known yet

    def follow(self, moment: Moment) -> Scale:
        """Return the scale for another moment; small changes are not followed."""
        layers = (moment.frame.sensor_depth_m, moment.depth_m)
        known = [each[np.isfinite(each)] for each in layers if each is not None]
        values_m = np.concatenate([each[:: max(1, each.size // 5000)] for each in known])
        if not values_m.size:
            return self
        near_m, middle_m, far_m = (float(each) for each in np.percentile(values_m, PERCENTILES))
        slack_m = LARGEST_CHANGE * (self.far_m - self.near_m)
        is_near = max(abs(near_m - self.near_m), abs(far_m - self.far_m)) < slack_m
        if is_near and abs(middle_m - self.middle_m) < slack_m:
            return self
        return Scale(near_m, max(far_m, near_m + 0.01), middle_m)

    def colours(self, depth_m: FloatImage) -> ByteImage:
        """Return RGB (H, W, 3); unknown depth is black."""
        return colourise(depth_m, near_m=self.near_m, far_m=self.far_m)


def uncertainty_colours(uncertainty_m: FloatImage) -> ByteImage:
    """Return RGB (H, W, 3): blue is certain, red uncertain."""
    return colourise(UNCERTAINTY_M - uncertainty_m, near_m=0.0, far_m=UNCERTAINTY_M)


def validity_colours(codes: ByteImage) -> ByteImage:
    """Return RGB (H, W, 3) of codes; those that are not known are black."""
    known = np.minimum(codes, len(_TABLE) - 1)
    return np.where((codes < len(_TABLE))[..., None], _TABLE[known], np.uint8(0))


def cloud_colours(moment: Moment, layer_m: FloatImage, scale: Scale, colouring: str) -> ByteImage:
    """Return RGB (h, w, 3) for depth (h, w): of the picture where a layer is missing."""
    size = layer_m.shape[1], layer_m.shape[0]
    if colouring == BY_DEPTH:
        return scale.colours(layer_m)
    if colouring == BY_UNCERTAINTY and moment.uncertainty_m is not None:
        nearest_m = cv2.resize(moment.uncertainty_m, size, interpolation=cv2.INTER_NEAREST)
        return uncertainty_colours(nearest_m)
    if colouring == BY_VALIDITY and moment.validity is not None:
        return validity_colours(cv2.resize(moment.validity, size, interpolation=cv2.INTER_NEAREST))
    picture: ByteImage = cv2.resize(moment.frame.image, size, interpolation=cv2.INTER_AREA)
    return picture
