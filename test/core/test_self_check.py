# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.core.self_check."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
import torch.nn.functional as F

from promptda_ros.core.estimator import Estimator
from promptda_ros.core.self_check import FAR_M, largest_difference_m, NEAR_M


class Prompted:
    """A network that answers with its prompt, wrong by so much at one pixel."""

    patch_px = 14

    def __init__(self, wrong_m: float) -> None:
        self.wrong_m = wrong_m
        self.range_m = (0.0, 0.0)

    def __call__(self, pixels: Tensor, prompt_m: Tensor) -> Tensor:
        """Return metres (1, h, w)."""
        self.range_m = (float(prompt_m.min()), float(prompt_m.max()))
        depth_m = F.interpolate(prompt_m, pixels.shape[2:], mode='bilinear')[:, 0].clone()
        depth_m[0, 5, 7] += self.wrong_m
        return depth_m


def estimator(wrong_m: float) -> Estimator:
    return Estimator(Prompted(wrong_m), device=torch.device('cpu'))


@pytest.mark.parametrize('wrong_m', [0.0, 0.003, -0.5])
def test_the_worst_pixel_counts(wrong_m: float):
    found_m = largest_difference_m(estimator(wrong_m), estimator(0.0))
    assert found_m == pytest.approx(abs(wrong_m), abs=1e-6)


def test_no_number_at_all_is_as_wrong_as_can_be():
    assert largest_difference_m(estimator(math.nan), estimator(0.0)) > 1e9


def test_the_frame_spans_the_depth_for_which_the_tolerance_is_stated():
    network = Prompted(0.0)
    one = Estimator(network, device=torch.device('cpu'))
    largest_difference_m(one, one)
    assert network.range_m == (pytest.approx(NEAR_M), pytest.approx(FAR_M))
