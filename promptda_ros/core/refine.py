# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Soft edges of depth made sharp by the picture: a joint bilateral filter.

For small networks, which know that there is an edge better than where it is. Every pixel becomes
the mean of the pixels around it, weighted by how near they are and how alike in colour
(Tomasi and Manduchi, 1998; Petschnigg et al., 2004). First along columns, then along rows, which
takes a fifth of the time of a square (Pham and van Vliet, 2005) and gives errors at edges that
are 2 % larger.

The same filter twice: OpenCV takes a third of the time of torch on a CPU, torch runs on CUDA.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import torch
from torch import Tensor

from promptda_ros.core.frame import ByteImage, FloatImage

# Chosen on validation scenes of the cell at 252x336 by the error at edges.
REACH_PX = 6
STRIDE_PX = 2  # every second neighbour is enough for a mean
SIGMA_PX = 4.0
SIGMA_COLOUR = 15.0  # sum of the differences of three channels, 0 to 255 each
# Less weighs nothing in float32, and numbers too small for it take a CPU twice as long.
LEAST_EXPONENT = -30.0


def refine_edges(depth_m: Tensor, colours: Tensor, *, rounds: int = 1) -> Tensor:
    """Filter depth (h, w), all finite, by the colours (3, h, w), 0 to 255, of its pixels.

    They are uint8 on a CPU, float32 elsewhere. More rounds reach farther: edges of coarse sensors
    are softer.
    """
    axes = (0, 1) * rounds
    if depth_m.device.type == 'cpu':
        channels = colours.contiguous().numpy()
        refined_m = depth_m.numpy()
        for axis in axes:
            refined_m = _filter_on_cpu(refined_m, channels, axis)
        return torch.from_numpy(refined_m)
    for axis in axes:
        depth_m = filter_on_device(depth_m, colours, axis)
    return depth_m


def _filter_on_cpu(depth_m: FloatImage, channels: ByteImage, axis: int) -> FloatImage:
    length = depth_m.shape[axis]
    total_m, weights = depth_m.copy(), np.ones_like(depth_m)
    for offset in _offsets(length):
        # A pair of pixels has one weight, whichever of the two is asked for.
        first, second = _along(axis, 0, length - offset), _along(axis, offset, length)
        red, green, blue = (cv2.absdiff(each[first], each[second]) for each in channels)
        # A sum ends at 255, where the weight is the least anyway: 17 SIGMA_COLOUR.
        unlike = cv2.add(cv2.add(red, green), blue)
        weight = cv2.LUT(unlike, _weights(offset))
        for one, other in ((first, second), (second, first)):
            cv2.accumulateProduct(weight, depth_m[other], total_m[one])
            cv2.accumulate(weight, weights[one])
    refined_m: FloatImage = total_m / weights
    return refined_m


def filter_on_device(depth_m: Tensor, colours: Tensor, axis: int) -> Tensor:
    """Filter depth (h, w) along one axis with torch, wherever it is."""
    length = depth_m.shape[axis]
    total_m, weights = depth_m.clone(), torch.ones_like(depth_m)
    for offset in _offsets(length):
        rest = length - offset
        unlike = colours.narrow(axis + 1, 0, rest) - colours.narrow(axis + 1, offset, rest)
        unlike = unlike.abs_().sum(0).div_(SIGMA_COLOUR)
        weight = unlike.square_().add_((offset / SIGMA_PX) ** 2).mul_(-0.5)
        weight.clamp_(min=LEAST_EXPONENT).exp_()
        for one, other in ((0, offset), (offset, 0)):
            neighbours_m = depth_m.narrow(axis, other, rest)
            total_m.narrow(axis, one, rest).addcmul_(weight, neighbours_m)
            weights.narrow(axis, one, rest).add_(weight)
    return total_m / weights


def _offsets(length: int) -> range:
    return range(STRIDE_PX, min(REACH_PX, length - 1) + 1, STRIDE_PX)


def _along(axis: int, begin: int, end: int) -> tuple[slice, ...]:
    return (slice(None),) * axis + (slice(begin, end),)


@lru_cache(maxsize=REACH_PX)
def _weights(offset: int) -> FloatImage:
    """Return the weights of a pair of pixels whose colours differ by 0 to 255."""
    exponents = -0.5 * (np.square(np.arange(256) / SIGMA_COLOUR) + (offset / SIGMA_PX) ** 2)
    return np.exp(np.maximum(exponents, LEAST_EXPONENT)).astype(np.float32)
