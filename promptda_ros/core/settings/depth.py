# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Settings of depth: what the sensor measured, what is published, and whether to trust it."""

from __future__ import annotations

from dataclasses import dataclass

from promptda_ros.core.settings.setting import metres, pixels, setting, SettingError


@dataclass(frozen=True)
class PromptSettings:
    """What counts as a measurement of the depth sensor."""

    min_depth: float = metres(
        0.05,
        'Least sensor range. Where depth is less, or -inf, the output is NaN, never a farther '
        'surface.',
        limits=(0.001, 100.0),
    )
    max_depth: float = metres(
        10.0,
        'Greatest sensor range and output. Where depth is this or more, or +inf, the output is '
        'NaN, never a nearer surface. Set it below the far clip of a simulator.',
        limits=(0.01, 1000.0),
    )
    outlier_fraction: float = setting(
        0.002,
        'Share of the nearest and of the farthest measurements that is checked for stray pixels: '
        'specks of up to 4 pixels are ignored and the output is NaN there. Coarse sensors are '
        'not checked.',
        limits=(0.0, 0.2),
    )
    min_valid_fraction: float = setting(
        0.05,
        'Least share of valid sensor pixels; frames with fewer are dropped. Pixels outside the '
        "sensor's range do not count.",
        limits=(0.0001, 1.0),
    )
    max_long_side: int = pixels(
        256,
        'Long side to which larger sensor depth is reduced. Networks are trained on prompts of '
        '256x192; change it for a network that you trained on others.',
        limits=(8, 2048),
    )
    max_fill_distance: float = setting(
        1.0,
        'Largest distance from a measurement at which depth is published, as a share of the image '
        'diagonal; NaN beyond. 1 is no limit.',
        limits=(0.0, 1.0),
    )
    smoothing: int = setting(
        1,
        'Temporal smoothing of still sensor depth, as its lag in frames: noise is divided by the '
        'root of 2 x smoothing + 1. Pixels whose depth or colour changes are taken from the '
        'newest frame alone. 0 turns it off.',
        limits=(0, 10),
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

    drop_saturated: bool = setting(
        True,
        "Publish NaN where depth reaches an end of the prompt's range and no sensor pixel "
        'supports it; an object nearer than every measurement would otherwise appear too far '
        'away.',
    )
    anchor: str = setting(
        'auto',
        "Correct the network's depth to the sensor's samples: auto by the trained "
        'anchor.safetensors of the model folder, else as surface; surface by the difference from '
        "the sensor on each surface, without training; off publishes the network's depth, "
        'upsampled.',
        choices=('auto', 'surface', 'off'),
    )
    fuse: str = setting(
        'network',
        'Value published where the sensor measured: network publishes the predicted depth, '
        "keep_measured the sensor's own value at the centre of each of its pixels, for consumers "
        'that need every measurement as it is.',
        choices=('network', 'keep_measured'),
    )
    edge_filter: str = setting(
        'points',
        'Outputs from which flying pixels, which float between two surfaces, are removed.',
        choices=('off', 'points', 'depth_and_points'),
    )
    edge_step: float = setting(
        0.008,
        'A pixel is a flying pixel if it is farther from both neighbouring surfaces than 6 mm '
        'plus this share of the depth, unless the surface around it is a plane.',
        limits=(0.001, 1.0),
    )
    pcl_layout: bool = setting(
        False, 'Publish points of 32 bytes with rgb at offset 16, as in PCL, instead of 16 bytes.'
    )
    stride: int = pixels(
        1, 'Use every n-th pixel of every n-th row for the clouds.', limits=(1, 64)
    )
    voxel: float = metres(
        0.0,
        'Voxel size of ~/points_dense and ~/points_normals, which hold one point per voxel; 0 '
        'keeps all points.',
        limits=(0.0, 1.0),
    )


@dataclass(frozen=True)
class TrustSettings:
    """When depth counts as measured, and when it contradicts its sensor and is withheld."""

    agreement_distance: float = metres(
        0.02,
        'Largest difference from the measurement at which ~/validity still calls depth measured '
        'or filled.',
        limits=(0.0001, 10.0),
    )
    agreement_fraction: float = setting(
        0.01,
        'The same as a share of the depth; both limits apply. Good sensors have noise of 0.2 to '
        '1 %.',
        limits=(0.0001, 1.0),
    )
    gate: bool = setting(
        True,
        'Drop frames whose depth contradicts what the sensor measured, whose network does not '
        'follow its sensor, or whose sensor depth looks like disparity.',
    )
    max_difference: float = setting(
        0.1,
        'Difference, as a share of the measured depth, from which a pixel contradicts its '
        'measurement.',
        limits=(0.001, 10.0),
    )
    max_fraction: float = setting(
        0.3,
        'Share of the measured pixels that may contradict their measurements.',
        limits=(0.0, 1.0),
    )
    max_unexplained: float = setting(
        0.5,
        "Share of the measurements' variance that the network may leave unexplained, before "
        'correction to the sensor; random weights leave at least 1.',
        limits=(0.0, 1e6),
    )
