# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A hand at work in a settled scene: it is driven, and tells what it touches and where all is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from promptda_ros.lab.grasping.grasp import Floats, Gripper
from promptda_ros.lab.grasping.hand import LEFT, PALM, RIGHT
from promptda_ros.lab.grasping.workcell import bodies_near, compile_workcell
from promptda_ros.lab.sim.scene import Scene
from promptda_ros.lab.sim.view import FIRST_OBJECT

CHECK_STEPS = 4
Z, LEFT_AT, RIGHT_AT = -3, -2, -1  # of the hand's five joints, which are the last


@dataclass(frozen=True, eq=False)
class Moment:
    """Where hand and objects are at one time, in the scene's frame."""

    world_from_gripper: Floats  # (4, 4)
    opening_m: float
    bodies: tuple[int, ...]  # of the scene's model; all others are where they were
    places: Floats  # (bodies, 7) positions and quaternions


@dataclass(frozen=True, eq=False)
class Touch:
    """A part of the hand touches something."""

    part: str
    instance: int  # SUPPORT, FIRST_OBJECT and up
    place_m: Floats  # (3,) in the scene's frame
    force_n: float

    @property
    def is_object(self) -> bool:
        """Tell objects from the support."""
        return self.instance >= FIRST_OBJECT


class Bench:
    """A scene at rest, of which a part near a place can move, and a hand on three slides."""

    def __init__(
        self, scene: Scene, gripper: Gripper, world_from_hand: Floats, *, near_m: Floats
    ) -> None:
        self._bodies = tuple(bodies_near(scene, near_m))
        self._model = compile_workcell(scene, gripper, world_from_hand, self._bodies)
        self._data = mujoco.MjData(self._model)
        names = [self._model.geom(geom).name for geom in range(self._model.ngeom)]
        self._part_of_geom = [name if name in (PALM, LEFT, RIGHT) else '' for name in names]
        self._of_hand = np.array([bool(part) for part in self._part_of_geom])
        self._instance_of_geom = [
            int(scene.instance_of_geom[int(name)]) if not part else 0
            for name, part in zip(names, self._part_of_geom, strict=True)
        ]
        mujoco.mj_forward(self._model, self._data)
        self._rest_m = self._middles_m()

    def place(self, *, along_m: float, half_opening_m: float, speed_m_per_sec: float = 0) -> None:
        """Put the hand somewhere along its z; no time passes."""
        self._data.qpos[-5:] = self._data.ctrl[:] = (0, 0, along_m, half_opening_m, half_opening_m)
        self._data.qvel[-5:] = (0, 0, speed_m_per_sec, 0, 0)
        mujoco.mj_forward(self._model, self._data)

    def drive(self, targets: Floats) -> Iterator[None]:
        """Follow targets (steps, 5) of the joints; stop now and then to be looked at."""
        for step, target in enumerate(targets):
            self._data.ctrl[:] = target
            mujoco.mj_step(self._model, self._data)
            if step % CHECK_STEPS == 0 or step == len(targets) - 1:
                yield

    @property
    def target(self) -> Floats:
        """Where the joints (5,) are to be: x, y, z and both fingers outwards."""
        return np.array(self._data.ctrl)

    @property
    def opening_m(self) -> float:
        """The gap between the fingers."""
        return float(self._data.qpos[LEFT_AT] + self._data.qpos[RIGHT_AT])

    def touches(self) -> list[Touch]:
        """Return what the hand touches, the hardest first."""
        pairs = self._pairs()
        found = np.flatnonzero(self._of_hand[pairs].any(axis=1))
        touches = [self._touch(int(contact), pairs[contact]) for contact in found]
        return sorted(touches, key=lambda touch: -touch.force_n)

    def is_touching(self) -> bool:
        """Tell whether the hand touches anything."""
        return bool(self._of_hand[self._pairs()].any())

    def _pairs(self) -> NDArray[np.int32]:
        return np.asarray(self._data.contact.geom, np.int32).reshape(-1, 2)

    def _touch(self, contact: int, pair: NDArray[np.int32]) -> Touch:
        hand, other = sorted(pair.tolist(), key=lambda geom: not self._of_hand[geom])
        row = int(self._data.contact.efc_address[contact])
        return Touch(
            self._part_of_geom[hand],
            self._instance_of_geom[other],
            self._data.contact.pos[contact].copy(),
            float(self._data.efc_force[row]) if row >= 0 else 0.0,
        )

    def moved_m(self, instance: int) -> Floats:
        """Return how far (3,) an object is from where it was at rest; zero for what can't move."""
        body = instance - FIRST_OBJECT + 1
        if body not in self._bodies:
            return np.zeros(3)
        return np.asarray((self._middles_m() - self._rest_m)[self._bodies.index(body)])

    def _middles_m(self) -> Floats:
        """Return the centres of mass of what can move."""
        return np.array([self._data.body(str(body)).xipos for body in self._bodies]).reshape(-1, 3)

    def moment(self) -> Moment:
        """Return where all is now."""
        hand = self._data.body('hand')
        pose = np.eye(4)
        pose[:3, :3], pose[:3, 3] = hand.xmat.reshape(3, 3), hand.xpos
        places = self._data.qpos[:-5].reshape(-1, 7).copy()
        return Moment(pose, self.opening_m, self._bodies, places)
