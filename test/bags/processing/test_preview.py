# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The animation of a recording: evenly spaced, the same however the work was divided, small."""

from __future__ import annotations

import pickle

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
from PIL import Image

from promptda_ros.bags.processing.preview import FRAMES, GAP_PX, PANEL_PX, Preview

HEIGHT, WIDTH = 48, 64


def add(preview, number, *, camera='', depth_m=None):
    """Add a pair whose image is brighter the greater its number."""
    near_to_far_m = np.linspace(0.5, 2.0, WIDTH, dtype=np.float32)[None].repeat(HEIGHT, 0)
    preview.add(
        camera,
        number,
        image=np.full((HEIGHT, WIDTH, 3), 40 * number % 256, np.uint8),
        sensor_depth_m=near_to_far_m[::4, ::4],
        depth_m=near_to_far_m if depth_m is None else depth_m,
    )


def frames_of(path):
    """Return the frames (h, 480, 3) of an animation."""
    with Image.open(path) as picture:
        frames = []
        for number in range(picture.n_frames):
            picture.seek(number)
            frames.append(np.asarray(picture.convert('RGB'), np.int16))
    return frames


def numbers_of(preview, camera=''):
    return [panels.number for _, panels in sorted(preview.found[camera].items())]


def test_the_strip_shows_image_sensor_and_depth_side_by_side(tmp_path):
    preview = Preview({'': 2})
    add(preview, 0, depth_m=np.full((HEIGHT, WIDTH), np.nan, np.float32))
    add(preview, 1)
    preview.save(tmp_path / 'preview.webp')

    empty, strip = frames_of(tmp_path / 'preview.webp')

    assert strip.shape == (round(PANEL_PX * HEIGHT / WIDTH), 480, 3)
    second, third = PANEL_PX + GAP_PX, 2 * (PANEL_PX + GAP_PX)
    assert strip[:, : PANEL_PX - 4].max() < 60  # the image is dark
    for panel in (strip[:, second : second + PANEL_PX], strip[:, third:]):
        near, far = panel[60, 8], panel[60, -8]
        assert near[0] > 100 + near[2]
        assert far[2] > 20 + far[0]
    assert empty[:, third + 4 :].max() < 40  # unknown is black


@given(pairs=st.integers(1, 400), lost=st.sets(st.integers(0, 399)))
def test_frames_are_evenly_spaced_and_no_more_than_planned(pairs, lost):
    preview = Preview({'': pairs})
    kept = sorted({*range(pairs)} - lost)
    for number in kept:
        assert preview.wants('', number) == (number * FRAMES // pairs not in preview.found[''])
        add(preview, number)

    numbers = numbers_of(preview)

    assert len(numbers) <= FRAMES
    assert set(numbers) <= set(kept)
    if not lost & {*range(pairs)}:
        assert len(numbers) == min(pairs, FRAMES)
        steps = np.diff(numbers)
        assert not steps.size or steps.max() - steps.min() <= 1


@given(pairs=st.integers(1, 200), cut=st.integers(0, 200), lost=st.sets(st.integers(0, 199)))
def test_parts_that_are_joined_give_what_one_run_gives(pairs, cut, lost):
    kept = sorted({*range(pairs)} - lost)
    whole, first, second = (Preview({'': pairs}) for _ in range(3))
    for number in kept:
        add(whole, number)
        add(first if number < cut else second, number)

    joined = Preview({'': pairs})
    for part in (second, first):  # the second may end before the first
        joined.join(pickle.loads(pickle.dumps(part)))

    assert numbers_of(joined) == numbers_of(whole)


def test_one_colour_stands_for_one_depth_in_all_frames(tmp_path):
    preview = Preview({'': 2})
    wall_m = np.full((HEIGHT, WIDTH), 1.0, np.float32)
    add(preview, 0)
    add(preview, 1, depth_m=wall_m)
    preview.save(tmp_path / 'preview.webp')

    ramp, wall = frames_of(tmp_path / 'preview.webp')

    column = 2 * (PANEL_PX + GAP_PX) + PANEL_PX // 3  # of the ramp, at 1 m
    assert abs(ramp[60, column] - wall[60, column]).max() < 40


def test_cameras_have_a_row_each(tmp_path):
    preview = Preview({'left': 2, 'right': 1, 'never': 5})
    add(preview, 0, camera='left')
    add(preview, 1, camera='left')
    add(preview, 0, camera='right')
    preview.save(tmp_path / 'preview.webp')

    frames = frames_of(tmp_path / 'preview.webp')

    row = round(PANEL_PX * HEIGHT / WIDTH)
    assert [frame.shape[0] for frame in frames] == [2 * row, 2 * row]
    assert abs(frames[0][row:] - frames[1][row:]).max() < 40  # the right one keeps its only frame


def test_without_any_depth_there_is_no_file(tmp_path):
    Preview({'': 5}).save(tmp_path / 'preview.webp')
    assert not [*tmp_path.iterdir()]


def test_a_tall_narrow_picture_does_not_fill_the_page(tmp_path):
    preview = Preview({'': 1})
    tall_m = np.ones((4000, 2), np.float32)
    preview.add(
        '', 0, image=np.ones((4000, 2, 3), np.uint8), sensor_depth_m=tall_m, depth_m=tall_m
    )
    preview.save(tmp_path / 'preview.webp')
    assert frames_of(tmp_path / 'preview.webp')[0].shape == (2 * PANEL_PX, 480, 3)


def test_a_preview_of_noise_is_a_small_file(tmp_path):
    random = np.random.default_rng(0)
    preview = Preview({'': FRAMES})
    for number in range(FRAMES):
        image = random.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
        depth_m = random.uniform(0.5, 2.0, (HEIGHT, WIDTH)).astype(np.float32)
        preview.add('', number, image=image, sensor_depth_m=depth_m[::4, ::4], depth_m=depth_m)
    preview.save(tmp_path / 'preview.webp')
    assert (tmp_path / 'preview.webp').stat().st_size < 1_000_000
