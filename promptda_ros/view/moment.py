# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a page shows at one moment, wherever it comes from."""

from __future__ import annotations

from dataclasses import dataclass, field

from promptda_ros.core.frame import ByteImage, FloatImage, Frame, Intrinsics
from promptda_ros.core.geometry.camera import resize
from promptda_ros.core.geometry.transform import Transform
from promptda_ros.core.settings.schema import Settings

# What a page may look at; nothing else is asked for.
IMAGE, SENSOR, DEPTH, UNCERTAINTY, VALIDITY = LAYERS = (
    'image', 'sensor', 'depth', 'uncertainty', 'validity',
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Moment:
    """One frame and what was made of it; None where that is not there or was not asked for."""

    frame: Frame
    depth_m: FloatImage | None = None  # (H, W), NaN unknown
    uncertainty_m: FloatImage | None = None  # (H, W), NaN unknown
    validity: ByteImage | None = None  # (H, W), codes of Validity
    settings: Settings = field(default_factory=Settings)
    box_from_camera: Transform | None = None  # where the box of the workspace is given in TF

    @property
    def size(self) -> tuple[int, int]:
        """Return rows and columns of the image."""
        height, width = self.frame.image.shape[:2]
        return height, width

    def intrinsics_of(self, size: tuple[int, ...]) -> Intrinsics | None:
        """Return the intrinsics for a picture (H, W) of this view, None where none are known."""
        given = self.frame.intrinsics
        if given is None or (given.height, given.width) == size:
            return given
        return resize(given, width=size[1], height=size[0])
