# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.core.self_check."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor
import torch.nn.functional as F

from promptda_ros.core.estimator import Estimator
from promptda_ros.core.frame import BadFrame
from promptda_ros.core.self_check import FAR_M, make_frame, NEAR_M, SelfCheck

PIXELS = 252 * 336  # of the network, at the resolution of the check


class Prompted:
    """A network that answers with its prompt, wrong by so much at some pixels."""

    patch_px = 14

    def __init__(self, wrong_m: float, pixels: int) -> None:
        self.wrong_m, self.pixels = wrong_m, pixels

    def __call__(self, pixels: Tensor, prompt_m: Tensor) -> Tensor:
        """Return metres (1, h, w)."""
        depth_m = F.interpolate(prompt_m, pixels.shape[2:], mode='bilinear')[:, 0].clone()
        depth_m.view(-1)[: self.pixels] += self.wrong_m
        return depth_m


def estimator(wrong_m: float, pixels: int = PIXELS) -> Estimator:
    return Estimator(Prompted(wrong_m, pixels), device=torch.device('cpu'), resolution='full')


@pytest.fixture(scope='module')
def check() -> SelfCheck:
    return SelfCheck(estimator(0.0))


@pytest.mark.parametrize('wrong_m', [0.0, 0.0004, 0.001, -0.25])
def test_the_mean_of_all_pixels_counts(check, wrong_m):
    found = check.compare(estimator(wrong_m))
    assert found.mean_m == pytest.approx(abs(wrong_m), rel=1e-3)
    assert found.is_small == (abs(wrong_m) <= 0.0005)


def test_a_handful_of_pixels_does_not_decide_and_one_in_five_hundred_does(check):
    assert check.compare(estimator(0.02, PIXELS // 2000)).is_small
    found = check.compare(estimator(0.02, PIXELS // 500))
    assert found.p999_m == pytest.approx(0.02, rel=1e-3)
    assert found.mean_m < 0.0005
    assert not found.is_small


def test_no_number_at_all_is_as_wrong_as_can_be(check):
    """H5: an overflow of half precision, also if only some pixels have it."""
    for pixels in (1, PIXELS // 500, PIXELS):
        found = check.compare(estimator(math.nan, pixels))
        assert math.isinf(found.mean_m)
        assert not found.is_small


def test_a_reference_without_numbers_is_refused():
    """Damaged weights: as on a CPU, where the first frame finds out."""
    with pytest.raises(BadFrame, match='not finite in float32 on the CPU'):
        SelfCheck(estimator(math.nan))


def test_the_resolution_of_the_frames_is_left_as_it_was(check):
    one = estimator(0.0)
    check.compare(one)
    assert one.resolution == 'full'


def test_the_frame_shows_surfaces_steps_and_textures_up_to_where_errors_count():
    frame = make_frame()
    depth_m = frame.sensor_depth_m
    assert NEAR_M <= depth_m.min() < NEAR_M + 0.1
    assert FAR_M - 0.1 < depth_m.max() <= FAR_M
    steps = np.abs(np.diff(np.log(depth_m), axis=1))
    assert np.median(steps) < 0.005
    assert 0.005 < (steps > 0.1).mean() < 0.05
    assert frame.image.std(axis=(0, 1)).min() > 10
