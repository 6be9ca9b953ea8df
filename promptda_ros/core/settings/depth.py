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
        'Minimum sensor range. Where the sensor depth is less, or -inf, the output is NaN and is '
        'not filled with the surface behind.',
        limits=(0.001, 100.0),
    )
    max_depth: float = metres(
        10.0,
        'Maximum sensor range. Where the sensor depth is this or more, or +inf, the output is NaN '
        'and is not filled with a nearer surface. Set it below the far clipping distance of a '
        'simulator.',
        limits=(0.01, 1000.0),
    )
    outlier_fraction: float = setting(
        0.002,
        'Fraction of all measurements, at each end of the depth range (the nearest and the '
        'farthest), that is searched for outliers: isolated groups of up to 4 pixels that are '
        'clearly nearer or farther than the rest. They are removed from the sensor depth, and the '
        'output there is NaN. 0 turns the search off; low-resolution sensors are not searched.',
        limits=(0.0, 0.2),
    )
    min_valid_fraction: float = setting(
        0.05,
        'Minimum share of valid sensor pixels; frames with fewer are dropped. Pixels outside the '
        'sensor range do not count.',
        limits=(0.0001, 1.0),
    )
    max_long_side: int = pixels(
        256,
        'Length of the longer side to which larger sensor depth is downsampled. The networks are '
        'trained on prompts of 256x192; change this for a network that you trained on others.',
        limits=(8, 2048),
    )
    max_fill_distance: float = setting(
        1.0,
        'Maximum distance from a measurement at which depth is published, as a share of the image '
        'diagonal; NaN beyond it. 1 means no limit.',
        limits=(0.0, 1.0),
    )
    smoothing: int = setting(
        1,
        'Temporal smoothing of static sensor depth, given as the resulting lag in frames: noise '
        'is divided by sqrt(2 * smoothing + 1). Pixels whose depth or colour changes '
        'are not averaged. 0 turns smoothing off.',
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

    resolution: str = setting(
        'image',
        'Size of depth images, camera_info and clouds. image: the size of the image; '
        "network: the size of the network's input (model.resolution), with less data and less "
        'time, but coarser edges, and pixels that do not correspond to those of the image.',
        choices=('image', 'network'),
    )
    max_rate: float = setting(
        0.0,
        'Maximum number of frames per second, by their stamps; the others are dropped before '
        'they are read. 0 means no limit. A capture takes all the frames that it needs.',
        unit='Hz',
        limits=(0.0, 1000.0),
    )
    drop_saturated: bool = setting(
        True,
        "Publish NaN at pixels where the network's depth saturates at the minimum or maximum of "
        'the sensor depth and the sensor has no measurement; an object nearer than all '
        'measurements would otherwise appear too far away. Not used with a trained anchor, whose '
        'output may leave that range.',
    )
    anchor: str = setting(
        'auto',
        "How the network's depth is corrected with the sensor's measurements. auto: by the anchor "
        '(a small second network, anchor.safetensors in the model folder) if there is one, else '
        'like surface. surface: by the mean difference between sensor depth and network depth, '
        'over measurements on the same surface (the surface residual); needs no training. off: '
        'no correction, only upsampling.',
        choices=('auto', 'surface', 'off'),
    )
    fuse: str = setting(
        'network',
        'Value published at pixels with a sensor measurement. network: the predicted depth; '
        'keep_measured: the measured depth at the centre of each sensor pixel, for consumers that '
        'need the unmodified measurements.',
        choices=('network', 'keep_measured'),
    )
    edge_filter: str = setting(
        'points',
        'Outputs from which flying pixels (false depth between two surfaces) are removed.',
        choices=('off', 'points', 'depth_and_points'),
    )
    edge_step: float = setting(
        0.008,
        'A pixel is a flying pixel if its distance from both neighbouring surfaces is more than '
        '6 mm plus this share of the depth, unless the surface around it is a plane.',
        limits=(0.001, 1.0),
    )
    pcl_layout: bool = setting(
        False, 'Publish points with 32 bytes and rgb at offset 16, as in PCL, instead of 16 bytes.'
    )
    stride: int = pixels(
        1, 'Use every n-th pixel of every n-th row for the clouds.', limits=(1, 64)
    )
    voxel: float = metres(
        0.0,
        'Voxel size of ~/points_dense and ~/points_normals, which contain one point per voxel; 0 '
        'keeps all points.',
        limits=(0.0, 1.0),
    )


@dataclass(frozen=True)
class TrustSettings:
    """When depth counts as measured, and when it contradicts its sensor and is withheld."""

    agreement_distance: float = metres(
        0.02,
        'Maximum difference from the measurement for which ~/depth/validity reports depth as '
        'measured or filled.',
        limits=(0.0001, 10.0),
    )
    agreement_fraction: float = setting(
        0.01,
        'Like trust.agreement_distance, as a share of the depth; the smaller of the two limits is '
        'used. Good sensors have a noise of 0.2 to 1 %.',
        limits=(0.0001, 1.0),
    )
    gate: bool = setting(
        True,
        "Drop frames in which the published depth or the network's own depth contradicts the "
        'measurements, or in which the sensor depth looks like disparity.',
    )
    max_difference: float = setting(
        0.1,
        'A pixel contradicts its measurement if the difference is more than this share of the '
        'measured depth.',
        limits=(0.001, 10.0),
    )
    max_fraction: float = setting(
        0.3,
        'Maximum share of the measured pixels that may contradict their measurements.',
        limits=(0.0, 1.0),
    )
    max_unexplained: float = setting(
        0.5,
        "Maximum share of the measurements' variance that the network's own depth, before "
        'correction, may leave unexplained. With random weights, the share is at least 1.',
        limits=(0.0, 1e6),
    )
