# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Triton kernels that hold depth at the sensor and mark what is unknown.

Every number of a size is an ordinary argument that nothing is specialised for: a kernel is
compiled once, at start, and never in a frame. Places beyond the end are those of the last pixel,
so that only stores are masked. Comparisons instead of minima and maxima of depth: those lose NaN.
"""

from __future__ import annotations

import triton
import triton.language as tl

from promptda_ros.core.geometry.camera import SURFACE_STEP
from promptda_ros.core.restore import surface_residual

# A kernel reads no other globals.
INVERSE_SCALE = tl.constexpr(1.0 / surface_residual.SCALE)
LEAST_EXPONENT = tl.constexpr(surface_residual.LEAST_EXPONENT)
FILLED_WEIGHT = tl.constexpr(surface_residual.FILLED_WEIGHT)
SENSOR_SHARE = tl.constexpr(surface_residual.SENSOR_SHARE)
INVERSE_SENSOR = tl.constexpr(1.0 / surface_residual.SIGMA_SENSOR)
HALF_STEP = tl.constexpr(SURFACE_STEP / 2)


# fmt: off
@triton.jit
def linear_at(values, rows, columns, first_row, first_column, top, bottom, left, right):
    """Interpolate values (rows, columns) between the four pixels from the first on."""
    upper = values + first_row * columns
    lower = values + tl.minimum(first_row + 1, rows - 1) * columns
    next_column = tl.minimum(first_column + 1, columns - 1)
    above = left * tl.load(upper + first_column) + right * tl.load(upper + next_column)
    below = left * tl.load(lower + first_column) + right * tl.load(lower + next_column)
    return top * above + bottom * below


@triton.jit
def clamped(values, least, most):
    """Clamp, but let NaN be."""
    values = tl.where(values < least, least, values)
    return tl.where(values > most, most, values)


@triton.jit
def put_limits(limits, program, programs, values):
    """Write the least and the largest of a program; with a NaN they are infinite."""
    is_number = values == values
    tl.store(limits + program, tl.min(tl.where(is_number, values, -float('inf'))))
    tl.store(limits + programs + program, tl.max(tl.where(is_number, values, float('inf'))))


@triton.jit
def nine_around(
    depth, off, seen, weight_or_share, rows, columns, row, column, down, right,
    IS_SHARE: tl.constexpr,
):
    """Return the mean of differences over nine samples, of those on the pixel's surface.

    row and column: the nearest sample; down and right: where the exponents of three distances lie.
    """
    total = tl.zeros_like(depth)
    weights = tl.zeros_like(depth)
    for x in tl.static_range(3):
        near_column = tl.minimum(tl.maximum(column + (x - 1), 0), columns - 1)
        across = tl.load(right + x)
        for y in tl.static_range(3):
            near_row = tl.minimum(tl.maximum(row + (y - 1), 0), rows - 1)
            sample = near_row * columns + near_column
            log_weight = tl.load(weight_or_share + sample)
            if IS_SHARE:
                log_weight = tl.log(log_weight + FILLED_WEIGHT)
            apart = (tl.load(seen + sample) - depth) * INVERSE_SCALE
            exponent = log_weight + (tl.load(down + y) + across) - apart * apart
            weight = tl.exp(tl.where(exponent < LEAST_EXPONENT, LEAST_EXPONENT, exponent))
            weights += weight
            total += weight * tl.load(off + sample)
    return total / weights


@triton.jit(do_not_specialize=[
    'size', 'columns', 'net_rows', 'net_columns', 'held_rows', 'held_columns', 'down_count',
    'right_count',
])
def seen_kernel(
    samples, network, prompt, measured,
    down_first, down_weights, right_first, right_weights,
    row_first, row_weights, column_first, column_weights,
    size, columns, net_rows, net_columns, held_rows, held_columns, down_count, right_count,
    BLOCK: tl.constexpr,
):
    """Compare the sensor's samples with the network's log depth as a sensor sees it.

    down and right: from the held size to the samples; row and column: from the network to the
    held size. Writes off, seen, the sensor's log depth and the logs of the weights.
    """
    place = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    here = place < size
    place = tl.minimum(place, size - 1)
    down, right = place // columns, place % columns
    first_down, first_right = tl.load(down_first + down), tl.load(right_first + right)
    seen = tl.zeros((BLOCK,), tl.float32)
    for i in range(down_count):
        row_share = tl.load(down_weights + down * down_count + i)
        row = tl.minimum(first_down + i, held_rows - 1)
        net_row = tl.load(row_first + row)
        top, bottom = tl.load(row_weights + 2 * row), tl.load(row_weights + 2 * row + 1)
        for j in range(right_count):
            share = row_share * tl.load(right_weights + right * right_count + j)
            column = tl.minimum(first_right + j, held_columns - 1)
            depth = linear_at(
                network, net_rows, net_columns, net_row, tl.load(column_first + column),
                top, bottom,
                tl.load(column_weights + 2 * column), tl.load(column_weights + 2 * column + 1),
            )
            seen += tl.where(share != 0.0, share * tl.log(depth), 0.0)
    sensor = tl.log(tl.load(prompt + place))
    weight = tl.log(tl.load(measured + place) + FILLED_WEIGHT)
    tl.store(samples + place, sensor - seen, here)
    tl.store(samples + size + place, seen, here)
    tl.store(samples + 2 * size + place, sensor, here)
    tl.store(samples + 3 * size + place, weight, here)


@triton.jit
def halve(
    off, seen, share, rows, columns, coarse_off, coarse_seen, coarse_share, BLOCK: tl.constexpr,
):
    """Average blocks of 2 x 2 samples by what was measured of them."""
    coarse_columns = (columns + 1) // 2
    size = (rows + 1) // 2 * coarse_columns
    for start in range(0, size, BLOCK):
        place = start + tl.arange(0, BLOCK)
        here = place < size
        row, column = place // coarse_columns * 2, place % coarse_columns * 2
        off_sum = tl.zeros((BLOCK,), tl.float32)
        share_sum = tl.zeros((BLOCK,), tl.float32)
        seen_sum = tl.zeros((BLOCK,), tl.float32)
        weights = tl.zeros((BLOCK,), tl.float32)
        for i in tl.static_range(4):
            fine_row, fine_column = row + i // 2, column + i % 2
            inside = here & (fine_row < rows) & (fine_column < columns)
            fine = fine_row * columns + fine_column
            measured = tl.load(share + fine, inside, 0.0)
            weight = tl.where(inside, measured + FILLED_WEIGHT, 0.0)
            off_sum += tl.load(off + fine, inside, 0.0) * measured
            seen_sum += tl.load(seen + fine, inside, 0.0) * weight
            share_sum += measured
            weights += weight
        share_sum *= 0.25
        least = tl.where(share_sum < 1e-6, 1e-6, share_sum)
        tl.store(coarse_off + place, off_sum * 0.25 / least, here)
        tl.store(coarse_seen + place, seen_sum / weights, here)
        tl.store(coarse_share + place, share_sum, here)


@triton.jit(do_not_specialize=['rows', 'columns', 'levels'])
def fill_kernel(
    pyramid, samples, measured, row_nearest, row_exponents, column_nearest, column_exponents,
    rows, columns, levels, BLOCK: tl.constexpr,
):
    """Fill the differences of all coarser levels, from the coarsest to the first.

    One program, which waits for its own threads between levels. pyramid: off, seen and share of
    each level, the first of half the size; the tables go on from level to level, too.
    """
    halved = ((rows + 1) // 2) * ((columns + 1) // 2)
    halve(
        samples, samples + rows * columns, measured, rows, columns,
        pyramid, pyramid + halved, pyramid + 2 * halved, BLOCK,
    )
    tl.debug_barrier()
    here_rows, here_columns, base = (rows + 1) // 2, (columns + 1) // 2, pyramid
    row_start, column_start = rows, columns  # of the tables of this level
    for _ in range(levels - 1):
        size = here_rows * here_columns
        coarse_size = ((here_rows + 1) // 2) * ((here_columns + 1) // 2)
        coarse = base + 3 * size
        halve(
            base, base + size, base + 2 * size, here_rows, here_columns,
            coarse, coarse + coarse_size, coarse + 2 * coarse_size, BLOCK,
        )
        tl.debug_barrier()
        row_start += here_rows
        column_start += here_columns
        here_rows, here_columns, base = (here_rows + 1) // 2, (here_columns + 1) // 2, coarse
    # The coarsest: one mean.
    size = here_rows * here_columns
    last = tl.arange(0, 4)
    off = tl.load(base + last, last < size, 0.0)
    share = tl.load(base + 2 * size + last, last < size, 0.0)
    total = tl.sum(share)
    mean = tl.sum(off * share) / tl.where(total < FILLED_WEIGHT, FILLED_WEIGHT, total)
    tl.store(base + last, tl.zeros((4,), tl.float32) + mean, (last < size) & (share <= 0.0))
    tl.debug_barrier()
    for back in range(levels - 1):
        level = levels - 1 - back  # counted from the sensor's own, which is 0
        coarse, coarse_rows, coarse_columns = base, here_rows, here_columns
        coarse_size = coarse_rows * coarse_columns
        here_rows = (rows + (1 << level) - 1) >> level
        here_columns = (columns + (1 << level) - 1) >> level
        size = here_rows * here_columns
        base = coarse - 3 * size
        row_start -= here_rows
        column_start -= here_columns
        for start in range(0, size, BLOCK):
            place = start + tl.arange(0, BLOCK)
            here = place < size
            place = tl.minimum(place, size - 1)
            row = row_start + place // here_columns
            column = column_start + place % here_columns
            filled = nine_around(
                tl.load(base + size + place),
                coarse, coarse + coarse_size, coarse + 2 * coarse_size,
                coarse_rows, coarse_columns,
                tl.load(row_nearest + row), tl.load(column_nearest + column),
                row_exponents + 3 * row, column_exponents + 3 * column, True,
            )
            tl.store(base + place, filled, here & (tl.load(base + 2 * size + place) <= 0.0))
        tl.debug_barrier()


@triton.jit(do_not_specialize=['rows', 'columns'])
def fill_first_kernel(
    filled, pyramid, samples, measured,
    row_nearest, row_exponents, column_nearest, column_exponents,
    rows, columns, BLOCK: tl.constexpr,
):
    """Fill the differences of the sensor's own samples from the level of half the size."""
    size = rows * columns
    place = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    here = place < size
    place = tl.minimum(place, size - 1)
    row, column = place // columns, place % columns
    coarse_rows, coarse_columns = (rows + 1) // 2, (columns + 1) // 2
    coarse_size = coarse_rows * coarse_columns
    mean = nine_around(
        tl.load(samples + size + place),
        pyramid, pyramid + coarse_size, pyramid + 2 * coarse_size, coarse_rows, coarse_columns,
        tl.load(row_nearest + row), tl.load(column_nearest + column),
        row_exponents + 3 * row, column_exponents + 3 * column, True,
    )
    off = tl.load(samples + place)
    tl.store(filled + place, tl.where(tl.load(measured + place) > 0.0, off, mean), here)


@triton.jit(do_not_specialize=[
    'rows', 'columns', 'net_rows', 'net_columns', 'sensor_rows', 'sensor_columns', 'near_m',
    'far_m',
])
def hold_kernel(
    held, network, samples, off, measured,
    net_row, net_row_weights, net_column, net_column_weights,
    sensor_row, sensor_row_weights, sensor_column, sensor_column_weights,
    row_nearest, row_exponents, column_nearest, column_exponents,
    rows, columns, net_rows, net_columns, sensor_rows, sensor_columns, near_m, far_m,
    DOWN: tl.constexpr, ACROSS: tl.constexpr,
):
    """Add the sensor's differences to the network's depth and average it with interpolation."""
    row = (tl.program_id(0) * DOWN + tl.arange(0, DOWN))[:, None]
    column = (tl.program_id(1) * ACROSS + tl.arange(0, ACROSS))[None, :]
    here = (row < rows) & (column < columns)
    row, column = tl.minimum(row, rows - 1), tl.minimum(column, columns - 1)
    depth = tl.log(linear_at(
        network, net_rows, net_columns, tl.load(net_row + row), tl.load(net_column + column),
        tl.load(net_row_weights + 2 * row), tl.load(net_row_weights + 2 * row + 1),
        tl.load(net_column_weights + 2 * column), tl.load(net_column_weights + 2 * column + 1),
    ))
    size = sensor_rows * sensor_columns
    depth += nine_around(
        depth, off, samples + size, samples + 3 * size, sensor_rows, sensor_columns,
        tl.load(row_nearest + row), tl.load(column_nearest + column),
        row_exponents + 3 * row, column_exponents + 3 * column, False,
    )
    first_row, first_column = tl.load(sensor_row + row), tl.load(sensor_column + column)
    top = tl.load(sensor_row_weights + 2 * row)
    bottom = tl.load(sensor_row_weights + 2 * row + 1)
    left = tl.load(sensor_column_weights + 2 * column)
    right = tl.load(sensor_column_weights + 2 * column + 1)
    sensor = linear_at(
        samples + 2 * size, sensor_rows, sensor_columns, first_row, first_column,
        top, bottom, left, right,
    )
    trusted = linear_at(
        measured, sensor_rows, sensor_columns, first_row, first_column, top, bottom, left, right,
    )
    apart = (sensor - depth) * INVERSE_SENSOR
    share = SENSOR_SHARE * trusted * tl.exp(-0.5 * apart * apart)
    metres = tl.exp(depth + share * (sensor - depth))
    tl.store(held + row * columns + column, clamped(metres, near_m, far_m), here)


@triton.jit(do_not_specialize=[
    'size', 'columns', 'mask_columns', 'low_m', 'high_m', 'has_mask', 'programs',
])
def saturated_kernel(
    saturated, limits, network, blocked, mask_row, mask_column,
    size, columns, mask_columns, low_m, high_m, has_mask, programs, BLOCK: tl.constexpr,
):
    """Mark the network's depth at an end of its range, but where that is out of range."""
    program = tl.program_id(0)
    place = program * BLOCK + tl.arange(0, BLOCK)
    here = place < size
    place = tl.minimum(place, size - 1)
    depth = tl.load(network + place)
    at_end = (depth <= low_m) | (depth >= high_m)
    if has_mask != 0:
        row, column = tl.load(mask_row + place // columns), tl.load(mask_column + place % columns)
        at_end = at_end & (tl.load(blocked + row * mask_columns + column) == 0)
    tl.store(saturated + place, at_end.to(tl.uint8), here)
    put_limits(limits, program, programs, depth)


@triton.jit(do_not_specialize=[
    'rows', 'columns', 'held_rows', 'held_columns', 'net_columns', 'sensor_columns', 'drops',
    'has_unknown', 'has_outside', 'keeps',
])
def finish_kernel(
    depth, limits, held, saturated, sensor, measured, unknown, outside,
    first_row, row_weights, first_column, column_weights, exact_row, exact_column,
    net_row, net_column, sensor_row, sensor_column, kept_row, kept_column,
    rows, columns, held_rows, held_columns, net_columns, sensor_columns,
    drops, has_unknown, has_outside, keeps, DOWN: tl.constexpr, ACROSS: tl.constexpr,
):
    """Bring depth to the image's size and make unknown what nothing supports."""
    row = (tl.program_id(0) * DOWN + tl.arange(0, DOWN))[:, None]
    column = (tl.program_id(1) * ACROSS + tl.arange(0, ACROSS))[None, :]
    here = (row < rows) & (column < columns)
    row, column = tl.minimum(row, rows - 1), tl.minimum(column, columns - 1)
    closest = tl.load(
        held + tl.load(exact_row + row) * held_columns + tl.load(exact_column + column)
    )
    between = linear_at(
        held, held_rows, held_columns, tl.load(first_row + row), tl.load(first_column + column),
        tl.load(row_weights + 2 * row), tl.load(row_weights + 2 * row + 1),
        tl.load(column_weights + 2 * column), tl.load(column_weights + 2 * column + 1),
    )
    found = tl.where(tl.abs(between - closest) <= HALF_STEP * closest, between, closest)
    if keeps != 0:
        own_row, own_column = tl.load(kept_row + row), tl.load(kept_column + column)
        is_sample = (own_row >= 0) & (own_column >= 0)
        own = tl.where(is_sample, own_row * sensor_columns + own_column, 0)
        is_kept = is_sample & (tl.load(measured + own) > 0.0)
        found = tl.where(is_kept, tl.load(sensor + own), found)
    program = tl.program_id(0) * tl.num_programs(1) + tl.program_id(1)
    put_limits(limits, program, tl.num_programs(0) * tl.num_programs(1), found)
    own = tl.load(sensor_row + row) * sensor_columns + tl.load(sensor_column + column)
    is_unknown = own < 0  # nowhere
    if drops != 0:
        at_end = tl.load(
            saturated + tl.load(net_row + row) * net_columns + tl.load(net_column + column)
        )
        is_unknown = (at_end != 0) & (tl.load(measured + own) <= 0.5)
    if has_unknown != 0:
        is_unknown = is_unknown | (tl.load(unknown + own) != 0)
    place = row * columns + column
    if has_outside != 0:
        is_unknown = is_unknown | (tl.load(outside + place) != 0)
    tl.store(depth + place, tl.where(is_unknown, float('nan'), found), here)


@triton.jit(do_not_specialize=[
    'net_rows', 'net_columns', 'columns', 'down_count', 'right_count', 'cells_across', 'cells',
    'largest', 'in_log',
])
def cells_kernel(
    found, network, prompt, measured,
    down_first, down_weights, right_first, right_weights,
    cell_top, cell_bottom, cell_left, cell_right,
    net_rows, net_columns, columns, down_count, right_count, cells_across, cells, largest, in_log,
    CELLS: tl.constexpr, BLOCK: tl.constexpr,
):
    """Average the sensor, the network as the sensor sees it, and what was measured in cells.

    largest: how many samples a cell has at most.
    """
    cell = (tl.program_id(0) * CELLS + tl.arange(0, CELLS))[:, None]
    is_cell = cell < cells
    cell = tl.minimum(cell, cells - 1)
    top, left = tl.load(cell_top + cell // cells_across), tl.load(cell_left + cell % cells_across)
    width = tl.load(cell_right + cell % cells_across) - left
    size = (tl.load(cell_bottom + cell // cells_across) - top) * width
    sensor_sum = tl.zeros((CELLS, BLOCK), tl.float32)
    network_sum = tl.zeros((CELLS, BLOCK), tl.float32)
    measured_sum = tl.zeros((CELLS, BLOCK), tl.float32)
    for start in range(0, largest, BLOCK):
        place = (start + tl.arange(0, BLOCK))[None, :]
        here = place < size
        place = tl.minimum(place, size - 1)
        row, column = top + place // width, left + place % width
        first_row, first_column = tl.load(down_first + row), tl.load(right_first + column)
        seen = tl.zeros((CELLS, BLOCK), tl.float32)
        for i in range(down_count):
            row_share = tl.load(down_weights + row * down_count + i)
            line = network + tl.minimum(first_row + i, net_rows - 1) * net_columns
            for j in range(right_count):
                share = row_share * tl.load(right_weights + column * right_count + j)
                depth = tl.load(line + tl.minimum(first_column + j, net_columns - 1))
                seen += tl.where(share != 0.0, share * depth, 0.0)
        sensor = tl.load(prompt + row * columns + column)
        if in_log != 0:
            sensor, seen = tl.log(sensor), tl.log(seen)
        weight = tl.load(measured + row * columns + column)
        sensor_sum += tl.where(here, sensor * weight, 0.0)
        network_sum += tl.where(here, seen * weight, 0.0)
        measured_sum += tl.where(here, weight, 0.0)
    tl.store(found + cell, tl.sum(sensor_sum, 1)[:, None] / size, is_cell)
    tl.store(found + cells + cell, tl.sum(network_sum, 1)[:, None] / size, is_cell)
    tl.store(found + 2 * cells + cell, tl.sum(measured_sum, 1)[:, None] / size, is_cell)
