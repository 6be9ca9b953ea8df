# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The folder with the package's models, recording, launch and configuration files."""

from __future__ import annotations

from pathlib import Path
import sys

from promptda_ros.core.errors import ExitCode, PromptdaError

PACKAGE = 'promptda_ros'


class DataMissing(PromptdaError):
    """The package is installed without its data files; the text says where they should be."""

    exit_code = ExitCode.MODEL_OR_DEVICE


def share_folder() -> Path:
    """Return the share folder: a checkout's root, an ament prefix's, or a virtual environment's.

    Raises:
        DataMissing: the package is installed without its data files.
    """
    checkout = Path(__file__).resolve().parents[1]
    # <prefix>/lib/python3.x/site-packages/promptda_ros/share.py, with and without Debian's `local`
    prefixes = [parent / 'share' / PACKAGE for parent in Path(__file__).resolve().parents]
    candidates = [checkout, *prefixes, Path(sys.prefix) / 'share' / PACKAGE]
    for candidate in candidates:
        if (candidate / 'models').is_dir():
            return candidate
    raise DataMissing(
        f'no models folder in any of {", ".join(map(str, candidates))}: '
        f'{PACKAGE} is installed without its data files; build it with colcon or `pip install .`'
    )
