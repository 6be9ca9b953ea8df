# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Shares of pixels are those of all frames together."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from promptda_ros.bags.processing.pixels import count_pixels, shares_of
from promptda_ros.core.restore.trust import Validity


def test_shares_are_of_the_pixels_of_all_frames():
    small = np.full((2, 2), Validity.MEASURED, np.uint8)
    large = np.full((2, 6), Validity.PREDICTED, np.uint8)
    large[:, :3] = Validity.FILLED

    shares = shares_of(count_pixels(small) + count_pixels(large))

    assert shares['measured'] == pytest.approx(4 / 16)
    assert shares['filled'] == shares['predicted'] == pytest.approx(6 / 16)
    assert sum(shares.values()) == pytest.approx(1.0)
    assert [*shares] == [code.name.lower() for code in Validity]


def test_without_frames_every_share_is_zero():
    assert not any(shares_of(Counter()).values())
