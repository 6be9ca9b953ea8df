# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How the node's process ends."""

import enum


class ExitCode(enum.IntEnum):
    """Exit codes of the node; launch files and service managers may act on them."""

    CLEAN = 0
    CONFIGURATION = 2
    MODEL_OR_DEVICE = 3
    INTERNAL = 70
    GPU_LOST = 75
    INTERRUPTED = 130
