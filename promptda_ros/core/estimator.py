# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Frame -> Depth on the device: prepare, infer, restore."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
import math
from types import ModuleType
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from promptda_ros.core.depth_space import DepthSpace, METRES, SATURATION
from promptda_ros.core.frame import BadFrame, Depth, Frame, OnDevice
from promptda_ros.core.frame_sizes import FrameSizes, network_size, sizes_of
from promptda_ros.core.fused import restore as fused
from promptda_ros.core.fused.proved import PROVED
from promptda_ros.core.prompt.history import DepthHistory
from promptda_ros.core.prompt.prompt import find_measured
from promptda_ros.core.restore import by_torch
from promptda_ros.core.restore.anchoring import (
    AnchorNetwork,
    DevicePrompt,
    reduced,
    without_repeats,
)
from promptda_ros.core.restore.unexplained import unexplained
from promptda_ros.core.runtime.threads import one_thread
from promptda_ros.core.runtime.transfer import begin_upload, download
from promptda_ros.core.settings.depth import OutputSettings, PromptSettings


@dataclass(frozen=True)
class Prepared:
    """One frame on the device, ready for the network."""

    image: Tensor  # (H, W, 3) uint8
    pixels: Tensor  # (1, 3, h, w), 0 to 255
    prompt: DevicePrompt
    own: DevicePrompt | None  # the sensor at its own size, at which depth is held; None: nowhere
    anchor: AnchorNetwork | None  # by which it is held; None: by surfaces
    sizes: FrameSizes


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
        sensor_m, long_side = frame.sensor_depth_m, settings.max_long_side
        where = self.network.patch_px, self.resolution, output.resolution, self.device.type
        sizes = sizes_of(frame.image.shape[:2], sensor_m.shape, *where)
        # torch warns about arrays it can't write to, which views of messages are.
        frame = replace(frame, image=np.require(frame.image, requirements=('C', 'W')))
        uploading = begin_upload(frame.image, self.device)  # beside all that follows
        is_held = output.anchor != 'off'
        if is_held:  # the sensor is needed at its own size
            sensor_m, long_side = without_repeats(sensor_m), max(*sizes.held, long_side)
        found = find_measured(sensor_m, settings, long_side)
        if history is not None:
            found = history.average(found, frame, settings)
        is_small = max(found.kept.measured.shape) <= settings.max_long_side
        small = found if is_small else reduced(found, settings.max_long_side)
        own = DevicePrompt.of(found, self.device) if is_held else None
        prompt = own if own and is_small else DevicePrompt.of(small, self.device)
        image = uploading.wait()
        steps = fused if image.device in PROVED else by_torch
        return Prepared(
            image=image,
            pixels=steps.resize(image, sizes.network, 'bicubic'),
            prompt=prompt,
            own=own,
            anchor=self.anchor if output.anchor == 'auto' else None,
            sizes=sizes,
        )

    @torch.inference_mode()
    def infer(self, batch: Sequence[Prepared]) -> list[Tensor]:
        """Run the network on frames, those of one size at once.

        Returns metres (h, w) in float32 for each.
        """
        of_size: defaultdict[tuple[torch.Size, torch.Size], list[int]] = defaultdict(list)
        for number, each in enumerate(batch):
            of_size[each.pixels.shape, each.prompt.depth_m.shape].append(number)
        depths_m: dict[int, Tensor] = {}
        for numbers in of_size.values():
            frames = [batch[number] for number in numbers]
            pixels, prompt_m = frames[0].pixels, frames[0].prompt.depth_m
            if len(frames) > 1:  # the usual one is not copied
                pixels = torch.cat([each.pixels for each in frames])
                prompt_m = torch.cat([each.prompt.depth_m for each in frames])
            depths_m.update(zip(numbers, self.network(pixels, prompt_m), strict=True))
        return [depths_m[number] for number in range(len(batch))]

    @torch.inference_mode()
    def restore(
        self, prepared: Prepared, network_depth_m: Tensor, settings: OutputSettings
    ) -> Depth:
        """Check the network's answer, hold it at the sensor, mark what it can't express."""
        if network_depth_m.shape != prepared.pixels.shape[2:]:
            raise _misshapen(network_depth_m, prepared.pixels.shape[2:])
        shown, sensor = prepared.prompt, prepared.own or prepared.prompt
        steps = fused if network_depth_m.device in PROVED else by_torch
        held_m = self._hold(prepared, network_depth_m, steps)
        ends_m = -math.inf, math.inf  # of an anchor's depth, which may leave the prompt's range
        if prepared.anchor is None:
            ends_m = self.space.inside(shown.prompt.near_m, shown.prompt.far_m, SATURATION)
        with one_thread():
            # Of the network by what it was shown, before anything holds its depth.
            saturated, limits, cells = steps.judge(network_depth_m, shown, ends_m, self.space)
            known_m, held_limits = steps.finish(
                held_m,
                saturated,
                sensor,
                prepared.sizes.output,
                drop_saturated=settings.drop_saturated,
                keeps_measured=prepared.own is not None and settings.fuse == 'keep_measured',
            )
            # The host waits here, and nowhere before. What is refused is not published.
            found_m, at_end, *both, means = download(
                known_m, saturated, limits, held_limits, cells
            )
        if not all(each.min() > 0 and each.max() < math.inf for each in both):  # NaN fails, too
            raise _invalid(held_m)
        return Depth(
            depth_m=found_m,
            prompt=sensor.prompt,
            saturated=at_end,
            unexplained=unexplained(torch.from_numpy(means), self.space),
            on_device=None if self.device.type == 'cpu' else OnDevice(known_m, prepared.image),
        )

    def _hold(self, prepared: Prepared, network_depth_m: Tensor, steps: ModuleType) -> Tensor:
        """Return depth (h, w), held at the sensor where that is wanted."""
        own = prepared.own
        if own is None:
            return network_depth_m
        if prepared.anchor is None:
            own_m: Tensor = steps.hold(network_depth_m, own, prepared.sizes.held)
            return own_m
        pixels = steps.resize(prepared.image, prepared.sizes.held, 'bilinear')
        held_m = prepared.anchor(pixels, own.depth_m, own.measured, network_depth_m[None, None])
        return held_m[0, 0]

    def network_size(self, height: int, width: int) -> tuple[int, int]:
        """Return (height, width) for the network for an image of this size.

        Raises:
            BadFrame: the image is smaller than one patch.
        """
        return network_size((height, width), self.network.patch_px, self.resolution)


def _misshapen(depth_m: Tensor, size: torch.Size) -> BadFrame:
    return BadFrame(
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
