# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A simulated camera for tests, which are skipped where nothing can be drawn without a screen."""

from __future__ import annotations

import pytest

from promptda_ros.lab.sim.camera import PinholeCamera, TableCamera
from promptda_ros.lab.sim.scene import Scene


def table_camera(scene: Scene, lens: PinholeCamera) -> TableCamera:
    """Return a camera in the scene."""
    try:
        return TableCamera(scene, lens)
    except Exception as error:
        pytest.skip(f'no off-screen OpenGL on this machine: {error}')
