# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the files of a network are called, and where fetched ones lie; needs no torch."""

from __future__ import annotations

import os
from pathlib import Path

WEIGHTS_FILE = 'model.safetensors'
INDEX_FILE = f'{WEIGHTS_FILE}.index.json'  # of weights in several files
ANCHOR_FILE = 'anchor.safetensors'


def fetched_folder(name: str) -> Path:
    """Return where a fetched network lies."""
    return cache_folder() / 'models' / name


def cache_folder() -> Path:
    """Return our folder in the XDG cache."""
    cache = os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache'
    return Path(cache) / 'promptda_ros'
