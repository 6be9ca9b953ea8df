# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A failed grasp is shown as planned, on the heights it was planned on, and as it ended."""

from __future__ import annotations

from dataclasses import replace
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

os.environ.setdefault('MUJOCO_GL', 'egl')
pytest.importorskip('mujoco', reason='the simulator is an optional extra: mujoco')
pytest.importorskip('matplotlib', reason='pictures need the optional extra lab: matplotlib')

from promptda_ros.lab.grasping.grasp import Grasp, Gripper
from promptda_ros.lab.grasping.pictures import Failure, save_failures
from promptda_ros.lab.grasping.stage import table_from_camera
from promptda_ros.lab.grasping.trial import Trial, Verdict
from promptda_ros.lab.sim.camera import DrawnBox, PinholeCamera, Pose, TableCamera
from promptda_ros.lab.sim.scene import make_scene
from test.off_screen import table_camera

ABOVE = Pose(np.array([0.0, 0.0, 0.6]), np.zeros(3))
SIDEWAYS_M = 0.05  # of the palm from the middle of the picture
BOX_RGBA = (1.0, 0.0, 1.0, 1.0)


@pytest.fixture(scope='module')
def failure() -> Failure:
    scene = make_scene(0)
    camera = table_camera(scene, PinholeCamera(320, 240))
    view = camera.look(ABOVE)
    camera.close()
    into_the_table = np.eye(4)
    into_the_table[:3, 3] = SIDEWAYS_M, 0, 0.61
    grasp = Grasp(into_the_table, 0.06, 1.0)
    outcome = Trial(scene).attempt(grasp, table_from_camera(ABOVE))
    return Failure(
        'scene 0', outcome.why, scene, view, table_from_camera(ABOVE), view.depth_m, grasp, outcome
    )


def test_sheet_has_a_row_for_every_failure_and_fits_into_a_page(
    failure: Failure, tmp_path: Path
) -> None:
    unknown = replace(failure, depth_m=np.full_like(failure.depth_m, np.nan))
    assert failure.outcome.verdict is Verdict.COLLIDED
    path = tmp_path / 'failures.jpg'
    save_failures(path, [failure, unknown], Gripper())
    assert path.stat().st_size <= 200_000
    sheet = cv2.imread(str(path))
    heights = sheet[:, sheet.shape[1] // 3 : 2 * sheet.shape[1] // 3]
    first, second = np.array_split(heights, 2)
    assert (second < 30).mean() > (first < 30).mean() + 0.3  # unknown is black


def test_box_is_drawn_where_it_is_and_stays_out_of_the_next_picture(failure: Failure) -> None:
    camera = TableCamera(failure.scene, PinholeCamera(160, 120))
    place = np.eye(4)
    place[:3, 3] = 0, 0, 0.4
    box = DrawnBox(place, np.full(3, 0.02), BOX_RGBA)
    with_box = camera.photograph(ABOVE, [box])[60, 80].astype(int)
    without = camera.look(ABOVE).image[60, 80].astype(int)
    camera.close()
    assert with_box[[0, 2]].min() > with_box[1] + 20
    assert without[[0, 2]].min() <= without[1] + 20
