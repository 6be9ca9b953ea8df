# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Environment variables that carry large images between processes fast and without loss.

The launch files set them for what they start, environment/large_images.sh for whoever sources the
workspace, and the node warns where it finds itself without them.
"""

from __future__ import annotations

from collections.abc import Mapping
import os
from pathlib import Path
import shlex
from xml.etree import ElementTree

from promptda_ros.share import share_folder

FAST_DDS = 'rmw_fastrtps'  # of every distribution the default
SHARED_MEMORY = Path('/dev/shm')  # where it has its segments
PROFILE = Path('config/fastdds_large_images.xml')

# Fast DDS 2 (Humble, Jazzy) reads the first name, Fast DDS 3 (Kilted, Lyrical) the second.
_PROFILE_VARIABLES = ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE')
_OTHER_TRANSPORTS = 'FASTDDS_BUILTIN_TRANSPORTS'
# Its values that use shared memory too
_WITH_SHARED_MEMORY = ('DEFAULT', 'DEFAULTv6', 'SHM', 'LARGE_DATA', 'LARGE_DATAv6', 'P2P')

# glibc gives blocks as large as an image back to the kernel at once, which then zeroes the same
# pages again for the next image: keep them instead.
_MALLOC = {
    'MALLOC_MMAP_THRESHOLD_': str(1 << 30),
    'MALLOC_TRIM_THRESHOLD_': str(2 << 30),
    'MALLOC_TOP_PAD_': str(128 << 20),
}


def large_image_environment(share_dir: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables to add to `environ` before a process starts; the user's own ones win.

    `share_dir` holds config/fastdds_large_images.xml. The variables have no effect on a process
    that runs already: the loader and Fast DDS read them once.
    """
    return {**_profile(share_dir, environ), **_malloc(environ)}


def missing_transport(environ: Mapping[str, str]) -> str:
    """Return what to say where large images travel by the defaults of Fast DDS, else ''."""
    if not uses_fast_dds(environ) or not _profile(Path(), environ):
        return ''
    return (
        'Fast DDS runs with its 512 KB of shared memory, which loses most large images of '
        'best-effort cameras and delays all others; source the install/setup.bash of the '
        'workspace here and where the camera starts, or see docs/install.md'
    )


def refused_shared_memory(environ: Mapping[str, str]) -> str:
    """Return what to say where somebody chose transports without shared memory, else ''."""
    chosen = environ.get(_OTHER_TRANSPORTS, '')
    if not chosen or not uses_fast_dds(environ) or chosen.startswith(_WITH_SHARED_MEMORY):
        return ''
    return (
        f'{_OTHER_TRANSPORTS}={chosen} keeps images out of shared memory: every large image is '
        'cut into hundreds of packets, of which one lost loses the image; unset '
        f'{_OTHER_TRANSPORTS} where camera and node start'
    )


def missing_malloc(environ: Mapping[str, str]) -> list[str]:
    """List the settings of the allocator that are not set."""
    return [*_malloc(environ)]


def uses_fast_dds(environ: Mapping[str, str]) -> bool:
    """Return whether ROS talks by Fast DDS."""
    return (environ.get('RMW_IMPLEMENTATION') or FAST_DDS).startswith(FAST_DDS)


def segment_bytes(share_dir: Path) -> int:
    """Return how much shared memory a process takes with our profile."""
    found = ElementTree.parse(share_dir / PROFILE).findall('.//{*}segment_size')
    return max(int(each.text or 0) for each in found)


def main() -> None:
    """Print the shell commands that set what this environment lacks."""
    for name, value in large_image_environment(share_folder(), os.environ).items():
        print(f'export {name}={shlex.quote(value)}')


def _profile(share_dir: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Choose our Fast DDS profile, unless the user chose transports."""
    if any(environ.get(name) for name in (*_PROFILE_VARIABLES, _OTHER_TRANSPORTS)):
        return {}
    if environ.get('ROS_DISTRO') == 'humble' and environ.get('ROS_LOCALHOST_ONLY') == '1':
        return {}  # Humble adds its loopback transport to ours, which is open to the network
    return dict.fromkeys(_PROFILE_VARIABLES, str(share_dir / PROFILE))


def _malloc(environ: Mapping[str, str]) -> dict[str, str]:
    """Choose our allocator settings, one by one where the user has none."""
    return {name: value for name, value in _MALLOC.items() if name not in environ}


if __name__ == '__main__':
    main()
