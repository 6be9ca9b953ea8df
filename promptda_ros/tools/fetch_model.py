# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`promptda fetch_model`: downloads official weights once, for robots without internet access.

The node itself never downloads anything. The digest stored here is checked at every start.
"""

from __future__ import annotations

from pathlib import Path
import shutil

from promptda_ros.core.errors import ExitCode, PromptdaError
from promptda_ros.core.model_files import fetched_folder, WEIGHTS_FILE
from promptda_ros.core.output_folder import OF_THE_DISK, OutputFolder
from promptda_ros.model_folders import HUB_REPOSITORIES, note_digest
from promptda_ros.network import CheckpointError, load_network
from promptda_ros.tools.arguments import Parser

FILES = ('config.json', 'preprocessor_config.json', WEIGHTS_FILE)


class FetchError(PromptdaError):
    """A network that can't be downloaded; the text says why and what to do."""

    exit_code = ExitCode.MODEL_OR_DEVICE


def main(argv: list[str]) -> int:
    """Download one network into the cache and check that it loads."""
    arguments = make_parser().parse_args(argv)
    folder = fetched_folder(arguments.name)
    with OutputFolder(folder) as unfinished:
        partial = folder.with_name(f'{folder.name}.part')  # where a download goes on
        _download(HUB_REPOSITORIES[arguments.name], arguments.revision, partial)
        digest = _require_network(partial)
        note_digest(unfinished, digest)
        for name in FILES:
            (partial / name).replace(unfinished / name)
        shutil.rmtree(partial)
    print(f'{folder}\nsha256 {digest}\nuse it with model:={arguments.name}')
    return ExitCode.CLEAN


def make_parser() -> Parser:
    """Return the arguments of this command."""
    parser = Parser('fetch_model', __doc__)
    parser.add_argument('name', choices=sorted(HUB_REPOSITORIES))
    parser.add_argument('--revision', default='main', help='commit of the repository')
    return parser


def _require_network(folder: Path) -> str:
    """Load what was downloaded and return the digest of its weights; remove what can't be."""
    try:
        return load_network(folder).sha256
    except CheckpointError:
        shutil.rmtree(folder)
        raise


def _download(repository: str, revision: str, folder: Path) -> None:
    try:
        from huggingface_hub import hf_hub_download
    except ModuleNotFoundError:
        raise FetchError(
            'huggingface_hub is not installed, so nothing can be downloaded; '
            'pip install huggingface_hub'
        ) from None
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        print(f'{repository}@{revision}: {name}')
        try:
            hf_hub_download(repository, name, revision=revision, local_dir=folder)
        except OSError as error:
            if error.errno in OF_THE_DISK:
                raise
            reason = ' '.join(str(error).split()).rstrip('.')
            raise FetchError(
                f'{name} cannot be downloaded: {reason}; the same command resumes the download, '
                f'or copy the folder {folder.stem} from another machine to {folder.parent}'
            ) from None
