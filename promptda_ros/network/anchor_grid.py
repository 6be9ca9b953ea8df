# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where the pixels of a picture lie among the sensor's samples.

Maps of the whole picture are kept as four of half its size, (B, C, 4, n) with n = H / 2 * W / 2:
even columns in even rows, even columns in odd rows, odd columns in even rows, odd columns in odd
rows. The anchor decides at half the size for four pixels at once, so that nothing but the depth
has to be brought into one picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor
import torch.nn.functional as F

# Weight of the nearest samples from the start, beside that in bilinear interpolation: what has
# none could never gain any.
NEAR_SHARE = 2e-3

Size = tuple[int, int]  # height, width


@dataclass(frozen=True)
class Between:
    """Linear interpolation between the samples along one axis."""

    low: Tensor  # (pixels,) sample at or before the pixel
    high: Tensor  # (pixels,) sample after it
    share: Tensor  # (pixels,) of the one after it

    @classmethod
    def of(cls, samples: int, centre: Tensor) -> Between:
        """Take where the pixels lie (pixels,) among the samples."""
        inside = centre.clamp(0, samples - 1)
        low = inside.floor()
        return cls(low.long(), (low + 1).clamp(max=samples - 1).long(), inside - low)

    def __call__(self, values: Tensor, axis: int) -> Tensor:
        """Interpolate along an axis, counted from the end."""
        low, high = (values.index_select(axis, samples) for samples in (self.low, self.high))
        return torch.lerp(low, high, self.share.reshape(-1, *(1,) * (-1 - axis)))


@dataclass(frozen=True)
class Axis:
    """The pixels along one axis, even ones before odd ones."""

    pitch_px: float  # pixels per sample
    around: Tensor  # (3, pixels) samples of a map padded by 1: before the nearest, it, after it
    offset: Tensor  # (pixels,) from the nearest one's centre, -0.5 to 0.5 but at the rim
    between: Between

    def priors(self) -> Tensor:
        """Return the weights (3, pixels) of the nearest three in bilinear interpolation."""
        steps = torch.arange(-1.0, 2.0, device=self.offset.device)
        return (1 - (self.offset - steps[:, None]).abs()).clamp(min=0)


@dataclass(frozen=True)
class Grid:
    """The sensor's samples among the pixels."""

    rows: Axis
    columns: Axis
    priors: Tensor  # (3, 12, n) log weights of what `around` yields: bilinear

    @property
    def size(self) -> Size:
        """The picture's."""
        return len(self.rows.offset), len(self.columns.offset)

    @property
    def half(self) -> Size:
        """Half the picture's size."""
        return len(self.rows.offset) // 2, len(self.columns.offset) // 2

    def around(self, samples: Tensor) -> Iterator[Tensor]:
        """Yield the 3 samples (B, 3, 4, n) above, beside and below the one nearest to every pixel.

        Those at the rim go on outside.
        """
        batch, _, height, _ = samples.shape
        padded = F.pad(samples, (1,) * 4, mode='replicate')
        across = padded.index_select(3, self.columns.around.flatten())
        split = across.reshape(batch, height + 2, 3, 2, -1).permute(0, 2, 3, 1, 4).contiguous()
        for rows in self.rows.around:
            yield split.index_select(3, rows).reshape(batch, 3, 4, -1)

    def picture(self, values: Tensor) -> Tensor:
        """Return values (B, 4, n) as one picture (B, 1, H, W)."""
        height, width = self.half
        split = values.reshape(-1, 2, 2, height, width).permute(0, 3, 2, 4, 1)
        return split.reshape(-1, 1, 2 * height, 2 * width)


def spread(values: Tensor, size: Size) -> Tensor:
    """Interpolate values (B, C, h, w) at every pixel (B, C, 4, n) of a picture."""
    rows = _axis(int(values.shape[2]), size[0], values.device)
    across = enlarged(values, (int(values.shape[2]), size[1]))
    split = across.reshape(*across.shape[:3], -1, 2).movedim(4, 2).contiguous()
    return rows.between(split, -2).reshape(*values.shape[:2], 4, -1)


@lru_cache(maxsize=8)  # the same for every frame
def grid_of(samples: Size, size: Size, device: torch.device) -> Grid:
    """Spread samples over a picture, whose sides are even."""
    rows, columns = (_axis(*each, device) for each in zip(samples, size, strict=True))
    with torch.inference_mode(False):
        down, across = rows.priors(), columns.priors().reshape(3, 2, -1)
        near = down[:, None, None, :, None] * across[:, :, None]
        return Grid(rows, columns, (near + NEAR_SHARE).log().reshape(3, 12, -1))


@lru_cache(maxsize=32)
def _axis(samples: int, pixels: int, device: torch.device) -> Axis:
    with torch.inference_mode(False):  # frames and training may share it
        centre = _centres(samples, pixels, device)
        centre = torch.cat((centre[::2], centre[1::2]))
        nearest = (centre + 0.5).floor().clamp(0, samples - 1)
        return Axis(
            pitch_px=pixels / samples,
            around=torch.stack([nearest + step for step in range(3)]).long(),
            offset=centre - nearest,
            between=Between.of(samples, centre),
        )


def _centres(samples: int, pixels: int, device: torch.device) -> Tensor:
    """Return where pixels lie (pixels,) among samples."""
    return (torch.arange(pixels, device=device) + 0.5) * (samples / pixels) - 0.5


def size_of(values: Tensor) -> Size:
    """Return height and width as whole numbers, also where a tracer makes tensors of them."""
    return int(values.shape[2]), int(values.shape[3])


def enlarged(values: Tensor, size: Size) -> Tensor:
    """Interpolate values (B, C, h, w) bilinearly."""
    own = size_of(values)
    if own == size:
        return values
    if torch.jit.is_tracing():  # type: ignore[attr-defined, no-untyped-call]
        # OpenVINO's own takes 3 to 10 times as long and is less exact by far.
        for axis, samples, pixels in ((-1, own[1], size[1]), (-2, own[0], size[0])):
            if samples != pixels:
                centre = _centres(samples, pixels, values.device)
                values = Between.of(samples, centre)(values, axis)
        return values
    return F.interpolate(values, size, mode='bilinear')
