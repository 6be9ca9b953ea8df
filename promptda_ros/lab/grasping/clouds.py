# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One scene as four clouds: exact, from the sensor alone, ours, and ours with what it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray
import torch

from promptda_ros.core.cloud.flying_pixels import find_flying
from promptda_ros.core.cloud.normals import find_normals
from promptda_ros.core.estimator import Estimator
from promptda_ros.core.frame import BadFrame, FloatImage, Frame, Intrinsics, Mask
from promptda_ros.core.geometry.camera import rays
from promptda_ros.core.geometry.enlarge import enlarge_mask
from promptda_ros.core.restore.trust import (
    estimate_uncertainty,
    find_validity,
    require_trust,
    Validity,
)
from promptda_ros.core.settings.schema import Settings
from promptda_ros.lab.evaluation.methods import FullResolution, in_shape_of
from promptda_ros.lab.evaluation.sample import Sample
from promptda_ros.lab.sim.view import RenderedView

Matrix = NDArray[np.float64]  # (3, 3) camera matrix

EXACT, SENSOR, OURS, REFUSING = ARMS = ('exact', 'sensor', 'ours', 'ours refusing')
# A gripper that closes on an error of more than this misses or pushes.
MOST_UNCERTAIN_M = 0.01
BESIDE = np.ones((11, 11), np.uint8)  # pixels round an uncertain one
RELIABLE = (Validity.MEASURED, Validity.FILLED, Validity.PREDICTED)


@dataclass(frozen=True, eq=False)
class SeenCloud:
    """What one method knows of a scene, pixel by pixel, in the optical frame."""

    depth_m: FloatImage  # (H, W), NaN unknown
    points_m: FloatImage  # (H, W, 3), NaN unknown
    normals: FloatImage  # (H, W, 3) towards the camera, NaN unknown
    reliable: Mask  # (H, W), True where something may be gripped
    intrinsics: Intrinsics
    free_to_m: FloatImage | None = None  # (H, W), nothing is nearer; None: all unseen counts free


def cloud_of(depth_m: FloatImage, matrix: Matrix, settings: Settings) -> SeenCloud:
    """Back-project depth (H, W) as the node does, without flying pixels."""
    height, width = depth_m.shape
    fx, fy, cx, cy = (float(matrix[at]) for at in ((0, 0), (1, 1), (0, 2), (1, 2)))
    intrinsics = Intrinsics(width, height, fx, fy, cx, cy)
    flying = find_flying(
        torch.from_numpy(np.require(depth_m, requirements=('C', 'W'))),
        edge_step=settings.output.edge_step,
    )
    clean_m = np.where(flying.numpy(), np.float32(np.nan), depth_m)
    across, down = rays(intrinsics)
    return SeenCloud(
        depth_m=depth_m,
        points_m=np.stack((clean_m * across, clean_m * down, clean_m), axis=-1),
        normals=find_normals(clean_m, intrinsics),
        reliable=np.isfinite(clean_m),
        intrinsics=intrinsics,
    )


@dataclass(frozen=True)
class Clouds:
    """Makes the clouds of a sample with one network and the settings of the node."""

    estimator: Estimator
    settings: Settings

    def of(self, sample: Sample, matrix: Matrix) -> Mapping[str, SeenCloud | BadFrame]:
        """Return the clouds that rest on a sensor by the names of the arms, or why there is none.

        One inference serves both arms of ours.
        """
        made: dict[str, SeenCloud | BadFrame] = {}
        try:
            made[SENSOR] = cloud_of(self._enlarged(sample), matrix, self.settings)
        except BadFrame as refused:
            made[SENSOR] = refused
        try:
            made[OURS], made[REFUSING] = self._ours(sample, matrix)
        except BadFrame as refused:
            made[OURS] = made[REFUSING] = refused
        return made

    def _enlarged(self, sample: Sample) -> FloatImage:
        """Interpolate what the sensor measured at its own size; holes stay holes."""
        size = sample.image.shape[:2]
        filled_m = FullResolution(self.settings)(sample.image, sample.sensor_depth_m)
        measured = enlarge_mask(np.isfinite(sample.sensor_depth_m), size)
        return np.where(measured, filled_m, np.float32(np.nan))

    def exact(self, view: RenderedView) -> SeenCloud:
        """Return the cloud of the renderer's depth."""
        return cloud_of(view.depth_m, view.matrix, self.settings)

    def _ours(self, sample: Sample, matrix: Matrix) -> tuple[SeenCloud, SeenCloud]:
        settings = self.settings
        depth_m = in_shape_of(sample.image, sample.sensor_depth_m)
        frame = Frame(stamp_ns=0, frame_id='', image=sample.image, sensor_depth_m=depth_m)
        depth = self.estimator.estimate(frame, settings.prompt, settings.output)
        require_trust(depth, settings.trust)
        uncertainty_m = estimate_uncertainty(depth)
        reliable = np.isin(find_validity(depth, settings.trust), RELIABLE)
        reliable &= uncertainty_m <= MOST_UNCERTAIN_M  # fails NaN
        # Where depth is uncertain, an edge beside it may reach here: the nearer surface counts.
        known_m = np.nan_to_num(depth.depth_m, nan=0.0)
        free_to_m = np.where(reliable, known_m, cv2.erode(known_m, BESIDE))
        plain = cloud_of(depth.depth_m, matrix, settings)
        return plain, replace(plain, reliable=plain.reliable & reliable, free_to_m=free_to_m)
