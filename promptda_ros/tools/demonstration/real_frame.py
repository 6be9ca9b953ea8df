# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The demo's real frame: a picture and the depth of a real camera, seen by a coarse sensor.

The sensor depth is the medians of blocks of the depth that the camera measured. Errors are against
that depth, the best one known of this frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from promptda_ros.core.frame import Frame, Intrinsics
from promptda_ros.core.frame_outputs import FrameOutputs
from promptda_ros.core.geometry.enlarge import enlarge_bilinear
from promptda_ros.core.settings.schema import Settings
from promptda_ros.lab.evaluation.readers.files import FileReader
from promptda_ros.lab.evaluation.readers.rgbd_folder import find_frames
from promptda_ros.lab.evaluation.sample import Sample
from promptda_ros.lab.figure import depth_panels, Picture, save_figure
from promptda_ros.model import load_model
from promptda_ros.share import share_folder
from promptda_ros.tools.demonstration.accuracy import Accuracy, compare
from promptda_ros.tools.demonstration.side_view import side_view

FOLDER = 'assets/redwood'
SENSOR_SIZE = 48, 64  # rows, columns
CAMERA = Intrinsics(640, 480, fx=525.0, fy=525.0, cx=319.5, cy=239.5)


@dataclass(frozen=True)
class RealFrame:
    """What becomes of the frame with the network, and without one."""

    sample: Sample
    ours: FrameOutputs
    bilinear: FrameOutputs

    @property
    def accuracy(self) -> dict[str, Accuracy]:
        """Compare both with the camera's own depth, at the same pixels."""
        ours_m, bilinear_m = (each.image_depth.depth_m for each in (self.ours, self.bilinear))
        return compare([(ours_m, bilinear_m, self.sample.truth_m)])

    def save(self, path: Path) -> None:
        """Draw depth of both and, below, their clouds from the side."""
        mae_mm = {name: each.mae_m * 1e3 for name, each in self.accuracy.items()}
        rows, columns = self.sample.sensor_depth_m.shape
        bilinear, ours, sensor = depth_panels(
            (
                f'bilinear: {mae_mm["bilinear"]:.1f} mm mean error',
                self.bilinear.image_depth.depth_m,
            ),
            (f'our depth: {mae_mm["model"]:.1f} mm mean error', self.ours.image_depth.depth_m),
            (f'sensor depth, {columns}x{rows}', self.sample.sensor_depth_m),
        )
        clouds = [
            Picture(f'cloud of {name}, from the side', _cloud(result))
            for name, result in (('bilinear', self.bilinear), ('our depth', self.ours))
        ]
        save_figure(
            path,
            self.sample.image,
            [bilinear, ours, sensor, *clouds],
            title="a real frame (Redwood), never trained on; errors are against the camera's own "
            'depth, of which the sensor depth is the medians of blocks',
        )


def estimate_real(settings: Settings) -> RealFrame:
    """Run the network of these settings on the frame, as `promptda estimate` does."""
    (files,) = find_frames(share_folder() / FOLDER)
    sample = FileReader([files], prompt_size=SENSOR_SIZE).read(files)
    frame = Frame(0, '', sample.image, sample.sensor_depth_m, intrinsics=CAMERA)
    estimator = load_model(settings).estimator
    depth = estimator.estimate(frame, settings.prompt, settings.output)
    bilinear_m = enlarge_bilinear(depth.prompt.depth_m, sample.truth_m.shape)
    return RealFrame(
        sample=sample,
        ours=FrameOutputs(frame, depth, settings),
        bilinear=FrameOutputs(frame, depth.with_depth(bilinear_m), settings),
    )


def _cloud(result: FrameOutputs) -> np.ndarray:
    return side_view(result.points[..., :3], result.frame.image, CAMERA)
