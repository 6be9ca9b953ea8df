# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The observer of chaos tells what is wrong: an observer that never complains proves nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import cv2
from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from benchmarks.chaos.account import Account, counts_of, is_late, Moment, pairs_until_recovery
from benchmarks.chaos.content import colour_of, HEIGHT, Scene, shift_mm_of, WIDTH
from benchmarks.chaos.fault import CAMERAS
from benchmarks.chaos.judge import CLOUD, DEPTH, INFO, Judge, Output
from benchmarks.chaos.truth import TOLERANCE_NS, Truth

BEGIN_NS, PERIOD_NS, LATE_NS = 1_700_000_000_000_000_000, 333_000_000, 5_000_000
FRAME_ID = 'left_optical_frame'
ROWS_MM = np.linspace(500, 1500, 48).astype(np.uint16)
SCENE = Scene(np.full((HEIGHT, WIDTH, 3), 90, np.uint8), np.repeat(ROWS_MM[:, None], 64, axis=1))


class Camera:
    """Ten frames of a camera, and the outputs that are right for them."""

    def __init__(self) -> None:
        self.truth = Truth()
        self.judge = Judge('left', self.truth, SCENE, frame_id=FRAME_ID)
        for place in range(10):
            stamp_ns = self.stamp_ns(place)
            depths = [[stamp_ns + LATE_NS, self.number(place)]]
            image = [stamp_ns, self.number(place), WIDTH, HEIGHT]
            self.truth.note({'at_ns': place, 'image': image, 'depths': depths})

    def stamp_ns(self, place: int) -> int:
        return BEGIN_NS + place * PERIOD_NS

    def number(self, place: int) -> int:
        return len(CAMERAS) * place

    def output(self, place: int, depth_of: int | None = None) -> Output:
        """Return the depth of an image, made from the depth of another one if that is given."""
        number = self.number(place if depth_of is None else depth_of)
        depth_m = SCENE.depth_of(number).astype(np.float32) / 1000
        size = WIDTH, HEIGHT
        return Output(
            'left/depth/image_rect', DEPTH, 'left', self.stamp_ns(place), FRAME_ID, *size, 0,
            cv2.resize(depth_m, size),
        )  # fmt: skip


@pytest.fixture
def camera() -> Camera:
    return Camera()


def test_right_outputs_are_nothing_to_speak_of(camera):
    assert [camera.judge.wrong(camera.output(place)) for place in range(10)] == [[]] * 10


def test_depth_of_the_neighbour_is_a_wrong_pair(camera):
    (told,) = camera.judge.wrong(camera.output(4, depth_of=5))
    assert f'tells {shift_mm_of(camera.number(5)):.1f} mm' in told


def _with_stamp(output: Output) -> Output:
    return replace(output, stamp_ns=output.stamp_ns + 1)


def _of_another_size(output: Output) -> Output:
    assert output.depth_m is not None
    return replace(output, height=HEIGHT - 1, depth_m=output.depth_m[1:])


def _infinite(output: Output) -> Output:
    assert output.depth_m is not None
    depth_m = output.depth_m.copy()
    depth_m[3, 3] = np.inf
    return replace(output, depth_m=depth_m)


def _zero(output: Output) -> Output:
    assert output.depth_m is not None
    depth_m = output.depth_m.copy()
    depth_m[3, 3] = 0
    return replace(output, depth_m=depth_m)


def _unknown(output: Output) -> Output:
    return replace(output, depth_m=np.full((HEIGHT, WIDTH), np.nan, np.float32))


def _a_quarter_far_off(output: Output) -> Output:
    assert output.depth_m is not None
    depth_m = output.depth_m.copy()
    depth_m[: HEIGHT // 4] += 0.5
    return replace(output, depth_m=depth_m)


@pytest.mark.parametrize(
    ('spoil', 'told'),
    [
        (_with_stamp, 'that of no image'),
        (_of_another_size, 'its size is'),
        (_infinite, 'neither positive nor NaN'),
        (_zero, 'neither positive nor NaN'),
        (_unknown, 'no depth where the scene has'),
        (_a_quarter_far_off, 'are more than 120 mm off'),
        (lambda output: replace(output, frame_id='right_optical_frame'), 'its frame is'),
        (lambda output: replace(output, broken='cannot be read'), 'cannot be read'),
        (lambda output: replace(output, kind=CLOUD, colour=(1, 2, 3)), 'its colour is (1, 2, 3)'),
        (lambda output: replace(output, kind=INFO, depth_m=None, width=2 * WIDTH), 'its size is'),
    ],
)
def test_an_output_that_is_wrong_is_told(camera, spoil: Callable[[Output], Output], told: str):
    (found,) = camera.judge.wrong(spoil(camera.output(4)))
    assert told in found


def test_a_repeated_stamp_and_one_that_goes_back_are_told(camera):
    assert not camera.judge.wrong(camera.output(4))
    assert 'has had its output already' in camera.judge.wrong(camera.output(4))[0]
    assert 'was sent later' in camera.judge.wrong(camera.output(3))[0]
    assert not camera.judge.wrong(camera.output(5))
    # Each topic has an order of its own.
    assert not camera.judge.wrong(replace(camera.output(5), topic='left/points'))


def test_stamps_may_go_back_where_the_clock_of_the_driver_did(camera):
    stamp_ns = BEGIN_NS - 3600 * 10**9
    image = [stamp_ns, camera.number(4), WIDTH, HEIGHT]
    camera.truth.note({'at_ns': 10, 'image': image, 'depths': [[stamp_ns, camera.number(4)]]})
    assert not camera.judge.wrong(camera.output(9))
    assert not camera.judge.wrong(replace(camera.output(4), stamp_ns=stamp_ns))


@pytest.mark.parametrize('gone_back', ['depth', 'image'])
def test_depth_of_a_clock_that_went_back_alone_may_be_taken_until_the_next_tells(
    camera, gone_back
):
    number = camera.number(20)
    stamps_ns = [camera.stamp_ns(place) for place in (20, 21, 22)]
    ahead = [[stamp_ns, number] for stamp_ns in stamps_ns]  # by a clock that was ahead
    camera.truth.note({'at_ns': 10, 'image': [0, number, WIDTH, HEIGHT], 'depths': ahead})
    sent_with = [[], [[stamps_ns[1], number + 1]], [[stamps_ns[2], number + 2]]]
    for place, stamp_ns in enumerate(stamps_ns):
        line = {'at_ns': 11 + place, 'image': [stamp_ns, number + place, WIDTH, HEIGHT]}
        back = '' if place else gone_back
        camera.truth.note(line | {'depths': sent_with[place], 'back': back})

    images = map(camera.truth.image_at, stamps_ns)
    taken = [[each.number for each in camera.truth.partners(image)] for image in images]
    assert taken == [
        [number] * (gone_back == 'depth'),
        [number, number + 1][gone_back == 'image' :],
        [number + 2],
    ]


def test_an_image_whose_depth_was_not_sent_must_have_no_output(camera):
    stamp_ns = camera.stamp_ns(10)
    image = [stamp_ns, camera.number(10), WIDTH, HEIGHT]
    late = [[stamp_ns + TOLERANCE_NS + 1, camera.number(10)]]
    camera.truth.note({'at_ns': 10, 'image': image, 'depths': late})
    assert len(camera.truth.images(10, 11)) == 1
    assert camera.truth.pairs(10, 11) == []
    assert 'no depth within' in camera.judge.wrong(camera.output(10))[0]


@given(st.integers(0, 3 * 10**5), st.integers(1, 40))
def test_numbers_near_in_time_are_told_apart_by_pixels(number, frames):
    """Also those of the other cameras, of which the network works on frames at once."""
    others = [number + len(CAMERAS) * frames, number + len(CAMERAS) * frames + 1, number + 1]
    for other in others:
        assert abs(shift_mm_of(number) - shift_mm_of(other)) > 6
        assert colour_of(number) != colour_of(other)


def test_a_missing_output_that_nothing_counts_is_told():
    assert Account(images=10, pairs=9, outputs=9, counted={}).unexplained == 0
    assert Account(images=10, pairs=9, outputs=8, counted={}).unexplained == 1
    assert Account(images=10, pairs=9, outputs=8, counted={'drops.overrun': 1}).unexplained == 0
    # The image without depth is no reason, nor are messages that came twice.
    for counted in ({'image.unpaired': 1}, {'image.duplicate': 5}, {'image.received': 10}):
        assert Account(images=10, pairs=9, outputs=8, counted=counted).unexplained == 1


def test_only_what_was_counted_in_between_explains_a_loss():
    before, after = {'drops.overrun': 3}, {'drops.overrun': 4}
    begin = Moment(0, {'left': before}, (0, 0))
    assert begin.counted('left', Moment(1, {'left': after}, (0, 0))) == {'drops.overrun': 1}
    assert begin.counted('left', Moment(1, {'left': after}, (0, 1))) == {'drops.overrun': 1}
    assert begin.counted('left', Moment(1, {'left': after}, (1, 1))) == {'drops.overrun': 4}
    assert begin.counted('right', Moment(1, {'left': after}, (0, 0))) == {}


def test_counters_are_read_by_camera():
    values = [SimpleNamespace(key=key, value='2') for key in ('drops.overrun', 'stage_ms.x')]
    frames = SimpleNamespace(name='ns/promptda: left frames', values=values)
    other = SimpleNamespace(name='ns/promptda: network', values=values)
    assert counts_of([frames, other]) == {'left': {'drops.overrun': 2}}


def test_a_late_recovery_is_told():
    assert pairs_until_recovery([False, True, False]) == 2
    assert pairs_until_recovery([False, False]) == 0
    assert [is_late(place, 0) for place in (1, 2, 3, 0)] == [False, False, True, True]
    assert not is_late(3, busy=1)
