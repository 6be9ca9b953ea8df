# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Views made by hand, whose surfaces are known exactly."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
import pytest

from promptda_ros.lab.sim.view import RenderedView

HEIGHT, WIDTH, FOCAL_PX = 252, 336, 270.0
Maker = Callable[..., RenderedView]


@pytest.fixture(scope='session')
def make_view() -> Maker:
    """Return a maker of views; what is not given is matt, opaque and grey with fine texture."""

    def make(
        depth_m: ArrayLike,
        *,
        behind_m: ArrayLike | None = None,
        gloss: ArrayLike = 0.0,
        image: NDArray[np.uint8] | None = None,
    ) -> RenderedView:
        def field(values: ArrayLike) -> NDArray[np.float32]:
            return np.broadcast_to(np.asarray(values, np.float32), (HEIGHT, WIDTH)).copy()

        centre_x, centre_y = 0.5 * (WIDTH - 1), 0.5 * (HEIGHT - 1)
        return RenderedView(
            image=_textured() if image is None else image,
            depth_m=field(depth_m),
            behind_m=field(depth_m if behind_m is None else behind_m),
            instance_ids=np.zeros((HEIGHT, WIDTH), np.int32),
            gloss=field(gloss),
            matrix=np.array([[FOCAL_PX, 0, centre_x], [0, FOCAL_PX, centre_y], [0, 0, 1]]),
        )

    return make


@lru_cache
def _textured() -> NDArray[np.uint8]:
    grey = np.random.default_rng(0).integers(110, 150, (HEIGHT, WIDTH, 1), np.uint8)
    return np.broadcast_to(grey, (HEIGHT, WIDTH, 3)).copy()


@pytest.fixture(scope='session')
def step_m() -> NDArray[np.float32]:
    """Give depth with a near box (rows 60 to 190, columns 130 to 220) before a wall."""
    depth_m = np.full((HEIGHT, WIDTH), 1.0, np.float32)
    depth_m[60:190, 130:220] = 0.6
    return depth_m
