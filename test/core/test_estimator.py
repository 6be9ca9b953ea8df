# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From a frame to depth: the image's own size, finite or unknown, never invented.

A network of random weights shows that the parts fit; fake ones that answer with a depth that the
test knows show what is made of the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
import runpy
from typing import Any
import warnings

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest
import torch
from torch import nn, Tensor
import torch.nn.functional as F

from promptda_ros.core import estimator as under_test
from promptda_ros.core import frame_outputs
from promptda_ros.core.depth_space import DEPTH_SPACES
from promptda_ros.core.estimator import Estimator
from promptda_ros.core.frame import BadFrame, Depth, FloatImage, Frame, Intrinsics
from promptda_ros.core.geometry import camera
from promptda_ros.core.prompt.sensor_range import fit_side
from promptda_ros.core.runtime.resolution import PIXELS_OF_RESOLUTION
from promptda_ros.core.settings import build
from promptda_ros.core.settings.depth import OutputSettings, PromptSettings
from promptda_ros.network import load_network
from promptda_ros.network.engines.folded import fold, FoldedNetwork
from promptda_ros.network.engines.precision import BF16, FP32, Precision
from promptda_ros.network.pixels import IMAGENET_MEAN, IMAGENET_STD

_PINHOLE = runpy.run_path(str(Path(__file__).parents[1] / 'pinhole.py'))
back_project = _PINHOLE['back_project']

CPU = torch.device('cpu')
PROMPT, OUTPUT = PromptSettings(), OutputSettings()
PATCH_PX = 14
VGA = Intrinsics(width=640, height=480, fx=600.0, fy=600.0, cx=319.5, cy=239.5)


class FakeNetwork(nn.Module):
    """Answers with what a function makes of pixels (1, 3, h, w) and prompt (1, 1, hp, wp)."""

    def __init__(self, answer: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.patch_px = PATCH_PX
        self._answer = answer

    def forward(self, pixels: Tensor, prompt_m: Tensor) -> Tensor:
        """Return depth (1, h, w) as the network does."""
        return self._answer(pixels, prompt_m)[None]


def folded(folder: Path, *, precision: Precision = FP32) -> FoldedNetwork:
    network = load_network(folder)
    return fold(network, image_mean=IMAGENET_MEAN, image_std=IMAGENET_STD, precision=precision)


def repeat_prompt(pixels: Tensor, prompt_m: Tensor) -> Tensor:
    """Answer with the prompt itself."""
    return F.interpolate(prompt_m, pixels.shape[2:], mode='bilinear')[0, 0]


def fake(answer: Callable[[Tensor, Tensor], Tensor], **options: Any) -> Estimator:
    """Return an estimator with a fake network."""
    return Estimator(FakeNetwork(answer), device=CPU, **options)


def slope(height: int = 48, width: int = 64) -> FloatImage:
    """A table that recedes from 0.5 m to 1.5 m."""
    rows = np.linspace(1.5, 0.5, height, dtype=np.float32)
    return np.repeat(rows[:, None], width, axis=1)


def colours(height: int, width: int) -> np.ndarray:
    """Noise, the same in every run."""
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)


def frame_of(sensor_depth_m: FloatImage, image: np.ndarray | None = None) -> Frame:
    """Return a frame of 96x128 pixels unless an image is given."""
    image = colours(96, 128) if image is None else image
    return Frame(stamp_ns=1, frame_id='camera', image=image, sensor_depth_m=sensor_depth_m)


def estimate(estimator: Estimator, frame: Frame) -> Depth:
    """Estimate with default settings."""
    return estimator.estimate(frame, PROMPT, OUTPUT)


@pytest.fixture(scope='module')
def network(network_folder):
    return folded(network_folder)


@pytest.fixture(scope='module')
def estimator(network):
    return Estimator(network, device=CPU)


@pytest.mark.parametrize(
    'height, width',
    [(14, 14), (15, 29), (480, 640), (640, 480), (479, 641), (720, 1280), (100, 1000), (1001, 70)],
)
def test_depth_has_the_size_of_the_image(estimator, height, width):
    """C8: portrait, odd, and no multiple of the patch."""
    depth = estimate(estimator, frame_of(slope(height, width), colours(height, width)))
    assert depth.depth_m.shape == (height, width)
    assert depth.depth_m.dtype == np.float32
    assert np.isfinite(depth.depth_m).any()


@pytest.mark.setting('output.resolution')
@pytest.mark.parametrize('anchor', ['surface', 'off'])
def test_depth_has_the_size_of_the_network_on_request_and_is_not_resampled(anchor):
    """Whatever the sensor's size is, and although it has pixels out of range."""
    answers = []

    def answer(pixels: Tensor, prompt_m: Tensor) -> Tensor:
        answers.append(repeat_prompt(pixels, prompt_m))
        return answers[-1]

    for sensor_size in ((24, 32), (480, 640)):
        sensor_m = slope(*sensor_size)
        sensor_m[: sensor_size[0] // 6] = np.inf
        output = OutputSettings(resolution='network', anchor=anchor)
        frame = frame_of(sensor_m, colours(480, 640))
        depth = fake(answer).estimate(frame, PROMPT, output)
        assert depth.depth_m.shape == depth.saturated.shape == (252, 336)
        known = np.isfinite(depth.depth_m)
        np.testing.assert_array_equal(~known, np.repeat(np.arange(252) < 42, 336).reshape(252, -1))
        off_m = np.abs(depth.depth_m - answers[-1].numpy())[known]
        assert off_m.max() <= (0.0 if anchor == 'off' else 0.01)


def test_the_size_may_change_in_mid_stream_and_back(estimator):
    """C7: no stale buffers: the third frame gives what the first gave."""
    found = [
        estimate(estimator, frame_of(slope(*size), colours(*size))).depth_m
        for size in ((48, 64), (72, 128), (48, 64))
    ]
    assert [depth_m.shape for depth_m in found] == [(48, 64), (72, 128), (48, 64)]
    np.testing.assert_array_equal(found[0], found[2])


@pytest.mark.parametrize('height, width', [(1, 1), (13, 13), (13, 640), (480, 13)])
def test_an_image_smaller_than_a_patch_is_refused(estimator, height, width):
    """C5: 1x1 and 13x13."""
    with pytest.raises(BadFrame, match=f'{width}x{height} is smaller than a 14 px') as refused:
        estimate(estimator, frame_of(slope(height, width), colours(height, width)))
    assert refused.value.reason == 'image_size'


@given(
    st.integers(PATCH_PX, 4000),
    st.integers(PATCH_PX, 4000),
    st.sampled_from(sorted(PIXELS_OF_RESOLUTION)),
)
def test_the_network_sees_whole_patches_of_the_same_view_and_never_an_enlarged_one(
    height, width, resolution
):
    estimator = fake(repeat_prompt, resolution=resolution)
    rows, columns = estimator.network_size(height, width)
    assert rows % PATCH_PX == columns % PATCH_PX == 0
    assert PATCH_PX <= rows <= height
    assert PATCH_PX <= columns <= width
    # Rounding to whole patches moves a side by half a patch at the most.
    scale = min(1.0, (PIXELS_OF_RESOLUTION[resolution] / (height * width)) ** 0.5)
    for side, ideal in ((rows, height * scale), (columns, width * scale)):
        assert abs(side - ideal) <= PATCH_PX / 2 or side == PATCH_PX or side + PATCH_PX > ideal
    if min(rows, columns) > PATCH_PX:
        assert (rows - PATCH_PX / 2) * (columns - PATCH_PX / 2) <= PIXELS_OF_RESOLUTION[resolution]


def test_the_presets_are_those_that_the_setting_names():
    sizes = {
        name: fake(repeat_prompt, resolution=name).network_size(768, 1024)
        for name in PIXELS_OF_RESOLUTION
    }
    assert sizes == {
        'low': (252, 336),
        'medium': (378, 504),
        'high': (518, 686),
        'full': (756, 1008),
    }
    assert fake(repeat_prompt, resolution='auto').network_size(768, 1024) == (252, 336)


@pytest.mark.parametrize('level', [0, 128, 255])
def test_pixels_reach_the_network_as_the_camera_gave_them(level):
    image = np.full((96, 128, 3), level, np.uint8)
    pixels = fake(repeat_prompt).prepare(frame_of(slope(), image), PROMPT, OUTPUT).pixels
    assert pixels.shape == (1, 3, 84, 126)
    assert (pixels == level).all()


@pytest.mark.parametrize('image', ['black', 'white', 'noise', 'stripes'])
def test_any_image_gives_finite_depth(estimator, image):
    """C9: all black, all white, noise, constant."""
    pixels = {
        'black': np.zeros((96, 128, 3), np.uint8),
        'white': np.full((96, 128, 3), 255, np.uint8),
        'noise': colours(96, 128),
        'stripes': np.tile(np.uint8([[[0, 0, 0]], [[255, 255, 255]]]), (48, 128, 1)),
    }[image]
    assert np.isfinite(estimate(estimator, frame_of(slope(), pixels)).depth_m).all()


def test_millimetres_and_metres_of_the_same_scene_give_the_same_depth(estimator):
    """D1: at most half a millimetre apart."""
    millimetres = np.round(slope() * 1000).astype(np.uint16)
    counted_m = millimetres * np.float32(0.001)
    measured_m = (millimetres.astype(np.float64) / 1000).astype(np.float32)
    counted, measured = (estimate(estimator, frame_of(m)).depth_m for m in (counted_m, measured_m))
    np.testing.assert_allclose(counted, measured, atol=0.0005)


@pytest.mark.parametrize('hole', [np.nan, 0.0, -0.0, -1.0])
@pytest.mark.parametrize('share', [0.0004, 0.1, 0.5, 0.9])
def test_holes_in_the_prompt_never_reach_the_output(estimator, hole, share):
    """D4, D5: one NaN, 90 % zeros."""
    depth_m = slope()
    depth_m[np.random.default_rng(2).random(depth_m.shape) < share] = hole
    depth = estimate(estimator, frame_of(depth_m))
    assert np.isfinite(depth.depth_m).all()
    assert depth.depth_m.min() >= 0.5 - 1e-5
    assert depth.depth_m.max() <= 1.5 + 1e-5
    assert depth.measured_fraction == pytest.approx(1 - share, abs=0.02)


@pytest.mark.parametrize('side', [np.inf, -np.inf, 1e-42, 65.535])
@pytest.mark.parametrize('share', [0.0004, 0.1, 0.5, 0.9])
def test_depth_is_unknown_exactly_where_the_sensor_says_out_of_range(estimator, side, share):
    """D6, D7, K1, K2: at the sensor's own pixels; the others keep the measured range."""
    depth_m = slope()
    out = np.random.default_rng(2).random(depth_m.shape) < share
    depth_m[out] = side
    depth = estimate(estimator, frame_of(depth_m))
    np.testing.assert_array_equal(np.isnan(depth.depth_m), np.kron(out, np.ones((2, 2), bool)))
    assert np.nanmin(depth.depth_m) >= 0.5 - 1e-5
    assert np.nanmax(depth.depth_m) <= 1.5 + 1e-5
    shares = (depth.beyond_fraction, depth.nearer_fraction)
    assert shares == ((out.mean(), 0.0) if side > 1 else (0.0, out.mean()))


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([(6, 9), (28, 42), (56, 84), (97, 145)]),
    st.sampled_from([8, 20, 256]),
    st.sampled_from([('image', (40, 60)), ('network', (28, 56))]),
)
def test_no_pixel_out_of_range_is_published_at_any_resolution(seed, size, max_long_side, output):
    """K1, K2: a sensor coarser or finer than the output, its prompt reduced or not."""
    resolution, output_size = output
    random = np.random.default_rng(seed)
    kinds = random.integers(5, size=size)
    depth_m = np.float32([1.0, 1.2, np.nan, np.inf, -np.inf])[kinds]
    frame = frame_of(depth_m, colours(40, 60))
    settings = PromptSettings(max_long_side=max_long_side, outlier_fraction=0.0)
    try:
        published = OutputSettings(resolution=resolution)
        found_m = fake(repeat_prompt).estimate(frame, settings, published).depth_m
    except BadFrame:
        return  # too little of a small picture was measured
    out = fit_side(kinds > 2, output_size)
    assert np.isnan(found_m[out]).all()
    known_m = found_m[np.isfinite(found_m)]
    assert not np.isinf(found_m).any()
    assert ((known_m > 0.999) & (known_m < 1.201)).all()


def test_nothing_is_published_between_a_surface_and_what_is_out_of_range(estimator):
    """K1: a hole on the side of the sky is unknown too, and not saturated."""
    depth_m = slope()
    depth_m[:, 20:44] = np.nan
    depth_m[:, 44:] = np.inf
    depth = estimate(estimator, frame_of(depth_m))
    assert np.isfinite(depth.depth_m[:, :62]).any()
    assert np.isnan(depth.depth_m[:, 66:]).all()
    assert not depth.saturated[:, 2 * depth.saturated.shape[1] // 3 :].any()


@pytest.mark.parametrize('hole', [np.nan, 0.0, np.inf, 65.535])
@pytest.mark.parametrize('share', [0.0004, 0.1, 0.5])
def test_holes_leave_the_measured_part_as_it_was(hole, share):
    """D5, D7: with a network that repeats its prompt, away from the holes."""
    estimator, depth_m = fake(repeat_prompt), slope()
    clean_m = estimate(estimator, frame_of(depth_m)).depth_m
    depth_m[:, 32:][np.random.default_rng(2).random((48, 32)) < share] = hole
    found_m = estimate(estimator, frame_of(depth_m)).depth_m
    np.testing.assert_allclose(found_m[:, :60], clean_m[:, :60], atol=0.0005)
    assert np.nanmean(np.abs(found_m - clean_m)) < 0.02


@pytest.mark.parametrize('nothing', [np.nan, 0.0, -1.0, np.inf, 65.535])
def test_a_prompt_without_a_measurement_is_refused(estimator, nothing):
    """D4, D5, D7: all NaN, all zero, all saturated; nothing is ever made up of it."""
    with pytest.raises(BadFrame) as refused:
        estimate(estimator, frame_of(np.full((48, 64), nothing, np.float32)))
    assert refused.value.reason in ('prompt_too_sparse', 'depth_unit', 'out_of_range')


def test_a_flat_wall_is_flat(estimator):
    """D8: a constant prompt has no range to scale by."""
    depth = estimate(estimator, frame_of(np.full((48, 64), 1.25, np.float32)))
    np.testing.assert_allclose(depth.depth_m, 1.25, atol=1e-5)


def test_prompt_times_k_gives_depth_times_k(estimator):
    """Metric honesty: the length comes from the sensor alone."""
    once, twice = (estimate(estimator, frame_of(slope() * k)).depth_m for k in (1, 2))
    np.testing.assert_allclose(twice, once * 2, rtol=1e-5)


@pytest.mark.parametrize('size', [(12, 16), (48, 64), (192, 256), (480, 640), (97, 128)])
def test_depth_of_any_resolution_is_taken(estimator, size):
    """D11: coarser and finer than the image."""
    assert np.isfinite(estimate(estimator, frame_of(slope(*size))).depth_m).all()


def test_depth_of_another_shape_is_refused(estimator):
    """D11: 16:9 depth can't be registered to a 4:3 image."""
    with pytest.raises(BadFrame, match='not registered') as refused:
        estimate(estimator, frame_of(slope(72, 128)))
    assert refused.value.reason == 'depth_aspect'


def test_a_prompt_of_more_than_16_megapixels_passes():
    """D17: where torch.quantile gives up."""
    frame = frame_of(slope(4100, 4100), colours(28, 28))
    assert frame.sensor_depth_m.size > 2**24
    depth = estimate(fake(repeat_prompt), frame)
    assert depth.depth_m.shape == (28, 28)
    np.testing.assert_allclose(np.median(depth.depth_m), 1.0, atol=0.05)


def near_thing(pixels: Tensor, prompt_m: Tensor) -> Tensor:
    """Answer with the prompt, and in a corner with the nearest depth that can be expressed."""
    depth_m = repeat_prompt(pixels, prompt_m).clone()
    depth_m[-28:, -42:] = prompt_m.min()
    return depth_m


def test_a_scene_nearer_than_every_prompt_pixel_is_reported():
    """D18: its share of saturated pixels is told."""
    nearest = fake(lambda pixels, prompt: torch.full(pixels.shape[2:], float(prompt.min())))
    depth = estimate(nearest, frame_of(slope()))
    assert depth.saturated_fraction == 1.0
    assert (depth.prompt.near_m, depth.prompt.far_m) == (0.5, 1.5)
    assert estimate(fake(repeat_prompt), frame_of(slope())).saturated_fraction < 0.1


def test_saturation_is_told_in_the_space_of_the_network():
    """D18: the same share of the range is fewer metres nearby, and more far away."""
    marked = {}
    for name, space in DEPTH_SPACES.items():
        network = fake(lambda pixels, prompt: repeat_prompt(pixels, prompt) * 0.995, space=space)
        marked[name] = estimate(network, frame_of(slope())).saturated
    assert not marked['metres'][0].any(), '7.5 mm below 1.5 m, of which 5 are the margin'
    assert marked['log'][0].all(), 'as a share of 1.5 m it is less than the margin'


@pytest.mark.setting('output.drop_saturated')
def test_saturated_depth_that_no_sensor_pixel_supports_is_unknown():
    """D18: a thing nearer than every measurement would be shown too far away."""
    depth_m = slope(84, 126)
    depth_m[56:, 84:] = np.nan  # where the thing is too near for the sensor
    frame = frame_of(depth_m, colours(84, 126))
    depth = estimate(fake(near_thing), frame)
    assert np.isnan(depth.depth_m[56:, 84:]).all()
    assert np.isfinite(depth.depth_m[:56]).all()
    assert np.isfinite(depth.depth_m[:, :84]).all()
    kept = fake(near_thing).estimate(frame, PROMPT, OutputSettings(drop_saturated=False))
    assert np.isfinite(kept.depth_m).all()
    assert kept.saturated_fraction == depth.saturated_fraction > 28 * 42 / (84 * 126)


def test_where_a_stray_measurement_was_ignored_depth_is_unknown():
    """D7: what fills its place is no witness of what is there."""
    depth_m = slope()
    depth_m[20, 30] = 8.0
    depth = estimate(fake(repeat_prompt), frame_of(depth_m))
    assert np.isnan(depth.depth_m[40:42, 60:62]).all()
    assert np.isfinite(depth.depth_m).mean() > 0.99
    assert depth.prompt.far_m == pytest.approx(1.5)


def test_depth_far_from_every_measurement_is_unknown_when_asked_for():
    """prompt.max_fill_distance, as a share of the image's diagonal."""
    sensor_m = slope()
    sensor_m[:, 32:] = np.nan
    everywhere, nearby = (
        fake(repeat_prompt)
        .estimate(
            frame_of(sensor_m),
            PromptSettings(max_fill_distance=distance),
            OutputSettings(drop_saturated=False),
        )
        .depth_m
        for distance in (1.0, 0.1)
    )
    assert np.isfinite(everywhere).all()
    # A tenth of the diagonal of 80 px, twice as many at the size of the image.
    assert np.isfinite(nearby[:, :78]).all()
    assert np.isnan(nearby[:, 84:]).all()


def test_a_small_thing_before_the_table_is_never_shown_as_table():
    depth_m = np.full((48, 64), 1.1, np.float32)
    depth_m[20:23, 30:33] = 0.7
    depth = estimate(fake(repeat_prompt), frame_of(depth_m))
    np.testing.assert_allclose(depth.depth_m[42:44, 62:64], 0.7, atol=0.01)


@pytest.mark.parametrize('bad', [np.nan, np.inf, -np.inf, 0.0, -0.5])
@pytest.mark.parametrize('where', ['one pixel', 'everywhere'])
@pytest.mark.parametrize('anchor', ['auto', 'off'])
def test_an_answer_that_is_no_depth_drops_the_frame(anchor, where, bad):
    """H4, H5: it is never published, not even its good part, held at the sensor or not."""

    def answer(pixels: Tensor, prompt_m: Tensor) -> Tensor:
        depth_m = torch.ones(pixels.shape[2:])
        depth_m[(3, 3) if where == 'one pixel' else ...] = bad
        return depth_m

    with pytest.raises(BadFrame, match='model output invalid') as refused:
        fake(answer).estimate(frame_of(slope()), PROMPT, OutputSettings(anchor=anchor))
    assert refused.value.reason == 'model_output'
    if where == 'everywhere':
        assert '100.0%' in str(refused.value)


def test_an_answer_of_another_size_drops_the_frame():
    """H4: stretched to the image it would look like depth."""
    with pytest.raises(BadFrame, match=r'shape \(6, 8\) in place of \(84, 126\)') as refused:
        estimate(fake(lambda pixels, prompt_m: torch.ones(6, 8)), frame_of(slope()))
    assert refused.value.reason == 'model_output'


def test_warming_up_finds_a_network_that_gives_no_depth():
    """B8: before the first real frame."""
    broken = fake(lambda pixels, prompt: torch.full(pixels.shape[2:], torch.nan))
    with pytest.raises(BadFrame, match='model output invalid'):
        broken.warm_up()


def test_nothing_keeps_a_graph(estimator):
    """H8: neither what goes in nor what comes out could be trained."""
    prepared = estimator.prepare(frame_of(slope()), PROMPT, OUTPUT)
    (depth_m,) = estimator.infer([prepared])
    given = (prepared.pixels, prepared.prompt.depth_m)
    assert not any(tensor.requires_grad for tensor in (*given, depth_m))
    assert depth_m.is_inference()
    assert not any(weight.requires_grad for weight in estimator.network.parameters())


def test_frames_of_one_size_share_one_run_and_give_what_each_gives_alone(estimator, monkeypatch):
    """Several cameras: a batch of two and one of another size."""
    frames = [
        frame_of(slope()),
        frame_of(slope(), image=colours(84, 112)),
        frame_of(2 * slope(), image=colours(96, 128)[:, ::-1]),
    ]
    batch = [estimator.prepare(frame, PROMPT, OUTPUT) for frame in frames]
    alone = [estimator.infer([each])[0] for each in batch]
    sizes, network = [], estimator.network

    def count(pixels, prompt_m):
        sizes.append(len(pixels))
        return network(pixels, prompt_m)

    monkeypatch.setattr(estimator, 'network', count)
    together = estimator.infer(batch)
    assert sizes == [2, 1]
    for one, other in zip(alone, together, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)
    assert not torch.allclose(together[0], together[2])


def test_the_same_frame_twice_gives_the_same_bits(estimator):
    """H9: on a CPU in float32."""
    first, second = (estimate(estimator, frame_of(slope())) for _ in range(2))
    np.testing.assert_array_equal(first.depth_m, second.depth_m)


def test_half_precision_gives_float32_depth_in_range(network_folder):
    estimator = Estimator(folded(network_folder, precision=BF16), device=CPU)
    prepared = estimator.prepare(frame_of(slope()), PROMPT, OUTPUT)
    assert prepared.prompt.depth_m.dtype == torch.float32
    depth = estimate(estimator, frame_of(slope()))
    assert depth.depth_m.dtype == np.float32
    assert 0.5 <= depth.depth_m.min() < depth.depth_m.max() <= 1.5


def test_images_that_can_not_be_written_to_are_taken_without_a_warning(estimator):
    """C3: images are views of messages."""
    padded = np.zeros((96, 150, 3), np.uint8)
    padded[:, :128] = colours(96, 128)
    padded.flags.writeable = False
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        of_view = estimate(estimator, frame_of(slope(), padded[:, :128])).depth_m
    np.testing.assert_array_equal(of_view, estimate(estimator, frame_of(slope())).depth_m)


# A box in front of a slanted wall, seen by a 640x480 camera (J2)
CAMERA = Intrinsics(width=640, height=480, fx=600.0, fy=600.0, cx=319.5, cy=239.5)
NORMAL = np.array([0.25, -0.35, 1.0])
WALL_M = 1.2
BOX_M = 0.7
BOX = (slice(240, 400), slice(360, 560))  # rows and columns: right of the centre and below it


def wall_depth_m(height: int, width: int) -> FloatImage:
    """Depth of the wall: the plane NORMAL . p = WALL_M at any resolution."""
    across, down = camera.rays(camera.resize(CAMERA, width=width, height=height))
    plane = NORMAL[0] * across + NORMAL[1] * down + NORMAL[2]
    return (WALL_M / plane).astype(np.float32)


def scene_depth_m(height: int, width: int) -> FloatImage:
    """Depth of wall and box."""
    depth_m = wall_depth_m(height, width)
    rows, columns = (np.arange(side) + 0.5 for side in (height, width))
    rows, columns = rows * CAMERA.height / height, columns * CAMERA.width / width
    in_rows = (rows > BOX[0].start) & (rows < BOX[0].stop)
    in_columns = (columns > BOX[1].start) & (columns < BOX[1].stop)
    depth_m[in_rows[:, None] & in_columns[None, :]] = BOX_M
    return depth_m


def test_a_wall_and_a_box_come_out_where_they_are():
    """J2: through a network that sees perfectly at its own 252x336 pixels."""
    image = np.full((480, 640, 3), 90, np.uint8)
    image[BOX] = 200
    exact = torch.from_numpy(scene_depth_m(252, 336))
    perfect = fake(lambda pixels, prompt: exact.expand(*pixels.shape[2:]))
    frame = frame_of(scene_depth_m(192, 256), image)
    depth = perfect.estimate(frame, PROMPT, OutputSettings(anchor='off'))

    is_box = np.zeros((480, 640), bool)
    is_box[BOX] = True
    on_wall_m = np.abs(depth.depth_m - wall_depth_m(480, 640))
    assert on_wall_m[~is_box].max() < 0.002  # nothing floats between wall and box
    rows, columns = np.nonzero(~is_box)
    pixels = np.stack((columns, rows), axis=1).astype(float)
    wall_m = back_project(CAMERA, pixels, depth.depth_m[~is_box].astype(float))
    assert plane_fit_rms_m(wall_m) <= 1e-4

    rows, columns = np.mgrid[BOX]
    pixels = np.stack((columns.ravel(), rows.ravel()), axis=1).astype(float)
    box_m = back_project(CAMERA, pixels, depth.depth_m[BOX].ravel().astype(float))
    assert plane_fit_rms_m(box_m) <= 1e-4
    assert (box_m[:, 0] > 0).all()
    assert (box_m[:, 1] > 0).all()


def plane_fit_rms_m(points_m: np.ndarray) -> float:
    """Return how far points lie from the plane that fits them best."""
    centred_m = points_m - points_m.mean(axis=0)
    normal = np.linalg.svd(centred_m, full_matrices=False)[2][-1]
    return float(np.sqrt(np.mean((centred_m @ normal) ** 2)))


class Meta:
    """Downloads of torch's meta device, on which nothing can be read: as if a GPU never answered.

    Whatever asks it for a value raises.
    """

    def __init__(self) -> None:
        self.downloads: list[list[tuple[str, tuple[int, ...]]]] = []

    def __call__(self, *tensors: Tensor) -> tuple[np.ndarray, ...]:
        """Note the tensors, return ones."""
        self.downloads.append([(tensor.device.type, tuple(tensor.shape)) for tensor in tensors])
        return tuple(torch.ones_like(tensor, device='cpu').numpy() for tensor in tensors)


@pytest.mark.parametrize('anchor', ['auto', 'off'])
@pytest.mark.parametrize('resolution, size', [('image', (480, 640)), ('network', (252, 336))])
def test_on_a_device_the_host_waits_once_for_depth_and_once_for_the_cloud(
    anchor, resolution, size, network_folder, monkeypatch
):
    """From the upload on, nothing is asked of the device before, and nothing leaves it."""
    meta = Meta()
    monkeypatch.setattr(under_test, 'download', meta)
    monkeypatch.setattr(frame_outputs, 'download', meta)
    monkeypatch.setattr(torch, 'autocast', lambda *_, **__: nullcontext())  # there is none on it
    device = torch.device('meta')
    network = folded(network_folder).to(device)
    estimator = Estimator(network, device=device, resolution='low')
    sensor_m = slope()
    sensor_m[5:9, 5:9] = np.nan
    sensor_m[20, 20] = 9.0  # rejected
    sensor_m[30:36, 40:50], sensor_m[40:44, 8:12] = np.inf, -np.inf
    mask = np.zeros((480, 640), np.bool_)
    frame = replace(frame_of(sensor_m, colours(480, 640)), intrinsics=VGA, mask=mask)
    settings = build(
        {
            'output.anchor': anchor,
            'output.resolution': resolution,
            'prompt.max_fill_distance': 0.01,
            'workspace.max_depth': 3.0,
            'workspace.roi': [10.0, 10.0, 500.0, 400.0],
            'workspace.box_min': [-0.5, -0.5, 0.2],
        }
    )

    prepared = estimator.prepare(frame, settings.prompt, settings.output)
    depth = estimator.restore(prepared, *estimator.infer([prepared]), settings.output)
    assert meta.downloads == [
        [('meta', each) for each in (size, (252, 336), (2,), (2,), (3, 12, 16))]
    ]
    points = frame_outputs.FrameOutputs(frame, depth, settings).points
    assert meta.downloads[1:] == [[('meta', (*size, 4))]]
    assert points.shape == (*size, 4)


def test_the_image_is_on_its_way_while_the_prompt_is_conditioned(monkeypatch):
    """On a GPU both take about a millisecond of the host."""
    order = []

    def noted(name, function):
        return lambda *given: (order.append(name), function(*given))[1]

    for name in ('begin_upload', 'find_measured'):
        monkeypatch.setattr(under_test, name, noted(name, getattr(under_test, name)))
    fake(repeat_prompt).prepare(frame_of(slope()), PromptSettings(), OutputSettings())
    assert order == ['begin_upload', 'find_measured']
