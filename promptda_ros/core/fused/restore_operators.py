# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The launches of `restore_kernels.py`; Triton is imported by the first of them."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from promptda_ros.core.fused.operator import as_bytes, blocks, operator, tiles
from promptda_ros.core.fused.taps import halvings

# Samples or pixels of one program, and the rows and columns of one.
BLOCK, BLOCK_OF_LEVELS = 256, 1024
TILE = 8, 64
CELLS, BLOCK_OF_CELLS = 1, 256  # of one program; the samples of a cell that it takes at once
WARPS_OF_LEVELS = 16  # of the one program that works on all levels

Tables = list[Tensor]


def _make_samples(network_m: Tensor, prompt_m: Tensor, *_: object) -> Tensor:
    return prompt_m.new_empty((4, *prompt_m.shape))


@operator(
    '(Tensor network_m, Tensor prompt_m, Tensor measured, Tensor[] tables, int[] held) -> Tensor',
    _make_samples,
)
def see_samples(
    samples: Tensor,
    network_m: Tensor,
    prompt_m: Tensor,
    measured: Tensor,
    tables: Tables,
    held: list[int],
) -> None:
    """Return (4, h, w): differences, the network as the sensor sees it, log depth, log weights."""
    from promptda_ros.core.fused.restore_kernels import seen_kernel

    size = prompt_m.numel()
    seen_kernel[(blocks(size, BLOCK),)](
        samples, network_m, prompt_m, measured, *tables, size, prompt_m.shape[1],
        *network_m.shape, *held, tables[1].shape[1], tables[3].shape[1],
        BLOCK=BLOCK, num_stages=1,
    )  # fmt: skip


def _make_pyramid(samples: Tensor, *_: object) -> Tensor:
    rows, columns = samples.shape[1:]
    levels = range(1, 1 + halvings(rows, columns))
    sizes = [-(-rows // 2**level) * -(-columns // 2**level) for level in levels]
    return samples.new_empty(3 * sum(sizes))


@operator('(Tensor samples, Tensor measured, Tensor[] tables) -> Tensor', _make_pyramid)
def fill_levels(pyramid: Tensor, samples: Tensor, measured: Tensor, tables: Tables) -> None:
    """Return the differences of all coarser levels, filled."""
    from promptda_ros.core.fused.restore_kernels import fill_kernel

    rows, columns = samples.shape[1:]
    fill_kernel[(1,)](
        pyramid, samples, measured, *tables, rows, columns, halvings(rows, columns),
        BLOCK=BLOCK_OF_LEVELS, num_warps=WARPS_OF_LEVELS, num_stages=1,
    )  # fmt: skip


def _make_filled(pyramid: Tensor, samples: Tensor, *_: object) -> Tensor:
    return samples.new_empty(samples.shape[1:])


@operator(
    '(Tensor pyramid, Tensor samples, Tensor measured, Tensor[] tables) -> Tensor', _make_filled
)
def fill_first(
    filled: Tensor, pyramid: Tensor, samples: Tensor, measured: Tensor, tables: Tables
) -> None:
    """Return the differences (h, w) of the sensor's own samples, filled."""
    from promptda_ros.core.fused.restore_kernels import fill_first_kernel

    fill_first_kernel[(blocks(filled.numel(), BLOCK),)](
        filled, pyramid, samples, measured, *tables, *filled.shape, BLOCK=BLOCK, num_stages=1
    )


def _make_held(
    network_m: Tensor, samples: Tensor, filled: Tensor | None, measured: Tensor, tables: Tables,
    held: list[int], near_m: float, far_m: float,
) -> Tensor:  # fmt: skip
    return network_m.new_empty(tuple(held))


@operator(
    '(Tensor network_m, Tensor samples, Tensor? filled, Tensor measured, Tensor[] tables, '
    'int[] held, float near_m, float far_m) -> Tensor',
    _make_held,
)
def hold(
    held_m: Tensor, network_m: Tensor, samples: Tensor, filled: Tensor | None, measured: Tensor,
    tables: Tables, held: list[int], near_m: float, far_m: float,
) -> None:  # fmt: skip
    """Return metres (H, W) at the size at which depth is held; filled None: there are no holes."""
    from promptda_ros.core.fused.restore_kernels import hold_kernel

    hold_kernel[tiles(held, TILE)](
        held_m, network_m, samples, samples if filled is None else filled, measured, *tables,
        *held, *network_m.shape,
        *samples.shape[1:], near_m, far_m, DOWN=TILE[0], ACROSS=TILE[1], num_stages=1,
    )  # fmt: skip


def _make_saturated(network_m: Tensor, *_: object) -> tuple[Tensor, Tensor]:
    programs = blocks(network_m.numel(), BLOCK)
    return (
        network_m.new_empty(network_m.shape, dtype=torch.bool),
        network_m.new_empty((2, programs)),
    )


@operator(
    '(Tensor network_m, Tensor? blocked, Tensor[] tables, float low_m, float high_m) '
    '-> (Tensor, Tensor)',
    _make_saturated,
)
def find_saturated(
    made: tuple[Tensor, Tensor],
    network_m: Tensor,
    blocked: Tensor | None,
    tables: Tables,
    low_m: float,
    high_m: float,
) -> None:
    """Return what is saturated (h, w), and limits of the network's depth (2, any)."""
    from promptda_ros.core.fused.restore_kernels import saturated_kernel

    saturated, limits = made
    size, programs = network_m.numel(), limits.shape[1]
    mask = saturated if blocked is None else blocked  # any memory will do
    saturated_kernel[(programs,)](
        as_bytes(saturated), limits, network_m, as_bytes(mask), *tables, size, network_m.shape[1],
        mask.shape[1], low_m, high_m, int(blocked is not None), programs,
        BLOCK=BLOCK, num_stages=1,
    )  # fmt: skip


def _make_finished(
    held_m: Tensor, saturated: Tensor, sensor_m: Tensor, measured: Tensor,
    unknown: Tensor | None, outside: Tensor | None, tables: Tables, size: list[int],
    *_: object,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    return held_m.new_empty(tuple(size)), held_m.new_empty((2, math.prod(tiles(size, TILE))))


@operator(
    '(Tensor held_m, Tensor saturated, Tensor sensor_m, Tensor measured, Tensor? unknown, '
    'Tensor? outside, Tensor[] tables, int[] size, bool drop_saturated, bool keep_measured) '
    '-> (Tensor, Tensor)',
    _make_finished,
)
def finish(
    made: tuple[Tensor, Tensor], held_m: Tensor, saturated: Tensor, sensor_m: Tensor,
    measured: Tensor, unknown: Tensor | None, outside: Tensor | None, tables: Tables,
    size: list[int], drop_saturated: bool, keep_measured: bool,
) -> None:  # fmt: skip
    """Return depth (H, W), NaN unknown, and its limits (2, any) before anything was unknown."""
    from promptda_ros.core.fused.restore_kernels import finish_kernel

    depth_m, limits = made
    finish_kernel[tiles(size, TILE)](
        depth_m, limits, held_m, as_bytes(saturated), sensor_m, measured,
        as_bytes(saturated if unknown is None else unknown),
        as_bytes(saturated if outside is None else outside), *tables,
        *size, *held_m.shape, saturated.shape[1], sensor_m.shape[1], int(drop_saturated),
        int(unknown is not None), int(outside is not None), int(keep_measured),
        DOWN=TILE[0], ACROSS=TILE[1], num_stages=1,
    )  # fmt: skip


def _make_cells(
    network_m: Tensor, prompt_m: Tensor, measured: Tensor, tables: Tables, in_log: bool
) -> Tensor:
    return prompt_m.new_empty((3, tables[4].shape[0], tables[6].shape[0]))


@operator(
    '(Tensor network_m, Tensor prompt_m, Tensor measured, Tensor[] tables, bool in_log) -> Tensor',
    _make_cells,
)
def average_cells(
    cells: Tensor,
    network_m: Tensor,
    prompt_m: Tensor,
    measured: Tensor,
    tables: Tables,
    in_log: bool,
) -> None:
    """Return means (3, cells down, cells across) of sensor, network and what was measured."""
    from promptda_ros.core.fused.restore_kernels import cells_kernel

    count = cells[0].numel()
    largest = math.prod(
        blocks(pixels, cells_) + 1
        for pixels, cells_ in zip(prompt_m.shape, cells.shape[1:], strict=True)
    )
    cells_kernel[(blocks(count, CELLS),)](
        cells, network_m, prompt_m, measured, *tables, *network_m.shape, prompt_m.shape[1],
        tables[1].shape[1], tables[3].shape[1], cells.shape[2], count, largest, int(in_log),
        CELLS=CELLS, BLOCK=BLOCK_OF_CELLS, num_stages=1,
    )  # fmt: skip
