# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Families of objects that lie on tables and in bins, and which of them are kept from training."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from promptda_ros.lab.sim.things import soft, solids, tools, vessels
from promptda_ros.lab.sim.things.geoms import Shape

FAMILIES: dict[str, Callable[[np.random.Generator], Shape]] = {
    maker.__name__: maker
    for maker in (
        solids.block,
        solids.carton,
        solids.book,
        solids.ball,
        solids.ellipsoid,
        solids.beam,
        solids.rod,
        vessels.can,
        vessels.bottle,
        vessels.glass,
        vessels.mug,
        vessels.bowl,
        vessels.plate,
        vessels.ring,
        tools.hammer,
        tools.screwdriver,
        tools.pen,
        tools.wrench,
        tools.pliers,
        tools.gear,
        tools.bracket,
        tools.cutlery,
        tools.bolt,
        soft.cable,
        soft.bag,
        soft.fruit,
        soft.toy,
    )
}
HELD_OUT_FAMILIES = ('mug', 'wrench', 'toy')
TRAINING_FAMILIES = tuple(name for name in FAMILIES if name not in HELD_OUT_FAMILIES)


def make_shape(rng: np.random.Generator, families: Sequence[str] = TRAINING_FAMILIES) -> Shape:
    """Make one object of a random family with random proportions."""
    return FAMILIES[families[int(rng.integers(len(families)))]](rng)
