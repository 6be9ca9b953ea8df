# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.lab.training.cell_source and examples."""

from __future__ import annotations

from dataclasses import replace
import os

os.environ.setdefault('MUJOCO_GL', 'egl')  # MuJoCo reads it once, when imported

import numpy as np
import pytest
import torch

from promptda_ros.core.settings.depth import PromptSettings
from promptda_ros.lab.sim.sensors import SENSORS
from promptda_ros.lab.training.cell_source import CellSource, LiveViews, SensorBlind
from promptda_ros.lab.training.examples import Batches, to_batch
from promptda_ros.lab.training.recipe import CellData, Phase, Spoiling
from promptda_ros.lab.training.shards import Shards, write_shard

PHASE = Phase(steps=1, batch=3, height=56, width=70)


@pytest.fixture
def views(tmp_path, make_view):
    write_shard(tmp_path / 'views', [make_view(seed, 112, 140) for seed in range(4)])
    return Shards([tmp_path / 'views'])


@pytest.mark.parametrize('sensor', SENSORS)
def test_a_batch_is_of_one_sensor_and_the_size_of_the_phase(views, sensor):
    examples = CellSource(views, {sensor: 1}, Spoiling()).examples(PHASE, np.random.default_rng(0))
    batch = to_batch(examples, PromptSettings())
    assert batch.pixels.shape == (3, 3, 56, 70)
    assert batch.truth_m.shape == (3, 56, 70)
    assert batch.prompt_m.shape[:2] == (3, 1)
    assert batch.prompt_m.isfinite().all()


def test_nothing_is_learned_where_the_sensor_says_out_of_range(views):
    """K1: the network can't express it, and the node publishes nothing there."""
    (example, *_) = CellSource(views, {'phone_lidar': 1}, Spoiling()).examples(
        PHASE, np.random.default_rng(0)
    )
    sensor_m = example.sensor_depth_m.copy()
    sensor_m[: len(sensor_m) // 2] = np.inf
    batch = to_batch([replace(example, sensor_depth_m=sensor_m)], PromptSettings())
    assert batch.truth_m.dtype == torch.float32
    assert batch.truth_m[0, :27].isnan().all()
    assert batch.truth_m[0, 29:].isfinite().all()
    assert batch.prompt_m.isfinite().all()


def test_sensors_are_drawn_as_often_as_the_recipe_says(views):
    source = CellSource(views, {'zones_8x8': 3, 'zones_32x32': 1}, Spoiling())
    rows = [
        source.examples(replace(PHASE, batch=1), np.random.default_rng(seed))[
            0
        ].sensor_depth_m.shape[0]
        for seed in range(200)
    ]
    assert 0.65 < np.mean(np.array(rows) == 4) < 0.85  # half of the 8 rows: a crop


@pytest.mark.parametrize('shift_share', [0.0, 1.0])
def test_the_sensor_measures_what_the_picture_shows(views, shift_share):
    """Only a shifted one looks aside, and no farther than asked for."""
    spoiling = Spoiling(shift_share=shift_share, shift_px=2.0)
    source = CellSource(views, {'phone_lidar': 1}, spoiling)
    for seed in range(3):
        example = source.examples(replace(PHASE, batch=1), np.random.default_rng(seed))[0]
        rows, columns = example.sensor_depth_m.shape
        at = np.ix_(np.arange(rows) * 56 // rows, np.arange(columns) * 70 // columns)
        error_m = np.abs(example.sensor_depth_m - example.truth_m[at])
        assert np.nanmedian(error_m) < 0.05


def test_the_step_alone_decides_what_is_in_a_batch(views, make_recipe):
    recipe = make_recipe(steps=3, sensors={'time_of_flight': 1}, seed=4)
    source = CellSource(views, recipe.sensors, recipe.spoiling)
    forwards = [Batches(recipe, source)[step] for step in range(3)]
    backwards = [Batches(recipe, source)[step] for step in (2, 1, 0)][::-1]
    for one, other in zip(forwards, backwards, strict=True):
        assert torch.equal(one.pixels, other.pixels)
        assert torch.equal(one.prompt_m, other.prompt_m)
        assert torch.equal(one.truth_m, other.truth_m)
    assert not torch.equal(forwards[0].pixels, forwards[1].pixels)
    other = Batches(replace(recipe, seed=5), source)[0]
    assert not torch.equal(forwards[0].pixels, other.pixels)


def test_views_on_which_the_sensor_sees_nothing_are_given_up(tmp_path, make_view):
    far = make_view(0, 112, 140)
    far = replace(far, depth_m=np.full((112, 140), 60, 'f4'), behind_m=far.behind_m + 60)

    class Far:
        def views(self, rng, count):
            return [far] * count

    source = CellSource(Far(), {'phone_lidar': 1}, Spoiling())
    with pytest.raises(SensorBlind, match=r'phone_lidar measured too little .* on 20 draws'):
        source.examples(PHASE, np.random.default_rng(0))


def test_prompts_are_made_of_exact_depth_and_views_reduced_as_often_as_asked(make_view):
    cell = CellData(height=480, width=640, reduced_share=1.0, made_share=1.0)

    class Counted:
        def views(self, rng, count):
            return [make_view(int(rng.integers(9)), 480, 640) for _ in range(count)]

    source = CellSource(Counted(), {'phone_lidar': 1}, Spoiling(), cell)
    phase = Phase(steps=1, batch=2, height=252, width=336)
    sizes = set()
    for seed in range(4):
        examples = source.examples(phase, np.random.default_rng(seed))
        assert {one.truth_m.shape for one in examples} == {(252, 336)}, 'the whole, reduced'
        for one in examples:
            assert (one.truth_m < 1).mean() == pytest.approx(1 / 9, abs=0.01), 'all of the box'
        (size,) = {one.sensor_depth_m.shape for one in examples}
        sizes.add(size)
    assert len(sizes) > 1, 'one sensor has one size'


def test_live_views_are_of_scenes_to_train_on_and_follow_from_the_seed():
    pytest.importorskip('mujoco')
    live = LiveViews(
        CellData(first_seed=5, height=56, width=70, validation_first_seed=6, live=True)
    )
    from promptda_ros.lab.sim.cell import views_of

    found = live.views(np.random.default_rng(0), 2)
    wanted = list(views_of(5, count=2, width=70, height=56))
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(one.image, other.image)
        np.testing.assert_array_equal(one.depth_m, other.depth_m)
