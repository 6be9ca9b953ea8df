# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.lab.training.start."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from promptda_ros.core.settings.depth import PromptSettings
from promptda_ros.lab.training.examples import Example
from promptda_ros.lab.training.judge import answer
from promptda_ros.lab.training.start import require_room
from promptda_ros.network import PromptDepthAnythingConfig


@pytest.mark.parametrize('seed', range(3))
def test_a_new_network_answers_the_prompt_upsampled_whatever_the_image(network, seed):
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(0.6, 1.4, (4, 5)).astype(np.float32)
    prompt_m = cv2.resize(coarse, (20, 16), interpolation=cv2.INTER_LINEAR)
    example = Example(
        image=rng.integers(0, 256, (56, 70, 3), np.uint8),
        sensor_depth_m=prompt_m,
        truth_m=np.ones((56, 70), np.float32),
    )
    upsampled_m = cv2.resize(prompt_m, (70, 56), interpolation=cv2.INTER_LINEAR)
    error = np.abs(answer(network.eval(), example, PromptSettings()) - upsampled_m) / np.ptp(
        prompt_m
    )
    assert error.mean() < 0.05
    assert error.max() < 0.3


def test_the_start_is_that_of_its_seed(network, network_values):
    from promptda_ros.lab.training.start import start
    from promptda_ros.network import PromptDepthAnythingForDepthEstimation

    torch.manual_seed(3)
    config = PromptDepthAnythingConfig.from_dict(network_values)
    again = PromptDepthAnythingForDepthEstimation(config)
    start(again)
    for name, value in network.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name


@pytest.mark.parametrize(
    'changes, sentence',
    [
        ({'neck_hidden_sizes': (53, 16)}, r'neck_hidden_sizes\[0\] is 53, must be at least 54'),
        ({'head_hidden_size': 8}, 'head_hidden_size is 8, must be at least 16'),
        ({'fusion_hidden_size': 4}, 'fusion_hidden_size is 4, must be at least 5'),
        ({'reassemble_factors': (2, 7)}, 'led by the largest'),
        ({'reassemble_factors': (1, 0.5)}, 'above 1'),
        ({'depth_estimation_type': 'relative'}, 'must be metric'),
    ],
)
def test_networks_that_can_not_start_there_are_refused(network_values, changes, sentence):
    config = replace(PromptDepthAnythingConfig.from_dict(network_values), **changes)
    with pytest.raises(ValueError, match=sentence):
        require_room(config)
