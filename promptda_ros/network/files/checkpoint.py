# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Weights from disk and to disk, in one file or in several, read strictly."""

from __future__ import annotations

from collections.abc import Mapping
import hashlib
from pathlib import Path

import torch
from torch import nn, Tensor

from promptda_ros.core.model_files import ANCHOR_FILE
from promptda_ros.network.files.folder import (
    CheckpointError,
    CONFIG_FILE,
    LARGEST_ANCHOR,
    read_file,
)
from promptda_ros.network.files.weight_shards import shards_of, WeightShard
from promptda_ros.network.files.weights_file import parse_weights

_NAMED_DIFFERENCES = 3
_WIDEST_NUMBER = 8  # bytes
_LARGEST_HEADER = 16 * 1024 * 1024  # bytes


def load_weights(
    network: nn.Module,
    folder: Path,
    *,
    anchor: bytes | None,
    sha256: str = '',
    dtype: torch.dtype | None,
) -> str:
    """Give a network, whose tensors have no memory yet, the weights of a folder.

    Returns the sha256 of the file; of several files that of all, one after the other, the anchor's
    last. Where `sha256` is given, it is compared before anything is parsed. anchor: the bytes of
    the anchor's weights, if there is one. dtype None: as stored.

    Raises:
        CheckpointError: the files are damaged, or do not fit the network.
    """
    numbers = sum(value.numel() for value in network.state_dict().values())
    at_most = _WIDEST_NUMBER * numbers + _LARGEST_HEADER
    shards = shards_of(folder)
    contents = [read_file(folder, shard.file, at_most=at_most) for shard in shards]
    digest = hashlib.sha256()
    for content in (*contents, anchor or b''):
        digest.update(content)
    path = folder / shards[0].file
    _require_digest(path, digest.hexdigest(), sha256.lower())
    weights: dict[str, Tensor] = {}
    for shard, content in zip(shards, contents, strict=True):
        found = parse_weights(folder / shard.file, content)
        _require_placed(folder, shard, found)
        weights.update(found)
    give_weights(network, weights, source=path, dtype=dtype)
    return digest.hexdigest()


def read_anchor_file(folder: Path) -> bytes | None:
    """Return the bytes of the anchor's weights; None: the folder has no anchor."""
    if not (folder / ANCHOR_FILE).exists():
        return None
    return read_file(folder, ANCHOR_FILE, at_most=LARGEST_ANCHOR)


def give_weights(
    network: nn.Module,
    weights: Mapping[str, Tensor],
    *,
    source: Path,
    dtype: torch.dtype | None,
    shape: str = CONFIG_FILE,
) -> None:
    """Give a network weights in one number format; None: that of the first.

    shape: the file that says what they must fit.

    Raises:
        CheckpointError: they do not fit the network, or are not finite.
    """
    _require_match(source, network.state_dict(), weights, shape)
    dtype = dtype or next(iter(weights.values())).dtype
    cast = {name: value.to(dtype) for name, value in weights.items()}
    _require_finite(source, cast)
    network.load_state_dict(cast, assign=True)


def _require_digest(path: Path, actual: str, expected: str) -> None:
    if expected and actual != expected:
        anchor = f' followed by {ANCHOR_FILE}' if (path.parent / ANCHOR_FILE).exists() else ''
        raise CheckpointError(
            path.parent,
            f'{path}{anchor} has sha256 {actual[:12]}..., expected '
            f'{expected[:12]}...: it is not the file that was asked for',
        )


def _require_placed(folder: Path, shard: WeightShard, found: Mapping[str, Tensor]) -> None:
    """Refuse a part that holds other tensors than the index says."""
    stray = sorted(found.keys() ^ shard.tensors) if shard.tensors is not None else []
    if stray:
        what = 'holds' if stray[0] in found else 'lacks'
        problem = f'{folder / shard.file} {what} {stray[0]}, against what its index says'
        raise CheckpointError(folder, problem)


def _require_match(
    path: Path, expected: Mapping[str, Tensor], weights: Mapping[str, Tensor], shape: str
) -> None:
    differences = []
    for name in sorted(expected.keys() | weights.keys()):
        if name not in weights:
            differences.append(f'{name} is missing')
        elif name not in expected:
            differences.append(f'{name} is not part of the network')
        elif expected[name].shape != weights[name].shape:
            found, wanted = tuple(weights[name].shape), tuple(expected[name].shape)
            differences.append(f'{name} has shape {found} instead of {wanted}')
    if differences:
        raise CheckpointError(
            path.parent,
            f'{path} does not fit {shape} in {len(differences)} tensors: '
            + '; '.join(differences[:_NAMED_DIFFERENCES]),
        )


def _require_finite(path: Path, weights: Mapping[str, Tensor]) -> None:
    """Refuse weights that are not finite.

    Raises:
        CheckpointError: one is NaN or infinite.
    """
    for name, value in weights.items():
        # One pass without a copy: a NaN takes both bounds, an infinity one of them.
        if value.numel() > 0 and not torch.stack(value.aminmax()).isfinite().all():
            kind = str(value.dtype).removeprefix('torch.')
            problem = f'{path} has NaN or infinite weights, first in {name} (as {kind})'
            raise CheckpointError(path.parent, problem)
