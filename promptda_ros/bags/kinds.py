# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a recorded topic carries, by its name and its first message."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

EXACT_DEPTH_TOPIC = '/camera/exact_depth/compressed'  # of the bundled recording, for its report
SUFFIXES = ('/compressedDepth', '/compressed')
DEPTH_ENCODINGS = ('16UC1', '32FC1', 'mono16')
PNG_BITS = slice(24, 26)  # of a PNG: bits of a sample and kind of colour
PNG_OF_COUNTS = b'\x10\x00'


def base_of(topic: str) -> str:
    """Return the topic that image_transport would be given."""
    for suffix in SUFFIXES:
        topic = topic.removesuffix(suffix)
    return topic


def has_depth(recorded: Iterable[Any]) -> bool:
    """Tell by the first of its messages whether a topic has depth."""
    first = next(iter(recorded), None)
    return first is not None and _is_depth(first.message)


def _is_depth(message: Any) -> bool:
    """Tell depth from colour, in an Image or a CompressedImage."""
    if not hasattr(message, 'format'):
        return message.encoding in DEPTH_ENCODINGS
    is_of_counts = bytes(message.data[PNG_BITS]) == PNG_OF_COUNTS
    return is_of_counts or 'compressedDepth' in message.format
