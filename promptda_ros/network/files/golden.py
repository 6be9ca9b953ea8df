# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""golden.json of a network folder: the depth of a made-up frame where the network was made.

The frame is made by `core/self_check.py`. A machine whose libraries compute something else is
found out at the start, and not by a gripper. Folders without the file are not compared.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from promptda_ros.core.frame import FloatImage
from promptda_ros.network.files.folder import CheckpointError, read_json, write_json

GOLDEN_FILE = 'golden.json'
DIGITS = 5  # of metres


def read_golden(folder: Path, sha256: str) -> FloatImage | None:
    """Return the depth (h, w) in metres; None: the folder has none of weights of this digest.

    Raises:
        CheckpointError: the file is damaged.
    """
    if not (folder / GOLDEN_FILE).exists():
        return None
    values = read_json(folder, GOLDEN_FILE)
    if values.get('sha256') != sha256:
        return None  # of the weights that these were trained from
    try:
        depth_m = np.array(values.get('depth_m'), np.float32)
    except (TypeError, ValueError):
        depth_m = np.empty(0, np.float32)
    if depth_m.ndim != 2 or not np.isfinite(depth_m).all():
        raise CheckpointError(folder, f'{folder / GOLDEN_FILE}: depth_m holds no rows of metres')
    return depth_m


def write_golden(folder: Path, sha256: str, depth_m: FloatImage) -> None:
    """Write the depth of weights of this digest."""
    rows = [[round(float(each), DIGITS) for each in row] for row in depth_m]
    write_json(folder, GOLDEN_FILE, {'sha256': sha256, 'depth_m': rows})
