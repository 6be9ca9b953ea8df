# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Plans on every cloud of a scene and tries what was planned; one scene after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from promptda_ros.core.frame import BadFrame
from promptda_ros.lab.evaluation.readers.cell_reader import measure_view
from promptda_ros.lab.grasping.attempts import Attempt, REFUSED
from promptda_ros.lab.grasping.causes import cause_of, cause_of_hit
from promptda_ros.lab.grasping.clouds import Clouds, EXACT, SeenCloud
from promptda_ros.lab.grasping.grasp import Grasp, inverse
from promptda_ros.lab.grasping.planner import Planner
from promptda_ros.lab.grasping.stage import GraspStage, make_stage
from promptda_ros.lab.grasping.trial import Outcome, Trial, Verdict
from promptda_ros.lab.grasping.workspace import Workspace

NO_GRASP = 'no good grasp in the cloud'


@dataclass(frozen=True)
class GraspRun:
    """Everything that decides what comes of a scene."""

    clouds: Clouds
    sensors: Sequence[str]
    arms: Sequence[str]
    seed: int
    planner: Planner = field(default_factory=Planner)

    def attempts(self, number: int) -> list[Attempt]:
        """Try one scene with every cloud; the same number gives the same attempts."""
        stage = make_stage(self.seed, number)
        one = _Scene(self, stage)
        found = [one.attempt('', EXACT, one.exact)] if EXACT in self.arms else []
        measured = [arm for arm in self.arms if arm != EXACT]
        for sensor in self.sensors if measured else ():
            sample = measure_view(stage.view, number, sensor, seed=self.seed)
            clouds = self.clouds.of(sample, stage.view.matrix)
            found += [one.attempt(sensor, arm, clouds[arm]) for arm in measured]
        return found


class _Scene:
    """One scene, in which grasps are tried from the same state at rest."""

    def __init__(self, run: GraspRun, stage: GraspStage) -> None:
        self.exact = run.clouds.exact(stage.view)
        self._run, self._stage = run, stage
        self._trial = Trial(stage.scene, run.planner.gripper)
        self._workspace = Workspace.of(stage.scene.support, stage.table_from_camera)

    def attempt(self, sensor: str, arm: str, cloud: SeenCloud | BadFrame) -> Attempt:
        """Plan on a cloud and try it; every cloud of a scene gets the same random numbers."""
        number = self._stage.number
        if isinstance(cloud, BadFrame):
            return Attempt(number, sensor, arm, REFUSED, cloud.reason, '')
        rng = np.random.default_rng((self._run.seed, number, 6))
        grasp = self._run.planner.plan(cloud, self._workspace, rng)
        if grasp is None:
            return Attempt(number, sensor, arm, REFUSED, NO_GRASP, '')
        grasp = grasp.rounded()  # what is tried is what is written
        outcome = self._trial.attempt(grasp, self._stage.table_from_camera)
        return Attempt(
            scene=number,
            sensor=sensor,
            arm=arm,
            verdict=outcome.verdict.value,
            why=outcome.why,
            cause=self._cause(grasp, outcome, cloud),
            camera_from_gripper=tuple(grasp.camera_from_gripper.ravel().tolist()),
            opening_m=grasp.opening_m,
        )

    def _cause(self, grasp: Grasp, outcome: Outcome, cloud: SeenCloud) -> str:
        """Name the error of the depth behind a failure."""
        if outcome.verdict is Verdict.HELD:
            return ''
        if outcome.touch is None:
            return cause_of(grasp, cloud, self.exact, self._run.planner.gripper).value
        camera_from_table = inverse(self._stage.table_from_camera)
        place_m = camera_from_table[:3, :3] @ outcome.touch.place_m + camera_from_table[:3, 3]
        return cause_of_hit(place_m, cloud, self.exact).value
