# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Prompt Depth Anything in torch, with the interface and the files of transformers."""

from promptda_ros.network.checkpoint import CheckpointError, load_network
from promptda_ros.network.config import Dinov2Config, PromptDepthAnythingConfig
from promptda_ros.network.prompt_depth_anything import (
    DepthEstimatorOutput,
    PromptDepthAnythingForDepthEstimation,
)

__all__ = [
    'CheckpointError',
    'DepthEstimatorOutput',
    'Dinov2Config',
    'PromptDepthAnythingConfig',
    'PromptDepthAnythingForDepthEstimation',
    'load_network',
]
