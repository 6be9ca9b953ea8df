# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What people see of a result first: a small animation, and what its pixels rest on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from promptda_ros.bags.planning.plan import PlannedPair
from promptda_ros.bags.processing.pixels import count_pixels, shares_of
from promptda_ros.bags.processing.preview import Preview
from promptda_ros.core.frame_outputs import FrameOutputs
from promptda_ros.core.restore.trust import Validity


class Shown:
    """Looks at a few pairs, evenly spaced, as they are written."""

    def __init__(self, pairs: Mapping[str, int]) -> None:
        """Take how many pairs there are of each camera."""
        self.preview = Preview(pairs)
        self._counts: Counter[Validity] = Counter()

    def look(self, pair: PlannedPair, made: FrameOutputs) -> None:
        """Keep the pair if it is one of the few."""
        if not self.preview.wants(pair.camera, pair.place):
            return
        self._counts += count_pixels(made.validity)
        self.preview.add(
            pair.camera,
            pair.place,
            image=made.image,
            sensor_depth_m=made.frame.sensor_depth_m,
            depth_m=made.image_depth.depth_m,
        )

    def join(self, part: Shown) -> None:
        """Take over what was seen of another part of the same recording."""
        self.preview.join(part.preview)
        self._counts += part._counts

    @property
    def pixels(self) -> dict[str, float]:
        """Return the share of each code of validity."""
        return shares_of(self._counts) if self._counts else {}
