# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Prompt Depth Anything in torch, with the interface and the files of transformers."""

from promptda_ros.network.batch_feature import BatchFeature
from promptda_ros.network.config import PromptDepthAnythingConfig
from promptda_ros.network.dinov2_config import Dinov2Config
from promptda_ros.network.files.folder import CheckpointError
from promptda_ros.network.image_processor import PromptDepthAnythingImageProcessor
from promptda_ros.network.output import DepthEstimatorOutput
from promptda_ros.network.prompt_depth_anything import (
    load_network,
    PromptDepthAnythingForDepthEstimation,
)

# The names that examples written for transformers use.
AutoImageProcessor = PromptDepthAnythingImageProcessor
AutoModelForDepthEstimation = PromptDepthAnythingForDepthEstimation

__all__ = [
    'AutoImageProcessor',
    'AutoModelForDepthEstimation',
    'BatchFeature',
    'CheckpointError',
    'DepthEstimatorOutput',
    'Dinov2Config',
    'PromptDepthAnythingConfig',
    'PromptDepthAnythingForDepthEstimation',
    'PromptDepthAnythingImageProcessor',
    'load_network',
]
