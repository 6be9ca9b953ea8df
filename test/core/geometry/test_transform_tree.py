# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.core.geometry.transform_tree."""

from __future__ import annotations

from itertools import pairwise
import math

from hypothesis import assume, given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from promptda_ros.core.geometry.transform import (
    BadTransform,
    IDENTITY,
    Transform,
    UnknownTransform,
)
from promptda_ros.core.geometry.transform_tree import TransformTree

SECOND = 1_000_000_000
HALF = math.sqrt(0.5)
NO_TURN = (0.0, 0.0, 0.0, 1.0)
FRAMES = ('map', 'odom', 'base', 'arm', 'camera', 'depth')
BEGIN, END = 100 * SECOND, 104 * SECOND

coordinates = st.floats(-10.0, 10.0)
parts = st.floats(-1.0, 1.0)


@st.composite
def poses(draw: st.DrawFn) -> tuple[tuple[float, ...], tuple[float, ...]]:
    quaternion = draw(st.tuples(parts, parts, parts, parts))
    assume(np.linalg.norm(quaternion) > 1e-3)
    return draw(st.tuples(coordinates, coordinates, coordinates)), quaternion


@st.composite
def recordings(draw: st.DrawFn) -> list[tuple]:
    """Draw the arguments of `add` for a tree of all frames, fixed and moving ones mixed."""
    found = []
    for number, child in enumerate(FRAMES[1:], start=1):
        parent = FRAMES[draw(st.integers(0, number - 1))]
        static = draw(st.booleans())
        inner = draw(st.sets(st.integers(BEGIN + 1, END - 1), max_size=2))
        for stamp_ns in [0] if static else sorted({BEGIN, *inner, END}):
            found.append((parent, child, stamp_ns, *draw(poses()), static))
    return found


def tree_of(recording: list[tuple]) -> TransformTree:
    tree = TransformTree()
    for *link, static in recording:
        tree.add(*link, static=static)
    return tree


def matrix_of(transform: Transform) -> np.ndarray:
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = transform.rotation, transform.translation_m
    return matrix


def turned(older: np.ndarray, newer: np.ndarray, share: float) -> np.ndarray:
    """Turn by a share of the way about the axis between two rotations (Rodrigues)."""
    step = older.T @ newer
    angle = math.acos(np.clip((np.trace(step) - 1.0) / 2.0, -1.0, 1.0))
    assume(angle < 3.0)  # at half a turn there are two ways
    if angle < 1e-6:
        return older
    axis = (step - step.T) / (2.0 * math.sin(angle))
    turn = np.eye(3) + math.sin(share * angle) * axis
    return older @ (turn + (1.0 - math.cos(share * angle)) * axis @ axis)


def brute_force(recording: list[tuple], frame: str, stamp_ns: int) -> np.ndarray:
    """Return a frame's pose in 'map' from matrices only."""
    links = [each for each in recording if each[1] == frame]
    if not links:
        return np.eye(4)
    above = brute_force(recording, links[0][0], stamp_ns)
    known = [(each[2], matrix_of(Transform.of(each[3], each[4]))) for each in links]
    for (begin_ns, older), (end_ns, newer) in pairwise(known):
        if begin_ns <= stamp_ns <= end_ns:
            share = (stamp_ns - begin_ns) / (end_ns - begin_ns)
            own = older + share * (newer - older)
            own[:3, :3] = turned(older[:3, :3], newer[:3, :3], share)
            return above @ own
    return above @ known[0][1]


frames = st.sampled_from(FRAMES)
stamps = st.integers(BEGIN, END)


@settings(max_examples=60)
@given(recordings(), frames, frames, stamps)
def test_a_tree_of_fixed_and_moving_frames_agrees_with_matrices(
    recording: list[tuple], target: str, source: str, stamp_ns: int
):
    found = matrix_of(tree_of(recording).lookup(target, source, stamp_ns))
    target_in_map = brute_force(recording, target, stamp_ns)
    expected = np.linalg.inv(target_in_map) @ brute_force(recording, source, stamp_ns)
    np.testing.assert_allclose(found, expected, atol=1e-8)


@settings(max_examples=40)
@given(recordings(), frames, frames, frames, stamps)
def test_a_way_over_a_third_frame_leads_to_the_same_place(
    recording: list[tuple], one: str, other: str, third: str, stamp_ns: int
):
    tree = tree_of(recording)
    straight = matrix_of(tree.lookup(one, third, stamp_ns))
    there, back = tree.lookup(one, other, stamp_ns), tree.lookup(other, one, stamp_ns)
    onwards = matrix_of(tree.lookup(other, third, stamp_ns))
    np.testing.assert_allclose(matrix_of(there) @ onwards, straight, atol=1e-9)
    np.testing.assert_allclose(matrix_of(there.inverse()), matrix_of(back), atol=1e-9)


@settings(max_examples=40)
@given(recordings(), st.randoms(use_true_random=False), frames, stamps)
def test_the_order_of_arrival_does_not_matter(recording, random, source: str, stamp_ns: int):
    shuffled = random.sample(recording, len(recording))
    expected = tree_of(recording).lookup('map', source, stamp_ns)
    found = tree_of(shuffled).lookup('map', source, stamp_ns)
    np.testing.assert_array_equal(matrix_of(found), matrix_of(expected))


@given(poses(), stamps)
def test_between_equal_transforms_nothing_moves(pose, stamp_ns: int):
    tree = tree_of([('map', 'base', each, *pose, False) for each in (BEGIN, END)])
    expected = matrix_of(Transform.of(*pose))
    np.testing.assert_allclose(
        matrix_of(tree.lookup('map', 'base', stamp_ns)), expected, atol=1e-12
    )


# As tf2 0.39.1, compiled from its source, answers for the same transforms.
RECORDED = [
    ('map', 'odom', SECOND, (1250.5, -340.25, 2.75), (0.01, 0.02, 0.7, 0.71), False),
    ('map', 'odom', 1_100_000_000, (1250.75, -340, 2.75), (0.01, 0.02, 0.69, 0.72), False),
    ('odom', 'base', 1_010_000_000, (0.5, 0.1, 0), (0, 0, 0.6, -0.8), False),
    ('odom', 'base', 1_060_000_000, (0.75, 0.15, 0.01), (0, 0, -0.5, 0.9), False),
    ('base', 'arm', 0, (0.2, 0, 0.9), (0.5, -0.5, 0.5, -0.5), True),
    ('arm', 'depth', 0, (0.05, 0.01, -0.002), (0.999, 0.02, -0.03, 0.01), True),
    ('base', 'colour', SECOND, (0.1, 0.2, 0.3), (0.1, 0.9, 0.3, -0.2), False),
    ('base', 'colour', 1_100_000_000, (0.1, 0.2, 0.3), (-0.1, -0.9, -0.3, 0.21), False),
]
ANSWERS = [
    (
        *('map', 'depth', 1_033_333_333),
        (1250.7147463730862, -339.50659329197873, 3.630916869274318),
        (0.5634938209705461, -0.3866302955121563, -0.43690550061816025, 0.5848976934898885),
    ),
    (
        *('depth', 'map', 1_033_333_333),
        (-720.6098737743724, -103.58869075835474, 1072.1735308274417),
        (-0.5634938209705461, 0.3866302955121563, 0.43690550061816025, 0.5848976934898885),
    ),
    (
        *('colour', 'depth', 1_050_000_000),
        (0.163600819763019, 0.14295731305247728, -0.6107388790782124),
        (-0.18290003458345283, 0.5422821619778108, -0.46666323332773496, 0.6743167362672731),
    ),
    (
        *('base', 'colour', 1_025_000_000),
        (0.1, 0.2, 0.3),
        (0.1025436297465818, 0.9228926677192361, 0.30763088923974535, -0.20764672849344706),
    ),
    (
        *('odom', 'map', 1_099_999_999),
        (286.9042717177182, 1262.928040117388, -51.78638190513792),
        (-0.010025094142371948, -0.020050188284743895, -0.6917314959239386, 0.7218067781505055),
    ),
]


@pytest.mark.parametrize('target, source, stamp_ns, translation, rotation', ANSWERS)
def test_the_numbers_are_those_of_tf2(target, source, stamp_ns: int, translation, rotation):
    """The node hands tf2's answer to Transform.of: a bag must get the same transform of it."""
    found = tree_of(RECORDED).lookup(target, source, stamp_ns)
    expected = Transform.of(translation, rotation)
    # Equal to the last bit with the libm of Ubuntu 24.04; others may round a sine differently.
    np.testing.assert_allclose(found.translation_m, expected.translation_m, rtol=1e-14)
    np.testing.assert_allclose(found.rotation, expected.rotation, rtol=0, atol=1e-15)


def test_the_shorter_arc_is_taken():
    """One rotation has two quaternions: a publisher that changes its sign does not turn round."""
    tree = TransformTree()
    tree.add('map', 'base', BEGIN, (0, 0, 0), NO_TURN, static=False)
    tree.add('map', 'base', END, (0, 0, 0), (0, 0, -HALF, -HALF), static=False)
    eighth = Transform.of((0, 0, 0), (0, 0, math.sin(math.pi / 8), math.cos(math.pi / 8)))
    found = tree.lookup('map', 'base', (BEGIN + END) // 2)
    np.testing.assert_allclose(found.rotation, eighth.rotation, atol=1e-12)


def test_a_slash_in_front_names_the_same_frame():
    """K17."""
    tree = TransformTree()
    tree.add('/map', '/base', 0, (1, 2, 3), NO_TURN, static=True)
    assert tree.lookup('map', '/base', BEGIN).translation_m.tolist() == [1, 2, 3]


def test_a_frame_is_where_it_is_whether_or_not_tf_names_it():
    assert TransformTree().lookup('camera', '/camera', BEGIN) is IDENTITY


def test_nothing_is_extrapolated():
    tree = tree_of(RECORDED)
    known = r"'base' is known from 1\.010000 s to 1\.060000 s only, not at "
    with pytest.raises(UnknownTransform, match=known + r'1\.060000 s'):
        tree.lookup('map', 'depth', 1_060_000_001)
    with pytest.raises(UnknownTransform, match=known + r'1\.009999 s'):
        tree.lookup('odom', 'base', 1_009_999_999)
    with pytest.raises(UnknownTransform, match=r"'base' is known from"):
        tree.lookup('depth', 'odom', 1_070_000_000)


def test_one_transform_of_a_moving_frame_holds_at_its_stamp_only():
    tree = tree_of(RECORDED[:1])
    assert tree.lookup('map', 'odom', SECOND).translation_m.tolist() == [1250.5, -340.25, 2.75]
    with pytest.raises(
        UnknownTransform, match=r"'odom' is known at 1\.000000 s only, not at 1\.5"
    ):
        tree.lookup('map', 'odom', 1_500_000_000)


def test_what_moves_above_two_frames_does_not_part_them():
    """The base has not been seen in 'odom' at this moment; two sensors on it know their places."""
    found = tree_of(RECORDED).lookup('arm', 'depth', 5 * SECOND)
    np.testing.assert_allclose(found.translation_m, [0.05, 0.01, -0.002], atol=1e-12)


def test_unknown_frames_are_refused_with_the_names_that_are_known():
    with pytest.raises(
        UnknownTransform, match=r"no transform names 'lidar' \(frames: 'arm', 'base', "
    ):
        tree_of(RECORDED).lookup('map', 'lidar', SECOND)
    with pytest.raises(UnknownTransform, match='frames: none'):
        TransformTree().lookup('map', 'lidar', SECOND)


def test_frames_of_two_trees_are_refused_with_the_tops_of_both():
    tree = tree_of(RECORDED)
    tree.add('world', 'lidar', 0, (0, 0, 0), NO_TURN, static=True)
    with pytest.raises(
        UnknownTransform, match=r"'lidar' and 'arm' are not connected.*'world'.*'ma"
    ):
        tree.lookup('lidar', 'arm', 1_050_000_000)


def test_a_loop_is_refused():
    tree = TransformTree()
    for parent, child in [('a', 'b'), ('b', 'c'), ('c', 'a'), ('d', 'e')]:
        tree.add(parent, child, 0, (1, 0, 0), NO_TURN, static=True)
    with pytest.raises(UnknownTransform, match=r"above '[abc]' form a loop"):
        tree.lookup('d', 'a', SECOND)


def test_a_frame_whose_parent_changes_follows_the_older_parent_until_the_newer_stamp():
    """A gripper takes an object from a table: between the two stamps there is no way between."""
    tree = tree_of([('map', each, 0, (0, 0, 1), NO_TURN, True) for each in ('table', 'gripper')])
    tree.add('table', 'box', BEGIN, (1, 0, 0), NO_TURN, static=False)
    tree.add('gripper', 'box', END, (0, 2, 0), NO_TURN, static=False)
    assert tree.lookup('map', 'box', END - 1).translation_m.tolist() == [1, 0, 1]
    assert tree.lookup('map', 'box', END).translation_m.tolist() == [0, 2, 1]


def test_a_fixed_frame_is_where_it_was_published_last():
    """A calibration publishes its result anew."""
    tree = TransformTree()
    for x in (1, 2):
        tree.add('base', 'camera', 0, (x, 0, 0), NO_TURN, static=True)
    assert tree.lookup('base', 'camera', BEGIN).translation_m.tolist() == [2, 0, 0]


def test_a_frame_may_become_fixed_and_moving_again():
    tree = TransformTree()
    tree.add('base', 'camera', BEGIN, (1, 0, 0), NO_TURN, static=False)
    tree.add('base', 'camera', 0, (2, 0, 0), NO_TURN, static=True)
    assert tree.lookup('base', 'camera', END).translation_m.tolist() == [2, 0, 0]
    tree.add('base', 'camera', BEGIN, (3, 0, 0), NO_TURN, static=False)
    with pytest.raises(UnknownTransform, match=r'known at 100\.000000 s only'):
        tree.lookup('base', 'camera', END)


def test_of_two_transforms_with_one_stamp_the_last_holds():
    tree = TransformTree()
    for x in (1, 2, 3):
        tree.add('map', 'base', BEGIN, (x, 0, 0), NO_TURN, static=False)
    assert tree.lookup('map', 'base', BEGIN).translation_m.tolist() == [3, 0, 0]


def test_after_a_jump_of_time_only_fixed_frames_are_known():
    tree = tree_of(RECORDED)
    tree.clear()
    tree.lookup('base', 'depth', SECOND)
    with pytest.raises(UnknownTransform, match="'base' has no transform since stamps jumped back"):
        tree.lookup('odom', 'depth', SECOND)
    tree.add(*RECORDED[2][:-1], static=False)
    tree.lookup('odom', 'depth', RECORDED[2][2])


def test_what_is_ten_seconds_older_than_the_newest_is_refused():
    """Else a bag that loops would be interpolated between its end and its start."""
    tree = TransformTree()
    tree.add('map', 'base', 20 * SECOND, (1, 0, 0), NO_TURN, static=False)
    with pytest.raises(
        BadTransform, match=r"'base' in 'map' at 9\.9.*newest one.*20\.000000 s.*10 s"
    ):
        tree.add('map', 'base', 10 * SECOND - 1, (0, 0, 0), NO_TURN, static=False)
    tree.add('map', 'base', 10 * SECOND, (0, 0, 0), NO_TURN, static=False)
    assert tree.lookup('map', 'base', 15 * SECOND).translation_m.tolist() == [0.5, 0, 0]


@pytest.mark.parametrize(
    'parent, child, translation, rotation, text',
    [
        ('map', 'base', (math.nan, 0, 0), NO_TURN, 'not three finite numbers'),
        ('map', 'base', (0, 0, 0), (0, 0, 0, 0), 'no rotation'),
        ('map', 'base', (0, 0, 0), (0, 0, 0, 1e200), 'too large'),
        ('map', '/map', (0, 0, 0), NO_TURN, 'two frames with names'),
        ('map', '/', (0, 0, 0), NO_TURN, 'two frames with names'),
        ('', 'base', (0, 0, 0), NO_TURN, 'two frames with names'),
    ],
)
def test_a_bad_transform_is_refused_and_leaves_the_tree_as_it_was(
    parent: str, child: str, translation, rotation, text: str
):
    tree = TransformTree()
    tree.add('map', 'base', 0, (1, 2, 3), NO_TURN, static=True)
    with pytest.raises(BadTransform, match=f"transform of '.*' in '.*' at 1.000000 s ign.*{text}"):
        tree.add(parent, child, SECOND, translation, rotation, static=False)
    assert tree.lookup('map', 'base', BEGIN).translation_m.tolist() == [1, 2, 3]


def test_a_name_of_a_peer_is_shortened_in_a_message():
    tree = tree_of(RECORDED)
    with pytest.raises(UnknownTransform) as refusal:
        tree.lookup('map', 'x' * 500 + '\n', SECOND)
    assert '\n' not in str(refusal.value)
    assert len(str(refusal.value)) < 200
