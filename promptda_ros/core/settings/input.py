# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Settings of what comes in: topics, their pairing, and where the depth sensor is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from promptda_ros.core.settings.pose import frame_origin, frame_rotation, require_pose
from promptda_ros.core.settings.setting import fixed, metres, pixels, seconds, setting


@dataclass(frozen=True)
class InputSettings:
    """What the node accepts on its topics."""

    image_transport: str = fixed(
        'auto',
        'Transport of the images: raw on `image`, or compressed (JPEG or PNG) on '
        '`image/compressed`; auto selects the first of these that is published.',
        choices=('auto', 'raw', 'compressed'),
    )
    depth_transport: str = fixed(
        'auto',
        'Transport of the depth: raw on `depth`, compressedDepth (PNG or RVL) on '
        '`depth/compressedDepth`, points (PointCloud2) on `depth`, compressed (16-bit PNG) on '
        '`depth/compressed`; auto selects the first of these that is published.',
        choices=('auto', 'raw', 'compressedDepth', 'points', 'compressed'),
    )
    max_pixels: int = pixels(
        16_000_000,
        'Images with more pixels are dropped before memory is allocated for them.',
        limits=(1, 1_000_000_000),
    )
    depth_scale: float = metres(
        0.0,
        'Metres per unit of the depth; 0 means 0.001 for 16-bit depth, and 1 for 32FC1 and '
        'points.',
        limits=(0.0, 1000.0),
    )
    depth_kind: str = setting(
        'z',
        'Meaning of the depth image. z: depth along the optical axis (REP 118); ray: distance '
        'along the ray of each pixel, as published by some simulators and scanners.',
        choices=('z', 'ray'),
    )
    rescale_camera_info: bool = setting(
        False,
        "Scale a camera_info whose size differs from the image's but whose aspect ratio matches, "
        'for drivers that resize images but not the calibration.',
    )
    allow_frame_mismatch: bool = setting(
        False, "Treat depth as registered even if its frame_id differs from the image's."
    )
    rectify: bool = setting(
        False,
        'Rectify the images with camera_info, for drivers that do not publish rectified images.',
    )
    min_confidence: float = setting(
        0.0,
        'Minimum confidence of the sensor depth that is used (ARKit: 0 to 2; RealSense and ToF '
        'amplitude: 0 to 255 or 65535). With 0, all depth is used and `confidence` is not '
        'needed.',
        limits=(0.0, 65535.0),
    )
    mask: str = setting(
        'off',
        'Use of the `mask` image (mono8) for clouds. remove: remove points where the mask is not '
        '0 (a mask of the robot); keep: keep only those points (a mask of the object).',
        choices=('off', 'remove', 'keep'),
    )
    mask_max_age: float = seconds(
        0.2,
        'Maximum difference between the stamps of image and mask; if it is exceeded, no cloud is '
        'published.',
        limits=(0.0, 60.0),
    )


def _reliability(role: str) -> Any:
    return fixed(
        'auto',
        f'Reliability of the {role} subscription; auto is reliable, or best_effort if a '
        'publisher requires it.',
        choices=('auto', 'reliable', 'best_effort'),
    )


@dataclass(frozen=True)
class QosSettings:
    """Reliability asked of the publishers; auto suits every publisher."""

    image: str = _reliability('image')
    depth: str = _reliability('depth')


@dataclass(frozen=True)
class SyncSettings:
    """How images and depth are paired."""

    tolerance: float = seconds(
        0.015,
        'Maximum difference between the stamps of a pair, inclusive; with 0, only equal stamps '
        'are paired. Keep it below half the image period, or an image may be paired with the '
        'depth of an adjacent frame. A sensor that is not synchronised with the camera needs half '
        'the period, 0.017 at 30 Hz.',
        limits=(0.0, 1.0),
    )
    wait: float = seconds(
        0.1,
        'How long an image waits for depth with a closer stamp before it is paired with the '
        'closest depth received so far. Lower it if latency matters more than the closest stamp.',
        limits=(0.0, 5.0),
    )
    depth_time_offset: float = seconds(
        0.0,
        'Offset added to every depth stamp before pairing; negative if depth lags the image.',
        limits=(-10.0, 10.0),
    )
    queue_size: int = setting(
        10, 'Maximum number of messages queued for pairing on each topic.', limits=(1, 100)
    )
    reuse_depth: bool = setting(
        False,
        'Pair one depth message with several images, for a sensor that is slower than the camera.',
    )


@dataclass(frozen=True)
class ExtrinsicsSettings:
    """Where the depth sensor is, seen from the colour camera, when depth is not registered."""

    source: str = setting(
        'auto',
        "Source of the depth sensor's pose. auto: depth with the frame_id of the image counts as "
        'registered, and any other frame is looked up in TF; parameters: '
        'extrinsics.translation and extrinsics.rotation are used for every depth message.',
        choices=('auto', 'parameters'),
    )
    translation: tuple[float, ...] = frame_origin(
        'Origin of the depth frame in the colour optical frame.'
    )
    rotation: tuple[float, ...] = frame_rotation(
        'Rotation of the depth frame in the colour optical frame: a quaternion x, y, z, w, or '
        'the nine values of a matrix in column-major order, as in `extrinsics/depth_to_color` of '
        'RealSense; Orbbec uses row-major order.'
    )
    timeout: float = seconds(
        0.1,
        'Maximum time to wait for a transform from TF; after that, the frame is dropped.',
        limits=(0.0, 5.0),
    )

    def __post_init__(self) -> None:
        require_pose('extrinsics', self.translation, self.rotation)
