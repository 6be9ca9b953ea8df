# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Messages that belong together -> a moment, read as the node reads them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
import time
from typing import Any

import numpy as np

from promptda_ros.camera.camera import Camera
from promptda_ros.core.cloud.workspace import has_box
from promptda_ros.core.frame import BadFrame, ByteImage, FloatImage, Frame
from promptda_ros.core.pairing.pairing import Pair
from promptda_ros.core.settings.schema import Settings
from promptda_ros.messages.decoding import read_any_depth, read_any_image
from promptda_ros.messages.encodings import read_numbers
from promptda_ros.messages.sensor_message import SensorMessage
from promptda_ros.messages.stamps import stamp_ns_of
from promptda_ros.view.listening.held import Found
from promptda_ros.view.moment import DEPTH, IMAGE, Moment, SENSOR, UNCERTAINTY, VALIDITY

NOTHING_MEASURED = np.full((3, 4), np.nan, np.float32)


class Silent:
    """The log of a page's camera: what is odd of the messages, the node says itself."""

    def info(self, _text: str, /) -> None:
        """Say nothing."""

    warning = error = info


def without_attachments(settings: Settings) -> Settings:
    """Return settings under which depth is shown as it came, without confidence and mask."""
    return replace(settings, input=replace(settings.input, min_confidence=0.0, mask='off'))


def moment_of(camera: Camera, settings: Settings, found: Found) -> Moment:
    """Decode the messages of one image.

    Raises:
        BadFrame: one of them can't be read.
    """
    messages = found.messages
    return Moment(
        frame=_frame(camera, settings, messages[IMAGE], messages[SENSOR]),
        depth_m=metres_of(messages.get(DEPTH), settings),
        uncertainty_m=metres_of(messages.get(UNCERTAINTY), settings),
        validity=codes_of(messages.get(VALIDITY), settings),
        settings=settings,
    )


def with_box(camera: Camera, moment: Moment, say: Callable[[str], object]) -> Moment:
    """Return where the box of the workspace is as well; no clouds, as of the node, without it."""
    settings, frame = moment.settings, moment.frame
    workspace = settings.workspace
    if moment.box_from_camera is not None or not (workspace.frame and has_box(workspace)):
        return moment
    try:
        box = camera.extrinsics.lookup(
            workspace.frame, frame.frame_id, frame.stamp_ns, settings.extrinsics.timeout
        )
    except BadFrame as error:
        say(str(error))
        return replace(moment, frame=replace(frame, intrinsics=None))
    return replace(moment, box_from_camera=box)


def _frame(camera: Camera, settings: Settings, image: SensorMessage, depth: Any) -> Frame:
    stamp_ns = stamp_ns_of(image.header)
    if depth is None:
        pixels = read_any_image(image, settings.input)
        return Frame(stamp_ns, image.header.frame_id, pixels, NOTHING_MEASURED)
    now_ns = time.monotonic_ns()
    pair: Pair[SensorMessage] = Pair(
        image=image,
        depth=depth,
        image_stamp_ns=stamp_ns,
        depth_stamp_ns=stamp_ns_of(depth.header),
        epoch=0,
        image_arrival_ns=now_ns,
        paired_ns=now_ns,
    )
    return camera.read(pair, without_attachments(settings))


def metres_of(message: Any, settings: Settings) -> FloatImage | None:
    """Return metres (H, W) of one of the node's own messages, None of none."""
    if message is None:
        return None
    return read_any_depth(message, replace(settings.input, depth_scale=0.0))


def codes_of(message: Any, settings: Settings) -> ByteImage | None:
    """Return codes (H, W) of a message of validity, None of none."""
    if message is None:
        return None
    codes: ByteImage = read_numbers(
        message, role='validity', max_pixels=settings.input.max_pixels
    ).astype(np.uint8, copy=False)
    return codes
