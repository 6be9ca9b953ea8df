# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The first failures of a run, tried once more to be shown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from promptda_ros.core.frame import BadFrame
from promptda_ros.lab.evaluation.readers.cell_reader import measure_view
from promptda_ros.lab.grasping.attempts import Attempt, REFUSED
from promptda_ros.lab.grasping.clouds import ARMS, EXACT, SeenCloud
from promptda_ros.lab.grasping.grasp import Grasp
from promptda_ros.lab.grasping.pictures import Failure, save_failures
from promptda_ros.lab.grasping.run import GraspRun
from promptda_ros.lab.grasping.stage import GraspStage, make_stage
from promptda_ros.lab.grasping.trial import Trial, Verdict

FAILURES_PER_ARM = 2
NO_FAILURE = (REFUSED, Verdict.HELD.value)


def show_failures(path: Path, run: GraspRun, attempts: Sequence[Attempt]) -> bool:
    """Write the first failures of every arm as one sheet of pictures; return if there are any."""
    failures = [_replay(run, attempt) for arm in ARMS for attempt in _first(arm, attempts)]
    if failures:
        save_failures(path, failures, run.planner.gripper)
    return bool(failures)


def _first(arm: str, attempts: Sequence[Attempt]) -> list[Attempt]:
    """Return the first failures of an arm, each of another scene."""
    failed = {
        attempt.scene: attempt
        for attempt in reversed(attempts)
        if attempt.arm == arm and attempt.verdict not in NO_FAILURE
    }
    return [failed[scene] for scene in sorted(failed)[:FAILURES_PER_ARM]]


def _replay(run: GraspRun, attempt: Attempt) -> Failure:
    """Try a grasp again, which ends as it did."""
    stage = make_stage(run.seed, attempt.scene)
    pose = np.reshape(attempt.camera_from_gripper, (4, 4))
    grasp = Grasp(pose, attempt.opening_m, score=0.0)
    outcome = Trial(stage.scene, run.planner.gripper).attempt(grasp, stage.table_from_camera)
    sensor = f' ({attempt.sensor})' if attempt.sensor else ''
    return Failure(
        title=f'scene {attempt.scene}, {attempt.arm}{sensor}',
        verdict=f'{attempt.verdict}, {outcome.why}; {attempt.cause}',
        scene=stage.scene,
        view=stage.view,
        table_from_camera=stage.table_from_camera,
        depth_m=_cloud(run, stage, attempt).depth_m,
        grasp=grasp,
        outcome=outcome,
    )


def _cloud(run: GraspRun, stage: GraspStage, attempt: Attempt) -> SeenCloud:
    if attempt.arm == EXACT:
        return run.clouds.exact(stage.view)
    sample = measure_view(stage.view, attempt.scene, attempt.sensor, seed=run.seed)
    cloud = run.clouds.of(sample, stage.view.matrix)[attempt.arm]
    assert not isinstance(cloud, BadFrame), 'it was planned on'
    return cloud
