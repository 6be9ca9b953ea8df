# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Work on one recording: the node's own pairing, pipeline and products, nothing lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from promptda_ros.bags.processing.unit import Outcome, Unit

if TYPE_CHECKING:
    from promptda_ros.loaded_model import LoadedModel


def process_unit(unit: Unit, model: LoadedModel, tell: Callable[[int, int], None]) -> Outcome:
    """Make the result of a recording; `tell` hears how many of how many pairs are done.

    A recording that can't be used is an outcome, not an exception.

    Raises:
        DeviceLost: the device answers no more in this process.
        GaveUp: the network fails frame after frame.
    """
    raise NotImplementedError
