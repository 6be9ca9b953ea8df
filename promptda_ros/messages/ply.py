# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Point clouds as binary PLY files, which MeshLab, CloudCompare and Open3D open."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from promptda_ros.core.frame import ByteImage, FloatImage

VERTEX = np.dtype([('position', '<f4', 3), ('colour', 'u1', 3)])
HEADER = """ply
format binary_little_endian 1.0
element vertex {count}
property float x
property float y
property float z
property uchar red
property uchar green
property uchar blue
end_header
"""


def write_ply(path: Path, points_m: FloatImage, colours: ByteImage) -> int:
    """Write the finite points (H, W, 3) with their colours (H, W, 3); return how many."""
    known = np.isfinite(points_m).all(axis=-1)
    vertices = np.empty(int(known.sum()), VERTEX)
    vertices['position'] = points_m[known]
    vertices['colour'] = colours[known]
    path.write_bytes(HEADER.format(count=len(vertices)).encode('ascii') + vertices.tobytes())
    return len(vertices)
