# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The folder with the package's models, recording, launch and configuration files."""

from __future__ import annotations

from pathlib import Path
import sys

PACKAGE = 'promptda_ros'


def share_folder() -> Path:
    """Return the share folder: a checkout's root, an ament prefix's, or a virtual environment's.

    Raises:
        FileNotFoundError: the package is installed without its data files.
    """
    checkout = Path(__file__).resolve().parents[1]
    # <prefix>/lib/python3.x/site-packages/promptda_ros/share.py, with and without Debian's `local`
    prefixes = [parent / 'share' / PACKAGE for parent in Path(__file__).resolve().parents]
    candidates = [checkout, *prefixes, Path(sys.prefix) / 'share' / PACKAGE]
    for candidate in candidates:
        if (candidate / 'models').is_dir():
            return candidate
    raise FileNotFoundError(
        f'no models folder in any of {", ".join(map(str, candidates))}: '
        f'{PACKAGE} is installed without its data files; build it with colcon or `pip install .`'
    )
