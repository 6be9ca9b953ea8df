# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Physics tells a grasp that holds from one that misses, slips or hits something."""

from __future__ import annotations

import os

import numpy as np
import pytest

os.environ.setdefault('MUJOCO_GL', 'egl')
mujoco = pytest.importorskip('mujoco', reason='the simulator is an optional extra: mujoco')

from promptda_ros.lab.grasping.grasp import Floats, Grasp  # noqa: E402
from promptda_ros.lab.grasping.trial import Outcome, Trial, Verdict  # noqa: E402
from promptda_ros.lab.sim.scene import Scene  # noqa: E402
from promptda_ros.lab.sim.support import Room, Support  # noqa: E402
from promptda_ros.lab.sim.view import FIRST_OBJECT, SUPPORT  # noqa: E402

BOX = '<geom type="box" size="0.02 0.03 0.02" density="500"/>'
DOWN = np.diag([1.0, -1.0, -1.0])


def scene_of(*objects: str, at: tuple[tuple[float, float, float], ...] = ((0, 0, 0.02),)) -> Scene:
    """Lay objects on a table."""
    bodies = ''.join(
        f'<body pos="{x} {y} {z}"><joint type="free" damping="0.0006"/>{geom}</body>'
        for geom, (x, y, z) in zip(objects, at, strict=True)
    )
    model = mujoco.MjModel.from_xml_string(f"""
    <mujoco>
      <option timestep="0.004" integrator="implicitfast"/>
      <default><geom friction="0.6 0.005 0.0005" solref="0.012 1"/></default>
      <worldbody><geom type="box" size="0.5 0.5 0.02" pos="0 0 -0.02"/>{bodies}</worldbody>
    </mujoco>""")
    data = mujoco.MjData(model)
    mujoco.mj_step(model, data, 50)
    mujoco.mj_forward(model, data)
    return Scene(
        model=model,
        data=data,
        instance_of_geom=np.array(
            [SUPPORT, *range(FIRST_OBJECT, FIRST_OBJECT + len(objects))], np.int32
        ),
        gloss_of_geom=np.zeros(1 + len(objects), np.float32),
        has_clear=False,
        families={FIRST_OBJECT + number: 'block' for number in range(len(objects))},
        support=Support(np.full(2, 0.5), 0, ()),
        room=Room(np.ones(2), 2, ()),
    )


def grasp_at(x: float, y: float, z: float, *, opening_m: float = 0.07) -> Grasp:
    """Come from above; the fingers close along the table's x."""
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = DOWN, (x, y, z)
    return Grasp(pose, opening_m, 1.0)


def attempt(scene: Scene, grasp: Grasp, world_from_camera: Floats | None = None) -> Outcome:
    return Trial(scene).attempt(
        grasp, np.eye(4) if world_from_camera is None else world_from_camera
    )


@pytest.mark.parametrize(
    'thing',
    [
        BOX,
        '<geom type="cylinder" size="0.02 0.02" density="500"/>',
        '<geom type="sphere" size="0.02" density="500"/>',
    ],
)
def test_grasp_across_the_middle_holds(thing: str) -> None:
    outcome = attempt(scene_of(thing), grasp_at(0, 0, 0.01))
    assert outcome.verdict is Verdict.HELD, outcome.why
    assert outcome.instance == FIRST_OBJECT
    assert outcome.moment.places[0, 2] > 0.1


def test_pen_is_picked_off_the_table_and_does_not_spin() -> None:
    """One contact a finger once let pens turn until they were out."""
    pen = '<geom type="cylinder" size="0.0045 0.06" euler="90 0 0" density="500"/>'
    outcome = attempt(scene_of(pen, at=((0, 0, 0.0045),)), grasp_at(0, 0, 0.003, opening_m=0.03))
    assert outcome.verdict is Verdict.HELD, outcome.why
    assert outcome.moment.opening_m > 0.007


def test_heavy_ball_does_not_creep_out_of_the_fingers() -> None:
    outcome = attempt(scene_of('<geom type="sphere" size="0.02" mass="3"/>'), grasp_at(0, 0, 0.01))
    above_the_tips_m = outcome.moment.places[0, 2] - outcome.moment.world_from_gripper[2, 3]
    assert above_the_tips_m == pytest.approx(0.01, abs=5e-4)


def test_two_things_side_by_side_are_held_though_no_finger_touches_both() -> None:
    narrow = '<geom type="box" size="0.012 0.02 0.02" density="500"/>'
    scene = scene_of(narrow, narrow, at=((-0.0125, 0, 0.02), (0.0125, 0, 0.02)))
    outcome = attempt(scene, grasp_at(0, 0, 0.01))
    assert outcome.verdict is Verdict.HELD
    assert (outcome.moment.places[:, 2] > 0.1).all()


def test_grasp_beside_the_object_misses() -> None:
    outcome = attempt(scene_of(BOX), grasp_at(0, 0.08, 0.01))
    assert outcome.verdict is Verdict.MISSED
    assert abs(outcome.moment.opening_m) < 0.001


def test_finger_on_top_of_the_object_collides() -> None:
    outcome = attempt(scene_of(BOX), grasp_at(0.04, 0, 0.01))
    assert outcome.verdict is Verdict.COLLIDED
    assert outcome.instance == FIRST_OBJECT
    assert outcome.touch is not None
    assert 'finger' in outcome.touch.part
    np.testing.assert_allclose(outcome.touch.place_m[2], 0.04, atol=0.002)


def test_grasp_below_the_table_collides_with_it() -> None:
    outcome = attempt(scene_of(BOX), grasp_at(0, 0, -0.005))
    assert outcome.verdict is Verdict.COLLIDED
    assert outcome.instance == SUPPORT
    assert outcome.why == 'the left finger hits the table'


def test_palm_that_comes_down_on_a_tall_object_collides() -> None:
    tall = '<geom type="box" size="0.02 0.02 0.04" density="500"/>'
    outcome = attempt(scene_of(tall, at=((0, 0, 0.04),)), grasp_at(0, 0, 0.02))
    assert outcome.verdict is Verdict.COLLIDED
    assert outcome.touch is not None
    assert outcome.touch.part == 'palm'


def test_light_object_that_is_pushed_aside_is_a_collision() -> None:
    ball = '<geom type="sphere" size="0.01" density="100"/>'
    outcome = attempt(scene_of(ball, at=((0.044, 0, 0.01),)), grasp_at(0, 0, 0.005))
    assert outcome.verdict is Verdict.COLLIDED
    assert outcome.instance == FIRST_OBJECT


def test_object_that_is_too_heavy_slips() -> None:
    lead = '<geom type="box" size="0.02 0.15 0.02" mass="15"/>'
    outcome = attempt(scene_of(lead), grasp_at(0, 0, 0.01))
    assert outcome.verdict is Verdict.SLIPPED
    assert outcome.instance == FIRST_OBJECT


def test_long_rod_held_at_its_end_stays_on_the_table() -> None:
    rod = '<geom type="box" size="0.02 0.25 0.02" mass="4"/>'
    outcome = attempt(scene_of(rod), grasp_at(0, 0.23, 0.01))
    assert outcome.verdict is Verdict.SLIPPED


def test_wedge_whose_sides_are_steeper_than_friction_slips_out() -> None:
    roof = '<geom type="box" size="0.02 0.03 0.02" euler="0 45 0"/>'
    outcome = attempt(scene_of(roof, at=((0, 0, 0.0283),)), grasp_at(0, 0, 0.04))
    assert outcome.verdict is not Verdict.HELD


def test_same_grasp_ends_the_same_bit_for_bit() -> None:
    scene = scene_of(BOX, BOX, at=((0, 0, 0.02), (0.05, 0.01, 0.02)))
    trial, grasp = Trial(scene), grasp_at(0, 0.005, 0.01, opening_m=0.05)
    first, other, again = (
        trial.attempt(each, np.eye(4)) for each in (grasp, grasp_at(0, 0, 0.02), grasp)
    )
    assert first.verdict is again.verdict
    np.testing.assert_array_equal(first.moment.places, again.moment.places)
    np.testing.assert_array_equal(first.moment.world_from_gripper, again.moment.world_from_gripper)
    assert (other.moment.places != first.moment.places).any()


def test_attempt_leaves_the_scene_as_it_was() -> None:
    scene = scene_of(BOX)
    before = scene.data.qpos.copy()
    attempt(scene, grasp_at(0, 0, 0.01))
    np.testing.assert_array_equal(scene.data.qpos, before)


def test_grasp_in_the_frame_of_a_camera_is_the_same_grasp() -> None:
    """The camera stands aside and looks down at an angle."""
    cos, sin = np.cos(2.2), np.sin(2.2)
    world_from_camera = np.array(
        [[1, 0, 0, 0.1], [0, cos, -sin, -0.3], [0, sin, cos, 0.5], [0, 0, 0, 1]]
    )
    seen = np.linalg.inv(world_from_camera) @ grasp_at(0, 0, 0.01).camera_from_gripper
    outcome = attempt(scene_of(BOX), Grasp(seen, 0.07, 1.0), world_from_camera)
    assert outcome.verdict is Verdict.HELD
