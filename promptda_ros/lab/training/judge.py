# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Validation: errors on held-out frames, relative to bilinear upsampling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import math
import warnings

import numpy as np
from numpy.typing import NDArray
import torch
from torch import nn

from promptda_ros.core.settings.depth import PromptSettings
from promptda_ros.lab.evaluation.metrics import Judge
from promptda_ros.lab.evaluation.sample import Sample
from promptda_ros.lab.training.anchored import predict
from promptda_ros.lab.training.examples import Example, to_batch


@dataclass(frozen=True)
class SensorErrors:
    """Errors of the network and of bilinear upsampling, means over frames in metres."""

    sensor: str
    mae_m: float
    edge_mae_m: float
    right_m: float
    bilinear_mae_m: float
    bilinear_edge_mae_m: float
    sensor_right_m: float

    @property
    def score(self) -> float:
        """Return the mean of both relative errors; less is better, 1 is bilinear upsampling.

        Without an edge, or where bilinear has every edge right, only the whole picture counts.
        """
        mae, edge_mae = self.relative_mae, self.relative_edge_mae
        return mae if math.isnan(edge_mae) else 0.5 * (mae + edge_mae)

    @property
    def relative_mae(self) -> float:
        """Return the error as a share of that of bilinear upsampling."""
        return self.mae_m / self.bilinear_mae_m

    @property
    def relative_edge_mae(self) -> float:
        """Return the same of the edge band; NaN where there is none or bilinear is right."""
        if self.bilinear_edge_mae_m == 0.0:
            return math.nan
        return self.edge_mae_m / self.bilinear_edge_mae_m

    def describe(self) -> str:
        """Write one line in millimetres."""
        return (
            f'{self.sensor}: MAE {1000 * self.mae_m:.2f} ({self.relative_mae:.3f} '
            f'of bilinear), edge band {1000 * self.edge_mae_m:.1f} '
            f'({self.relative_edge_mae:.3f}), where the sensor is right '
            f'{1000 * self.right_m:.2f} (sensor {1000 * self.sensor_right_m:.2f})'
        )


def judge(
    network: nn.Module, sensor: str, examples: Sequence[Example], settings: PromptSettings
) -> SensorErrors:
    """Run the network on every example, at the example's own size."""
    rows = [_errors(network, example, settings) for example in examples]
    with warnings.catch_warnings():
        # Frames without an edge, or on which the sensor is nowhere right, have no such error.
        warnings.filterwarnings('ignore', 'Mean of empty slice', RuntimeWarning)
        means = np.nanmean(np.array(rows), axis=0)
    return SensorErrors(sensor, *(float(mean) for mean in means))


def _errors(network: nn.Module, example: Example, settings: PromptSettings) -> tuple[float, ...]:
    sample = Sample('', '', example.image, example.sensor_depth_m, example.truth_m)
    truth = Judge.of(sample, settings)
    errors = truth.errors(answer(network, example, settings))
    bilinear = truth.errors(truth.bilinear_m)
    return (
        errors.mae_m,
        errors.edge_mae_m,
        errors.right_m,
        bilinear.mae_m,
        bilinear.edge_mae_m,
        bilinear.right_m,
    )


@torch.inference_mode()
def answer(network: nn.Module, example: Example, settings: PromptSettings) -> NDArray[np.float32]:
    """Return dense depth (H, W) of one example."""
    device = next(network.parameters()).device
    batch = to_batch([example], settings).to(device)
    depth_m: NDArray[np.float32] = predict(network, batch)[0].cpu().numpy()
    return depth_m
