# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether the kernels run on a device and compute what torch does; asked once, at start.

A card may be too old for them, Triton may be missing or find no compiler. All kernels run once
here, on a made-up frame with everything that may be on one. What differs is not used.
"""

from __future__ import annotations

from collections.abc import Iterator
import math

import numpy as np
import torch
from torch import Tensor
import torch.nn.functional as F

from promptda_ros.core.cloud import by_torch as cloud_by_torch
from promptda_ros.core.cloud.cloud import COMPACT_LAYOUT, PCL_LAYOUT
from promptda_ros.core.cloud.flying_pixels import flying_on_device
from promptda_ros.core.depth_space import LOG, METRES
from promptda_ros.core.frame import FloatImage, Intrinsics, OnDevice
from promptda_ros.core.fused import cloud, proved, registration, restore
from promptda_ros.core.geometry.inverse_depth import inverse_of_metres
from promptda_ros.core.geometry.reprojection import PinholeView, reduce_view, reproject
from promptda_ros.core.geometry.transform import Transform
from promptda_ros.core.prompt.prompt import find_measured
from promptda_ros.core.restore import by_torch
from promptda_ros.core.restore.anchoring import DevicePrompt
from promptda_ros.core.runtime.faults import DeviceLost, run_on_device
from promptda_ros.core.runtime.guard import Guard
from promptda_ros.core.settings.depth import PromptSettings
from promptda_ros.core.settings.workspace import WorkspaceSettings

IMAGE, HELD, NETWORK, SENSOR = (96, 128), (72, 96), (56, 70), (23, 31)
LARGE_SENSOR = 100, 130  # of which a level has more samples than a program works on at once
CAMERA = Intrinsics(width=128, height=96, fx=110.0, fy=111.0, cx=63.0, cy=48.5)
GRID = Intrinsics(width=64, height=48, fx=52.0, fy=53.0, cx=31.0, cy=24.0)
WORKSPACE = WorkspaceSettings(
    min_depth=0.5, max_depth=1.6, roi=(8.0, 4.0, 100.0, 80.0), box_min=(-0.4, -0.3, 0.3)
)
PROMPT = PromptSettings(max_fill_distance=0.1)
EDGE_STEP = 0.02
# A few pixels at a limit may fall on its other side when they are rounded otherwise.
TOLERANCE, SHARE_BEYOND = 1e-4, 2e-4
LONGEST_REASON = 300  # characters of an error, which may be a page

Pair = tuple[str, Tensor, Tensor]  # what is compared, by the kernels and by torch


def start_kernels(device: torch.device, engine: str) -> str:
    """Use the kernels on a card unless the engine is torch; return why not, empty if it is clear.

    Raises:
        DeviceLost: the device answers no more in this process.
    """
    if device.type != 'cuda' or engine == 'torch':
        proved.note(device, 'torch')
        return ''
    try:
        return prove(device)
    except DeviceLost as error:
        raise DeviceLost(
            f'{error}; the fused kernels ran for the first time: if this comes again, do without '
            'them by engine:=torch'
        ) from None


def prove(device: torch.device) -> str:
    """Use the kernels on a device if they are right there; return why not, empty if they are.

    Raises:
        DeviceLost: the device answers no more in this process.
    """
    device = torch.empty(0, device=device).device  # with its number
    problems: list[str] = []

    def note(error: Exception) -> None:
        text = ' '.join(str(error).split())[:LONGEST_REASON]
        problems.append(f'{type(error).__name__}: {text}')

    Guard(note, patience=None).run(lambda: problems.extend(run_on_device(_differences, device)))
    problem = _problem_text(problems[0]) if problems else ''
    proved.note(device, problem)
    return problem


def _problem_text(reason: str) -> str:
    return (
        f'torch alone, no fused kernels, which makes every frame slower: {reason}; '
        f'{_advice(reason)}, or set engine:=torch'
    )


def _advice(reason: str) -> str:
    if 'differ from torch' in reason:
        return 'report it with the name of the GPU and the versions of its driver and Triton'
    if reason.startswith('OutOfMemory'):
        return 'end other programs on the GPU and restart the node'
    if 'C compiler' in reason:  # with which Triton builds what launches a kernel
        return 'install one (apt install gcc)'
    return 'install a version of Triton that fits torch (pip install triton)'


@torch.inference_mode()
def _differences(device: torch.device) -> list[str]:
    """Return what the kernels compute otherwise than torch."""
    differences = []
    for name, found, expected in pairs(device):
        share = _share_beyond(found, expected)
        if share > SHARE_BEYOND:
            differences.append(f'{share:.2%} of {name} differ from torch')
    return differences


def _share_beyond(found: Tensor, expected: Tensor) -> float:
    near = torch.isclose(found.float(), expected.float(), rtol=TOLERANCE, atol=0, equal_nan=True)
    return 1 - float(near.float().mean())


def pairs(device: torch.device) -> Iterator[Pair]:
    """Compute everything twice."""
    rng = np.random.default_rng(0)
    image = torch.from_numpy(rng.integers(0, 256, (*IMAGE, 3), np.uint8)).to(device)
    floats = image.permute(2, 0, 1)[None].float()
    for mode in ('bicubic', 'bilinear'):
        expected = F.interpolate(floats, NETWORK, mode=mode, antialias=True).clamp_(0, 255)
        # Of black pixels no share of their value counts, but of the range.
        yield 'pixels', restore.resize(image, NETWORK, mode) + 256, expected + 256
    network_m = torch.from_numpy(_scene(NETWORK, rng)).to(device)
    for has_holes in (False, True):
        yield from _of_restore(network_m, _sensor(SENSOR, has_holes, rng, device))
    large = _sensor(LARGE_SENSOR, True, rng, device)
    held = [each.hold(network_m, large, HELD) for each in (restore, by_torch)]
    yield 'held depth of a large sensor', held[0], held[1]
    depth_m = torch.from_numpy(_scene(IMAGE, rng)).to(device)
    depth_m[::7, ::5] = math.nan
    yield from _of_cloud(OnDevice(depth_m, image))
    for block in (1, 2):
        yield _of_registration(depth_m, block)


def _of_restore(network_m: Tensor, sensor: DevicePrompt) -> Iterator[Pair]:
    held_m = by_torch.hold(network_m, sensor, HELD)
    yield 'held depth', restore.hold(network_m, sensor, HELD), held_m
    ends_m = float(network_m.quantile(0.1)), float(network_m.quantile(0.9))
    for space in (METRES, LOG):
        found, expected = (
            each.judge(network_m, sensor, ends_m, space) for each in (restore, by_torch)
        )
        yield 'saturated pixels', found[0], expected[0]
        yield 'limits', _limits(found[1]), _limits(expected[1])
        # Logarithms around 0 have differences, not shares.
        yield 'cells', found[2] + 1, expected[2] + 1
    for keeps in (False, True):
        depths = [
            each.finish(
                held_m, expected[0], sensor, IMAGE, drop_saturated=not keeps, keeps_measured=keeps
            )
            for each in (restore, by_torch)
        ]
        yield 'depth', depths[0][0], depths[1][0]
        yield 'limits', _limits(depths[0][1]), _limits(depths[1][1])


def _of_cloud(pixels: OnDevice) -> Iterator[Pair]:
    flying = flying_on_device(pixels.depth_m, EDGE_STEP)
    clean_m = pixels.depth_m.masked_fill(flying, math.nan)
    yield 'flying pixels', cloud.without_flying(pixels.depth_m, EDGE_STEP), clean_m
    mask = torch.zeros_like(flying)
    mask[20:40, 30:50] = True
    for layout, stride, workspace, edge_step, hidden in (
        (COMPACT_LAYOUT, 1, WorkspaceSettings(), None, None),
        (COMPACT_LAYOUT, 2, WORKSPACE, EDGE_STEP, mask),
        (PCL_LAYOUT, 1, WORKSPACE, EDGE_STEP, mask),
    ):
        given = CAMERA, workspace, None
        found = cloud.write_points(
            pixels, hidden, *given, layout=layout, stride=stride, edge_step=edge_step
        )
        all_hidden = None if hidden is None else hidden | flying
        expected = cloud_by_torch.write_points(
            pixels, all_hidden, *given, layout=layout, stride=stride
        )
        yield 'coordinates', found[..., :3], expected[..., :3]
        yield 'colours', _bytes(found[..., 3:]), _bytes(expected[..., 3:])


def _of_registration(depth_m: Tensor, block: int) -> Pair:
    beside = Transform.of((0.05, 0.01, -0.02), (0.01, 0.02, 0.0, 1.0))
    view = reduce_view(PinholeView(inverse_of_metres(depth_m), CAMERA), block)
    expected = reproject(view, GRID, beside)
    return (
        'registered depth',
        registration.reproject(depth_m, CAMERA, GRID, beside, block),
        expected,
    )


def _scene(size: tuple[int, int], rng: np.random.Generator) -> FloatImage:
    """Return a table that recedes, with a box before it and some noise."""
    down, across = (np.linspace(0, 1, side)[:, None] for side in size)
    depth_m = 1.0 + 0.5 * down + 0.1 * np.sin(9 * across.T)
    depth_m[(down > 0.3) & (abs(across.T - 0.55) < 0.15)] = 0.6
    return (depth_m * (1 + 0.004 * rng.standard_normal(size))).astype(np.float32)


def _sensor(
    size: tuple[int, int], has_holes: bool, rng: np.random.Generator, device: torch.device
) -> DevicePrompt:
    sensor_m = _scene(size, rng)
    if has_holes:
        sensor_m[rng.random(size) < 0.2] = math.nan
        sensor_m[4:12, 6:14], sensor_m[18:22, 25:30] = math.nan, math.inf
        sensor_m[20, 3] = 40.0  # a stray one
    return DevicePrompt.of(find_measured(sensor_m, PROMPT, max(size)), device)


def _limits(limits: Tensor) -> Tensor:
    return torch.stack((limits[0].amin(), limits[1].amax()))


def _bytes(floats: Tensor) -> Tensor:
    return floats.contiguous().view(torch.uint8)
