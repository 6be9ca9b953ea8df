# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""camera_info -> intrinsics of an image: the one reading in which it does not contradict itself.

Takes anything with the fields of sensor_msgs/CameraInfo. Drivers leave fields empty, and some that
bin pixels or cut a region out publish a K that is of the binned pixels or of the region already.
The principal point tells: it lies near the middle of every image sensor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Protocol

import numpy as np

from promptda_ros.core.frame import Intrinsics
from promptda_ros.core.geometry import camera
from promptda_ros.core.geometry.aspect import same_aspect
from promptda_ros.core.geometry.camera import BadIntrinsics
from promptda_ros.core.geometry.sensor_window import SensorWindow
from promptda_ros.core.geometry.transform import BadTransform, nearest_rotation

CALIBRATE = 'calibrate it: ros2 run camera_calibration cameracalibrator'
# fx, fy, cx, cy of a matrix that nobody filled in: zeros, or the identity.
EMPTY = ((0.0, 0.0, 0.0, 0.0), (1.0, 1.0, 0.0, 0.0))
STRAIGHT = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
# Share of the image by which the principal point of a sensor lies off its middle at the most,
# unless nothing else explains it.
OFF_MIDDLE = 0.15
FAR_OFF_MIDDLE = 0.2  # where K is suspected to be of another size; crops in software may be so
# Rectifying keeps roughly the focal length; without distortion it keeps it.
MOST_ZOOM = 4.0
MOST_ZOOM_UNDISTORTED = 1.25
IDEAL_TOLERANCE = 1e-3  # simulators round focal lengths


class CameraInfo(Protocol):
    """The fields of sensor_msgs/CameraInfo; matrices row by row."""

    width: int
    height: int
    distortion_model: str
    d: Sequence[float]
    k: Sequence[float]
    r: Sequence[float]
    p: Sequence[float]
    binning_x: int
    binning_y: int
    roi: Any


_Step = tuple[tuple[int, int], tuple[int, int]]  # pixels joined, pixels cut off: (x, y) each
NO_STEP = ((1, 1), (0, 0))


@dataclass(frozen=True)
class CameraReading:
    """What a camera_info says of one image."""

    intrinsics: Intrinsics
    odd: str = ''  # in what it contradicts itself, and how it was taken


def read_camera_info(
    info: CameraInfo, *, height: int, width: int, rectified: bool, rescale: bool = False
) -> CameraReading:
    """Return the intrinsics of an image of the given size.

    `rectified` takes P, which belongs to rectified images, instead of K. Binning and the region
    of interest are applied as sensor_msgs/CameraInfo defines them, unless K is of the image
    already. `rescale` takes a camera_info of another size if its aspect ratio is the image's.

    Raises:
        BadIntrinsics: the camera is not calibrated, the message contradicts itself, or its size
            is not that of the image.
    """
    window = SensorWindow.of(info, height, width)
    window.require()
    if rescale and not window.is_whole and (window.width, window.height) == (width, height):
        odd = f'{window} and its image is {width}x{height}: K is taken for the pixels of the image'
        whole = replace(window, left=0, top=0, columns=width, rows=height, across=1, down=1)
        return replace(_of_sensor(info, whole, rectified=rectified), odd=odd)
    sensor = _of_sensor(info, window, rectified=rectified)
    found = window.apply(sensor.intrinsics)
    if (found.width, found.height) == (width, height):
        return replace(sensor, intrinsics=found)
    if rescale and same_aspect((found.height, found.width), (height, width)):
        return replace(sensor, intrinsics=camera.resize(found, width=width, height=height))
    raise _of_another_size(window, width, height)


def is_distorted(info: CameraInfo) -> bool:
    """Return whether the camera's lens distorts raw images."""
    return any(coefficient != 0.0 for coefficient in info.d)


def rotation_of(info: CameraInfo) -> tuple[float, ...]:
    """Return R (9,) row by row: P belongs to a camera that it has turned.

    Raises:
        BadIntrinsics: R is no rotation.
    """
    if not any(info.r) or _values(info.p, 4) in EMPTY:
        return STRAIGHT
    try:
        rotation = nearest_rotation(np.reshape(np.asarray(info.r, np.float64), (3, 3)))
    except BadTransform as error:
        raise BadIntrinsics(
            f'camera_info has an R that would scale or bend depth: {error}; {CALIBRATE}'
        ) from error
    return tuple(rotation.ravel().tolist())


def same_camera(one: CameraInfo, other: CameraInfo) -> bool:
    """Return whether two calibrated camera_info are equal to the last bit, but for their headers.

    Two real cameras never are; depth that a driver aligned to colour has the calibration of
    colour. P tells the two cameras of a rectified stereo pair apart.
    """
    return _values(one.k, 3) not in EMPTY and numbers_of(one) == numbers_of(other)


def is_ideal(info: CameraInfo) -> bool:
    """Return whether K was made up, as in simulation: no real lens is centred to the pixel."""
    fx, fy, cx, cy = _values(info.k, 3)
    off_px = max(abs(cx - (info.width - 1) / 2), abs(cy - (info.height - 1) / 2))
    return off_px <= 1.0 and abs(fx - fy) <= IDEAL_TOLERANCE * fx


def numbers_of(info: CameraInfo) -> tuple[tuple[float, ...], ...]:
    """Return all numbers of a camera_info, its matrices first."""
    size = (info.width, info.height, info.binning_x, info.binning_y)
    roi = (info.roi.x_offset, info.roi.y_offset, info.roi.width, info.roi.height)
    return *(tuple(each) for each in (info.k, info.p, info.r, info.d)), size, roi


def _of_sensor(info: CameraInfo, window: SensorWindow, *, rectified: bool) -> CameraReading:
    """Return checked intrinsics of the whole image sensor, and what was odd."""
    given_k, given_p = _values(info.k, 3), _values(info.p, 4)
    has_k, has_p = given_k not in EMPTY, given_p not in EMPTY
    k, p = (Intrinsics(window.width, window.height, *given) for given in (given_k, given_p))
    step, odd = _step_to_sensor(k if has_k else p, window)
    if step != NO_STEP:
        k, p = _enlarge(k, *step), _enlarge(p, *step)
    if has_k and has_p:
        _require_agreement(k, p, info, uses_p=rectified)
    if has_p and rectified:
        name, chosen = 'P', p
    elif has_p and not has_k and not is_distorted(info):
        name, chosen = 'P', p
        odd = odd or 'K is empty, P is not: P is taken, since there is no distortion'
    else:
        name, chosen = 'K', k
    return CameraReading(_check(name, chosen), odd or _far_off_middle(name, chosen))


def _values(matrix: Sequence[float], columns: int) -> tuple[float, ...]:
    """Return fx, fy, cx, cy of K (3 columns) or P (4)."""
    return tuple(float(matrix[at]) for at in (0, columns + 1, 2, columns + 2))


def _check(name: str, intrinsics: Intrinsics) -> Intrinsics:
    try:
        return camera.check(intrinsics)
    except BadIntrinsics as error:
        what = 'camera_info describes no camera' if intrinsics.fx > 0 else 'camera is uncalibrated'
        raise BadIntrinsics(
            f'{what} ({name}[0]={intrinsics.fx:g}): {error}; {CALIBRATE}'
        ) from error


def _step_to_sensor(anchor: Intrinsics, window: SensorWindow) -> tuple[_Step, str]:
    """Return which binning and which offset a matrix has already, and what is odd about it."""
    if _off_middle(anchor) <= OFF_MIDDLE:
        return NO_STEP, ''
    steps = product({(1, 1), (window.across, window.down)}, {(0, 0), (window.left, window.top)})
    found = [step for step in steps if _off_middle(_enlarge(anchor, *step)) <= OFF_MIDDLE]
    if len(found) != 1:
        return NO_STEP, ''
    odd = (
        f'{window}, but the principal point ({anchor.cx:g}, {anchor.cy:g}) is not near the middle '
        'of that: K is taken for the pixels of the image as they arrive'
    )
    return found[0], odd


def _far_off_middle(name: str, intrinsics: Intrinsics) -> str:
    """Say that a matrix may be of another size than its image."""
    if _off_middle(intrinsics) <= FAR_OFF_MIDDLE:
        return ''
    return (
        f'principal point ({intrinsics.cx:g}, {intrinsics.cy:g}) of {name} lies far off the '
        f'middle of {intrinsics.width}x{intrinsics.height}: if {name} is of another size, points '
        f'are too wide or too narrow; {CALIBRATE}'
    )


def _enlarge(intrinsics: Intrinsics, joined: tuple[int, int], cut: tuple[int, int]) -> Intrinsics:
    """Undo binning and then the region of interest, but for the size."""
    (across, down), (left, top) = joined, cut
    return replace(
        intrinsics,
        fx=intrinsics.fx * across,
        fy=intrinsics.fy * down,
        cx=intrinsics.cx * across + left,
        cy=intrinsics.cy * down + top,
    )


def _off_middle(intrinsics: Intrinsics) -> float:
    """Return how far the principal point lies off the middle, as a share of the image."""
    across = (intrinsics.cx + 0.5) / intrinsics.width - 0.5
    down = (intrinsics.cy + 0.5) / intrinsics.height - 0.5
    return max(abs(across), abs(down))


def _require_agreement(k: Intrinsics, p: Intrinsics, info: CameraInfo, *, uses_p: bool) -> None:
    """Refuse K and P of which one must be wrong, where the wrong one may be used."""
    is_bent = is_distorted(info) or _is_turned(info)
    most = MOST_ZOOM if is_bent else MOST_ZOOM_UNDISTORTED
    if not uses_p and (is_bent or _off_middle(k) <= OFF_MIDDLE < _off_middle(p)):
        return  # P says nothing of this image, or is left from another size
    try:
        zooms = camera.check(p).fx / camera.check(k).fx, p.fy / k.fy
    except BadIntrinsics:
        return  # the one that is used is checked, and the other says nothing
    if all(1 / most <= zoom <= most for zoom in zooms):
        return
    raise BadIntrinsics(
        f'K and P of camera_info contradict each other: fx, fy are {k.fx:g}, {k.fy:g} in K and '
        f'{p.fx:g}, {p.fy:g} in P'
        + ('' if is_bent else ' though nothing is to be rectified')
        + f'; {CALIBRATE}'
    )


def _is_turned(info: CameraInfo) -> bool:
    turned = [abs(given - own) > 1e-3 for given, own in zip(info.r, STRAIGHT, strict=True)]
    return any(turned) and any(info.r)


def _of_another_size(window: SensorWindow, width: int, height: int) -> BadIntrinsics:
    found = 'x'.join(map(str, window.size))
    if window.is_whole:
        remedy = 'publish the camera_info that belongs to the image'
    else:
        found = f'{found} ({window})'
        remedy = f'publish binning 1 and no roi if it is of the {width}x{height} already'
    return BadIntrinsics(
        f'camera_info is for {found} but the image is {width}x{height}, points would be shifted; '
        f'{remedy}, or set input.rescale_camera_info:=true if the driver only resized'
    )
