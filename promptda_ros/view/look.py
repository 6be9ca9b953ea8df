# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a user chose to see, and which layers that takes."""

from __future__ import annotations

from dataclasses import dataclass
import math

from promptda_ros.view.colours import BY_UNCERTAINTY, BY_VALIDITY, PICTURE
from promptda_ros.view.moment import DEPTH, IMAGE, SENSOR, UNCERTAINTY, VALIDITY

SIDE_BY_SIDE, BOTH, OURS, SENSOR_ALONE = CLOUDS = ('side by side', 'both', 'ours', 'sensor')
POINTS = 40_000  # of a cloud at most; what a browser draws without effort


@dataclass(frozen=True)
class Look:
    """What is shown of every moment."""

    clouds: str = SIDE_BY_SIDE
    colouring: str = PICTURE
    trust: str = UNCERTAINTY  # the layer of the fourth tile
    points: int = POINTS
    uncertainty_limit_m: float = math.inf  # of the points of our cloud
    frustum: bool = True
    box: bool = True

    def layers(self, *, probed: bool) -> frozenset[str]:
        """Return what must be asked for; a pixel that was clicked on is told everything."""
        layers = {IMAGE, SENSOR, DEPTH, self.trust}
        if probed:
            layers |= {UNCERTAINTY, VALIDITY}
        if self.colouring == BY_UNCERTAINTY or math.isfinite(self.uncertainty_limit_m):
            layers.add(UNCERTAINTY)
        if self.colouring == BY_VALIDITY:
            layers.add(VALIDITY)
        return frozenset(layers)
