# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Settings that say where a frame is in the colour optical frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from promptda_ros.core.geometry.transform import BadTransform, Transform
from promptda_ros.core.settings.setting import metres, setting, SettingError


def frame_origin(meaning: str) -> Any:
    """Declare the origin of the frame."""
    return metres((0.0, 0.0, 0.0), meaning, limits=(-100.0, 100.0), lengths=(3,))


def frame_rotation(meaning: str) -> Any:
    """Declare the rotation of the frame: a quaternion or a matrix."""
    return setting((0.0, 0.0, 0.0, 1.0), meaning, limits=(-1.0, 1.0), lengths=(4, 9))


def require_pose(group: str, translation: Sequence[float], rotation: Sequence[float]) -> None:
    """Refuse a rotation that is none.

    Raises:
        SettingError: with the group whose rotation it is.
    """
    try:
        Transform.of(translation, rotation)
    except BadTransform as error:
        raise SettingError(f'parameter {group}.rotation: {error}') from None
