# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where networks lie on disk: the embedded one, those fetched, and folders of the user's own."""

from __future__ import annotations

from dataclasses import dataclass
import hashlib
import json
from pathlib import Path

from promptda_ros.core.model_files import ANCHOR_FILE, fetched_folder, INDEX_FILE, WEIGHTS_FILE
from promptda_ros.core.model_names import EMBEDDED, FETCHABLE
from promptda_ros.core.settings.schema import ModelSettings
from promptda_ros.share import share_folder

DIGEST_FILE = f'{WEIGHTS_FILE}.sha256'
UNCLEAR = 'the repository of the original checkpoints states none; read the model card'


@dataclass(frozen=True)
class Official:
    """Weights that `promptda fetch_model` stores."""

    repository: str
    licence: str = UNCLEAR
    # of model.safetensors, where a person has compared it with the publisher's; other weights are
    # refused. '': the digest of the first download is noted
    sha256: str = ''


OFFICIAL = {
    name: Official(f'depth-anything/prompt-depth-anything-{name}-hf') for name in FETCHABLE
}


def model_folder(settings: ModelSettings) -> Path:
    """Return the folder that the settings name; it need not exist."""
    if settings.path:
        return Path(settings.path).expanduser()
    if settings.name == EMBEDDED:
        return share_folder() / 'models' / EMBEDDED
    return fetched_folder(settings.name)


def expected_digest(settings: ModelSettings) -> str:
    """Return the sha256 that the weights must have: the user's, the pinned or the noted one."""
    pinned = OFFICIAL[settings.name].sha256 if _is_official(settings) else ''
    if settings.sha256 or pinned:
        return (settings.sha256 or pinned).lower()
    noted = model_folder(settings) / DIGEST_FILE
    return noted.read_text().partition(' ')[0].strip() if noted.is_file() else ''


def _is_official(settings: ModelSettings) -> bool:
    return settings.name in OFFICIAL and not settings.path


def weights_digest(settings: ModelSettings) -> str:
    """Return the sha256 that a loaded network will have, without loading it; '' if it can't be."""
    if digest := expected_digest(settings):
        return digest
    folder, found = model_folder(settings), hashlib.sha256()
    try:
        for name in _weight_files(folder):
            found.update((folder / name).read_bytes())
    except (OSError, ValueError, LookupError, AttributeError):
        return ''  # whoever loads it says what is wrong
    return found.hexdigest()


def _weight_files(folder: Path) -> list[str]:
    """List the files with weights in the order of their common digest."""
    names = [WEIGHTS_FILE]
    if not (folder / WEIGHTS_FILE).exists() and (folder / INDEX_FILE).exists():
        names = sorted(set(json.loads((folder / INDEX_FILE).read_text())['weight_map'].values()))
    return [*names, *([ANCHOR_FILE] if (folder / ANCHOR_FILE).exists() else [])]


def note_digest(folder: Path, digest: str) -> None:
    """Note the sha256 of a folder's weights where `expected_digest` looks for it."""
    files = ' '.join(name for name in (WEIGHTS_FILE, ANCHOR_FILE) if (folder / name).exists())
    (folder / DIGEST_FILE).write_text(f'{digest}  {files or WEIGHTS_FILE}\n')
