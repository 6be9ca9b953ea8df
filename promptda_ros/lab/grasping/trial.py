# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tries a grasp in a settled scene: go in, close, lift, hold; contacts decide whether it held."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from promptda_ros.lab.grasping.bench import Bench, Moment, Touch, Z
from promptda_ros.lab.grasping.grasp import Floats, Grasp, Gripper
from promptda_ros.lab.grasping.hand import LEFT, RIGHT, SQUEEZE_M
from promptda_ros.lab.grasping.workcell import TIMESTEP_SEC
from promptda_ros.lab.sim.scene import Scene

BACK_M = 0.1  # where the hand starts, along its approach
LIFT_M = 0.1
RISEN_M = 0.06  # a rod that is lifted at one end only rises by half of the lift
HAND_M_PER_SEC, FINGER_M_PER_SEC = 0.25, 0.15
REST_SEC, HOLD_SEC = 0.06, 0.5
GREATEST_FORCE_N = 15.0  # where a robot would stop
GREATEST_PUSH_M = 0.01
SHUT_M = 0.001  # no object is thinner
SCAN_M, RUN_UP_M = 0.002, 0.006


class Verdict(Enum):
    """How a try ended."""

    HELD = 'held'
    MISSED = 'missed'  # nothing was between the fingers
    SLIPPED = 'slipped'  # something was and did not stay
    COLLIDED = 'collided'  # on the way in


@dataclass(frozen=True, eq=False)
class Outcome:
    """How a try ended, and why."""

    verdict: Verdict
    why: str
    moment: Moment  # of the verdict
    instance: int | None = None  # what was held, was lost or was hit
    touch: Touch | None = None  # of a collision


class Trial:
    """Tries grasps in one scene, each from the same state at rest."""

    def __init__(self, scene: Scene, gripper: Gripper | None = None) -> None:
        self.scene, self.gripper = scene, gripper or Gripper()

    def attempt(self, grasp: Grasp, world_from_camera: Floats) -> Outcome:
        """Go in from 10 cm before, close, lift by 10 cm and hold for half a second."""
        goal = grasp.seen_from(world_from_camera)
        start = goal.copy()
        start[:3, 3] -= BACK_M * goal[:3, 2]
        bench = Bench(self.scene, self.gripper, start, near_m=goal[:3, 3])
        half_m = 0.5 * min(grasp.opening_m, self.gripper.greatest_opening_m)
        hit = self._go_in(bench, half_m)
        if hit is not None:
            return hit
        between = _close(bench)
        if not between:
            return Outcome(Verdict.MISSED, 'nothing was between the fingers', bench.moment())
        return self._lift(bench, goal[2, :3], between)

    def _go_in(self, bench: Bench, half_m: float) -> Outcome | None:
        """Move to the grasp; nothing moves before the hand touches something."""
        begin_m = _free_way_m(bench, half_m)
        if begin_m is None:
            return self._collision(bench, bench.touches()[0], 'starts in')
        bench.place(along_m=begin_m, half_opening_m=half_m, speed_m_per_sec=HAND_M_PER_SEC)
        if begin_m == BACK_M:
            bench.place(along_m=BACK_M, half_opening_m=half_m)
            return None
        goal = bench.target
        goal[Z] = BACK_M
        touched: dict[int, Touch] = {}
        for _ in bench.drive(ramp(bench.target, goal, HAND_M_PER_SEC, rest_sec=REST_SEC)):
            touches = bench.touches()
            if sum(touch.force_n for touch in touches) > GREATEST_FORCE_N:
                return self._collision(bench, touches[0], 'hits')
            touched |= {touch.instance: touch for touch in touches}
            for touch in touched.values():
                if np.linalg.norm(bench.moved_m(touch.instance)) > GREATEST_PUSH_M:
                    return self._collision(bench, touch, 'pushes')
        return None

    def _lift(self, bench: Bench, up: Floats, between: set[int]) -> Outcome:
        """Lift straight up, along a direction (3,) in the hand's own frame."""
        goal = bench.target
        goal[:3] += LIFT_M * up
        for _ in bench.drive(ramp(bench.target, goal, HAND_M_PER_SEC, rest_sec=HOLD_SEC)):
            pass
        carried = [i for i in _in_fingers(bench) if bench.moved_m(i)[2] > RISEN_M]
        if carried:
            why = f'{self._name(carried[0])} is held'
            return Outcome(Verdict.HELD, why, bench.moment(), carried[0])
        lost = min(between)
        why = f'{self._name(lost)} slips out of the fingers'
        return Outcome(Verdict.SLIPPED, why, bench.moment(), lost)

    def _collision(self, bench: Bench, touch: Touch, does: str) -> Outcome:
        why = f'the {touch.part} {does} {self._name(touch.instance)}'
        return Outcome(Verdict.COLLIDED, why, bench.moment(), touch.instance, touch)

    def _name(self, instance: int) -> str:
        support = 'bin' if self.scene.support.rim_m > 0 else 'table'
        return f'the {self.scene.families.get(instance, support)}'


def ramp(begin: Floats, end: Floats, speed_m_per_sec: float, *, rest_sec: float) -> Floats:
    """Return targets (steps, n) that go from one to the other evenly and stay there."""
    moving = int(np.linalg.norm(end - begin) / speed_m_per_sec / TIMESTEP_SEC) + 1
    resting = int(rest_sec / TIMESTEP_SEC)
    share = np.minimum(np.arange(1, moving + resting + 1) / moving, 1.0)[:, None]
    return np.asarray((1 - share) * begin + share * end)


def _free_way_m(bench: Bench, half_m: float) -> float | None:
    """Return how far the open hand moves until it is about to touch; None: it does at once."""
    for along_m in np.arange(0, BACK_M + 0.5 * SCAN_M, SCAN_M):
        bench.place(along_m=float(along_m), half_opening_m=half_m)
        if bench.is_touching():
            return None if along_m == 0 else max(0.0, float(along_m) - RUN_UP_M)
    return BACK_M


def _close(bench: Bench) -> set[int]:
    """Close the fingers; return the objects that were between them."""
    goal = bench.target
    goal[-2:] = -SQUEEZE_M
    between: set[int] = set()
    fingers_m_per_sec = np.sqrt(2) * FINGER_M_PER_SEC  # both move
    for _ in bench.drive(ramp(bench.target, goal, fingers_m_per_sec, rest_sec=REST_SEC)):
        left, right = (_touched_by(bench, finger) for finger in (LEFT, RIGHT))
        between |= left & right
    # Two objects side by side: each finger touches one of them.
    return between | (_in_fingers(bench) if bench.opening_m > SHUT_M else set())


def _in_fingers(bench: Bench) -> set[int]:
    return _touched_by(bench, LEFT) | _touched_by(bench, RIGHT)


def _touched_by(bench: Bench, part: str) -> set[int]:
    """Return the objects that a part of the hand touches."""
    return {touch.instance for touch in bench.touches() if touch.part == part and touch.is_object}
