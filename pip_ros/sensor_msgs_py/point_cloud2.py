# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""PointCloud2 messages to and from numpy arrays."""

from __future__ import annotations

import array
from collections import namedtuple
from collections.abc import Iterable, Sequence
import sys
from typing import Any

import numpy as np
from numpy.lib.recfunctions import structured_to_unstructured, unstructured_to_structured
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Header

_TYPES = {
    PointField.INT8: np.dtype(np.int8),
    PointField.UINT8: np.dtype(np.uint8),
    PointField.INT16: np.dtype(np.int16),
    PointField.UINT16: np.dtype(np.uint16),
    PointField.INT32: np.dtype(np.int32),
    PointField.UINT32: np.dtype(np.uint32),
    PointField.FLOAT32: np.dtype(np.float32),
    PointField.FLOAT64: np.dtype(np.float64),
}


def dtype_from_fields(fields: Iterable[PointField], point_step: int | None = None) -> np.dtype:
    """Describe one point as a structured dtype; a field of two numbers becomes name_0, name_1."""
    names: list[str] = []
    formats: list[str] = []
    offsets: list[int] = []
    for index, field in enumerate(fields):
        assert field.count > 0, "Can't process fields with count = 0."
        name = field.name or f'unnamed_field_{index}'
        number = _TYPES[field.datatype]
        for part in range(field.count):
            names.append(name if field.count == 1 else f'{name}_{part}')
            formats.append(number.str)
            offsets.append(field.offset + part * number.itemsize)
    assert len(set(names)) == len(names), 'Duplicate field names are not allowed!'
    description = {'names': names, 'formats': formats, 'offsets': offsets}
    if point_step is not None:
        description['itemsize'] = point_step
    return np.dtype(description)


def read_points(
    cloud: PointCloud2,
    field_names: Sequence[str] | None = None,
    skip_nans: bool = False,
    uvs: Iterable[int] | None = None,
    reshape_organized_cloud: bool = False,
) -> np.ndarray:
    """Read points as a structured array (N,); organised clouds reshape to (width, height)."""
    assert isinstance(cloud, PointCloud2), 'Cloud is not a sensor_msgs.msg.PointCloud2'
    points = np.ndarray(
        shape=(cloud.width * cloud.height,),
        dtype=dtype_from_fields(cloud.fields, cloud.point_step),
        buffer=cloud.data,
    )
    if field_names is not None:
        assert set(field_names) <= set(points.dtype.names), (
            'Requests field is not in the fields of the PointCloud!'
        )
        points = points[list(field_names)]
    if cloud.is_bigendian != (sys.byteorder == 'big'):
        points = points.byteswap()
    if skip_nans and not cloud.is_dense:
        points = points[~_any_nan(points)]
    if uvs is not None:
        points = points[uvs if isinstance(uvs, np.ndarray) else np.fromiter(uvs, int)]
    if reshape_organized_cloud and cloud.height > 1:
        # (width, height), as the real package does, although the points lie row by row.
        points = points.reshape(cloud.width, cloud.height)
    return points


def read_points_numpy(
    cloud: PointCloud2,
    field_names: Sequence[str] | None = None,
    skip_nans: bool = False,
    uvs: Iterable[int] | None = None,
    reshape_organized_cloud: bool = False,
) -> np.ndarray:
    """Read fields of one number type as a plain array (N, F)."""
    used = [field for field in cloud.fields if field_names is None or field.name in field_names]
    assert len({field.datatype for field in used}) <= 1, (
        'All fields need to have the same datatype. Use `read_points()` otherwise.'
    )
    points = read_points(cloud, field_names, skip_nans, uvs, reshape_organized_cloud)
    return structured_to_unstructured(points)


def read_points_list(
    cloud: PointCloud2,
    field_names: Sequence[str] | None = None,
    skip_nans: bool = False,
    uvs: Iterable[int] | None = None,
) -> list[Any]:
    """Read points as named tuples, point.x; slow, an array does the same work for all at once."""
    points = read_points(cloud, field_names, skip_nans, uvs)
    point_type = namedtuple('Point', points.dtype.names)
    return [point_type(*point) for point in points]


def create_cloud(
    header: Header,
    fields: Sequence[PointField],
    points: np.ndarray | Iterable[Iterable[float]],
    point_step: int | None = None,
) -> PointCloud2:
    """Make a message of points: tuples, structured (N,) or plain (N, F), or with a second axis.

    A second axis is taken for the height, so that an (H, W) array arrives with both swapped.
    """
    structured = _structured(points, dtype_from_fields(fields, point_step), fields)
    assert structured.ndim <= 2, 'Points can only be organized in max. two dimensional space'
    width = structured.shape[0]
    cloud = PointCloud2(
        header=header,
        height=structured.shape[1] if structured.ndim == 2 else 1,
        width=width,
        fields=fields,
        is_dense=False,
        is_bigendian=sys.byteorder == 'big',
        point_step=structured.dtype.itemsize,
        row_step=structured.dtype.itemsize * width,
    )
    # An array.array: the setter checks every byte of anything else, one by one.
    cloud.data = array.array('B', structured.tobytes())
    return cloud


def create_cloud_xyz32(
    header: Header, points: np.ndarray | Iterable[Iterable[float]]
) -> PointCloud2:
    """Make a message of (x, y, z) points in float32 metres."""
    fields = [
        PointField(name=name, offset=4 * index, datatype=PointField.FLOAT32, count=1)
        for index, name in enumerate('xyz')
    ]
    return create_cloud(header, fields, points)


def _structured(
    points: np.ndarray | Iterable[Iterable[float]], dtype: np.dtype, fields: Sequence[PointField]
) -> np.ndarray:
    """Bring any accepted kind of points to the structured dtype."""
    if not isinstance(points, np.ndarray):
        return np.array([tuple(point) for point in points], dtype=dtype)
    if points.dtype.names is not None:
        assert points.dtype == dtype, 'PointFields and structured NumPy array dtype do not match'
        return points
    assert len({field.datatype for field in fields}) == 1, (
        'All fields need to have the same datatype. Pass a structured NumPy array instead.'
    )
    return unstructured_to_structured(points, dtype=dtype)


def _any_nan(points: np.ndarray) -> np.ndarray:
    """Mark the points with a NaN in any field: (N,) bool."""
    columns = [np.isnan(points[name]) for name in points.dtype.names]
    return np.logical_or.reduce(columns)
