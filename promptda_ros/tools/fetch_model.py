# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`promptda fetch_model`: downloads official weights once, for robots without a network.

The node itself never downloads. The digest noted here is checked at every start.
"""

from __future__ import annotations

import argparse
from pathlib import Path
import sys

from promptda_ros.exit_codes import ExitCode
from promptda_ros.models import HUB_REPOSITORIES, note_digest
from promptda_ros.network import CheckpointError, load_network
from promptda_ros.network.folder import fetched_folder, WEIGHTS_FILE

FILES = ('config.json', 'preprocessor_config.json', WEIGHTS_FILE)


def main(argv: list[str] | None = None) -> int:
    """Download one network into the cache and check that it loads."""
    parser = argparse.ArgumentParser(prog='promptda fetch_model', description=__doc__)
    parser.add_argument('name', choices=sorted(HUB_REPOSITORIES))
    parser.add_argument('--revision', default='main', help='commit of the repository')
    arguments = parser.parse_args(argv)
    folder = fetched_folder(arguments.name)
    try:
        _download(HUB_REPOSITORIES[arguments.name], arguments.revision, folder)
        digest = load_network(folder).sha256
    except (OSError, ImportError, CheckpointError) as error:
        print(f'promptda fetch_model: {error}', file=sys.stderr)
        return ExitCode.MODEL_OR_DEVICE
    note_digest(folder, digest)
    print(f'{folder}\nsha256 {digest}\nuse it with model:={arguments.name}')
    return ExitCode.CLEAN


def _download(repository: str, revision: str, folder: Path) -> None:
    try:
        from huggingface_hub import hf_hub_download
    except ModuleNotFoundError:
        raise ImportError(
            'huggingface_hub is not installed, so nothing can be downloaded; '
            'pip install huggingface_hub'
        ) from None
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        print(f'{repository}@{revision}: {name}')
        hf_hub_download(repository, name, revision=revision, local_dir=folder)
