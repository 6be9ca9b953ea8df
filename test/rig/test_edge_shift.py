# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Edges of depth against edges of the picture, on simulated frames whose shift is known."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from promptda_ros.bags.bag import open_bag
from promptda_ros.bags.recording import find_topics, read_frames, RecordedFrame
from promptda_ros.rig.edge_shift import EdgeShift, EdgeShiftMeter

DEMO = Path(__file__).parents[2] / 'assets' / 'demo.mcap'
EXACT, SENSOR = 'exact_depth_m', 'sensor_depth_m'


@pytest.fixture(scope='module')
def frames() -> list[RecordedFrame]:
    """Return every other of the first frames of the bundled recording."""
    with open_bag(DEMO) as bag:
        return list(islice(read_frames(bag, find_topics(bag)), 0, 10, 2))


def moved(image: np.ndarray, across_px: float, down_px: float) -> np.ndarray:
    """Move the content of a picture to the right and down."""
    move = np.float32([[1, 0, across_px], [0, 1, down_px]])
    return cv2.warpAffine(image, move, image.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)


def measure(images: list[np.ndarray], depths_m: list[np.ndarray]) -> EdgeShift | None:
    """Return the shift of these frames."""
    meter = EdgeShiftMeter()
    for image, depth_m in zip(images, depths_m, strict=True):
        meter.add(image, depth_m)
    return meter.result()


def depths_of(frames: list[RecordedFrame], kind: str) -> list[np.ndarray]:
    """Return exact depth (480, 640), or what a sensor of 48x64 pixels measured."""
    return [each.exact_depth_m if kind == EXACT else each.sensor_depth_m() for each in frames]


@pytest.mark.parametrize(('kind', 'most_px'), [(EXACT, 1.5), (SENSOR, 5.0)])
def test_registered_depth_has_no_shift(frames, kind, most_px):
    """A pixel of this sensor covers 10 of the picture."""
    shift = measure([each.image for each in frames], depths_of(frames, kind))

    assert shift.px <= most_px
    assert shift.px <= most_px / 2 + 2 * shift.error_px


@pytest.mark.parametrize(
    ('kind', 'across_px', 'down_px'),
    [(EXACT, 3.0, 0.0), (EXACT, -2.4, 1.3), (SENSOR, 12.0, 0.0), (SENSOR, 0.0, -12.0)],
)
def test_sown_shift_is_found_within_a_fifth(frames, kind, across_px, down_px):
    """The picture is moved against its depth, so that the depth lies on the other side."""
    depths_m = depths_of(frames, kind)
    before = measure([each.image for each in frames], depths_m)

    after = measure([moved(each.image, -across_px, -down_px) for each in frames], depths_m)

    found = after.across_px - before.across_px, after.down_px - before.down_px
    assert found == pytest.approx((across_px, down_px), abs=0.2 * np.hypot(across_px, down_px))


def test_a_real_frame_that_is_registered_has_no_shift():
    folder = DEMO.parent / 'redwood'
    image = cv2.imread(str(folder / 'color_00002.jpg'))[..., ::-1].copy()
    counts = cv2.imread(str(folder / 'depth_00002.png'), cv2.IMREAD_UNCHANGED)
    depth_m = np.where(counts > 0, counts / np.float32(1000), np.float32(np.nan))

    assert measure([image], [depth_m]).px < 1.0


def test_shift_is_told_in_pixels_of_the_picture(frames):
    twice = [cv2.resize(each.image, None, fx=2, fy=2) for each in frames]

    shift = measure([moved(each, -24, 0) for each in twice], depths_of(frames, EXACT))

    assert shift.across_px == pytest.approx(24, abs=3)
    assert (shift.longest_side, shift.cell_px) == (1280, 2)


def test_pictures_of_another_scene_tell_nothing(frames):
    """Their edges match somewhere by chance, but hardly better than elsewhere."""
    mirrored = [each.image[::-1, ::-1].copy() for each in frames]

    assert measure(mirrored, depths_of(frames, SENSOR)) is None


def test_a_flat_scene_tells_nothing(frames):
    """A wall with a picture on it has edges in the picture alone."""
    slope = np.linspace(0.9, 1.4, 480 * 640, dtype=np.float32).reshape(480, 640)

    assert measure([each.image for each in frames], [slope] * len(frames)) is None


@pytest.mark.parametrize('value', [np.nan, 0.0, 1.0])
def test_depth_without_edges_tells_nothing(frames, value):
    depth_m = np.full((480, 640), value, np.float32)

    assert measure([frames[0].image], [depth_m]) is None


def test_a_dark_picture_tells_nothing(frames):
    assert measure([np.zeros((480, 640, 3), np.uint8)], depths_of(frames[:1], EXACT)) is None


def test_sensors_of_a_few_zones_tell_nothing(frames):
    zones = [cv2.resize(each, (8, 8)) for each in depths_of(frames, EXACT)]

    assert measure([each.image for each in frames], zones) is None


def test_frames_of_another_size_are_not_mixed_in(frames):
    images, depths_m = [each.image for each in frames], depths_of(frames, EXACT)
    before = measure(images, depths_m)

    assert measure([*images, images[0][:240]], [*depths_m, depths_m[0][:240]]) == before


def test_nothing_taken_tells_nothing():
    assert measure([], []) is None
