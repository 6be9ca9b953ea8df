# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Errors of a network beside bilinear upsampling of the same prompt, on held-out frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from tiny_frames import Depth, Sample
import torch

from promptda_ros.network import PromptDepthAnythingForDepthEstimation

EDGE_RATIO = 0.03  # a depth step to the next pixel
EDGE_REACH_PX = 3
RIGHT_RATIO = (
    0.005  # where bilinear upsampling is nearer than this to the truth, the sensor was right
)


@dataclass(frozen=True)
class Errors:
    """Means over all frames; metres but for `abs_rel`."""

    mae_m: float
    rmse_m: float
    abs_rel: float
    edge_mae_m: float
    right_median_m: float

    def row(self) -> str:
        """Write one table row in millimetres."""
        return (
            f'{1000 * self.mae_m:.2f} | {1000 * self.rmse_m:.2f} | {self.abs_rel:.4f} | '
            f'{1000 * self.edge_mae_m:.2f} | {1000 * self.right_median_m:.2f}'
        )


@dataclass(frozen=True)
class Comparison:
    """The network and bilinear upsampling on the same frames."""

    model: Errors
    bilinear: Errors


def compare(
    network: PromptDepthAnythingForDepthEstimation, samples: Sequence[Sample]
) -> Comparison:
    """Run the network on every sample, at the sample's own size."""
    model, bilinear = [], []
    for sample in samples:
        upsampled_m = upsample(sample)
        model.append(_errors(predict(network, sample), upsampled_m, sample.depth_m))
        bilinear.append(_errors(upsampled_m, upsampled_m, sample.depth_m))
    return Comparison(_mean(model), _mean(bilinear))


@torch.inference_mode()
def predict(network: PromptDepthAnythingForDepthEstimation, sample: Sample) -> Depth:
    """Return the network's depth (H, W) in metres."""
    pixels = torch.from_numpy(sample.pixels)[None]
    output = network(pixel_values=pixels, prompt_depth=torch.from_numpy(sample.prompt_m)[None])
    return output.predicted_depth[0].float().numpy()  # type: ignore[no-any-return]


def upsample(sample: Sample) -> Depth:
    """Return the prompt at the picture's size."""
    size = sample.depth_m.shape[::-1]
    return cv2.resize(sample.prompt_m[0], size, interpolation=cv2.INTER_LINEAR)  # type: ignore[return-value]


def _errors(depth_m: Depth, upsampled_m: Depth, exact_m: Depth) -> NDArray[np.float64]:
    error = np.abs(depth_m - exact_m).astype(np.float64)
    right = np.abs(upsampled_m - exact_m) < RIGHT_RATIO * exact_m
    edge = error[_edge_band(exact_m)]
    return np.array(
        [
            error.mean(),
            np.sqrt(np.square(error).mean()),
            (error / exact_m).mean(),
            edge.mean() if edge.size else np.nan,
            np.median(error[right]) if right.any() else np.nan,
        ]
    )


def _edge_band(exact_m: Depth) -> NDArray[np.bool_]:
    """Mark pixels near a depth step that is large for its depth."""
    log_m = np.log(exact_m)
    step = np.zeros(exact_m.shape, np.uint8)
    step[:, 1:] |= np.abs(np.diff(log_m, axis=1)) > EDGE_RATIO
    step[1:] |= np.abs(np.diff(log_m, axis=0)) > EDGE_RATIO
    side = 2 * EDGE_REACH_PX + 1
    return cv2.dilate(step, np.ones((side, side), np.uint8)) > 0


def _mean(rows: list[NDArray[np.float64]]) -> Errors:
    return Errors(*map(float, np.nanmean(rows, axis=0)))
