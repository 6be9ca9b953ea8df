# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Messages that wait until all that belongs to one image has come."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass
import threading
from typing import Any

from promptda_ros.messages.stamps import stamp_ns_of
from promptda_ros.view.moment import IMAGE, LAYERS, SENSOR

MOST_BYTES = 128_000_000  # held of each layer; a node on a CPU answers after a second
MOST_MESSAGES = 100


@dataclass(frozen=True)
class Found:
    """The messages of one image, by layer; the sensor's has its own stamp."""

    stamp_ns: int
    messages: Mapping[str, Any]

    def adds_to(self, shown: Found) -> bool:
        """Return whether it is of another image, or has more layers."""
        return self.stamp_ns != shown.stamp_ns or not self._layers <= shown._layers

    @property
    def _layers(self) -> set[str]:
        return {layer for layer, each in self.messages.items() if each is not None}


class Held:
    """The last messages of every layer, by their stamps; safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[str, deque[tuple[int, Any]]] = {layer: deque() for layer in LAYERS}

    def add(self, layer: str, message: Any) -> None:
        """Hold a message and let go of the oldest."""
        with self._lock:
            held = self._held[layer]
            held.append((stamp_ns_of(message.header), message))
            most = max(2, min(MOST_MESSAGES, MOST_BYTES // max(1, len(message.data))))
            while len(held) > most:
                held.popleft()

    def clear(self, layer: str) -> None:
        """Let go of a layer that nobody looks at."""
        with self._lock:
            self._held[layer].clear()

    def has(self, layer: str) -> bool:
        """Return whether there is a message of a layer."""
        with self._lock:
            return bool(self._held[layer])

    def newest(
        self,
        layers: Collection[str],
        *,
        tolerance_ns: int,
        depth_offset_ns: int,
        stamp_ns: int | None = None,
    ) -> Found | None:
        """Return what belongs to the last image, or that of a stamp, with all these layers."""
        with self._lock:
            outputs = {
                layer: dict(self._held[layer]) for layer in layers if layer not in (IMAGE, SENSOR)
            }
            for at_ns, image in reversed(self._held[IMAGE]):
                found = {layer: held.get(at_ns) for layer, held in outputs.items()}
                is_meant = stamp_ns in (None, at_ns)
                if is_meant and all(each is not None for each in found.values()):
                    sensor = self._sensor_at(at_ns - depth_offset_ns, tolerance_ns)
                    return Found(at_ns, {**found, IMAGE: image, SENSOR: sensor})
        return None

    def _sensor_at(self, stamp_ns: int, tolerance_ns: int) -> Any:
        held = self._held[SENSOR]
        if not held:
            return None
        nearest_ns, message = min(held, key=lambda one: abs(one[0] - stamp_ns))
        return message if abs(nearest_ns - stamp_ns) <= tolerance_ns else None
