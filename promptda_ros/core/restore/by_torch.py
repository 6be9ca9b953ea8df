# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The steps of restore with torch, on any device; `core/fused/restore.py` has them as kernels."""

from __future__ import annotations

import torch
from torch import Tensor
import torch.nn.functional as F

from promptda_ros.core.depth_space import DepthSpace
from promptda_ros.core.restore.anchoring import DevicePrompt, keep_measured
from promptda_ros.core.restore.surface_residual import seen_by_sensor
from promptda_ros.core.restore.surface_residual import surface_residual as hold
from promptda_ros.core.restore.unexplained import cells_of
from promptda_ros.core.restore.unknown import enlarge, without_unknown
from promptda_ros.core.restore.upsample import upsample
from promptda_ros.core.runtime.transfer import upload

__all__ = ['finish', 'hold', 'judge', 'resize']

Size = tuple[int, int]  # (height, width)


def resize(image: Tensor, size: Size, mode: str) -> Tensor:
    """Return an image (H, W, 3) of bytes as (1, 3, h, w) from 0 to 255, with antialias."""
    pixels = image.permute(2, 0, 1)[None]  # channels last in memory
    if image.device.type == 'cpu' and mode == 'bicubic':
        return F.interpolate(pixels, size, mode=mode, antialias=True)
    pixels = pixels.float()  # only the CPU resizes bytes, which end at 255 however they overshoot
    if image.shape[:2] == size:
        return pixels
    return F.interpolate(pixels, size, mode=mode, antialias=True).clamp_(0, 255)


def judge(
    network_m: Tensor, shown: DevicePrompt, ends_m: tuple[float, float], space: DepthSpace
) -> tuple[Tensor, Tensor, Tensor]:
    """Compare the network's depth (h, w) with what it was shown.

    Returns what is at an end of its range or beyond (h, w), unless that is out of range, the
    limits (2, any) of its depth, and cells for `unexplained`.
    """
    at_end = (network_m <= ends_m[0]) | (network_m >= ends_m[1])
    if shown.prompt.blocked is not None:
        blocked = upload(shown.prompt.blocked, network_m.device)[None, None].float()
        at_end &= ~enlarge(blocked, at_end.shape)
    size, measured = shown.depth_m.shape[2:], shown.measured
    seen_m = seen_by_sensor(network_m[None, None], size)
    both = torch.cat((space.from_metres(shown.depth_m), space.from_metres(seen_m)), 1)
    cells = F.adaptive_avg_pool2d(torch.cat((both * measured, measured), 1), cells_of(size))[0]
    return at_end, torch.stack(network_m.aminmax()), cells


def finish(
    held_m: Tensor,
    saturated: Tensor,
    sensor: DevicePrompt,
    size: Size,
    *,
    drop_saturated: bool,
    keeps_measured: bool,
) -> tuple[Tensor, Tensor]:
    """Bring depth (h, w) to the image's size and make unknown what nothing supports.

    Returns depth (H, W), NaN unknown, and its limits (2, any) before that.
    """
    depth_m = held_m if held_m.shape == size else upsample(held_m, size)
    if keeps_measured:
        depth_m = keep_measured(depth_m, sensor)
    known_m = without_unknown(depth_m, sensor, saturated, drop_saturated=drop_saturated)
    return known_m, torch.stack(depth_m.aminmax())
