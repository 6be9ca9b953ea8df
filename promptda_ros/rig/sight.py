# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a rig is judged by: frames as the node reads them, and what it made of them."""

from __future__ import annotations

from dataclasses import dataclass

from promptda_ros.core.errors import PromptdaError
from promptda_ros.core.frame import FloatImage, Frame


class NotMeasurable(PromptdaError):
    """A rig can't be judged by these frames; the text says why and what to do."""


@dataclass(frozen=True, eq=False)
class Sight:
    """One frame, and the depth of the node where it has made any."""

    frame: Frame
    depth_m: FloatImage | None = None  # (H, W), NaN unknown
    uncertainty_m: FloatImage | None = None  # (H, W), NaN unknown


@dataclass(frozen=True)
class Unmeasured:
    """Why there is no figure."""

    why: str
