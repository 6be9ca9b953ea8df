# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Small networks and folders for the tests of the network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from promptda_ros.network import PromptDepthAnythingConfig, PromptDepthAnythingForDepthEstimation

Network = PromptDepthAnythingForDepthEstimation


@pytest.fixture(scope='session')
def tiny_config() -> PromptDepthAnythingConfig:
    """A network of every kind of layer that runs in milliseconds."""
    return PromptDepthAnythingConfig(
        backbone_config={
            'hidden_size': 24,
            'num_hidden_layers': 4,
            'num_attention_heads': 2,
            'image_size': 56,
            'out_indices': [1, 2, 3, 4],
            'reshape_hidden_states': False,
        },
        reassemble_hidden_size=24,
        neck_hidden_sizes=[4, 6, 8, 10],
        fusion_hidden_size=8,
        head_hidden_size=4,
        depth_estimation_type='metric',
    )


@pytest.fixture(scope='session')
def spread_weights() -> Callable[[Network], Network]:
    """Draw weights that keep the size of what passes through, so that the output varies."""

    @torch.no_grad()
    def spread(network: Network) -> Network:
        torch.manual_seed(5)
        for value in network.parameters():
            if value.ndim in (2, 4):  # of linear maps and convolutions
                value.uniform_(-1, 1).mul_((3 / value[0].numel()) ** 0.5)
            else:
                value.add_(torch.empty_like(value).uniform_(-0.2, 0.2))
        return network.eval()

    return spread


@pytest.fixture
def tiny_network(
    tiny_config: PromptDepthAnythingConfig, spread_weights: Callable[[Network], Network]
) -> Network:
    """A tiny network with weights spread wide."""
    return spread_weights(Network(tiny_config))


@pytest.fixture
def network_in(
    tiny_config: PromptDepthAnythingConfig, tiny_network: Network
) -> Callable[[str], Network]:
    """Make the tiny network, with the same weights, in a depth space."""

    def make(space: str) -> Network:
        network = Network(replace(tiny_config, depth_space=space)).eval()
        network.load_state_dict(tiny_network.state_dict())
        return network

    return make


@pytest.fixture
def folder(tiny_network: Network, tmp_path: Path) -> Path:
    """A folder that loads."""
    tiny_network.save_pretrained(tmp_path / 'vits')
    return tmp_path / 'vits'
