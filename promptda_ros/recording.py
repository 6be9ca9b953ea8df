# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The old name of promptda_ros.bags.recording, for one version."""

from __future__ import annotations

import warnings

from promptda_ros.bags.recording import read_recording

__all__ = ['read_recording']

warnings.warn(
    'promptda_ros.recording goes with the next version: its name is promptda_ros.bags.recording',
    DeprecationWarning,
    stacklevel=2,
)
