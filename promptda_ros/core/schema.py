# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Every setting once: name, default, limits, unit, meaning, live or read-only."""

from __future__ import annotations

from dataclasses import dataclass, field

from promptda_ros.core.geometry.transform import BadTransform, Transform
from promptda_ros.core.model_names import EMBEDDED, FETCHABLE
from promptda_ros.core.setting import setting as _setting
from promptda_ros.core.setting import SettingError


@dataclass(frozen=True)
class ModelSettings:
    """Which network runs, and at what resolution."""

    name: str = _setting(
        EMBEDDED,
        'Network to load: the embedded promptda-tiny, or one that `promptda fetch_model` '
        'downloaded.',
        choices=(EMBEDDED, *FETCHABLE),
    )
    path: str = _setting(
        '', 'Folder with config.json and model.safetensors to load instead of model.name.'
    )
    sha256: str = _setting(
        '',
        'Expected sha256 of the weights: model.safetensors, followed by anchor.safetensors if '
        'there is one; empty takes the digest stored in the folder.',
    )
    resolution: str = _setting(
        'auto',
        "Size of the network's input; the aspect ratio is kept and images are never enlarged: "
        'low 252x336, medium 378x504, high 518x686, full 756x1008. auto is low on a CPU and full '
        'on CUDA, less while memory is short.',
        choices=('auto', 'low', 'medium', 'high', 'full'),
    )


@dataclass(frozen=True)
class InputSettings:
    """What the node accepts on its topics."""

    image_transport: str = _setting(
        'auto',
        'Transport of the images: raw on `image`, compressed (JPEG or PNG) on '
        '`image/compressed`; auto takes what is published, raw first.',
        choices=('auto', 'raw', 'compressed'),
    )
    depth_transport: str = _setting(
        'auto',
        'Transport of the depth: raw on `depth`, compressedDepth (PNG or RVL) on '
        '`depth/compressedDepth`, points (PointCloud2) on `depth`, compressed (16-bit PNG) on '
        '`depth/compressed`; auto takes what is published, in this order.',
        choices=('auto', 'raw', 'compressedDepth', 'points', 'compressed'),
    )
    max_pixels: int = _setting(
        16_000_000,
        'Images with more pixels are dropped before memory is allocated for them.',
        unit='px',
        limits=(1, 1_000_000_000),
        live=True,
    )
    depth_scale: float = _setting(
        0.0,
        'Metres per unit of the depth; 0 means 0.001 for 16-bit depth, 1 for 32FC1 and points.',
        unit='m',
        limits=(0.0, 1000.0),
        live=True,
    )
    depth_kind: str = _setting(
        'z',
        'Meaning of a depth image: z, depth along the optical axis (REP 118), or ray, the '
        'distance along the ray of each pixel, as from some simulators and scanners.',
        choices=('z', 'ray'),
        live=True,
    )
    rescale_camera_info: bool = _setting(
        False,
        "Scale a camera_info whose size differs from the image's but whose aspect ratio matches, "
        'for drivers that resize images but not the calibration.',
        live=True,
    )
    allow_frame_mismatch: bool = _setting(
        False,
        "Treat depth as registered even if its frame_id differs from the image's.",
        live=True,
    )
    rectify: bool = _setting(
        False,
        'Remove the lens distortion that camera_info describes, for drivers that publish no '
        'rectified images.',
        live=True,
    )
    min_confidence: float = _setting(
        0.0,
        'Least value on `confidence` for sensor depth to be used (ARKit 0 to 2, RealSense and '
        'ToF amplitude 0 to 255 or 65535); 0 uses all depth and needs no confidence.',
        limits=(0.0, 65535.0),
        live=True,
    )
    mask: str = _setting(
        'off',
        'Use of the `mask` image (mono8) for clouds: remove the points where it is not 0 (a mask '
        'of the robot), or keep only those (a mask of the object).',
        choices=('off', 'remove', 'keep'),
        live=True,
    )
    mask_max_age: float = _setting(
        0.2,
        'Largest difference of stamps between image and newest mask; beyond it no cloud is '
        'published.',
        unit='s',
        limits=(0.0, 60.0),
        live=True,
    )


@dataclass(frozen=True)
class ExtrinsicsSettings:
    """Where the depth sensor is, seen from the colour camera, when depth is not registered."""

    source: str = _setting(
        'auto',
        "Pose of the depth sensor: auto takes depth with the image's frame_id as registered and "
        'looks any other frame up in TF; parameters takes translation and rotation below for '
        'every depth message.',
        choices=('auto', 'parameters'),
        live=True,
    )
    translation: tuple[float, ...] = _setting(
        (0.0, 0.0, 0.0),
        'Origin of the depth frame in the colour optical frame.',
        unit='m',
        limits=(-100.0, 100.0),
        lengths=(3,),
        live=True,
    )
    rotation: tuple[float, ...] = _setting(
        (0.0, 0.0, 0.0, 1.0),
        'Rotation of the depth frame in the colour optical frame: a quaternion x, y, z, w, or '
        'nine values of a matrix, column by column, as in `extrinsics/depth_to_color` of '
        'RealSense; Orbbec lists them row by row.',
        limits=(-1.0, 1.0),
        lengths=(4, 9),
        live=True,
    )
    timeout: float = _setting(
        0.1,
        'How long to wait for a transform from TF before the frame is dropped.',
        unit='s',
        limits=(0.0, 5.0),
        live=True,
    )

    def __post_init__(self) -> None:
        _require_rotation('extrinsics', self)


@dataclass(frozen=True)
class QosSettings:
    """Reliability asked of the publishers; auto suits every publisher."""

    image: str = _setting(
        'auto',
        'Reliability of the image subscription; auto is reliable, and best_effort if a publisher '
        'requires it.',
        choices=('auto', 'reliable', 'best_effort'),
    )
    depth: str = _setting(
        'auto',
        'Reliability of the depth subscription; auto is reliable, and best_effort if a publisher '
        'requires it.',
        choices=('auto', 'reliable', 'best_effort'),
    )


@dataclass(frozen=True)
class SyncSettings:
    """How images and depth are paired."""

    tolerance: float = _setting(
        0.015,
        'Largest difference of stamps in a pair, inclusive; 0 pairs equal stamps only. Keep it '
        'below half the image period, or depth of a neighbouring frame may be taken.',
        unit='s',
        limits=(0.0, 1.0),
        live=True,
    )
    wait: float = _setting(
        0.1,
        'How long an image waits for depth with a closer stamp before the closest so far is '
        'taken.',
        unit='s',
        limits=(0.0, 5.0),
        live=True,
    )
    depth_time_offset: float = _setting(
        0.0,
        'Offset added to every depth stamp before pairing; negative if depth lags the image.',
        unit='s',
        limits=(-10.0, 10.0),
        live=True,
    )
    queue_size: int = _setting(
        10,
        'Most messages held for pairing on each topic.',
        limits=(1, 100),
        live=True,
    )
    reuse_depth: bool = _setting(
        False,
        'Use one depth message for several images, for a sensor slower than the camera.',
        live=True,
    )


@dataclass(frozen=True)
class PromptSettings:
    """What counts as a measurement of the depth sensor."""

    min_depth: float = _setting(
        0.05,
        'Least sensor range. Where depth is less, or -inf, the output is NaN, never a farther '
        'surface.',
        unit='m',
        limits=(0.001, 100.0),
        live=True,
    )
    max_depth: float = _setting(
        10.0,
        'Greatest sensor range and output. Where depth is this or more, or +inf, the output is '
        'NaN, never a nearer surface. Set it below the far clip of a simulator.',
        unit='m',
        limits=(0.01, 1000.0),
        live=True,
    )
    outlier_fraction: float = _setting(
        0.002,
        'Share of the nearest and of the farthest measurements that is checked for stray pixels: '
        'specks of up to 4 pixels are ignored and the output is NaN there. Coarse sensors are '
        'not checked.',
        limits=(0.0, 0.2),
        live=True,
    )
    min_valid_fraction: float = _setting(
        0.05,
        'Least share of valid sensor pixels; frames with fewer are dropped. Pixels outside the '
        "sensor's range do not count.",
        limits=(0.0001, 1.0),
        live=True,
    )
    max_long_side: int = _setting(
        256,
        'Long side to which larger sensor depth is reduced; the network was trained on 256x192 '
        'prompts.',
        unit='px',
        limits=(8, 2048),
        live=True,
    )
    max_fill_distance: float = _setting(
        1.0,
        'Largest distance from a measurement at which depth is published, as a share of the image '
        'diagonal; NaN beyond. 1 is no limit.',
        limits=(0.0, 1.0),
        live=True,
    )
    smoothing: int = _setting(
        1,
        'Temporal smoothing of still sensor depth, as its lag in frames: noise is divided by the '
        'root of 2 x smoothing + 1. Pixels whose depth or colour changes are taken from the '
        'newest frame alone. 0 turns it off.',
        limits=(0, 10),
        live=True,
    )

    def __post_init__(self) -> None:
        if self.min_depth >= self.max_depth:
            raise SettingError(
                f'parameter prompt.min_depth: {self.min_depth:g} m is not below '
                f'prompt.max_depth {self.max_depth:g} m'
            )


@dataclass(frozen=True)
class OutputSettings:
    """What is published."""

    drop_saturated: bool = _setting(
        True,
        "Publish NaN where depth reaches an end of the prompt's range and no sensor pixel "
        'supports it; an object nearer than every measurement would otherwise appear too far '
        'away.',
        live=True,
    )
    anchor: str = _setting(
        'auto',
        "Correct the network's depth to the sensor's samples: auto by the trained "
        'anchor.safetensors of the model folder, else as surface; surface by the difference from '
        "the sensor on each surface, without training; off publishes the network's depth, "
        'upsampled.',
        choices=('auto', 'surface', 'off'),
        live=True,
    )
    fuse: str = _setting(
        'network',
        'Value published where the sensor measured: network publishes the predicted depth, '
        "keep_measured the sensor's own value at the centre of each of its pixels.",
        choices=('network', 'keep_measured'),
        live=True,
    )
    edge_filter: str = _setting(
        'points',
        'Outputs from which flying pixels, which float between two surfaces, are removed.',
        choices=('off', 'points', 'depth_and_points'),
        live=True,
    )
    edge_step: float = _setting(
        0.008,
        'A pixel is a flying pixel if it is farther from both neighbouring surfaces than 6 mm '
        'plus this share of the depth, unless the surface around it is a plane.',
        limits=(0.001, 1.0),
        live=True,
    )
    pcl_layout: bool = _setting(
        False,
        'Publish points of 32 bytes with rgb at offset 16, as in PCL, instead of 16 bytes.',
        live=True,
    )
    stride: int = _setting(
        1,
        'Use every n-th pixel of every n-th row for the clouds.',
        unit='px',
        limits=(1, 64),
        live=True,
    )
    voxel: float = _setting(
        0.0,
        'Voxel size of ~/points_dense and ~/points_normals, which hold one point per voxel; 0 '
        'keeps all points.',
        unit='m',
        limits=(0.0, 1.0),
        live=True,
    )


@dataclass(frozen=True)
class WorkspaceSettings:
    """Which part of the scene the clouds show; depth images are never cropped."""

    min_depth: float = _setting(
        0.0, 'Nearer points are left out.', unit='m', limits=(0.0, 1000.0), live=True
    )
    max_depth: float = _setting(
        1000.0, 'Farther points are left out.', unit='m', limits=(0.0, 1000.0), live=True
    )
    roi: tuple[float, ...] = _setting(
        (0.0, 0.0, 0.0, 0.0),
        'Region of interest in the image: left, top, width, height; a width or height of 0 is '
        'the full image.',
        unit='px',
        limits=(0.0, 100_000.0),
        lengths=(4,),
        live=True,
    )
    box_min: tuple[float, ...] = _setting(
        (-1000.0, -1000.0, -1000.0),
        'Least x, y, z of the points in the workspace frame.',
        unit='m',
        limits=(-1000.0, 1000.0),
        lengths=(3,),
        live=True,
    )
    box_max: tuple[float, ...] = _setting(
        (1000.0, 1000.0, 1000.0),
        'Greatest x, y, z of the points in the workspace frame.',
        unit='m',
        limits=(-1000.0, 1000.0),
        lengths=(3,),
        live=True,
    )
    frame: str = _setting(
        '',
        'Workspace frame in TF, for example base_link; empty: the frame given by translation and '
        'rotation.',
        live=True,
    )
    translation: tuple[float, ...] = _setting(
        (0.0, 0.0, 0.0),
        'Origin of the workspace frame in the colour optical frame, without TF.',
        unit='m',
        limits=(-100.0, 100.0),
        lengths=(3,),
        live=True,
    )
    rotation: tuple[float, ...] = _setting(
        (0.0, 0.0, 0.0, 1.0),
        'Rotation of the workspace frame in the colour optical frame: a quaternion x, y, z, w, '
        'or nine values of a matrix, column by column.',
        limits=(-1.0, 1.0),
        lengths=(4, 9),
        live=True,
    )

    def __post_init__(self) -> None:
        _require_rotation('workspace', self)


@dataclass(frozen=True)
class TrustSettings:
    """When depth counts as measured, and when it contradicts its sensor and is withheld."""

    agreement_distance: float = _setting(
        0.02,
        'Largest difference from the measurement at which ~/validity still calls depth measured '
        'or filled.',
        unit='m',
        limits=(0.0001, 10.0),
        live=True,
    )
    agreement_fraction: float = _setting(
        0.01,
        'The same as a share of the depth; both limits apply. Good sensors have noise of 0.2 to '
        '1 %.',
        limits=(0.0001, 1.0),
        live=True,
    )
    gate: bool = _setting(
        True,
        'Drop frames whose depth contradicts what the sensor measured, whose network does not '
        'follow its sensor, or whose sensor depth looks like disparity.',
        live=True,
    )
    max_difference: float = _setting(
        0.1,
        'Difference, as a share of the measured depth, from which a pixel contradicts its '
        'measurement.',
        limits=(0.001, 10.0),
        live=True,
    )
    max_fraction: float = _setting(
        0.3,
        'Share of the measured pixels that may contradict their measurements.',
        limits=(0.0, 1.0),
        live=True,
    )
    max_unexplained: float = _setting(
        0.5,
        "Share of the measurements' variance that the network may leave unexplained, before "
        'correction to the sensor; random weights leave at least 1.',
        limits=(0.0, 1e6),
        live=True,
    )


@dataclass(frozen=True)
class CaptureSettings:
    """What the service ~/capture takes."""

    frames: int = _setting(
        1, 'Number of frames in a capture, which is their median.', limits=(1, 100), live=True
    )
    timeout: float = _setting(
        5.0,
        'How long a capture waits for its frames.',
        unit='s',
        limits=(0.1, 60.0),
        live=True,
    )


@dataclass(frozen=True)
class WatchdogSettings:
    """When a computation that does not end counts as a hanging device."""

    inference_timeout: float = _setting(
        5.0,
        'Longest time for one frame of every camera; beyond it the process ends with exit code '
        '75 for a restart. Waiting for TF and confidence does not count, and the limit is at '
        'least ten times what a frame took at start, per camera.',
        unit='s',
        limits=(0.5, 3600.0),
        live=True,
    )


@dataclass(frozen=True)
class Settings:
    """All settings of the node, one group a field."""

    device: str = _setting(
        'auto', 'Device of the network: cpu, cuda, cuda:N, or auto, which logs its choice.'
    )
    precision: str = _setting(
        'auto',
        'Number format of the network; auto is fp32 on a CPU or where promptda.json in the model '
        'folder asks for it (promptda-tiny), and fp16 on CUDA otherwise.',
        choices=('auto', 'fp32', 'fp16', 'bf16'),
    )
    engine: str = _setting(
        'auto',
        'Inference engine on a CPU: torch, openvino (fp32), or auto, which is openvino if it is '
        'installed (pip install openvino). On CUDA it is always torch, with CUDA graphs.',
        choices=('auto', 'torch', 'openvino'),
    )
    autostart: bool = _setting(
        True, 'Configure and activate at start; set false if a lifecycle manager does this.'
    )
    strict_params: bool = _setting(False, 'Refuse to start if an unknown parameter is given.')
    cameras: tuple[str, ...] = _setting(
        ('',),
        'Names of the cameras, which share one network; the topics and parameters of each begin '
        "with its name. [''] is one camera without a name.",
    )
    model: ModelSettings = field(default_factory=ModelSettings)
    input: InputSettings = field(default_factory=InputSettings)
    qos: QosSettings = field(default_factory=QosSettings)
    sync: SyncSettings = field(default_factory=SyncSettings)
    prompt: PromptSettings = field(default_factory=PromptSettings)
    extrinsics: ExtrinsicsSettings = field(default_factory=ExtrinsicsSettings)
    output: OutputSettings = field(default_factory=OutputSettings)
    workspace: WorkspaceSettings = field(default_factory=WorkspaceSettings)
    trust: TrustSettings = field(default_factory=TrustSettings)
    capture: CaptureSettings = field(default_factory=CaptureSettings)
    watchdog: WatchdogSettings = field(default_factory=WatchdogSettings)


def _require_rotation(group: str, settings: ExtrinsicsSettings | WorkspaceSettings) -> None:
    try:
        Transform.of(settings.translation, settings.rotation)
    except BadTransform as error:
        raise SettingError(f'parameter {group}.rotation: {error}') from None
