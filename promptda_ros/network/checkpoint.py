# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Networks from disk and to disk: config.json beside model.safetensors, read strictly."""

from __future__ import annotations

from collections.abc import Mapping
import hashlib
import os
from pathlib import Path

import torch
from torch import Tensor

from promptda_ros.network.config import PromptDepthAnythingConfig
from promptda_ros.network.folder import (
    CheckpointError,
    CONFIG_FILE,
    find_folder,
    read_file,
    WEIGHTS_FILE,
)
from promptda_ros.network.prompt_depth_anything import PromptDepthAnythingForDepthEstimation
from promptda_ros.network.weights_file import format_weights, parse_weights, WeightsFileError

_NAMED_DIFFERENCES = 3


def load_network(folder: Path | str, *, sha256: str = '') -> PromptDepthAnythingForDepthEstimation:
    """Load a folder in float32, ready for inference, or raise CheckpointError.

    `sha256`, where given, is compared with the bytes of model.safetensors before they are parsed.
    """
    folder = find_folder(folder)
    config = PromptDepthAnythingConfig.from_pretrained(folder)
    data = read_file(folder, WEIGHTS_FILE)
    digest = hashlib.sha256(data).hexdigest()
    _require_digest(folder, digest, sha256.lower())
    weights = _parse(folder, data)
    # Without memory of its own the network has no random weights that could survive by mistake.
    with torch.device('meta'):
        network = PromptDepthAnythingForDepthEstimation(config)
    _require_match(folder, network.state_dict(), weights)
    _require_finite(folder, weights)
    network.load_state_dict({name: value.float() for name, value in weights.items()}, assign=True)
    network.sha256 = digest
    return network.eval()


def save_network(network: PromptDepthAnythingForDepthEstimation, folder: Path) -> None:
    """Write config.json and model.safetensors; a reader sees the old weights or the new ones."""
    network.config.save_pretrained(folder)
    unfinished = folder / f'{WEIGHTS_FILE}.part'
    unfinished.write_bytes(format_weights(network.state_dict()))
    os.replace(unfinished, folder / WEIGHTS_FILE)


def _parse(folder: Path, data: bytes) -> dict[str, Tensor]:
    try:
        return parse_weights(data)
    except WeightsFileError as error:
        raise CheckpointError(folder, f'{folder / WEIGHTS_FILE} {error}') from None


def _require_digest(folder: Path, actual: str, expected: str) -> None:
    if expected and actual != expected:
        raise CheckpointError(
            folder,
            f'{folder / WEIGHTS_FILE} has sha256 {actual[:12]}..., expected {expected[:12]}...: '
            'it is not the file that was asked for',
        )


def _require_match(
    folder: Path, expected: Mapping[str, Tensor], weights: Mapping[str, Tensor]
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
            folder,
            f'{folder / WEIGHTS_FILE} does not fit {CONFIG_FILE} in {len(differences)} tensors: '
            + '; '.join(differences[:_NAMED_DIFFERENCES]),
        )


def _require_finite(folder: Path, weights: Mapping[str, Tensor]) -> None:
    for name, value in weights.items():
        # One pass without a copy: a NaN takes both bounds, an infinity one of them.
        if value.numel() > 0 and not torch.stack(value.aminmax()).isfinite().all():
            problem = f'{folder / WEIGHTS_FILE} has NaN or infinite weights, first in {name}'
            raise CheckpointError(folder, problem)
