# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Network folders on disk: config.json beside model.safetensors, read strictly."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256 as new_sha256
import json
import os
from pathlib import Path

import torch
from torch import Tensor

from promptda_ros.network.config import CONFIG_FILE, PromptDepthAnythingConfig
from promptda_ros.network.prompt_depth_anything import PromptDepthAnythingForDepthEstimation
from promptda_ros.network.weights_file import format_weights, parse_weights, WeightsFileError

WEIGHTS_FILE = 'model.safetensors'
_NAMED_DIFFERENCES = 3


class CheckpointError(Exception):
    """A network folder that cannot be trusted; the text says why and which command mends it."""


def load_network(folder: Path, *, sha256: str = '') -> PromptDepthAnythingForDepthEstimation:
    """Load a folder in float32, ready for inference, or raise CheckpointError.

    `sha256`, where given, is compared with the bytes of model.safetensors before they are parsed.
    """
    folder = Path(folder)
    config = _read_config(folder)
    data = _read_bytes(folder, WEIGHTS_FILE)
    _require_digest(folder, data, sha256)
    try:
        weights = parse_weights(data)
    except WeightsFileError as error:
        raise _error(folder, f'{folder / WEIGHTS_FILE} {error}') from None
    # Without memory of its own the network has no random weights that could survive by mistake.
    with torch.device('meta'):
        network = PromptDepthAnythingForDepthEstimation(config)
    _require_match(folder, network.state_dict(), weights)
    _require_finite(folder, weights)
    network.load_state_dict({name: value.float() for name, value in weights.items()}, assign=True)
    return network.eval()


def save_network(network: PromptDepthAnythingForDepthEstimation, folder: Path) -> None:
    """Write config.json and model.safetensors; a reader sees the old weights or the new ones."""
    network.config.save_pretrained(folder)
    unfinished = folder / f'{WEIGHTS_FILE}.part'
    unfinished.write_bytes(format_weights(network.state_dict()))
    os.replace(unfinished, folder / WEIGHTS_FILE)


def _read_config(folder: Path) -> PromptDepthAnythingConfig:
    if not folder.is_dir():
        what = 'is not a folder' if folder.exists() else 'does not exist'
        raise _error(folder, f'{folder} {what}')
    text = _read_bytes(folder, CONFIG_FILE)
    try:
        return PromptDepthAnythingConfig.from_dict(json.loads(text))
    except (ValueError, TypeError, AttributeError) as error:
        raise _error(folder, f'{folder / CONFIG_FILE} is no network config: {error}') from error


def _read_bytes(folder: Path, name: str) -> bytes:
    path = folder / name
    try:
        return path.read_bytes()
    except FileNotFoundError:
        problem = 'is missing'
    except IsADirectoryError:
        problem = 'is a directory, not a file'
    except OSError as error:
        problem = f'cannot be read ({error.strerror})'
    raise _error(folder, f'{path} {problem}')


def _require_digest(folder: Path, data: bytes, expected: str) -> None:
    actual = new_sha256(data).hexdigest()
    if expected and actual != expected.lower():
        raise _error(
            folder,
            f'{folder / WEIGHTS_FILE} has sha256 {actual[:12]}..., expected {expected[:12]}...: '
            'the file is not the one that was asked for',
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
            wanted, found = tuple(expected[name].shape), tuple(weights[name].shape)
            differences.append(f'{name} has shape {found}, config.json asks for {wanted}')
    if differences:
        raise _error(
            folder,
            f'{folder / WEIGHTS_FILE} does not fit {CONFIG_FILE} in {len(differences)} tensors: '
            + '; '.join(differences[:_NAMED_DIFFERENCES]),
        )


def _require_finite(folder: Path, weights: Mapping[str, Tensor]) -> None:
    for name, value in weights.items():
        if not value.isfinite().all():
            raise _error(
                folder, f'{folder / WEIGHTS_FILE} has NaN or infinite weights, first in {name}'
            )


def _error(folder: Path, problem: str) -> CheckpointError:
    mend = f'Run `promptda fetch_model {folder.name}`, or name another folder.'
    return CheckpointError(f'{problem}. No depth comes from a network like that. {mend}')
