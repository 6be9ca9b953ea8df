# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""PointCloud2 messages of any layout -> points."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from promptda_ros.core.frame import BadFrame
from promptda_ros.core.peer_text import shorten

if TYPE_CHECKING:  # decoders take whatever has these fields, also where there is no ROS
    from sensor_msgs.msg import PointCloud2, PointField

# FLOAT32 and FLOAT64 of PointField; of numbers in other types nobody says what unit they have.
_FLOATS = {7: 'f4', 8: 'f8'}
POINTS_AT_ONCE = 1 << 16  # what bounds the memory beside that of the points


@dataclass(frozen=True)
class _Layout:
    """Where the points lie in the bytes of a message; rows without padding count as one."""

    rows: int
    columns: int
    row_bytes: int


@dataclass(frozen=True)
class _Field:
    """Where a number lies in the bytes of a point."""

    offset: int
    dtype: np.dtype


def read_points(
    message: PointCloud2, *, depth_scale: float = 0.0, max_points: int
) -> npt.NDArray[np.float32]:
    """Return the points (N, 3) in metres, without those that are not finite or all zero.

    A `depth_scale` of 0 takes the numbers for metres, as REP 103 has them. Views of x, y and z on
    the message's bytes, because sensor_msgs_py reads all fields, refuses clouds with some that it
    doesn't know, and takes rows for packed.

    Raises:
        BadFrame: the message contradicts itself, is too large, or holds no point.
    """
    _require_size(message, max_points)
    xyz, layout = _find_xyz(message), _find_rows(message)
    points_m, found = np.empty((layout.rows * layout.columns, 3), np.float32), 0
    for block in _blocks(message, xyz, layout):
        # Looked at one by one: drivers set `is_dense` in clouds that are not.
        known = np.isfinite(block).all(axis=0)
        known &= block.any(axis=0)  # zeros are where drivers put what has no return
        end = found + int(np.count_nonzero(known))
        points_m[found:end] = block[:, known].T
        found = end
    if not found:
        raise BadFrame(
            'points_empty',
            f'none of the {len(points_m)} points is finite and not zero; check the sensor',
        )
    points_m = points_m[:found]
    if depth_scale not in (0.0, 1.0):
        points_m *= np.float32(depth_scale)
    return points_m


def _require_size(message: PointCloud2, max_points: int) -> None:
    count = message.width * message.height
    if count == 0:
        size = f'{message.width}x{message.height}'
        raise BadFrame('points_empty', f'the cloud is empty ({size} points); check the sensor')
    if count > max_points:
        raise BadFrame(
            'points_size',
            f'{count / 1e6:.1f} M points > input.max_pixels {max_points / 1e6:.1f} M; '
            'let the driver send fewer, or raise input.max_pixels',
        )


def _find_xyz(message: PointCloud2) -> list[_Field]:
    """Return x, y and z of a point, all of them inside it."""
    fields = {field.name: field for field in message.fields}
    missing = [name for name in 'xyz' if name not in fields]
    if missing:
        names = shorten(', '.join(fields)) or 'none'
        raise BadFrame(
            'points_fields', f'points have no field {", ".join(missing)}; their fields: {names}'
        )
    found = [_field(fields[name], message) for name in 'xyz']
    end = max(field.offset + field.dtype.itemsize for field in found)
    if message.point_step < end:
        raise BadFrame(
            'points_step',
            f'points of {message.point_step} bytes end before their fields x, y and z, '
            f'which need {end}; fix the publisher',
        )
    return found


def _field(field: PointField, message: PointCloud2) -> _Field:
    if field.datatype not in _FLOATS:
        raise BadFrame(
            'points_fields',
            f'field {field.name} of the points has datatype {field.datatype}; '
            'supported: FLOAT32 (7), FLOAT64 (8)',
        )
    order = '>' if message.is_bigendian else '<'
    return _Field(int(field.offset), np.dtype(order + _FLOATS[field.datatype]))


def _find_rows(message: PointCloud2) -> _Layout:
    """Return where the points lie, all of them inside the data."""
    packed_bytes = message.width * message.point_step
    whole_bytes = message.height * packed_bytes
    # Of one row nothing depends on its step. Others leave it out or take it for all rows, and
    # where the data is as long as its points that leaves no doubt.
    is_packed = len(message.data) == whole_bytes and message.row_step in (0, whole_bytes)
    row_bytes = packed_bytes if message.height == 1 or is_packed else message.row_step
    if row_bytes < packed_bytes:
        raise BadFrame(
            'points_step',
            f'points row_step {row_bytes} < {packed_bytes} bytes for {message.width} points of '
            f'{message.point_step}; fix the publisher',
        )
    needed = (message.height - 1) * row_bytes + packed_bytes
    if len(message.data) < needed:
        raise BadFrame(
            'points_data',
            f'points have {len(message.data)} bytes < {needed} for {message.height} rows of '
            f'{row_bytes}; fix the publisher',
        )
    if row_bytes == packed_bytes:
        return _Layout(1, message.width * message.height, needed)
    return _Layout(message.height, message.width, row_bytes)


def _blocks(
    message: PointCloud2, xyz: list[_Field], layout: _Layout
) -> Iterator[npt.NDArray[np.float32]]:
    """Yield some points (3, N) at a time: rows together, or a part of a long one."""
    views = [
        np.ndarray(
            shape=(layout.rows, layout.columns),
            dtype=field.dtype,
            buffer=message.data,
            offset=field.offset,
            strides=(layout.row_bytes, message.point_step),
        )
        for field in xyz
    ]
    rows = max(1, POINTS_AT_ONCE // layout.columns)
    for top in range(0, layout.rows, rows):
        for left in range(0, layout.columns, POINTS_AT_ONCE):
            part = np.s_[top : top + rows, left : left + POINTS_AT_ONCE]
            with np.errstate(over='ignore', invalid='ignore'):  # too large for 32 bits is infinite
                yield np.stack([view[part].ravel().astype(np.float32) for view in views])
