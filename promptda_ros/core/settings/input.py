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
        'Transport of the images: raw on `image`, compressed (JPEG or PNG) on '
        '`image/compressed`; auto takes what is published, raw first.',
        choices=('auto', 'raw', 'compressed'),
    )
    depth_transport: str = fixed(
        'auto',
        'Transport of the depth: raw on `depth`, compressedDepth (PNG or RVL) on '
        '`depth/compressedDepth`, points (PointCloud2) on `depth`, compressed (16-bit PNG) on '
        '`depth/compressed`; auto takes what is published, in this order.',
        choices=('auto', 'raw', 'compressedDepth', 'points', 'compressed'),
    )
    max_pixels: int = pixels(
        16_000_000,
        'Images with more pixels are dropped before memory is allocated for them.',
        limits=(1, 1_000_000_000),
    )
    depth_scale: float = metres(
        0.0,
        'Metres per unit of the depth; 0 means 0.001 for 16-bit depth, 1 for 32FC1 and points.',
        limits=(0.0, 1000.0),
    )
    depth_kind: str = setting(
        'z',
        'Meaning of a depth image: z, depth along the optical axis (REP 118), or ray, the '
        'distance along the ray of each pixel, as from some simulators and scanners.',
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
        'Remove the lens distortion that camera_info describes, for drivers that publish no '
        'rectified images.',
    )
    min_confidence: float = setting(
        0.0,
        'Least value on `confidence` for sensor depth to be used (ARKit 0 to 2, RealSense and '
        'ToF amplitude 0 to 255 or 65535); 0 uses all depth and needs no confidence.',
        limits=(0.0, 65535.0),
    )
    mask: str = setting(
        'off',
        'Use of the `mask` image (mono8) for clouds: remove the points where it is not 0 (a mask '
        'of the robot), or keep only those (a mask of the object).',
        choices=('off', 'remove', 'keep'),
    )
    mask_max_age: float = seconds(
        0.2,
        'Largest difference of stamps between image and newest mask; beyond it no cloud is '
        'published.',
        limits=(0.0, 60.0),
    )


def _reliability(role: str) -> Any:
    return fixed(
        'auto',
        f'Reliability of the {role} subscription; auto is reliable, and best_effort if a '
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
        'Largest difference of stamps in a pair, inclusive; 0 pairs equal stamps only. Keep it '
        'below half the image period, or depth of a neighbouring frame may be taken; a sensor '
        'that runs freely beside the camera needs half the period, 0.017 at 30 Hz.',
        limits=(0.0, 1.0),
    )
    wait: float = seconds(
        0.1,
        'How long an image waits for depth with a closer stamp before the closest so far is '
        'taken. Lower it if latency matters more than the closest stamp.',
        limits=(0.0, 5.0),
    )
    depth_time_offset: float = seconds(
        0.0,
        'Offset added to every depth stamp before pairing; negative if depth lags the image.',
        limits=(-10.0, 10.0),
    )
    queue_size: int = setting(10, 'Most messages held for pairing on each topic.', limits=(1, 100))
    reuse_depth: bool = setting(
        False, 'Use one depth message for several images, for a sensor slower than the camera.'
    )


@dataclass(frozen=True)
class ExtrinsicsSettings:
    """Where the depth sensor is, seen from the colour camera, when depth is not registered."""

    source: str = setting(
        'auto',
        "Pose of the depth sensor: auto takes depth with the image's frame_id as registered and "
        'looks any other frame up in TF; parameters takes translation and rotation below for '
        'every depth message.',
        choices=('auto', 'parameters'),
    )
    translation: tuple[float, ...] = frame_origin(
        'Origin of the depth frame in the colour optical frame.'
    )
    rotation: tuple[float, ...] = frame_rotation(
        'Rotation of the depth frame in the colour optical frame: a quaternion x, y, z, w, or '
        'nine values of a matrix, column by column, as in `extrinsics/depth_to_color` of '
        'RealSense; Orbbec lists them row by row.'
    )
    timeout: float = seconds(
        0.1,
        'How long to wait for a transform from TF before the frame is dropped.',
        limits=(0.0, 5.0),
    )

    def __post_init__(self) -> None:
        require_pose('extrinsics', self.translation, self.rotation)
