# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Who takes what a camera makes of frames."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from promptda_ros.core.frame_outputs import FrameOutputs
from promptda_ros.core.pairing.pairing import Pair
from promptda_ros.messages.sensor_message import SensorMessage


class OutputSink(Protocol):
    """Where what is made of frames goes: the publishers of a node, or a recording."""

    def subscribed(self) -> Collection[str]:
        """Return which products are wanted, in their order."""

    def publish(self, result: FrameOutputs, /) -> float:
        """Make and hand on what is wanted; return how many seconds the handing on took."""


class NoOutputs:
    """Nothing is made of frames: they are only read."""

    def subscribed(self) -> Collection[str]:
        """Return that nothing is wanted."""
        return ()

    def publish(self, _result: FrameOutputs, /) -> float:
        """Do nothing."""
        return 0.0


class CaptureSink(Protocol):
    """Whoever wants single frames, beside the outputs."""

    def wants(self, pair: Pair[SensorMessage], /) -> bool:
        """Return whether somebody waits for the depth of a pair."""

    def add(self, pair: Pair[SensorMessage], result: FrameOutputs, /) -> None:
        """Give a frame to those who want it."""


class NoCapture:
    """Nobody wants single frames."""

    def wants(self, _pair: Pair[SensorMessage], /) -> bool:
        """Return that nobody does."""
        return False

    def add(self, _pair: Pair[SensorMessage], _result: FrameOutputs, /) -> None:
        """Do nothing."""
