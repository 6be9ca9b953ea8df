# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The gripper as MuJoCo moves it: a palm on three stiff slides and two coupled fingers."""

from __future__ import annotations

import mujoco
import numpy as np

from promptda_ros.lab.grasping.grasp import Box, Floats, Gripper

GRIP_N = 50.0  # of each finger
ARM_N = 150.0  # what the arm can push at most
ARM_N_PER_M, ARM_N_SEC_PER_M = 20_000.0, 280.0  # critical damping at 1 kg
FINGER_N_PER_M, FINGER_N_SEC_PER_M = 5_000.0, 90.0
SQUEEZE_M = GRIP_N / FINGER_N_PER_M  # targets this far inside an object give the whole force
PALM, LEFT, RIGHT = 'palm', 'left finger', 'right finger'
AXES = {'x': '1 0 0', 'y': '0 1 0', 'z': '0 0 1'}

# The pads are rubber. Contacts are much stiffer than MuJoCo's default, which would let 50 N press
# a finger right through an object of a few grams.
PAD = (
    'friction="1 0.005 0.0005" condim="4" priority="1" solref="0.004 1" solimp="0.99 0.999 0.001"'
)
END = 'limited="true" solreflimit="0.004 1" solimplimit="0.99 0.999 0.001"'
ACTUATORS = ''.join(
    f'<position joint="{axis}" kp="{ARM_N_PER_M}" kv="{ARM_N_SEC_PER_M}" '
    f'forcerange="-{ARM_N} {ARM_N}"/>'
    for axis in AXES
) + ''.join(
    f'<position joint="{finger}" kp="{FINGER_N_PER_M}" kv="{FINGER_N_SEC_PER_M}" '
    f'forcerange="-{GRIP_N} {GRIP_N}"/>'
    for finger in (LEFT, RIGHT)
)
APART = f'<exclude body1="{LEFT}" body2="{RIGHT}"/>'  # their slides end where they would meet
COUPLING = f'<joint joint1="{LEFT}" joint2="{RIGHT}" polycoef="0 1 0 0 0" solref="0.004 1"/>'


def hand_xml(gripper: Gripper, world_from_gripper: Floats) -> str:
    """Write the hand at a pose, closed; its joints count along its own axes and outwards."""
    quaternion = np.empty(4)
    mujoco.mju_mat2Quat(quaternion, np.ascontiguousarray(world_from_gripper[:3, :3]).ravel())
    slides = ''.join(
        f'<joint name="{axis}" type="slide" axis="{direction}"/>'
        for axis, direction in AXES.items()
    )
    fingers = ''.join(
        f'<body name="{name}" gravcomp="1">'
        f'<joint name="{name}" type="slide" axis="{side} 0 0" {END} '
        f'range="0 {0.5 * gripper.greatest_opening_m + 0.001}"/>{_box(name, box, mass_kg=0.1)}'
        f'</body>'
        for name, box, side in zip((LEFT, RIGHT), gripper.fingers(0.0), (-1, 1), strict=True)
    )
    place = numbers(world_from_gripper[:3, 3])
    return (
        f'<body name="hand" pos="{place}" quat="{numbers(quaternion)}" gravcomp="1">{slides}'
        f'{_box(PALM, gripper.palm, mass_kg=0.8)}{fingers}</body>'
    )


def _box(name: str, box: Box, *, mass_kg: float) -> str:
    return (
        f'<geom name="{name}" type="box" size="{numbers(box.half_m)}" '
        f'pos="{numbers(box.centre_m)}" mass="{mass_kg}" {PAD}/>'
    )


def numbers(values: Floats | tuple[float, ...]) -> str:
    """Write numbers as MuJoCo reads them, without loss."""
    return ' '.join(f'{value:.17g}' for value in np.ravel(values))
