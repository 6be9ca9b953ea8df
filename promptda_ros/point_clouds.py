# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""PointCloud2 messages of any layout -> points."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from sensor_msgs.msg import PointCloud2, PointField

from promptda_ros.core.frame import BadFrame
from promptda_ros.core.peer_text import shorten

# Of numbers in other types nobody says what unit they have.
_FLOATS = {PointField.FLOAT32: 'f4', PointField.FLOAT64: 'f8'}


def read_points(message: PointCloud2, *, max_points: int) -> npt.NDArray[np.float32]:
    """Return the points (N, 3) in metres, without those that are not finite or all zero.

    A view of x, y and z on the message's bytes, because sensor_msgs_py reads all fields, refuses
    clouds with some that it doesn't know, and takes rows for packed.

    Raises:
        BadFrame: the message contradicts itself, is too large, or holds no point.
    """
    _require_size(message, max_points)
    fields = _view_fields(message)
    with np.errstate(over='ignore', invalid='ignore'):  # too large for 32 bits is infinite
        xyz = [fields[name].ravel().astype(np.float32) for name in 'xyz']
    # Looked at one by one: drivers set `is_dense` in clouds that are not.
    known = np.isfinite(xyz[0]) & np.isfinite(xyz[1]) & np.isfinite(xyz[2])
    known &= (xyz[0] != 0) | (xyz[1] != 0) | (xyz[2] != 0)  # where drivers put what has no return
    points_m = np.empty((np.count_nonzero(known), 3), np.float32)
    for column, values in enumerate(xyz):
        points_m[:, column] = values[known]
    if not len(points_m):
        raise BadFrame(
            'points_empty',
            f'none of the {known.size} points is finite and not zero; check the sensor',
        )
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


def _view_fields(message: PointCloud2) -> np.ndarray:
    """Return the points as records with x, y and z (height, width), a view of the message."""
    record = _record(message)
    packed_bytes = message.width * message.point_step
    # Of one row nothing depends on its step, which some drivers leave 0.
    row_bytes = message.row_step if message.height > 1 else packed_bytes
    if row_bytes < packed_bytes:
        raise BadFrame(
            'points_step',
            f'points row_step {row_bytes} < {packed_bytes} bytes for {message.width} points of '
            f'{message.point_step}; mend the publisher',
        )
    needed = (message.height - 1) * row_bytes + packed_bytes
    if len(message.data) < needed:
        raise BadFrame(
            'points_data',
            f'points have {len(message.data)} bytes < {needed} for {message.height} rows of '
            f'{row_bytes}; mend the publisher',
        )
    return np.ndarray(
        shape=(message.height, message.width),
        dtype=record,
        buffer=message.data,
        strides=(row_bytes, message.point_step),
    )


def _record(message: PointCloud2) -> np.dtype:
    """Describe where x, y and z of one point lie."""
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
    order = '>' if message.is_bigendian else '<'
    formats = [np.dtype(order + _FLOATS[field.datatype]) for field in xyz]
    end = max(field.offset + kind.itemsize for field, kind in zip(xyz, formats, strict=True))
    if message.point_step < end:
        raise BadFrame(
            'points_step',
            f'points of {message.point_step} bytes end before their fields x, y and z, '
            f'which need {end}; mend the publisher',
        )
    offsets = [field.offset for field in xyz]
    return np.dtype(
        {
            'names': list('xyz'),
            'formats': formats,
            'offsets': offsets,
            'itemsize': message.point_step,
        }
    )
