# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the depth of a whole recording rests on: its pixels by their code of validity."""

from __future__ import annotations

from collections import Counter

import numpy as np

from promptda_ros.core.frame import ByteImage
from promptda_ros.core.restore.trust import Validity


def count_pixels(validity: ByteImage) -> Counter[Validity]:
    """Count the pixels of each code; counters of frames and of parts of a recording add up."""
    counts = np.bincount(validity.ravel(), minlength=len(Validity))
    return Counter({code: int(counts[code]) for code in Validity if counts[code]})


def shares_of(counts: Counter[Validity]) -> dict[str, float]:
    """Return the share of each code by its name, such as `predicted`, in the order of codes."""
    total = max(1, counts.total())
    return {code.name.lower(): counts[code] / total for code in Validity}
