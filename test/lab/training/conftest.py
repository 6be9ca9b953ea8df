# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Recipes, networks, views and recordings that are small enough to train in seconds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
import pytest
import torch

from promptda_ros.lab.sim.view import RenderedView
from promptda_ros.lab.training.recipe import Optimisation, Phase, Recipe
from promptda_ros.lab.training.start import start
from promptda_ros.messages import millimetres
from promptda_ros.network import PromptDepthAnythingConfig, PromptDepthAnythingForDepthEstimation

HEIGHT, WIDTH = 56, 70  # pixels: 4 x 5 patches
ROWS, COLUMNS = 16, 20  # of the sensor

NETWORK: dict[str, Any] = {
    'model_type': 'prompt_depth_anything',
    'depth_estimation_type': 'metric',
    'backbone_config': {
        'model_type': 'dinov2',
        'hidden_size': 96,
        'num_hidden_layers': 2,
        'num_attention_heads': 2,
        'image_size': 70,
        'out_indices': [1, 2],
        'reshape_hidden_states': False,
    },
    'reassemble_hidden_size': 96,
    'reassemble_factors': [7, 2],
    'neck_hidden_sizes': [56, 16],
    'fusion_hidden_size': 16,
    'head_hidden_size': 16,
}


@pytest.fixture(scope='session')
def network_values() -> dict[str, Any]:
    """The content of a config.json of a network that may start near bilinear."""
    return NETWORK


@pytest.fixture
def network() -> PromptDepthAnythingForDepthEstimation:
    """A small network at its start."""
    torch.manual_seed(3)
    made = PromptDepthAnythingForDepthEstimation(PromptDepthAnythingConfig.from_dict(NETWORK))
    start(made)
    return made


@pytest.fixture(scope='session')
def make_recipe() -> Callable[..., Recipe]:
    """Return a maker of recipes of a few steps."""

    def make(steps: int = 6, **changes: Any) -> Recipe:
        values: dict[str, Any] = {
            'phases': (Phase(steps=steps, batch=2, height=HEIGHT, width=WIDTH),),
            'optimisation': Optimisation(rate=1e-3, warm_up_steps=2, average_decay=0.9),
            'evaluate_every': 4,
            'save_every': 2,
            'sha256': 'of the test',
        }
        return Recipe(**{**values, **changes})

    return make


@pytest.fixture(scope='session')
def make_view() -> Callable[..., RenderedView]:
    """Return a maker of views of a box before a slanted wall, another one for every seed."""

    def make(seed: int, height: int = HEIGHT, width: int = WIDTH) -> RenderedView:
        image, depth_m = _scene(np.random.default_rng(seed), height, width)
        return RenderedView(
            image=image,
            depth_m=depth_m,
            behind_m=depth_m.copy(),
            instance_ids=(depth_m < 1).astype(np.int32),
            gloss=np.zeros((height, width), np.float32),
            matrix=np.array([[60.0, 0, width / 2], [0, 60.0, height / 2], [0, 0, 1]]),
        )

    return make


@pytest.fixture(scope='session')
def write_recording() -> Callable[..., Path]:
    """Return a writer of folders of image/, sensor/ and depth/ whose sensor is off by so much."""

    def write(folder: Path, count: int, *, off_m: float = 0.0, rows: int = ROWS) -> Path:
        for kind in ('image', 'sensor', 'depth'):
            (folder / kind).mkdir(parents=True)
        rng = np.random.default_rng(11)
        for number in range(count):
            image, depth_m = _scene(rng, HEIGHT, WIDTH)
            size = (rows * COLUMNS // ROWS, rows)
            sensor_m = cv2.resize(depth_m, size, interpolation=cv2.INTER_NEAREST_EXACT) + off_m
            name = f'{number:03}.png'
            cv2.imwrite(str(folder / 'image' / name), image[..., ::-1])
            cv2.imwrite(str(folder / 'sensor' / name), millimetres.counts_of_metres(sensor_m))
            cv2.imwrite(str(folder / 'depth' / name), millimetres.counts_of_metres(depth_m))
        return folder

    return write


def _scene(
    rng: np.random.Generator, height: int, width: int
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    depth_m = np.broadcast_to(np.linspace(1.2, 1.6, height)[:, None], (height, width)).copy()
    top, left = rng.integers(height // 2), rng.integers(width // 2)
    box = np.s_[top : top + height // 3, left : left + width // 3]
    depth_m[box] = rng.uniform(0.7, 0.9)
    image = rng.integers(100, 150, (height, width, 3), np.uint8)
    image[box] //= 2
    return image, depth_m.astype(np.float32)
