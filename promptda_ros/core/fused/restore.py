# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The steps of `core/restore/by_torch.py` as kernels, by the same rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import cv2
import numpy as np
import torch
from torch import Tensor

from promptda_ros.core.depth_space import DepthSpace, LOG
from promptda_ros.core.frame import Mask, Prompt
from promptda_ros.core.fused import restore_operators as operators
from promptda_ros.core.fused.prepare import resize
from promptda_ros.core.fused.taps import (
    area_taps,
    carried_by,
    carried_from,
    halved_by,
    halved_from,
    halvings,
    linear_taps,
    nearest,
    nearest_exact,
    on_device,
    Places,
    Taps,
)
from promptda_ros.core.prompt.sensor_range import find_out_of_range
from promptda_ros.core.restore import by_torch
from promptda_ros.core.restore.anchoring import DevicePrompt
from promptda_ros.core.restore.unexplained import cells_of
from promptda_ros.core.runtime.transfer import upload

__all__ = ['finish', 'hold', 'judge', 'resize']

Size = tuple[int, int]  # (height, width)
Tables = list[Tensor]
SQUARE = np.ones((3, 3), np.uint8)


def hold(network_m: Tensor, own: DevicePrompt, held: Size) -> Tensor:
    """Hold the network's depth (h, w) at the sensor by its surfaces: (H, W)."""
    network_m = network_m.contiguous()
    sensor_m, measured = own.depth_m[0, 0], own.measured[0, 0]
    size, network = _size(sensor_m), _size(network_m)
    if halvings(*size) == 0:  # so few pixels have no kernel
        return by_torch.hold(network_m, own, held)
    prompt, device = own.prompt, network_m.device
    tables = _seen_tables(held, size, device) + _linear_tables(network, held, device)
    samples = operators.see_samples(network_m, sensor_m, measured, tables, list(held))
    filled = None
    if not prompt.measured.all():
        tables = _halving_tables(size, device)
        pyramid = operators.fill_levels(samples, measured, tables)
        filled = operators.fill_first(pyramid, samples, measured, tables)
    tables = (
        _linear_tables(network, held, device)
        + _linear_tables(size, held, device)
        + [
            on_device(table, pixels, samples, device)
            for pixels, samples in zip(held, size, strict=True)
            for table in (carried_from, carried_by)
        ]
    )
    return operators.hold(
        network_m, samples, filled, measured, tables, list(held), prompt.near_m, prompt.far_m
    )


def judge(
    network_m: Tensor, shown: DevicePrompt, ends_m: tuple[float, float], space: DepthSpace
) -> tuple[Tensor, Tensor, Tensor]:
    """Compare the network's depth (h, w) with what it was shown.

    Returns what is at an end of its range or beyond (h, w), unless that is out of range, the
    limits (2, any) of its depth, and cells for `unexplained`.
    """
    network_m, prompt = network_m.contiguous(), shown.prompt
    blocked = None if prompt.blocked is None else upload(prompt.blocked, network_m.device)
    tables = _tables_of(nearest, _size(shown.depth_m), _size(network_m), network_m.device)
    saturated, limits = operators.find_saturated(network_m, blocked, tables, *ends_m)
    return saturated, limits, _average(network_m, shown, space)


def finish(
    held_m: Tensor,
    saturated: Tensor,
    sensor: DevicePrompt,
    image: Size,
    *,
    drop_saturated: bool,
    keeps_measured: bool,
) -> tuple[Tensor, Tensor]:
    """Bring depth (h, w) to the image's size and make unknown what nothing supports.

    Returns depth (H, W), NaN unknown, and its limits (2, any) before that.
    """
    prompt, device = sensor.prompt, held_m.device
    size, network = _size(sensor.depth_m), _size(saturated)
    unknown, outside = _unknown(prompt), find_out_of_range(prompt, image)
    tables = [
        *_linear_tables(_size(held_m), image, device),
        *_tables_of(nearest_exact, _size(held_m), image, device),
        *_tables_of(nearest, network, image, device),
        *(
            on_device(_nearest_of_nearest, *each, device)
            for each in zip(size, network, image, strict=True)
        ),
        *_tables_of(_sample_at, size, image, device),
    ]
    return operators.finish(
        held_m.contiguous(),
        saturated,
        sensor.depth_m[0, 0],
        sensor.measured[0, 0],
        None if unknown is None else upload(unknown, device),
        None if outside is None else upload(outside, device),
        tables,
        list(image),
        drop_saturated,
        keeps_measured,
    )


def _average(network_m: Tensor, shown: DevicePrompt, space: DepthSpace) -> Tensor:
    """Return means (3, cells) of the sensor, of the network as it sees it, and of what it saw."""
    device, size = network_m.device, _size(shown.depth_m)
    cells = cells_of(size)
    tables = _seen_tables(_size(network_m), size, device) + [
        on_device(table, pixels, count, device)
        for pixels, count in zip(size, cells, strict=True)
        for table in (_cell_start, _cell_end)
    ]
    return operators.average_cells(
        network_m, shown.depth_m[0, 0], shown.measured[0, 0], tables, space is LOG
    )


def _unknown(prompt: Prompt) -> Mask | None:
    """Mark the sensor's pixels (h, w) on which no depth may rest; None: there are none."""
    unknown = prompt.unsupported
    if prompt.rejected.any():
        # With its neighbours: pixels of two sizes don't lie on one another.
        around = cv2.dilate(prompt.rejected.view(np.uint8), SQUARE).view(np.bool_)
        unknown = around if unknown is None else unknown | around
    return unknown


def _seen_tables(pixels: Size, sensor: Size, device: torch.device) -> Tables:
    """Return the tables of `seen_by_sensor`."""
    taps = area_taps if sensor[0] < pixels[0] else linear_taps
    return _of_taps(taps(*each, device) for each in zip(pixels, sensor, strict=True))


def _linear_tables(pixels: Size, new: Size, device: torch.device) -> Tables:
    return _of_taps(linear_taps(*each, device) for each in zip(pixels, new, strict=True))


def _halving_tables(size: Size, device: torch.device) -> Tables:
    times = halvings(*size)
    return [
        on_device(table, pixels, times, device)
        for pixels in size
        for table in (halved_from, halved_by)
    ]


def _tables_of(
    table: Callable[[int, int], Places], pixels: Size, new: Size, device: torch.device
) -> Tables:
    return [on_device(table, *each, device) for each in zip(pixels, new, strict=True)]


def _of_taps(both: Iterable[Taps]) -> Tables:
    return [table for taps in both for table in (taps.first, taps.weights)]


def _nearest_of_nearest(samples: int, network: int, image: int) -> Places:
    """Return the sample nearest to the network's pixel that is nearest to each of the image."""
    return nearest(samples, network)[nearest(network, image)]


def _sample_at(samples: int, pixels: int) -> Places:
    """Return the sample whose centre lies in each pixel; -1: none does."""
    places = (np.arange(samples, dtype=np.float32) + 0.5) * np.float32(pixels / samples)
    found = np.full(pixels, -1, np.int32)
    found[np.minimum(places.astype(np.int64), pixels - 1)] = np.arange(samples, dtype=np.int32)
    return found


def _cell_start(pixels: int, cells: int) -> Places:
    return (np.arange(cells) * pixels // cells).astype(np.int32)


def _cell_end(pixels: int, cells: int) -> Places:
    return (-(-(np.arange(cells) + 1) * pixels // cells)).astype(np.int32)


def _size(pixels: Tensor) -> Size:
    height, width = pixels.shape[-2:]
    return int(height), int(width)
