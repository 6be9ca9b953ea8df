# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether the weights are there, whole, and the ones that were asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
import re

from promptda_ros.core.settings.schema import Settings
from promptda_ros.doctor.finding import ERROR, Finding, Sound
from promptda_ros.model_folders import expected_digest, model_folder

CARD = 'README.md'


class WeightsCheck:
    """Loads the network that the settings name, as the node does."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def look(self) -> Iterator[Finding | Sound]:
        """Read and compare every file of the folder."""
        from promptda_ros.network import CheckpointError, load_network  # late: with torch

        folder = model_folder(self._settings.model)
        expected = expected_digest(self._settings.model)
        try:
            network = load_network(folder, sha256=expected)
        except CheckpointError as error:
            why = 'depth is never guessed from such weights: the node ends at its start'
            yield Finding('weights', ERROR, error.problem, why, error.fix)
            return
        is_known = 'as it must be' if expected else 'with nothing to compare it to'
        yield Sound(
            'weights',
            f'{folder.name} ({folder}), sha256 {network.sha256[:12]}... {is_known}, licence '
            f'{licence_of(folder)}',
        )


def licence_of(folder: Path) -> str:
    """Return what the model card says."""
    try:
        card = (folder / CARD).read_text(encoding='utf-8', errors='replace')
    except OSError:
        return f'not stated in the folder, which has no {CARD}'
    found = re.search(r'^license: *(\S+)', card, re.MULTILINE)
    return found[1] if found else f'not stated in {CARD}'
