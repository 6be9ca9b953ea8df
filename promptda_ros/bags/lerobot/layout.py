# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The LeRobot format, version 3.0: names of files and columns, and the types of the columns."""

from __future__ import annotations

from dataclasses import dataclass
import json
from pathlib import Path
from typing import Any

import pyarrow as pa

from promptda_ros.core.errors import PromptdaError
from promptda_ros.core.frame import Size

VERSION = 'v3.0'
FILES_PER_CHUNK = 1000
FILE = 'chunk-{chunk_index:03d}/file-{file_index:03d}.parquet'
DATA_PATH = f'data/{FILE}'
EPISODES_PATH = f'meta/episodes/{FILE}'

COLOUR = 'observation.images.color'
# The package takes every key with 'image' in it for three channels.
SENSOR = 'observation.depth.sensor'
OURS = 'observation.depth.promptda'
CHANNELS = {COLOUR: 3, SENSOR: 1, OURS: 1}

# What begins with 'observation' is a policy's input, and the clock is none.
STAMP = 'stamp_ns'
NUMBERS = {
    STAMP: 'int64',
    'timestamp': 'float32',
    'frame_index': 'int64',
    'episode_index': 'int64',
    'index': 'int64',
    'task_index': 'int64',
}


class LeRobotError(PromptdaError, ValueError):
    """What can't be an episode or a data set of this format; the text says why."""


@dataclass(frozen=True)
class Sizes:
    """Rows and columns of the pictures, the same in all frames of a data set."""

    colour: Size  # of our depth, too
    sensor: Size

    def __str__(self) -> str:
        (height, width), (rows, columns) = self.colour, self.sensor
        return f'images of {width}x{height} with sensor depth of {columns}x{rows}'


def features_of(sizes: Sizes) -> dict[str, dict[str, Any]]:
    """Return what info.json says of each column."""
    shapes = {COLOUR: sizes.colour, SENSOR: sizes.sensor, OURS: sizes.colour}
    pictures = {key: _picture(shape, CHANNELS[key]) for key, shape in shapes.items()}
    numbers = {
        key: {'dtype': dtype, 'shape': [1], 'names': None} for key, dtype in NUMBERS.items()
    }
    return {**pictures, **numbers}


def _picture(size: Size, channels: int) -> dict[str, Any]:
    picture = {
        'dtype': 'image',
        'shape': [*size, channels],
        'names': ['height', 'width', 'channels'],
    }
    # Since version 0.6 the package reads these as float32 depth, before as plain 16-bit pictures.
    depth = {'info': {'is_depth_map': True, 'depth_unit': 'mm'}}
    return picture if channels == 3 else {**picture, **depth}


def schema() -> pa.Schema:
    """Return the columns of a file of frames, as the `datasets` package labels them."""
    picture = pa.struct([('bytes', pa.binary()), ('path', pa.string())])
    fields = [(key, picture) for key in CHANNELS]
    fields += [(key, pa.type_for_alias(dtype)) for key, dtype in NUMBERS.items()]
    labels = {
        **{key: {'_type': 'Image'} for key in CHANNELS},
        **{key: {'dtype': dtype, '_type': 'Value'} for key, dtype in NUMBERS.items()},
    }
    described = json.dumps({'info': {'features': labels}})
    return pa.schema(fields, metadata={'huggingface': described})


def file_of(root: Path, pattern: str, number: int) -> Path:
    """Return the path of the file with this number, and make its folder."""
    chunk, file = divmod(number, FILES_PER_CHUNK)
    path = root / pattern.format(chunk_index=chunk, file_index=file)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
