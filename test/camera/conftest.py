# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The messages of a camera and its depth sensor."""

from __future__ import annotations

import pytest

from test.sensors import Sensors


@pytest.fixture(scope='session')
def sensors() -> Sensors:
    """Return messages of a camera and a depth sensor."""
    return Sensors()
