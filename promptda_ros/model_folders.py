# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where networks lie on disk: the embedded one, those fetched, and folders of the user's own."""

from __future__ import annotations

from pathlib import Path

from promptda_ros.core.model_names import EMBEDDED, FETCHABLE
from promptda_ros.core.settings.schema import ModelSettings
from promptda_ros.network.files.folder import ANCHOR_FILE, fetched_folder, WEIGHTS_FILE
from promptda_ros.share import share_folder

DIGEST_FILE = f'{WEIGHTS_FILE}.sha256'
HUB_REPOSITORIES = {name: f'depth-anything/prompt-depth-anything-{name}-hf' for name in FETCHABLE}


def model_folder(settings: ModelSettings) -> Path:
    """Return the folder that the settings name; it need not exist."""
    if settings.path:
        return Path(settings.path).expanduser()
    if settings.name == EMBEDDED:
        return share_folder() / 'models' / EMBEDDED
    return fetched_folder(settings.name)


def expected_digest(settings: ModelSettings) -> str:
    """Return the sha256 that the weights must have: the user's, or the one noted beside them."""
    if settings.sha256:
        return settings.sha256.lower()
    noted = model_folder(settings) / DIGEST_FILE
    return noted.read_text().partition(' ')[0].strip() if noted.is_file() else ''


def note_digest(folder: Path, digest: str) -> None:
    """Note the sha256 of a folder's weights where `expected_digest` looks for it."""
    files = ' '.join(name for name in (WEIGHTS_FILE, ANCHOR_FILE) if (folder / name).exists())
    (folder / DIGEST_FILE).write_text(f'{digest}  {files or WEIGHTS_FILE}\n')
