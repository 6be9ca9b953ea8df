# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Sensor depth over time: still where nothing moves, the newest alone where something does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from promptda_ros.core.estimator import Estimator
from promptda_ros.core.frame import FloatImage, Frame
from promptda_ros.core.prompt.history import DepthHistory, OLDEST_NS, PICTURE_STEP
from promptda_ros.core.prompt.prompt import find_measured
from promptda_ros.core.settings import build
from promptda_ros.core.settings.depth import OutputSettings, PromptSettings
from promptda_ros.model import load_model

SETTINGS, OUTPUT = PromptSettings(), OutputSettings()
PERIOD_NS = 33_000_000
EMBEDDED = Path(__file__).parents[3] / 'models/promptda-tiny'
TABLE_M, BOX_M, NOISE = 1.0, 0.8, 0.004
BOX = (slice(20, 32), slice(24, 40))  # rows and columns of 48x64


def table(height: int = 48, width: int = 64) -> FloatImage:
    """A slanted table."""
    rows = np.linspace(1.2, 0.8, height, dtype=np.float32) * TABLE_M
    return np.repeat(rows[:, None], width, axis=1)


def with_box(depth_m: FloatImage, box_m: float = BOX_M) -> FloatImage:
    """Put a box on the table."""
    depth_m = depth_m.copy()
    depth_m[BOX] = box_m
    return depth_m


def noisy(depth_m: FloatImage, seed: int) -> FloatImage:
    """Measure once."""
    noise = 1 + NOISE * np.random.default_rng(seed).standard_normal(depth_m.shape)
    return (depth_m * noise).astype(np.float32)


def grey(level: int = 120) -> np.ndarray:
    """An image in which nothing can be seen."""
    return np.full((96, 128, 3), level, np.uint8)


class Stream:
    """Frames of one sensor, 30 a second, through one history."""

    def __init__(self, settings: PromptSettings = SETTINGS) -> None:
        self.settings = settings
        self.history = DepthHistory()
        self.stamp_ns = 1

    def see(
        self, depth_m: FloatImage, image: np.ndarray | None = None, *, after_ns: int = PERIOD_NS
    ) -> FloatImage:
        """Return the depth (h, w) after this frame, NaN where nothing was measured."""
        self.stamp_ns += after_ns
        image = grey() if image is None else image
        frame = Frame(self.stamp_ns, 'camera', image, sensor_depth_m=depth_m)
        found = find_measured(depth_m, self.settings, self.settings.max_long_side)
        averaged = self.history.average(found, frame, self.settings).kept
        assert averaged.measured is found.kept.measured
        assert averaged.beyond is found.kept.beyond
        assert averaged.nearer is found.kept.nearer
        return np.where(averaged.measured, averaged.depth_m, np.float32(np.nan))

    def see_all(self, depths_m: Iterable[FloatImage]) -> np.ndarray:
        """Return the depth after each of many frames (frames, h, w)."""
        return np.stack([self.see(depth_m) for depth_m in depths_m])


def test_what_is_out_of_range_now_is_so_whatever_was_measured_before():
    """K1, K2: and nothing of it is averaged into what is measured after it."""
    stream = Stream()
    before_m, side_m, after_m = (noisy(table(), seed) for seed in range(3))
    side_m[BOX], side_m[:4] = np.inf, -np.inf
    stream.see(before_m)
    assert np.isnan(stream.see(side_m)[BOX]).all()
    np.testing.assert_array_equal(stream.see(after_m)[BOX], after_m[BOX])


def noisy_table(frames: int, first_seed: int = 0) -> list[FloatImage]:
    """Measure the table with the box often."""
    return [noisy(with_box(table()), first_seed + number) for number in range(frames)]


# Nothing moves


@given(st.integers(0, 2**32 - 1), st.integers(0, 10))
def test_a_constant_measurement_is_unchanged_to_the_bit(seed: int, smoothing: int):
    depth_m = np.random.default_rng(seed).uniform(0.2, 5.0, (12, 16)).astype(np.float32)
    settings = replace(SETTINGS, smoothing=smoothing, outlier_fraction=0.0)
    seen = Stream(settings).see_all([depth_m] * 4)
    np.testing.assert_array_equal(seen, np.stack([depth_m] * 4))


@pytest.mark.parametrize('smoothing, share', [(1, 0.577), (2, 0.447), (4, 0.333)])
def test_noise_of_a_still_scene_shrinks_as_the_setting_says(smoothing: int, share: float):
    """Of a recursive mean whose newest value weighs 1 / (smoothing + 1)."""
    measured = np.stack(noisy_table(60))
    seen = Stream(replace(SETTINGS, smoothing=smoothing)).see_all(measured)
    ratio = seen[15:].std(axis=0) / measured[15:].std(axis=0)
    assert np.median(ratio) == pytest.approx(share, abs=0.05)
    np.testing.assert_allclose(seen[15:].mean(axis=0), measured[15:].mean(axis=0), rtol=0.005)


@given(st.integers(0, 2**32 - 1), st.integers(1, 10))
def test_an_average_lies_between_what_was_measured(seed: int, smoothing: int):
    measured = np.stack(noisy_table(5, seed))
    seen = Stream(replace(SETTINGS, smoothing=smoothing)).see_all(measured)
    assert (seen >= np.minimum.accumulate(measured) - 1e-6).all()
    assert (seen <= np.maximum.accumulate(measured) + 1e-6).all()


@pytest.mark.setting('prompt.smoothing')
def test_no_smoothing_leaves_every_frame_alone():
    measured = np.stack(noisy_table(5))
    stream = Stream(replace(SETTINGS, smoothing=0))
    np.testing.assert_array_equal(stream.see_all(measured), measured)
    assert stream.history.averaged_fraction == 0.0


def test_one_depth_that_serves_several_images_counts_once():
    """sync.reuse_depth: otherwise its noise would be taken for that of many frames."""
    first, second = noisy_table(2)
    once, often = Stream(), Stream()
    expected = once.see_all([first, second])[-1]
    np.testing.assert_array_equal(often.see_all([first] * 3 + [second] * 3)[-1], expected)


def test_the_share_of_pixels_that_are_averaged_is_told():
    stream = Stream()
    stream.see(table())
    assert stream.history.averaged_fraction == 0.0
    stream.see_all(noisy_table(3))
    stream.see_all(noisy_table(3))
    assert stream.history.averaged_fraction > 0.99


# Something moves


@pytest.mark.parametrize('to_m', [0.4, 0.75, 0.85, 1.3])
@pytest.mark.parametrize('smoothing', [1, 10])
def test_a_step_is_there_at_once(to_m: float, smoothing: int):
    """A box is put there, taken away, or comes nearer: nothing of before is left."""
    stream = Stream(replace(SETTINGS, smoothing=smoothing))
    stream.see_all(noisy_table(10))
    moved = noisy(with_box(table(), to_m), 99)
    np.testing.assert_array_equal(stream.see(moved)[BOX], moved[BOX])


def test_the_rest_stays_calm_beside_a_box_that_jumps():
    stream, places_m = Stream(replace(SETTINGS, smoothing=4)), (0.5, 0.8)
    measured = np.stack([noisy(with_box(table(), places_m[n % 2]), n) for n in range(40)])
    seen = stream.see_all(measured)
    box = (slice(None), *BOX)
    np.testing.assert_array_equal(seen[box], measured[box])
    ratio = seen[15:, :16].std(axis=0) / measured[15:, :16].std(axis=0)
    assert np.median(ratio) < 0.5


@pytest.mark.parametrize('speed_m', [0.001, 0.003, 0.005, 0.01, 0.02, 0.05])
@pytest.mark.parametrize('smoothing', [1, 3])
def test_a_box_that_approaches_lags_by_no_more_than_the_setting(speed_m: float, smoothing: int):
    """Whether its motion is told from noise or not, and though the image shows nothing."""
    stream = Stream(replace(SETTINGS, smoothing=smoothing))
    boxes_m = BOX_M + 0.6 - speed_m * np.arange(12)
    lags = []
    for number, box_m in enumerate(boxes_m):
        seen = stream.see(noisy(with_box(table(), box_m), number))[BOX]
        lags.append((seen - box_m).mean() / speed_m)
    noise_of_mean = 3 * NOISE * BOX_M * 1.8 / np.sqrt(seen.size)
    assert max(lags) <= smoothing + noise_of_mean / speed_m


def test_a_box_that_slides_leaves_no_trace():
    """Where it was a frame ago the table is seen, and where it is, the box."""
    stream = Stream(replace(SETTINGS, smoothing=10))
    for number in range(15):
        depth_m = table()
        depth_m[20:32, number * 2 : number * 2 + 12] = BOX_M
        seen = stream.see(noisy(depth_m, number))
        assert np.abs(seen / depth_m - 1).max() < 6 * NOISE


def test_what_moves_in_the_image_is_of_the_newest_frame():
    """A card on the table: too thin for the sensor to tell from its noise."""
    stream = Stream(replace(SETTINGS, smoothing=10))
    stream.see_all(noisy_table(10))
    image, newest = grey(), noisy_table(1, 99)[0]
    image[40:64, 48:80] += np.uint8(2 * PICTURE_STEP)
    seen = stream.see(newest, image)
    card = (slice(21, 31), slice(25, 39))  # its corners fade
    np.testing.assert_array_equal(seen[card], newest[card])
    assert (seen != newest).mean() > 0.7


def test_noise_of_the_camera_is_no_motion():
    stream, random = Stream(), np.random.default_rng(0)
    for measured in noisy_table(5):
        noise = random.normal(0, 6, (96, 128, 3))
        stream.see(measured, (grey() + noise).astype(np.uint8))
    assert stream.history.averaged_fraction > 0.99


# Holes


def test_a_hole_stays_a_hole_and_ends_the_history_of_its_pixels():
    stream = Stream(replace(SETTINGS, smoothing=10))
    stream.see_all(noisy_table(5))
    with_hole, after = noisy_table(2, 50)
    with_hole[BOX] = np.nan
    seen = stream.see(with_hole)
    assert np.isnan(seen[BOX]).all()
    assert np.isfinite(seen).sum() == np.isfinite(with_hole).sum()
    np.testing.assert_array_equal(stream.see(after)[BOX], after[BOX])


@given(st.integers(0, 2**32 - 1), st.floats(0.0, 0.8))
def test_random_holes_never_change_where_something_was_measured(seed: int, share: float):
    random, stream = np.random.default_rng(seed), Stream()
    for measured in noisy_table(4, seed):
        measured[random.random(measured.shape) < share] = random.choice([np.nan, 0.0, np.inf])
        known = np.isfinite(measured) & (measured > 0)
        seen = stream.see(measured)
        np.testing.assert_array_equal(np.isfinite(seen), known)
        np.testing.assert_allclose(seen[known], measured[known], rtol=0.04)


# Another scene, another stream


def newest_alone(stream: Stream, seen: FloatImage, newest: FloatImage) -> bool:
    """Tell whether nothing of earlier frames is left."""
    return bool(np.array_equal(seen, newest)) and stream.history.averaged_fraction == 0.0


@pytest.mark.parametrize('after_ns', [-1_000_000_000, -1, 0, OLDEST_NS + 1])
def test_a_pause_or_a_jump_of_time_forgets_everything(after_ns: int):
    stream, newest = Stream(), noisy_table(1, 99)[0]
    stream.see_all(noisy_table(5))
    assert newest_alone(stream, stream.see(newest, after_ns=after_ns), newest)


def test_the_slowest_stream_that_is_smoothed():
    stream, newest = Stream(), noisy_table(1, 99)[0]
    stream.see_all(noisy_table(5))
    assert not newest_alone(stream, stream.see(newest, after_ns=OLDEST_NS), newest)


def test_another_size_forgets_everything():
    stream, newest = Stream(), noisy(table(96, 128), 99)
    stream.see_all(noisy_table(5))
    assert newest_alone(stream, stream.see(newest), newest)


@pytest.mark.parametrize('change', [{'max_depth': 5.0}, {'smoothing': 3}, {'smoothing': 0}])
def test_another_setting_forgets_everything(change: dict[str, float]):
    stream, newest = Stream(), noisy_table(1, 99)[0]
    stream.see_all(noisy_table(5))
    stream.settings = replace(SETTINGS, **change)
    assert newest_alone(stream, stream.see(newest), newest)


def test_a_new_stream_begins_without_the_old_one():
    stream, newest = Stream(), noisy_table(1, 99)[0]
    stream.see_all(noisy_table(5))
    stream.history.clear()
    assert newest_alone(stream, stream.see(newest), newest)


def test_a_camera_that_moves_forgets_everything():
    """Half of the picture changed: what looks still in the other half is so by chance."""
    stream, newest = Stream(), noisy_table(1, 99)[0]
    stream.see_all(noisy_table(5))
    image = grey()
    image[:48] += np.uint8(2 * PICTURE_STEP)
    assert newest_alone(stream, stream.see(newest, image), newest)


def test_streams_know_nothing_of_each_other():
    one, other = Stream(), Stream()
    one.see_all(noisy_table(5))
    newest = noisy_table(1, 99)[0]
    assert newest_alone(other, other.see(newest), newest)


# Through the embedded network


@pytest.fixture(scope='module')
def embedded() -> Estimator:
    """Estimator with the network that users get."""
    return load_model(build({'device': 'cpu', 'engine': 'torch'})).estimator


def picture_of_box() -> np.ndarray:
    """Checkered table and plain box of 168x224 pixels."""
    rows, columns = np.mgrid[:168, :224]
    image = np.where((rows // 12 + columns // 12) % 2, 90, 130).astype(np.uint8)
    image[70:112, 84:140] = 200
    return np.repeat(image[:, :, None], 3, axis=2)


def video(
    embedded: Estimator,
    boxes_m: Iterable[float],
    settings: PromptSettings,
    output: OutputSettings = OUTPUT,
) -> np.ndarray:
    """Return depth (frames, H, W) of the table with a box at the given depths."""
    history, answers = DepthHistory(), []
    for number, box_m in enumerate(boxes_m):
        depth_m = noisy(with_box(table(), box_m), number)
        stamp_ns = 1 + number * PERIOD_NS
        frame = Frame(stamp_ns, 'camera', picture_of_box(), sensor_depth_m=depth_m)
        prepared = embedded.prepare(frame, settings, output, history)
        depth = embedded.restore(prepared, embedded.infer([prepared])[0], output)
        answers.append(depth.depth_m)
    return np.stack(answers)


def flicker_m(embedded: Estimator, settings: PromptSettings, output: OutputSettings) -> float:
    """Return the deviation in time of a typical pixel of a still table."""
    depth_m = video(embedded, [BOX_M] * 24, settings, output)[4:]
    return float(np.median(depth_m.std(axis=0)))


def test_a_still_pixel_flickers_at_most_half_as_much_as_the_sensor(embedded):
    """With the settings that users get."""
    sensor_m = np.median(np.stack(noisy_table(24)).std(axis=0))
    assert flicker_m(embedded, SETTINGS, OUTPUT) <= 0.5 * sensor_m


def test_smoothing_calms_the_network_by_a_third(embedded):
    """Without the anchor, which by itself calms depth to a quarter of the sensor's flicker."""
    output = OutputSettings(anchor='off')
    alone_m = flicker_m(embedded, replace(SETTINGS, smoothing=0), output)
    assert flicker_m(embedded, SETTINGS, output) <= 0.7 * alone_m


@pytest.mark.parametrize('speed_m', [0.002, 0.01, 0.04])
def test_depth_of_a_moving_box_is_at_most_one_frame_old(embedded, speed_m: float):
    boxes_m = 0.95 - speed_m * np.arange(9)
    smoothed = video(embedded, boxes_m, SETTINGS)[:, 80:102, 98:126]
    alone = video(embedded, boxes_m, replace(SETTINGS, smoothing=0))[:, 80:102, 98:126]
    behind_m = (np.nanmean(smoothed, axis=(1, 2)) - np.nanmean(alone, axis=(1, 2)))[1:]
    assert (behind_m <= speed_m + 0.001).all()
