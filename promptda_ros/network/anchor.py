# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Depth at the image's own size, held by the sensor: a small network that weighs its samples.

Every pixel becomes a convex combination of what the sensor measured around it, of means of that
over wider windows, and of two values that may go beyond them: the network's depth at the sensor's
level, and a free one, for holes. All of it in log depth, and from differences only, so that
prompts of another scale give the same picture at that scale, and things far away do not set the
scale of those nearby. Where the head says nothing the weights are those of bilinear
interpolation: training begins at the sensor (convex upsampling: Teed & Deng 2020).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
import math

import torch
from torch import nn, Tensor
import torch.nn.functional as F

# Weights that samples have from the start beside those of bilinear interpolation: what has none
# could never gain any.
NEAR_SHARE, WIDE_SHARE, BEYOND_SHARE = 2e-3, 5e-4, 2e-3
LARGEST_LOGIT = 60.0
GAIN = 3.0  # on the head's outputs, so that it learns as fast as the layers before it
FREE_STEP = 0.1  # log depth per unit of the head's output
WINDOWS = (3, 7)  # samples a side over which means are taken
# Differences of log depth that features show best: noise, steps of objects, shape of the scene.
FINE, COARSE, LEVEL, NOISE = 0.02, 0.05, 0.2, 0.005
NEAR = 9
SMOOTH = len(WINDOWS) + 4  # means, the smooth filling, the network's depth twice, a free value
CANDIDATES = NEAR + SMOOTH
FEATURES = 29
NETWORK_FEATURES = 4  # the last ones
COARSE_GRID = 12, 16  # over which the network's level is compared with the sensor's as a whole


@dataclass(frozen=True)
class AnchorConfig:
    """The shape of the small network."""

    widths: tuple[int, ...] = (16, 32, 48, 64, 96)  # at half the image's size, a quarter, ...


@dataclass(frozen=True)
class Axis:
    """Where pixels lie among samples along one axis."""

    pixels: int
    pitch_px: float  # pixels per sample
    index: Tensor  # (pixels,) of the sample nearest to each
    offset: Tensor  # (pixels,) from its centre, -0.5 to 0.5 but at the rim

    @classmethod
    def of(cls, samples: int, pixels: int, device: torch.device) -> Axis:
        """Spread samples over pixels."""
        centre = (torch.arange(pixels, device=device) + 0.5) * (samples / pixels) - 0.5
        index = (centre + 0.5).floor().clamp(0, samples - 1)
        return cls(pixels, pixels / samples, index.long(), centre - index)

    def priors(self) -> Tensor:
        """Return the weights (3, pixels) of the nearest three in bilinear interpolation."""
        steps = torch.arange(-1.0, 2.0, device=self.offset.device)
        return (1 - (self.offset - steps[:, None]).abs()).clamp(min=0)


@dataclass(frozen=True)
class Grid:
    """The samples among the pixels, and what bilinear interpolation makes of them."""

    rows: Axis
    columns: Axis
    priors: Tensor  # (1, CANDIDATES - 1, H, W) log weights before anything is known

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the picture."""
        return self.rows.pixels, self.columns.pixels


@dataclass(frozen=True)
class Prompted:
    """The prompt in log depth (B, 1, h, w), and what is made of it there."""

    filled: Tensor
    measured: Tensor
    smooth: Tensor  # holes filled smoothly
    means: tuple[Tensor, ...]  # of what was measured, by window


@dataclass(frozen=True)
class Matched:
    """The network's log depth (B, 1, any, any) at the level of the sensor."""

    near: Tensor  # around each sample
    wide: Tensor  # over parts of the picture: its own shape at steps that the sensor blurs


class Residual(nn.Module):
    """Two convolutions beside a shortcut."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Return features of the same shape."""
        return F.relu(x + self.second(F.relu(self.first(x))))


class Anchor(nn.Module):
    """Weighs the sensor's samples for every pixel of the image."""

    patch_px = 1  # it takes pictures of any size

    def __init__(self, config: AnchorConfig | None = None) -> None:
        """Begin as bilinear interpolation; the caller seeds torch."""
        super().__init__()
        self.config = config or AnchorConfig()
        widths = self.config.widths
        pairs = list(zip(widths, widths[1:], strict=False))
        self.stem = nn.Conv2d(FEATURES, widths[0], 3, padding=1)
        self.down = nn.ModuleList(nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in pairs)
        self.encode = nn.ModuleList(Residual(b) for _, b in pairs)
        self.scene = nn.Conv2d(widths[-1], widths[-1], 1)  # what all of the picture shows
        self.up = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in pairs)
        self.decode = nn.ModuleList(Residual(a) for a, _ in pairs[1:])
        self.finish = nn.Conv2d(widths[0], widths[0], 3, padding=1)
        self.head = nn.Conv2d(widths[0], 4 * (CANDIDATES + 1), 1)
        with torch.no_grad():
            nn.init.zeros_(self.head.weight)
            nn.init.zeros_(_bias(self.head))
            nn.init.zeros_(self.scene.weight)
            nn.init.zeros_(_bias(self.scene))
            self.stem.weight[:, -NETWORK_FEATURES:] = 0
            for block in (*self.encode, *self.decode):
                block.second.weight *= 0.3

    def forward(
        self, pixels: Tensor, prompt_m: Tensor, measured: Tensor, network_m: Tensor | None = None
    ) -> Tensor:
        """Return metres (B, 1, H, W).

        pixels (B, 3, H, W), 0 to 255; prompt_m (B, 1, h, w) without holes; measured (B, 1, h, w),
        1 where it was; network_m (B, 1, any, any), the network's depth if there is one.
        """
        height, width = _size(pixels)
        if height % 2 or width % 2:
            pixels = F.pad(pixels, (0, width % 2, 0, height % 2), mode='replicate')
        grid = _grid(_size(prompt_m), _size(pixels), pixels.device)
        prompt = _prompted(prompt_m.log(), measured)
        matched = None if network_m is None else _matched(network_m.log(), prompt)
        features = _features(pixels, prompt, matched, grid)
        said = F.pixel_shuffle(self.head(self._decide(features)), 2)
        log_depth = _combine(said, prompt, matched, grid)
        return log_depth.exp()[:, :, :height, :width]

    def _decide(self, features: Tensor) -> Tensor:
        x = F.relu(self.stem(features))
        skips = [x]
        for down, encode in zip(self.down, self.encode, strict=True):
            x = encode(F.relu(down(x)))
            skips.append(x)
        x = x + self.scene(x.mean((2, 3), keepdim=True))
        for level in range(len(self.up) - 1, -1, -1):
            x = _enlarged(self.up[level](x), _size(skips[level])) + skips[level]
            x = self.decode[level - 1](x) if level else F.relu(self.finish(x))
        return x


def _prompted(filled: Tensor, measured: Tensor) -> Prompted:
    smooth = _fill_smoothly(filled, measured)
    means = tuple(_mean(filled, measured, smooth, side) for side in WINDOWS)
    return Prompted(filled, measured, smooth, means)


def _fill_smoothly(values: Tensor, known: Tensor) -> Tensor:
    """Fill what is not known from means over ever larger blocks of what is."""
    height, width = _size(values)
    if min(height, width) <= 2:
        return known * values + (1 - known) * _overall(values, known)
    rim = (0, width % 2, 0, height % 2)
    both = F.pad(torch.cat((values * known, known), 1), rim)
    total, share = F.avg_pool2d(both, 2).chunk(2, 1)
    coarser = _fill_smoothly(total / share.clamp(min=1e-6), (2 * share).clamp(max=1))
    around = _enlarged(coarser, (height + rim[3], width + rim[1]))[:, :, :height, :width]
    return known * values + (1 - known) * around


def _overall(values: Tensor, known: Tensor) -> Tensor:
    sums = (values * known).sum((2, 3), keepdim=True), known.sum((2, 3), keepdim=True)
    return sums[0] / sums[1].clamp(min=1e-6)


def _mean(values: Tensor, known: Tensor, smooth: Tensor, side: int) -> Tensor:
    """Average what is known in a window around each sample."""
    both = torch.cat((values * known, known), 1)
    total, share = F.avg_pool2d(both, side, stride=1, padding=side // 2).chunk(2, 1)
    return (total + 1e-4 * smooth) / (share + 1e-4)


def _matched(network: Tensor, prompt: Prompted) -> Matched:
    """Bring the network's log depth to the level of the sensor; it keeps its own shape."""
    size, own = _size(prompt.filled), _size(network)
    smaller = size[0] < own[0]
    seen = F.interpolate(network, size, mode='area') if smaller else _enlarged(network, size)
    off = prompt.filled - seen
    near = _mean(off, prompt.measured, _fill_smoothly(off, prompt.measured), WINDOWS[0])
    size = own if smaller else size
    network = _enlarged(network, size)
    wide = _coarse(off, prompt.measured)
    return Matched(network + _enlarged(near, size), network + _enlarged(wide, size))


def _coarse(values: Tensor, known: Tensor) -> Tensor:
    """Average what is known over parts of the picture."""
    size = min(values.shape[2], COARSE_GRID[0]), min(values.shape[3], COARSE_GRID[1])
    total, share = (F.adaptive_avg_pool2d(each, size) for each in (values * known, known))
    return _fill_smoothly(total / share.clamp(min=1e-6), (share > 1e-6).to(share.dtype))


def _features(pixels: Tensor, prompt: Prompted, matched: Matched | None, grid: Grid) -> Tensor:
    """Return what the network decides by (B, FEATURES, H / 2, W / 2)."""
    rows, columns, size = grid.rows, grid.columns, grid.size
    half = size[0] // 2, size[1] // 2
    filled, (near, wide) = prompt.filled, prompt.means
    overall = _overall(filled, prompt.measured)
    noise = F.avg_pool2d((filled - near).abs(), 5, stride=1, padding=2, count_include_pad=False)
    shown = torch.cat(
        (
            _shown(filled - overall, LEVEL),
            _shown(filled - near, FINE),
            _shown(wide - _blurred(prompt.smooth), COARSE),
            _shown(prompt.smooth - filled, FINE),
            _shown(noise, NOISE),
            2 * prompt.measured - 1,
        ),
        1,
    )
    detail = _shown(_enlarged(filled, size) - _enlarged(wide, size), FINE)
    batch = pixels.shape[0]
    return torch.cat(
        (
            F.pixel_unshuffle(pixels / 64 - 2, 2),
            F.pixel_unshuffle(detail, 2),
            _enlarged(shown, half),
            rows.offset[::2].reshape(1, 1, -1, 1).expand(batch, 1, *half),
            columns.offset[::2].reshape(1, 1, 1, -1).expand(batch, 1, *half),
            pixels.new_full((batch, 1, *half), math.log2(rows.pitch_px) / 3),
            *_network_features(matched, filled, half),
        ),
        1,
    )


def _network_features(
    matched: Matched | None, filled: Tensor, size: tuple[int, int]
) -> tuple[Tensor, ...]:
    """Return what the network says of the scene, nothing where there is none."""
    if matched is None:
        return (filled.new_zeros(filled.shape[0], NETWORK_FEATURES, *size),)
    here, sensor = _enlarged(matched.near, size), _enlarged(filled, size)
    against = _shown(here - sensor, FINE)
    detail = _shown(here - F.avg_pool2d(here, 9, 1, 4, count_include_pad=False), FINE)
    wide = _shown(_enlarged(matched.wide, size) - sensor, FINE)
    return against, detail, torch.ones_like(against), wide


def _combine(said: Tensor, prompt: Prompted, matched: Matched | None, grid: Grid) -> Tensor:
    """Weigh the candidates of every pixel (B, 1, H, W)."""
    size = grid.size
    samples = _around(prompt.filled).index_select(3, grid.columns.index)
    samples = samples.index_select(2, grid.rows.index)
    smooth = _enlarged(torch.cat((*prompt.means, prompt.smooth), 1), size)
    plain = _enlarged(prompt.filled, size)
    network = plain.expand(-1, 2, -1, -1)
    if matched is not None:
        network = _enlarged(torch.cat((matched.near, matched.wide), 1), size)
    free = plain + FREE_STEP * said[:, CANDIDATES:]
    # In holes half of the weight is on the free value, which is that of bilinear interpolation,
    # too, until the head says something: there it learns as fast as the others do elsewhere.
    missing = 1 - _enlarged(prompt.measured, size) + BEYOND_SHARE
    weights = _exponential(torch.add(grid.priors, said[:, : CANDIDATES - 1], alpha=GAIN))
    weight_of_free = missing * _exponential(GAIN * said[:, CANDIDATES - 1 : CANDIDATES])
    # Added up group by group: to join them costs as much time as to weigh them.
    total = weight_of_free * free
    for begin, values in ((0, samples), (NEAR, smooth), (CANDIDATES - 3, network)):
        total = total + (weights[:, begin : begin + values.shape[1]] * values).sum(1, keepdim=True)
    return total / (weights.sum(1, keepdim=True) + weight_of_free)


def _exponential(logits: Tensor) -> Tensor:
    """Return weights that are numbers whatever the head says, in the memory of the logits."""
    return logits.clamp_(max=LARGEST_LOGIT).exp_()


def _around(values: Tensor) -> Tensor:
    """Return the 3 x 3 values (B, 9, h, w) around each; those at the rim go on outside."""
    height, width = _size(values)
    padded = F.pad(values, (1,) * 4, mode='replicate')
    parts = [padded[:, :, y : y + height, x : x + width] for y in range(3) for x in range(3)]
    return torch.cat(parts, 1)


def _blurred(values: Tensor) -> Tensor:
    """Return the shape of the scene: what is left at an eighth of the size."""
    height, width = _size(values)
    small = max(1, height // 8), max(1, width // 8)
    return _enlarged(F.adaptive_avg_pool2d(values, small), (height, width))


def _shown(difference: Tensor, scale: float) -> Tensor:
    """Compress differences of log depth, so that small ones are seen and large ones are bounded.

    The inverse hyperbolic sine, written with what every compiler knows.
    """
    scaled = difference / scale
    return scaled.sign() * (scaled.abs() + (scaled.square() + 1).sqrt()).log()


@lru_cache(maxsize=8)  # the same for every frame
def _grid(samples: tuple[int, int], pixels: tuple[int, int], device: torch.device) -> Grid:
    with torch.inference_mode(False):  # frames and training may share it
        rows, columns = (Axis.of(*each, device) for each in zip(samples, pixels, strict=True))
        near = rows.priors()[:, None, :, None] * columns.priors()[None, :, None, :]
        near = near.reshape(1, NEAR, *pixels) + NEAR_SHARE
        wide = near.new_full((1, len(WINDOWS) + 1, *pixels), WIDE_SHARE)
        network = near.new_full((1, 2, *pixels), BEYOND_SHARE)
        return Grid(rows, columns, torch.cat((near, wide, network), 1).log())


def _size(values: Tensor) -> tuple[int, int]:
    # Whole numbers even where a tracer makes tensors of shapes: sizes are constants to it.
    return int(values.shape[2]), int(values.shape[3])


def _enlarged(values: Tensor, size: tuple[int, int]) -> Tensor:
    if _size(values) == size:
        return values
    return F.interpolate(values, size, mode='bilinear')


def _bias(convolution: nn.Conv2d) -> Tensor:
    assert convolution.bias is not None
    return convolution.bias
