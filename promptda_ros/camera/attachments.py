# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What comes beside the pairs: confidence and masks kept by stamp; depth that froze."""

from __future__ import annotations

from collections.abc import Callable
import threading
from typing import Any

import cv2
import numpy as np

from promptda_ros.camera.recent import Recent
from promptda_ros.core.frame import BadFrame, FloatImage, Mask
from promptda_ros.core.geometry.aspect import same_aspect
from promptda_ros.core.settings.input import InputSettings
from promptda_ros.messages.encodings import read_numbers
from promptda_ros.messages.sensor_message import SensorMessage
from promptda_ros.messages.stamps import stamp_ns_of

# Half a second of a usual stream, also where its stamps stand still
KEPT = 16
# A stream that has not been heard for this long is not worth waiting for.
SILENT_NS = 1_000_000_000
WARN_SEC = 2.0
# Within so many bytes the noise of a real sensor differs.
NOISY = 4096


class Attachments:
    """The latest messages of one topic, found by stamp; safe between threads."""

    def __init__(self, kept_ns: int = 0) -> None:
        self._changed = threading.Condition()
        self._recent = Recent[SensorMessage](fewest=KEPT, kept_ns=kept_ns)

    def clear(self) -> None:
        """Forget everything, as listening restarts."""
        with self._changed:
            self._recent.clear()

    def add(self, message: SensorMessage) -> None:
        """Keep a message; a jump of its stamps back forgets those before it."""
        with self._changed:
            self._recent.add(stamp_ns_of(message.header), message)
            self._changed.notify_all()

    def nearest(self, stamp_ns: int) -> tuple[int | None, SensorMessage | None]:
        """Return how far away the nearest message is and the message, or None twice."""
        with self._changed:
            each = [
                (abs(each_ns - stamp_ns), message) for each_ns, message in self._recent.messages
            ]
        return min(each, key=lambda found: found[0], default=(None, None))

    def wait_for(
        self, stamp_ns: int, *, tolerance_ns: int, timeout_sec: float
    ) -> SensorMessage | None:
        """Return the nearest message within the tolerance, after a wait if none has arrived yet.

        Two topics of one driver arrive one after the other. Never to be called on the executor,
        whose messages it waits for.
        """

        def is_decided() -> bool:
            if not self._recent.messages:
                return True
            latest_ns, _ = self._recent.messages[-1]
            is_silent = latest_ns < stamp_ns - SILENT_NS
            return is_silent or latest_ns >= stamp_ns or self._within(stamp_ns, tolerance_ns)

        with self._changed:
            self._changed.wait_for(is_decided, timeout_sec)
            return self.nearest(stamp_ns)[1] if self._within(stamp_ns, tolerance_ns) else None

    def _within(self, stamp_ns: int, tolerance_ns: int) -> bool:
        distance_ns, _ = self.nearest(stamp_ns)
        return distance_ns is not None and distance_ns <= tolerance_ns


def keep_confident(
    depth_m: FloatImage, confidence: SensorMessage, settings: InputSettings
) -> FloatImage:
    """Return the depth with NaN where its confidence is below the threshold, or NaN itself.

    Infinities stay: of what is out of range no light comes back, so that it has no confidence.

    Raises:
        BadFrame: the confidence can't be read or does not match the depth.
    """
    numbers = read_numbers(confidence, role='confidence', max_pixels=settings.max_pixels)
    fitted = _fit(numbers, depth_m.shape, role='confidence', of='depth')
    kept = (fitted >= settings.min_confidence) | np.isinf(depth_m)
    return np.where(kept, depth_m, np.float32(np.nan))


def read_mask(message: SensorMessage, size: tuple[int, int], settings: InputSettings) -> Mask:
    """Return the mask (H, W) of the points to remove, at the size of the image.

    Raises:
        BadFrame: the mask can't be read or does not match the image.
    """
    numbers = read_numbers(message, role='mask', max_pixels=settings.max_pixels)
    marked: Mask = _fit(numbers, size, role='mask', of='image') != 0
    return ~marked if settings.mask == 'keep' else marked


def _fit(numbers: np.ndarray, size: tuple[int, ...], *, role: str, of: str) -> np.ndarray:
    """Resize an image (h, w) to the one it belongs to, without values that are in neither."""
    (height, width), (rows, columns) = size, numbers.shape
    if not same_aspect(size, numbers.shape):
        raise BadFrame(
            f'{role}_aspect',
            f'{role} {columns}x{rows} does not match the aspect ratio of the {of} '
            f'{width}x{height}: it does not cover the same pixels; remap {role} to the one of '
            'this sensor',
        )
    if (rows, columns) == (height, width):
        return numbers
    return np.asarray(cv2.resize(numbers, (width, height), interpolation=cv2.INTER_NEAREST))


class FrozenDepth:
    """Compares each depth message with the last one; warns once each time they freeze.

    The noise of a real sensor ends the comparison after a few bytes.
    """

    def __init__(self, warn: Callable[[str], object]) -> None:
        self._warn = warn
        self.clear()

    def clear(self) -> None:
        """Forget the last message."""
        self._bytes = np.empty((0, 0), np.uint8)  # equal to no message's
        self._since_ns = 0
        self._said = False

    def check(self, data: Any, stamp_ns: int) -> None:
        """Compare the bytes of the next message with those of the last."""
        last, self._bytes = self._bytes, np.asarray(data)
        parts = slice(NOISY), slice(None)
        is_same = all(np.array_equal(last[part], self._bytes[part]) for part in parts)
        if not is_same or stamp_ns < self._since_ns:
            self._since_ns, self._said = stamp_ns, False
            return
        still_sec = (stamp_ns - self._since_ns) / 1e9
        if still_sec > WARN_SEC and not self._said:
            self._said = True
            self._warn(
                f'depth unchanged for {still_sec:.1f} s though its stamps go on: the sensor or '
                'its driver hangs; restart it (a simulation without noise is as still)'
            )
