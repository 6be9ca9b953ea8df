# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The header with which a serialized message begins, without what follows it.

Images, compressed images, clouds and camera_info begin with one. To find the stamps of a recording
this way takes a hundredth of decoding its pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
import struct

from promptda_ros.bags.channel import RawMessage
from promptda_ros.core.pairing.stream import checked_stamp_ns

BEGIN = 4  # bytes of CDR, the second of which says which end of a number comes first
LONGEST_NAME = 1024  # bytes; what claims to be longer is damaged
LITTLE_ENDIAN = (b'\x01', b'\x07')
LITTLE, BIG = struct.Struct('<iII'), struct.Struct('>iII')  # stamp, length of the frame_id


@dataclass(frozen=True)
class Header:
    """Stamp and frame of a message."""

    stamp_ns: int | None  # None: no clock can have written it
    frame_id: str


def read_header(raw: RawMessage) -> Header:
    """Read the header; one that is cut off has no stamp."""
    form = LITTLE if raw.data[1:2] in LITTLE_ENDIAN else BIG
    if len(raw.data) < BEGIN + form.size:
        return Header(None, '')
    sec, nanosec, length = form.unpack_from(raw.data, BEGIN)
    name = raw.data[BEGIN + form.size : BEGIN + form.size + min(length, LONGEST_NAME)]
    frame_id = bytes(name).rstrip(b'\0').decode(errors='backslashreplace')
    return Header(checked_stamp_ns(sec, nanosec), frame_id)
