# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Frame -> Depth on the device: prepare, infer, restore."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
import math
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
import torch.nn.functional as F

from promptda_ros.core.depth_space import DepthSpace, METRES
from promptda_ros.core.frame import BadFrame, ByteImage, Depth, Frame, OnDevice, Prompt
from promptda_ros.core.geometry.aspect import require_same_view
from promptda_ros.core.prompt.history import DepthHistory
from promptda_ros.core.prompt.prompt import complete, find_measured, Measured
from promptda_ros.core.prompt.sensor_range import find_out_of_range
from promptda_ros.core.restore.anchoring import (
    AnchorNetwork,
    at_own_size,
    keep_measured,
    OwnPrompt,
    reduced,
    without_repeats,
)
from promptda_ros.core.restore.surface_residual import surface_residual
from promptda_ros.core.restore.unexplained import unexplained
from promptda_ros.core.restore.upsample import upsample
from promptda_ros.core.runtime.resolution import PIXELS_OF_RESOLUTION, scale_to
from promptda_ros.core.runtime.threads import one_thread
from promptda_ros.core.runtime.transfer import download, upload
from promptda_ros.core.schema import OutputSettings, PromptSettings

# Depth is held at the image's own size up to these: 848x480 on a CPU, 1920x1080 on a GPU.
HELD_PIXELS, HELD_PIXELS_ON_GPU = 410_000, 2_080_000


@dataclass(frozen=True)
class Prepared:
    """One frame on the device, ready for the network."""

    image: Tensor  # (H, W, 3) uint8
    pixels: Tensor  # (1, 3, h, w), 0 to 255
    prompt_m: Tensor  # (1, 1, hp, wp) float32
    prompt: Prompt
    own: OwnPrompt | None = None  # the sensor at its own size; None: nothing is held there


class Network(Protocol):
    """What the estimator runs: a folded network."""

    patch_px: int

    def __call__(self, pixels: Tensor, prompt_m: Tensor, /) -> Tensor:
        """Predict metres (B, h, w) in float32.

        pixels (B, 3, h, w), 0 to 255. prompt_m (B, 1, hp, wp).
        """


class Estimator:
    """Runs one network on one device; not for several threads at once."""

    def __init__(
        self,
        network: Network,
        *,
        device: torch.device,
        resolution: str = 'auto',
        space: DepthSpace = METRES,
        anchor: AnchorNetwork | None = None,
    ) -> None:
        """Take networks that are on the device.

        space: of the network's output inside, which is a share of the prompt's range there.
        """
        self.network = network
        self.anchor = anchor
        self.device = device
        self.space = space
        fallback = 'full' if device.type == 'cuda' else 'low'
        self.resolution = fallback if resolution == 'auto' else resolution  # of the next frame

    def warm_up(self) -> None:
        """Run one made-up frame, so that the first real one finds everything allocated.

        Raises:
            BadFrame: the network gives no depth on this device in this number format.
        """
        ramp_m = np.linspace(0.5, 1.5, 192 * 256, dtype=np.float32).reshape(192, 256)
        grey = np.full((480, 640, 3), 128, np.uint8)
        frame = Frame(stamp_ns=1, frame_id='', image=grey, sensor_depth_m=ramp_m)
        self.estimate(frame, PromptSettings(), OutputSettings())

    def estimate(self, frame: Frame, prompt: PromptSettings, output: OutputSettings) -> Depth:
        """Turn one frame into dense metric depth.

        Raises:
            BadFrame: the frame can't give depth one can trust.
        """
        prepared = self.prepare(frame, prompt, output)
        (network_depth_m,) = self.infer([prepared])
        return self.restore(prepared, network_depth_m, output)

    @one_thread()
    def prepare(
        self,
        frame: Frame,
        settings: PromptSettings,
        output: OutputSettings,
        history: DepthHistory | None = None,
    ) -> Prepared:
        """Condition the prompt, upload once, resize on the device.

        With the history of its stream a frame is smoothed over time, otherwise it stands alone.
        """
        height, width = frame.image.shape[:2]
        require_same_view((height, width), frame.sensor_depth_m.shape)
        size = self.network_size(height, width)
        frame = replace(frame, image=_contiguous(frame.image))
        holder = self._holder(output)
        found = self._find(frame, settings, holder)
        if history is not None:
            found = history.average(found, frame, settings)
        own = OwnPrompt.of(found, self.device) if holder else None
        small = reduced(found, settings.max_long_side)
        if own is not None and small is found:
            prompt, prompt_m = own.prompt, own.prompt_m
        else:
            prompt = complete(small)
            prompt_m = upload(prompt.depth_m, self.device)[None, None]
        image = upload(frame.image, self.device)
        return Prepared(
            image=image,
            pixels=self._resize(image, size),
            prompt_m=prompt_m,
            prompt=prompt,
            own=own,
        )

    @torch.inference_mode()
    def infer(self, batch: Sequence[Prepared]) -> list[Tensor]:
        """Run the network on frames, those of one size at once.

        Returns metres (h, w) in float32 for each.
        """
        of_size: defaultdict[tuple[torch.Size, torch.Size], list[int]] = defaultdict(list)
        for number, each in enumerate(batch):
            of_size[each.pixels.shape, each.prompt_m.shape].append(number)
        depths_m: dict[int, Tensor] = {}
        for numbers in of_size.values():
            found_m = self.network(
                _joined([batch[number].pixels for number in numbers]),
                _joined([batch[number].prompt_m for number in numbers]),
            )
            depths_m.update(zip(numbers, found_m, strict=True))
        return [depths_m[number] for number in range(len(batch))]

    @torch.inference_mode()
    def restore(
        self, prepared: Prepared, network_depth_m: Tensor, settings: OutputSettings
    ) -> Depth:
        """Check the network's answer, hold it at the sensor, mark what it can't express."""
        _require_shape(network_depth_m, prepared.pixels.shape[2:])
        depth_m, prompt = self._depth(prepared, network_depth_m, settings)
        with one_thread():
            saturated = self._saturated(network_depth_m, prepared.prompt, settings)
            limits_m = torch.stack((*network_depth_m.aminmax(), *depth_m.aminmax())).sort().values
            known_m = _without(depth_m, self._unknown(prompt, saturated, settings))
            out_of_range = find_out_of_range(prompt, depth_m.shape)
            if out_of_range is not None:
                known_m = known_m.masked_fill(upload(out_of_range, self.device), math.nan)
            left = self._unexplained(prepared, network_depth_m)
            # The host waits here, and nowhere before. What is refused is not published.
            found_m, at_end, limits, share = download(known_m, saturated, limits_m, left)
        if not (limits[0] > 0 and limits[-1] < math.inf):  # NaN fails, too
            raise _invalid(depth_m)
        return Depth(
            depth_m=found_m,
            prompt=prompt,
            saturated=at_end,
            unexplained=float(share),
            on_device=None if self.device.type == 'cpu' else OnDevice(known_m, prepared.image),
        )

    def _depth(
        self, prepared: Prepared, network_depth_m: Tensor, settings: OutputSettings
    ) -> tuple[Tensor, Prompt]:
        """Return depth (H, W), held at the sensor where that is wanted, and what it rests on."""
        holder, own, image = self._holder(settings), prepared.own, prepared.image
        if holder is None or own is None:
            return upsample(network_depth_m, image.shape[:2]), prepared.prompt
        size = self._held_size(image.shape[:2])
        pixels = image.permute(2, 0, 1)[None].float()
        if image.shape[:2] != size:
            pixels = F.interpolate(pixels, size, mode='bilinear', antialias=True)
        held_m = holder(pixels, own.prompt_m, own.measured, network_depth_m[None, None])[0, 0]
        depth_m = upsample(held_m, image.shape[:2])
        if settings.fuse == 'keep_measured':
            depth_m = keep_measured(depth_m, own)
        return depth_m, own.prompt

    def _unexplained(self, prepared: Prepared, network_depth_m: Tensor) -> Tensor:
        """Judge the network by the prompt that it was shown, before anything holds its depth."""
        measured = upload(prepared.prompt.measured.astype(np.float32), self.device)
        return unexplained(network_depth_m, prepared.prompt_m, measured[None, None], self.space)

    def _find(
        self, frame: Frame, settings: PromptSettings, holder: AnchorNetwork | None
    ) -> Measured:
        """Tell measurements from everything else, at the sensor's own size where depth is held."""
        if holder is None:
            return find_measured(frame.sensor_depth_m, settings)
        own = at_own_size(settings, self._held_size(frame.image.shape[:2]))
        return find_measured(without_repeats(frame.sensor_depth_m), own)

    def _holder(self, settings: OutputSettings) -> AnchorNetwork | None:
        """Return what holds depth at the sensor; None: the network's own depth is wanted."""
        if settings.anchor == 'off':
            return None
        return self.anchor if self.anchor and settings.anchor == 'auto' else surface_residual

    def _held_size(self, size: Sequence[int]) -> tuple[int, int]:
        """Return the size (height, width) at which depth of such an image is held."""
        pixels = HELD_PIXELS if self.device.type == 'cpu' else HELD_PIXELS_ON_GPU
        scale = scale_to(pixels, size[0], size[1])
        return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))

    def network_size(self, height: int, width: int) -> tuple[int, int]:
        """Return (height, width) for the network: aspect kept, whole patches, never enlarged.

        Raises:
            BadFrame: the image is smaller than one patch.
        """
        patch_px = self.network.patch_px
        if min(height, width) < patch_px:
            raise BadFrame(
                'image_size',
                f'image {width}x{height} is smaller than a {patch_px} px patch of the network; '
                'let the driver send larger images',
            )
        scale = scale_to(PIXELS_OF_RESOLUTION[self.resolution], height, width)
        return self._whole_patches(height, scale), self._whole_patches(width, scale)

    def _whole_patches(self, side_px: int, scale: float) -> int:
        patch_px = self.network.patch_px
        patches = min(round(side_px * scale / patch_px), side_px // patch_px)
        return max(1, patches) * patch_px

    def _resize(self, image: Tensor, size: tuple[int, int]) -> Tensor:
        pixels = image.permute(2, 0, 1)[None]  # (1, 3, H, W), channels last in memory
        if self.device.type != 'cpu':
            pixels = pixels.float()  # only the CPU resizes uint8
        return F.interpolate(pixels, size, mode='bicubic', antialias=True)

    def _saturated(self, depth_m: Tensor, prompt: Prompt, settings: OutputSettings) -> Tensor:
        """Mark network pixels (h, w) at an end of the prompt's range, where depth is in range."""
        if self.anchor is not None and self._holder(settings) is self.anchor:
            return torch.zeros_like(depth_m, dtype=torch.bool)  # its depth may leave that range
        at_end = self.space.at_end(depth_m, prompt.near_m, prompt.far_m)
        if prompt.blocked is not None:
            at_end &= ~_enlarge(upload(prompt.blocked, self.device), at_end.shape)
        return at_end

    def _unknown(
        self, prompt: Prompt, saturated: Tensor, settings: OutputSettings
    ) -> Tensor | None:
        """Mark the unreliable network pixels (h, w); None if there are none."""
        masks = []
        if prompt.rejected.any():
            # With its neighbours: pixels of both sizes don't lie on one another.
            masks.append(_enlarge(_grown(upload(prompt.rejected, self.device)), saturated.shape))
        if prompt.unsupported is not None:
            masks.append(_enlarge(upload(prompt.unsupported, self.device), saturated.shape))
        if settings.drop_saturated and not _is_nowhere(saturated):
            measured = _enlarge(upload(prompt.measured, self.device), saturated.shape)
            masks.append(saturated & ~measured)
        return torch.stack(masks).any(0) if masks else None


def _joined(tensors: list[Tensor]) -> Tensor:
    return tensors[0] if len(tensors) == 1 else torch.cat(tensors)  # the usual one is not copied


def _contiguous(image: ByteImage) -> ByteImage:
    # torch warns about arrays it can't write to, which views of messages are.
    return np.require(image, requirements=('C', 'W'))


def _require_shape(depth_m: Tensor, size: torch.Size) -> None:
    if depth_m.shape != size:
        raise BadFrame(
            'model_output',
            f'model output invalid: shape {tuple(depth_m.shape)} in place of {tuple(size)}; '
            'the network is not the one that its config.json describes',
        )


def _invalid(depth_m: Tensor) -> BadFrame:
    bad = 1 - float(((depth_m > 0) & (depth_m < math.inf)).float().mean())
    return BadFrame(
        'model_output',
        f'model output invalid: {bad:.1%} of the pixels are not finite and positive; '
        'set precision:=fp32 if it goes on',
    )


def _without(depth_m: Tensor, unknown: Tensor | None) -> Tensor:
    """Return depth (H, W) with NaN where it is unknown (h, w)."""
    if unknown is None or _is_nowhere(unknown):
        return depth_m
    return depth_m.masked_fill(_enlarge(unknown, depth_m.shape), math.nan)


def _is_nowhere(mask: Tensor) -> bool:
    """Return whether nothing is marked; no device but the CPU can say before it is waited for."""
    return mask.device.type == 'cpu' and not mask.any()


def _grown(mask: Tensor) -> Tensor:
    return F.max_pool2d(mask[None, None].float(), 3, stride=1, padding=1)[0, 0] > 0.5


def _enlarge(mask: Tensor, size: torch.Size) -> Tensor:
    return F.interpolate(mask[None, None].float(), size, mode='nearest')[0, 0] > 0.5
