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

from promptda_ros.share import share_folder

FAST_DDS = 'rmw_fastrtps'  # of every distribution the default
PROFILE = Path('config/fastdds_large_images.xml')

# Fast DDS 2 (Humble, Jazzy) reads the first name, Fast DDS 3 (Kilted, Lyrical) the second.
_PROFILE_VARIABLES = ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE')
_OTHER_TRANSPORT_VARIABLES = ('FASTDDS_BUILTIN_TRANSPORTS',)

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
    middleware = environ.get('RMW_IMPLEMENTATION') or FAST_DDS
    if not middleware.startswith(FAST_DDS) or not _profile(Path(), environ):
        return ''
    return (
        'Fast DDS runs with its 512 KB of shared memory, which loses most large images of '
        'best-effort cameras and delays all others; source the install/setup.bash of the '
        'workspace here and where the camera starts, or see docs/install.md'
    )


def main() -> None:
    """Print the shell commands that set what this environment lacks."""
    for name, value in large_image_environment(share_folder(), os.environ).items():
        print(f'export {name}={shlex.quote(value)}')


def _profile(share_dir: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Choose our Fast DDS profile, unless the user chose transports."""
    if any(environ.get(name) for name in (*_PROFILE_VARIABLES, *_OTHER_TRANSPORT_VARIABLES)):
        return {}
    if environ.get('ROS_DISTRO') == 'humble' and environ.get('ROS_LOCALHOST_ONLY') == '1':
        return {}  # Humble adds its loopback transport to ours, which is open to the network
    return dict.fromkeys(_PROFILE_VARIABLES, str(share_dir / PROFILE))


def _malloc(environ: Mapping[str, str]) -> dict[str, str]:
    """Choose our allocator settings, one by one where the user has none."""
    return {name: value for name, value in _MALLOC.items() if name not in environ}


if __name__ == '__main__':
    main()
