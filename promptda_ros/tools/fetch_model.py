# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`promptda fetch_model`: downloads official weights once, for robots without internet access.

The node itself never downloads anything. The digest stored here is checked at every start.
"""

from __future__ import annotations

import os
from pathlib import Path
from queue import Empty, Queue
import shutil
import ssl
from threading import Thread
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from promptda_ros.core.errors import ExitCode, PromptdaError
from promptda_ros.core.model_files import fetched_folder, WEIGHTS_FILE
from promptda_ros.core.output_folder import OF_THE_DISK, OutputFolder
from promptda_ros.model_folders import note_digest, OFFICIAL, Official
from promptda_ros.network import CheckpointError, load_network
from promptda_ros.tools.arguments import Parser

HUB = 'https://huggingface.co'
HUB_LIMIT_SEC = 5.0  # the hub's library tries for minutes where a network drops what is sent
NOT_PINNED = ' (of this download; promptda_ros knows no other to compare it with)'
FILES = ('config.json', 'preprocessor_config.json', WEIGHTS_FILE)


class FetchError(PromptdaError):
    """A network that can't be downloaded; the text says why and what to do."""

    exit_code = ExitCode.MODEL_OR_DEVICE


def main(argv: list[str]) -> int:
    """Download one network into the cache and check that it loads."""
    arguments = make_parser().parse_args(argv)
    official, folder = OFFICIAL[arguments.name], fetched_folder(arguments.name)
    with OutputFolder(folder) as unfinished:
        partial = folder.with_name(f'{folder.name}.part')  # where a download goes on
        _download(official, arguments.revision, partial)
        digest = _require_network(partial, official.sha256)
        note_digest(unfinished, digest)
        for name in FILES:
            (partial / name).replace(unfinished / name)
        shutil.rmtree(partial)
    print(f'{folder}\nsha256 {digest}{"" if official.sha256 else NOT_PINNED}')
    print(f'use it with model:={arguments.name}')
    return ExitCode.CLEAN


def make_parser() -> Parser:
    """Return the arguments of this command."""
    parser = Parser('fetch_model', __doc__)
    parser.add_argument('name', choices=sorted(OFFICIAL))
    parser.add_argument('--revision', default='main', help='commit of the repository')
    return parser


def _require_network(folder: Path, sha256: str) -> str:
    """Load what was downloaded and return the digest of its weights; remove what can't be."""
    try:
        return load_network(folder, sha256=sha256).sha256
    except CheckpointError:
        shutil.rmtree(folder)
        raise


def _download(official: Official, revision: str, folder: Path) -> None:
    try:
        from huggingface_hub import hf_hub_download
    except ModuleNotFoundError:
        raise FetchError(
            'huggingface_hub is not installed, so nothing can be downloaded; '
            'pip install huggingface_hub'
        ) from None
    repository = official.repository
    _require_hub(folder)
    print(f'licence of {HUB}/{repository}: {official.licence}')
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        print(f'{repository}@{revision}: {name}')
        try:
            hf_hub_download(repository, name, revision=revision, local_dir=folder)
        except OSError as error:
            _remove_unless_begun(folder)
            if error.errno in OF_THE_DISK:
                raise
            reason = ' '.join(str(error).split()).rstrip('.')
            raise _refusal(f'{name} cannot be downloaded: {reason}', folder) from None


def _require_hub(folder: Path) -> None:
    """Refuse where nobody answers; in a thread, as looking up a name has no time limit."""
    address = os.environ.get('HF_ENDPOINT') or HUB
    answers: Queue[str] = Queue()
    Thread(target=lambda: answers.put(_fault_of(address)), daemon=True).start()
    try:
        fault = answers.get(timeout=HUB_LIMIT_SEC)
    except Empty:
        fault = f'no answer within {HUB_LIMIT_SEC:.0f} s'
    if fault:
        raise _refusal(f'{address} cannot be reached: {fault}', folder)


def _fault_of(address: str) -> str:
    """Return why an address does not answer; '' if it does, whatever it says."""
    try:
        urlopen(Request(address, method='HEAD'), timeout=HUB_LIMIT_SEC).close()
    except HTTPError:
        return ''
    except URLError as error:
        # The hub's library has certificates of its own.
        return '' if isinstance(error.reason, ssl.SSLError) else str(error.reason)
    except (OSError, ValueError) as error:
        return str(error)
    return ''


def _refusal(what: str, folder: Path) -> FetchError:
    return FetchError(
        f'{what}; the same command resumes the download, or copy the folder {folder.stem} '
        f'from another machine to {folder.parent}'
    )


def _remove_unless_begun(folder: Path) -> None:
    """Keep what a download goes on from, and nothing else."""
    files = [*folder.rglob('*.incomplete'), *(folder / name for name in FILES)]
    if not any(path.is_file() and path.stat().st_size for path in files):
        shutil.rmtree(folder, ignore_errors=True)
