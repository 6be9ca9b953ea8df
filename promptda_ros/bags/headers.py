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

ROS_1 = 'ros1'
# Stamp and length of the frame_id: after the four bytes of CDR that say which end comes first,
# in ROS 1 after a sequence number.
CDR_BEGINS, ROS_1_BEGINS = 4, 4
LITTLE, BIG, OF_ROS_1 = struct.Struct('<iII'), struct.Struct('>iII'), struct.Struct('<III')


@dataclass(frozen=True)
class Header:
    """Stamp and frame of a message."""

    stamp_ns: int | None  # None: no clock can have written it
    frame_id: str


def read_header(raw: RawMessage) -> Header:
    """Read the header; one that is cut off has no stamp."""
    if raw.channel.serialization == ROS_1:
        form, begin = OF_ROS_1, ROS_1_BEGINS
    else:
        form, begin = (LITTLE if raw.data[1:2] in (b'\x01', b'\x07') else BIG), CDR_BEGINS
    if len(raw.data) < begin + form.size:
        return Header(None, '')
    sec, nanosec, length = form.unpack_from(raw.data, begin)
    name = raw.data[begin + form.size :][:length] if length < len(raw.data) else b''
    frame_id = bytes(name).rstrip(b'\0').decode(errors='backslashreplace')
    return Header(checked_stamp_ns(sec, nanosec), frame_id)
