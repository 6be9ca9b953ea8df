# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Cuts holes into sensor depth: blobs of every size, the same ones for the same seed."""

from __future__ import annotations

from dataclasses import replace
import zlib

import cv2
import numpy as np

from promptda_ros.core.frame import FloatImage
from promptda_ros.lab.evaluation.sample import Sample

# Standard deviation of the smoothing, as a share of the longer side: blobs of about a fifth of it.
BLOB_RATIO = 0.06


def with_holes(sample: Sample, share: float, *, seed: int) -> Sample:
    """Remove a share of the measurements; holes of a larger share contain those of a smaller."""
    if share == 0.0:
        return sample
    rng = np.random.default_rng((seed, zlib.crc32(f'{sample.name} {sample.sensor}'.encode())))
    return replace(sample, sensor_depth_m=_cut(sample.sensor_depth_m, share, rng))


def _cut(depth_m: FloatImage, share: float, rng: np.random.Generator) -> FloatImage:
    noise = rng.standard_normal(depth_m.shape).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), max(0.7, BLOB_RATIO * max(depth_m.shape)))
    measured = np.isfinite(depth_m)
    missing = round(share * int(measured.sum()))
    # By rank, so that exactly this many go, however the noise is distributed.
    order = np.argsort(smooth[measured], kind='stable')
    kept = np.ones(order.size, bool)
    kept[order[:missing]] = False
    cut_m = depth_m.copy()
    cut_m[measured] = np.where(kept, depth_m[measured], np.nan)
    return cut_m
