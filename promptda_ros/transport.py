# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Environment variables that carry large images between processes fast and without loss."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

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
