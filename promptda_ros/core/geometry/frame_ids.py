# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Names of frames: a slash in front, as ROS 1 allowed it, names the same frame."""

from __future__ import annotations


def plain(frame_id: str) -> str:
    """Return a frame_id as TF knows it, which refuses names that begin with a slash."""
    return frame_id.lstrip('/')


def same_frame(one: str, other: str) -> bool:
    """Return whether two frame_ids name one frame."""
    return plain(one) == plain(other)
