# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""PointCloud2 messages of any layout -> points."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from promptda_ros.core.frame import BadFrame
from promptda_ros.core.peer_text import shorten

if TYPE_CHECKING:  # decoders take whatever has these fields, also where there is no ROS
    from sensor_msgs.msg import PointCloud2

# FLOAT32 and FLOAT64 of PointField; of numbers in other types nobody says what unit they have.
_FLOATS: dict[int, np.dtype] = {7: np.dtype('f4'), 8: np.dtype('f8')}
POINTS_AT_ONCE = 1 << 16  # what bounds the memory beside that of the points


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
    points = _find_points(message, _find_xyz(message))
    points_m, found = np.empty((points.size, 3), np.float32), 0
    for block in _blocks(points):
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


def _find_xyz(message: PointCloud2) -> np.dtype:
    """Return where x, y and z are in a point, all of them inside it."""
    fields = {field.name: field for field in message.fields}
    missing = [name for name in 'xyz' if name not in fields]
    if missing:
        names = shorten(', '.join(fields)) or 'none'
        raise BadFrame(
            'points_fields', f'points have no field {", ".join(missing)}; their fields: {names}'
        )
    xyz = [fields[name] for name in 'xyz']
    for field in xyz:
        if field.datatype not in _FLOATS:
            raise BadFrame(
                'points_fields',
                f'field {field.name} of the points has datatype {field.datatype}; '
                'supported: FLOAT32 (7), FLOAT64 (8)',
            )
    offsets, floats = [int(each.offset) for each in xyz], [_FLOATS[each.datatype] for each in xyz]
    end = max(offset + each.itemsize for offset, each in zip(offsets, floats, strict=True))
    if message.point_step < end:
        raise BadFrame(
            'points_step',
            f'points of {message.point_step} bytes end before their fields x, y and z, '
            f'which need {end}; fix the publisher',
        )
    formats = [each.newbyteorder('>' if message.is_bigendian else '<') for each in floats]
    return np.dtype({'names': [*'xyz'], 'formats': formats, 'offsets': offsets})


def _find_points(message: PointCloud2, xyz: np.dtype) -> np.ndarray:
    """Return a view of the points (rows, columns), all of them inside the data.

    Rows without padding count as one.
    """
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
    is_one = row_bytes == packed_bytes
    shape = (1, message.width * message.height) if is_one else (message.height, message.width)
    return np.ndarray(shape, xyz, message.data, strides=(row_bytes, message.point_step))


def _blocks(points: np.ndarray) -> Iterator[npt.NDArray[np.float32]]:
    """Yield some points (3, N) at a time: rows together, or a part of a long one."""
    rows, columns = points.shape
    rows_at_once = max(1, POINTS_AT_ONCE // columns)
    for top in range(0, rows, rows_at_once):
        for left in range(0, columns, POINTS_AT_ONCE):
            part = points[top : top + rows_at_once, left : left + POINTS_AT_ONCE]
            with np.errstate(over='ignore', invalid='ignore'):  # too large for 32 bits is infinite
                yield np.stack([part[axis].ravel().astype(np.float32) for axis in 'xyz'])
