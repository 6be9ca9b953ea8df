# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Everything that needs a running node: listens, reads, publishes, reports."""

from __future__ import annotations

from typing import Any

__all__ = ['PromptDepthNode']


def __getattr__(name: str) -> Any:
    """Import the node when it is asked for, since every file of this folder comes by here."""
    if name != 'PromptDepthNode':
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    from promptda_ros.node.node import PromptDepthNode

    return PromptDepthNode
