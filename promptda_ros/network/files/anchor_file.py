# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The anchor of a network folder: anchor.json beside anchor.safetensors, read strictly."""

from __future__ import annotations

from dataclasses import asdict, dataclass
import hashlib
from pathlib import Path
from typing import Any

import torch

from promptda_ros.core.model_files import ANCHOR_FILE
from promptda_ros.network.anchor import Anchor, AnchorConfig
from promptda_ros.network.fields import is_whole
from promptda_ros.network.files.checkpoint import give_weights
from promptda_ros.network.files.folder import CheckpointError, read_json, write_json
from promptda_ros.network.files.weight_shards import write_file
from promptda_ros.network.files.weights_file import parse_weights

ANCHOR_CONFIG = 'anchor.json'
WIDEST = 4096  # channels


@dataclass(frozen=True)
class LoadedAnchor:
    """An anchor and the sha256 of the file that it was loaded from."""

    anchor: Anchor
    sha256: str


def load_anchor(folder: Path, data: bytes | None) -> LoadedAnchor | None:
    """Load the anchor of a network folder in float32, ready for inference; None: it has none.

    data: what `read_anchor_file` gave, so that the weights are those whose digest was compared.

    Raises:
        CheckpointError: it has one that fails a check.
    """
    if data is None:
        return None
    path, anchor = folder / ANCHOR_FILE, Anchor(_read_config(folder))
    give_weights(
        anchor, parse_weights(path, data), source=path, shape=ANCHOR_CONFIG, dtype=torch.float32
    )
    anchor.eval().requires_grad_(False)
    return LoadedAnchor(anchor, hashlib.sha256(data).hexdigest())


def save_anchor(anchor: Anchor, folder: Path) -> None:
    """Write anchor.json and anchor.safetensors; a reader sees the old weights or the new ones."""
    write_json(folder, ANCHOR_CONFIG, asdict(anchor.config))
    # Half the bytes, and no more than a thousandth of a weight off.
    halves = {name: value.half() for name, value in anchor.state_dict().items()}
    write_file(folder / ANCHOR_FILE, halves)


def _read_config(folder: Path) -> AnchorConfig:
    values = read_json(folder, ANCHOR_CONFIG)
    widths: Any = values.pop('widths', None)
    is_list = isinstance(widths, list) and len(widths) > 1 and not values
    if not is_list or not all(is_whole(width) and width <= WIDEST for width in widths):
        raise CheckpointError(
            folder,
            f'{folder / ANCHOR_CONFIG} must hold "widths", a list of at least 2 whole numbers '
            f'from 1 to {WIDEST}, and nothing else',
        )
    return AnchorConfig(tuple(widths))
