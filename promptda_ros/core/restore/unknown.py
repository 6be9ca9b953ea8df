# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Depth that nothing supports becomes unknown."""

from __future__ import annotations

from collections.abc import Sequence
import math

import torch
from torch import Tensor
import torch.nn.functional as F

from promptda_ros.core.prompt.sensor_range import find_out_of_range
from promptda_ros.core.restore.anchoring import DevicePrompt
from promptda_ros.core.runtime.transfer import upload


def without_unknown(
    depth_m: Tensor, sensor: DevicePrompt, saturated: Tensor, *, drop_saturated: bool
) -> Tensor:
    """Return depth (H, W) with NaN where it may be wrong.

    That is out of the sensor's range, around rejected measurements, too far from all others and,
    where they are dropped, at saturated network pixels (h, w) without a measurement.
    """
    prompt, device, size = sensor.prompt, depth_m.device, saturated.shape
    is_cpu = device.type == 'cpu'  # any other can't say whether a mask is empty before it is asked
    masks = []
    if prompt.rejected.any():
        # With its neighbours: pixels of both sizes don't lie on one another.
        rejected = upload(prompt.rejected, device)[None, None].float()
        masks.append(enlarge(F.max_pool2d(rejected, 3, stride=1, padding=1), size))
    if prompt.unsupported is not None:
        masks.append(enlarge(upload(prompt.unsupported, device)[None, None].float(), size))
    if drop_saturated and not (is_cpu and not saturated.any()):
        masks.append(saturated & ~enlarge(sensor.measured, size))
    unknown = torch.stack(masks).any(0) if masks else None
    if unknown is not None and not (is_cpu and not unknown.any()):
        unknown = enlarge(unknown[None, None].float(), depth_m.shape)
        depth_m = depth_m.masked_fill(unknown, math.nan)
    out_of_range = find_out_of_range(prompt, depth_m.shape)
    if out_of_range is not None:
        depth_m = depth_m.masked_fill(upload(out_of_range, device), math.nan)
    return depth_m


def enlarge(mask: Tensor, size: Sequence[int]) -> Tensor:
    """Make a block of every pixel of a mask (1, 1, h, w) of 0 and 1, for a size (H, W)."""
    return F.interpolate(mask, (*size,), mode='nearest')[0, 0] > 0.5
