# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A simulated grasping cell: views of random tables and bins, from seeds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from promptda_ros.lab.sim.camera import TableCamera
from promptda_ros.lab.sim.decoys import has_decoys
from promptda_ros.lab.sim.motion import random_lens, random_pose
from promptda_ros.lab.sim.scene import HELD_OUT_SEED, make_scene
from promptda_ros.lab.sim.things.shapes import FAMILIES, HELD_OUT_FAMILIES, TRAINING_FAMILIES
from promptda_ros.lab.sim.view import RenderedView

__all__ = [
    'HELD_OUT_FAMILIES',
    'HELD_OUT_SEED',
    'TRAINING_FAMILIES',
    'held_out_views',
    'views_of',
]

HELD_OUT_VIEWS_PER_SCENE = 2


def views_of(
    seed: int,
    *,
    count: int,
    width: int,
    height: int,
    families: Sequence[str] = TRAINING_FAMILIES,
    decoy_share: float = 0.0,
) -> Iterator[RenderedView]:
    """Render the scene of a seed with a random lens from random poses.

    A share of all seeds have prints and hard shadows on flat surfaces (decoys.py).
    """
    rng = np.random.default_rng((seed, 1))
    scene = make_scene(seed, families, decoys=has_decoys(seed, decoy_share))
    camera = TableCamera(scene, random_lens(rng, width, height))
    try:
        for _ in range(count):
            yield camera.look(random_pose(rng, scene))
    finally:
        camera.close()


def held_out_views(
    count: int, *, width: int = 336, height: int = 252, decoy_share: float = 0.0
) -> Iterator[RenderedView]:
    """Render held-out scenes with objects of all families, one seed after another."""
    return islice(_held_out(width, height, decoy_share), count)


def _held_out(width: int, height: int, decoy_share: float) -> Iterator[RenderedView]:
    seed = HELD_OUT_SEED
    while True:
        yield from views_of(
            seed,
            count=HELD_OUT_VIEWS_PER_SCENE,
            width=width,
            height=height,
            families=tuple(FAMILIES),
            decoy_share=decoy_share,
        )
        seed += 1
