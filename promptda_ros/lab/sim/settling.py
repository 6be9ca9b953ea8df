# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Objects start above the table without touching and fall until they rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from promptda_ros.lab.sim.support import Support
from promptda_ros.lab.sim.things.geoms import Shape

GAP_M = 0.003
TRIES = 12  # places looked at for every object
LIMIT_STEPS = 320  # in two stages: within the funnel, then without
CHECK_STEPS = 20
SLOW_M_PER_SEC = 0.03
DEEP_M = 0.006  # objects that are further into another one are taken away
FASTEST_M_PER_SEC = 1.5


@dataclass(frozen=True)
class Item:
    """One object and where it starts to fall."""

    shape: Shape
    position_m: NDArray[np.float64]  # (3,) of the shape's origin
    quaternion: NDArray[np.float64]  # (4,) scalar first


def place_items(shapes: Sequence[Shape], support: Support, rng: np.random.Generator) -> list[Item]:
    """Put every object at the lowest of some random places, above those that are there."""
    upright_share = 0.75 if support.rim_m == 0 else 0.2
    discs: list[NDArray[np.float64]] = []  # x, y, radius and top of what is placed
    items = []
    for shape in shapes:
        low, high = shape.bounds_m()
        centre, size = 0.5 * (low + high), 0.5 * (high - low)
        if rng.random() < upright_share:
            turn, radius, below = rng.uniform(0, 2 * np.pi), np.hypot(*size[:2]), size[2]
            quaternion = np.array([np.cos(turn / 2), 0, 0, np.sin(turn / 2)])
        else:
            quaternion = rng.normal(size=4)
            quaternion /= np.linalg.norm(quaternion)
            radius = below = float(np.linalg.norm(size))
        reach = np.maximum(support.half_m - radius, 0.0)
        spots = rng.uniform(-reach, reach, (TRIES, 2))
        floors = [_top_under(spot, radius, discs) for spot in spots]
        best = int(np.argmin(floors))
        bottom = floors[best] + GAP_M
        discs.append(np.array([*spots[best], radius, bottom + 2 * below]))
        middle = np.array([*spots[best], bottom + below])
        items.append(Item(shape, middle - _rotation(quaternion) @ centre, quaternion))
    return items


def _top_under(
    spot_m: NDArray[np.float64], radius_m: float, discs: Sequence[NDArray[np.float64]]
) -> float:
    """Return the height above which a disc at this spot is free."""
    tops = [
        top for x, y, radius, top in discs
        if np.hypot(spot_m[0] - x, spot_m[1] - y) < radius_m + radius
    ]  # fmt: skip
    return float(max(tops, default=0.0))


def _rotation(quaternion: NDArray[np.float64]) -> NDArray[np.float64]:
    matrix = np.empty(9)
    mujoco.mju_quat2Mat(matrix, quaternion)
    return matrix.reshape(3, 3)


def settle(
    model: mujoco.MjModel, items: Sequence[Item], support: Support
) -> tuple[mujoco.MjData, list[int]]:
    """Let everything fall; return the state at rest and which objects were lost."""
    data = mujoco.MjData(model)
    data.qvel.reshape(-1, 6)[:, 2] = -0.5
    _fall(model, data)
    funnel = [i for i, slab in enumerate(support.slabs) if slab.part == 'funnel']
    if funnel:
        model.geom_contype[funnel] = model.geom_conaffinity[funnel] = 0
        _fall(model, data)
    mujoco.mj_forward(model, data)
    return data, _lost(model, data, len(items), support)


def _fall(model: mujoco.MjModel, data: mujoco.MjData) -> None:
    for _ in range(LIMIT_STEPS // CHECK_STEPS):
        mujoco.mj_step(model, data, CHECK_STEPS)
        if np.abs(data.qvel.reshape(-1, 6)[:, :3]).max(initial=0) < SLOW_M_PER_SEC:
            return


def _lost(model: mujoco.MjModel, data: mujoco.MjData, count: int, support: Support) -> list[int]:
    """Name the objects that fell off, flew away, still race or are stuck in another one."""
    place, speed = data.qpos.reshape(-1, 7)[:, :3], np.abs(data.qvel.reshape(-1, 6)[:, :3])
    sane = np.isfinite(place).all(1) & (speed.max(1, initial=0) < FASTEST_M_PER_SEC)
    inside = (np.abs(place[:, :2]) < support.half_m + 0.15).all(1) & (np.abs(place[:, 2]) < 1)
    above = place[:, 2] > -0.02
    lost = set(np.flatnonzero(~(sane & inside & above)).tolist())
    for contact in data.contact[: data.ncon]:
        bodies = model.geom_bodyid[contact.geom]
        if contact.dist < -DEEP_M and not lost & set((bodies - 1).tolist()):
            lost.add(int(bodies.max()) - 1)
    return sorted(number for number in lost if 0 <= number < count)
