# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Depth held at the sensor without training: the network's surfaces, moved to the measurements.

The sensor differs from the network by about as much all over a surface. Every pixel is corrected
by the mean difference of the 3 x 3 sensor pixels around it; those on other surfaces, where the
network's depth is another one, hardly count. Holes are filled in the same way from the sensor at
half its resolution, a quarter, and so on. Where the sensor measured, the result is averaged with
plain interpolation of its depth, unless that is far off, as it is between two surfaces. All of it
in log depth: a difference at the far wall says nothing in metres about the cup before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor
import torch.nn.functional as F

from promptda_ros.core.runtime.threads import one_thread

if TYPE_CHECKING:  # at run time the network needs this file without OpenCV
    from promptda_ros.core.restore.anchoring import DevicePrompt

# Chosen on real frames: how far a measurement reaches, in pixels of the sensor, and how far apart
# two surfaces are, in log depth, of which 0.02 is 2 % of the depth.
SIGMA_PITCHES, SIGMA_SURFACE = 0.7, 0.02
SCALE = SIGMA_SURFACE * math.sqrt(2)
LEAST_EXPONENT = -30.0  # less weighs nothing in float32
FILLED_WEIGHT = 1e-3  # of a hole, against a measurement
SENSOR_SHARE = 0.5  # of plain interpolation, where it rests on measurements
SIGMA_SENSOR = 0.1  # in log depth; zones, whose surfaces networks miss by more, need as much
COARSEST = 2  # pixels along a side, over which one mean is taken


@one_thread()
def surface_residual(network_m: Tensor, sensor: DevicePrompt, size: Sequence[int]) -> Tensor:
    """Return metres (H, W) within the range of the prompt for the network's (h, w)."""
    prompt_m, measured = sensor.depth_m, sensor.measured
    prompt = prompt_m.log()
    depth = _resized(network_m[None, None], size).log()
    seen = seen_by_sensor(depth, prompt.shape[2:])
    off = _filled(prompt - seen, seen, measured)
    depth += carry(depth, off, seen, measured)
    interpolated, trusted = _resized(torch.cat((prompt, measured), 1), size).chunk(2, 1)
    # Between two surfaces interpolation is of neither: the farther off, the less it counts.
    trusted *= ((interpolated - depth) / SIGMA_SENSOR).square_().mul_(-0.5).exp_()
    depth = torch.lerp(depth, interpolated, SENSOR_SHARE * trusted)
    return depth.exp_().clamp_(prompt_m.amin(), prompt_m.amax())[0, 0]


def seen_by_sensor(depth: Tensor, size: Sequence[int]) -> Tensor:
    """Return depth (B, 1, H, W) as a sensor of this size sees it."""
    if size[0] < depth.shape[2]:
        return F.interpolate(depth, size, mode='area')
    return _resized(depth, size)


def _filled(off: Tensor, seen: Tensor, measured: Tensor) -> Tensor:
    """Fill differences (1, 1, h, w) where nothing was measured, surface by surface."""
    if off.device.type == 'cpu' and bool(measured.all()):
        return off
    height, width = off.shape[2:]
    if max(height, width) <= COARSEST:
        mean = (off * measured).sum() / measured.sum().clamp(min=FILLED_WEIGHT)
        return torch.where(measured > 0, off, mean)
    weight = measured + FILLED_WEIGHT
    each = torch.cat((off * measured, measured, seen * weight, weight), 1)
    each = F.avg_pool2d(F.pad(each, (0, width % 2, 0, height % 2)), 2)
    off_sum, share, seen_sum, weights = each.chunk(4, 1)
    coarser = off_sum / share.clamp(min=1e-6), seen_sum / weights, share
    coarser = _filled(*coarser), *coarser[1:]
    return torch.where(measured > 0, off, carry(seen, *coarser))


def carry(depth: Tensor, off: Tensor, seen: Tensor, measured: Tensor) -> Tensor:
    """Return means of differences (B, 1, h, w) over the samples on the surface of each pixel.

    depth (B, 1, H, W) in log depth tells the surface of a pixel, seen (B, 1, h, w) that of a
    sample.
    """
    height, width = off.shape[2:]
    samples = torch.cat((seen / SCALE, off, (measured + FILLED_WEIGHT).log()), 1)
    samples = F.pad(samples, (1, 1, 1, 1), mode='replicate')
    # As whole numbers, also where a tracer makes tensors of sizes: what they give is constant.
    rows, columns = (
        near_samples(int(count), int(pixels), depth.device)
        for count, pixels in zip(off.shape[2:], depth.shape[2:], strict=True)
    )
    here = depth[:, 0] / SCALE
    total, weights = torch.zeros_like(here), torch.zeros_like(here)
    for x in range(3):
        # Columns first, of few rows: taking rows is copying them.
        wide = samples[..., x : x + width].index_select(3, columns[0])
        for y in range(3):
            near = wide[:, :, y : y + height].index_select(2, rows[0])
            surface, value, weight = near.unbind(1)
            weight = weight + (rows[1][y][:, None] + columns[1][x])
            weight.sub_((surface - here).square_()).clamp_(min=LEAST_EXPONENT).exp_()
            weights += weight
            total.addcmul_(weight, value)
    return total.div_(weights)[:, None]


@lru_cache(maxsize=32)  # the same for every frame
def near_samples(samples: int, pixels: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return the nearest sample (pixels,), and exponents (3, pixels) of it and its neighbours."""
    with torch.inference_mode(False):  # frames and training may share it
        centres = (torch.arange(pixels, device=device) + 0.5) * (samples / pixels) - 0.5
        nearest = (centres + 0.5).floor().clamp(0, samples - 1)
        steps = torch.arange(-1.0, 2.0, device=device)[:, None]
        exponents = (centres - nearest - steps).square() * (-0.5 / SIGMA_PITCHES**2)
        return nearest.long(), exponents


def _resized(values: Tensor, size: Sequence[int]) -> Tensor:
    return values if values.shape[2:] == (*size,) else F.interpolate(values, size, mode='bilinear')
