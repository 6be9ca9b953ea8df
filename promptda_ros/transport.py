# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The old name of promptda_ros.dds_environment, for one version."""

from __future__ import annotations

import warnings

from promptda_ros.dds_environment import large_image_environment, main

__all__ = ['large_image_environment', 'main']

warnings.warn(
    'promptda_ros.transport goes with the next version: its name is promptda_ros.dds_environment',
    DeprecationWarning,
    stacklevel=2,
)

if __name__ == '__main__':
    main()
