# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.lab.training.trainer, state and history."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
import pickle

import cv2
import pytest
from safetensors.torch import save_file
import torch

from promptda_ros.lab.evaluation.readers import find_frames
from promptda_ros.lab.training.anchored import Anchored, Both, Turn
from promptda_ros.lab.training.examples import Batches
from promptda_ros.lab.training.history import CURVES, LOG, read_log
from promptda_ros.lab.training.recipe import Optimisation, Recipe
from promptda_ros.lab.training.recordings import split
from promptda_ros.lab.training.state import CHECKPOINT, CheckpointMismatch, new_state, Trained
from promptda_ros.lab.training.trainer import BEST, Diverged, Machine, Trainer
from promptda_ros.network import load_network
from promptda_ros.network import PromptDepthAnythingForDepthEstimation as Network
from promptda_ros.network.anchor import Anchor, AnchorConfig

CPU = Machine(torch.device('cpu'), workers=0)


@pytest.fixture
def make_trainer(tmp_path, network, write_recording) -> Callable[..., Trainer]:
    """Return a maker of trainers on a sensor that is 40 mm off; all begin alike."""
    folder = write_recording(tmp_path / 'frames', 12, off_m=0.04)
    first = {name: value.clone() for name, value in network.state_dict().items()}

    def make(recipe: Recipe, out: Path, *, machine: Machine = CPU, init: str = '') -> Trainer:
        network.load_state_dict(first)
        network.to(memory_format=torch.channels_last)
        state = new_state(trained(network, recipe), recipe, init_sha256=init)
        state.resume(out)
        source, validation = split(
            [find_frames(folder, reader='rgbd')], recipe.phases[-1], recipe.prompts
        )
        return Trainer(recipe, state, source, {'recordings': validation}, out, machine)

    return make


def trained(network: Network, recipe: Recipe) -> Trained:
    """Put a small anchor behind the network where the recipe asks for one."""
    if not recipe.anchor:
        return network
    torch.manual_seed(0)
    anchor = Anchor(AnchorConfig(widths=(8, 8)))
    return Both(anchor, network) if recipe.network_share else Anchored(anchor, network)


def run(trainer: Trainer, *, until: int | None = None) -> bool:
    """Run to a step, or to the end."""
    return trainer.run(should_stop=lambda: trainer.state.progress.step == until)


def weights(trainer: Trainer) -> dict[str, torch.Tensor]:
    state = trainer.state
    both = (('now', state.network), ('mean', state.average))
    return {f'{part} {name}': v.clone() for part, n in both for name, v in n.state_dict().items()}


def test_six_steps_are_three_and_three_bit_for_bit(make_trainer, make_recipe, tmp_path):
    recipe = make_recipe(steps=6)
    whole = make_trainer(recipe, tmp_path / 'whole')
    assert run(whole)
    expected = weights(whole)

    assert not run(make_trainer(recipe, tmp_path / 'parts'), until=3)
    rest = make_trainer(recipe, tmp_path / 'parts')
    assert rest.state.progress.step == 3
    assert run(rest)

    found = weights(rest)
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    for name in (LOG, f'{BEST}/model.safetensors'):
        parts, wanted = (tmp_path / out / name for out in ('parts', 'whole'))
        assert parts.read_bytes() == wanted.read_bytes(), name


def test_network_and_anchor_are_trained_together_and_resume_bit_for_bit(
    make_trainer, make_recipe, tmp_path
):
    """One stream: every step trains the anchor, some train the network, too."""
    recipe = make_recipe(steps=6, anchor=True, network_share=0.5, seed=1)
    turns = [Turn.of(recipe, step).trains_network for step in range(6)]
    assert {*turns[:3]} == {*turns[3:]} == {True, False}
    whole = make_trainer(recipe, tmp_path / 'whole')
    begun = weights(whole)
    assert run(whole)
    expected = weights(whole)
    for part in ('now anchor.head', 'now trained.head'):
        assert any(
            not torch.equal(expected[name], begun[name]) for name in begun if name.startswith(part)
        )
    parts = tmp_path / 'parts'
    assert not run(make_trainer(recipe, parts), until=3)
    assert run(make_trainer(recipe, parts))
    found = weights(make_trainer(recipe, parts))
    assert all(torch.equal(found[name], value) for name, value in expected.items())
    kept = load_network(tmp_path / 'whole' / BEST)
    assert kept.anchor is not None


def test_behind_an_anchor_the_network_stays_as_it_is(make_trainer, make_recipe, tmp_path, network):
    before = {name: value.clone() for name, value in network.state_dict().items()}
    assert run(make_trainer(make_recipe(anchor=True), tmp_path / 'out'))
    after = network.state_dict()
    assert all(torch.equal(after[name], value) for name, value in before.items())


def test_each_learns_at_its_own_rate(make_trainer, make_recipe, tmp_path):
    wanted = Optimisation(rate=1e-3, network_rate=0.25, warm_up_steps=1)
    recipe = make_recipe(anchor=True, network_share=1.0, optimisation=wanted)
    trainer = make_trainer(recipe, tmp_path / 'out')
    run(trainer, until=1)
    rates = [group['lr'] for group in trainer.state.optimizer.param_groups]
    assert rates == pytest.approx([1e-3, 0.25e-3])


@pytest.mark.parametrize('until', [0, 1])
def test_a_stop_beside_an_evaluation_loses_and_repeats_nothing(
    make_trainer, make_recipe, tmp_path, until
):
    recipe = make_recipe(steps=2, evaluate_every=1)
    run(make_trainer(recipe, tmp_path / 'whole'))
    run(make_trainer(recipe, tmp_path / 'parts'), until=until)
    assert run(make_trainer(recipe, tmp_path / 'parts'))
    logs = [read_log(tmp_path / out / LOG) for out in ('parts', 'whole')]
    assert logs[0] == logs[1]
    assert [row.step for row in logs[0] if row.what.endswith('MAE')] == [0, 1, 2]


def test_what_came_after_the_checkpoint_is_forgotten(make_trainer, make_recipe, tmp_path):
    """A process that is killed has logged more than it saved."""
    recipe = make_recipe(steps=2)
    out = tmp_path / 'run'
    run(make_trainer(recipe, out), until=1)
    with (out / LOG).open('a') as log:
        log.write('2,loss,7\n')
    assert run(make_trainer(recipe, out))
    assert all(row.value != 7 for row in read_log(out / LOG))


def test_batches_made_by_other_processes_are_the_same(make_trainer, make_recipe, tmp_path):
    """I8: also where a process is no fork, as since Python 3.14, and gets what can be pickled."""
    recipe = make_recipe(steps=2)
    alone = make_trainer(recipe, tmp_path / 'alone')
    run(alone)
    expected = weights(alone)
    helped = make_trainer(recipe, tmp_path / 'helped', machine=replace(CPU, workers=1))
    run(helped)
    pickle.dumps(Batches(recipe, helped.source))
    assert all(torch.equal(value, expected[name]) for name, value in weights(helped).items())


def test_a_finished_run_is_not_trained_on(make_trainer, make_recipe, tmp_path):
    recipe, out = make_recipe(steps=2), tmp_path / 'run'
    run(make_trainer(recipe, out))
    before = (out / LOG).read_bytes()
    assert run(make_trainer(recipe, out))
    assert (out / LOG).read_bytes() == before


@pytest.mark.parametrize(
    'change, init, sentence',
    [({'sha256': 'another'}, '', 'the recipe of the'), ({}, 'abc', r'network of --init \(none\)')],
)
def test_the_checkpoint_of_something_else_is_refused(
    make_trainer, make_recipe, tmp_path, change, init, sentence
):
    run(make_trainer(make_recipe(steps=2), tmp_path / 'run'), until=1)
    with pytest.raises(CheckpointMismatch, match=sentence):
        make_trainer(make_recipe(steps=2, **change), tmp_path / 'run', init=init)


def test_a_damaged_checkpoint_is_refused(make_trainer, make_recipe, tmp_path):
    run(make_trainer(make_recipe(steps=2), tmp_path / 'run'), until=1)
    path = tmp_path / 'run' / CHECKPOINT
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CheckpointMismatch, match='is no complete checkpoint'):
        make_trainer(make_recipe(steps=2), tmp_path / 'run')


def test_a_loss_that_is_no_number_stops_the_run_and_keeps_the_best(
    make_trainer, make_recipe, tmp_path
):
    trainer = make_trainer(make_recipe(steps=6), tmp_path / 'run')
    with torch.no_grad():
        trainer.state.network.head.conv3.bias.fill_(torch.nan)
    with pytest.raises(Diverged, match=r'loss of step 0 is nan.*lower optimisation.rate'):
        run(trainer)
    assert not (tmp_path / 'run' / CHECKPOINT).exists()
    assert (tmp_path / 'run' / BEST / 'model.safetensors').exists()


def test_curves_of_loss_and_errors_are_drawn(make_trainer, make_recipe, tmp_path):
    run(make_trainer(make_recipe(steps=2), tmp_path / 'run'))
    whats = {row.what for row in read_log(tmp_path / 'run' / LOG)}
    assert whats == {'loss', 'recordings MAE', 'recordings edge band'}
    picture = cv2.imread(str(tmp_path / 'run' / CURVES))
    assert picture.shape[1] > 600
    assert len(set(map(tuple, picture.reshape(-1, 3)))) > 10


def test_a_step_in_bfloat16_leaves_the_weights_in_full_precision(
    make_trainer, make_recipe, tmp_path
):
    machine = replace(CPU, dtype=torch.bfloat16)
    trainer = make_trainer(make_recipe(steps=1), tmp_path / 'run', machine=machine)
    assert run(trainer)
    assert {value.dtype for value in trainer.state.network.parameters()} == {torch.float32}


def test_training_on_a_sensor_of_ones_own_lowers_its_systematic_error(
    make_trainer, make_recipe, tmp_path
):
    recipe = make_recipe(
        steps=30,
        evaluate_every=30,
        optimisation=Optimisation(rate=3e-4, warm_up_steps=5, average_decay=0.8),
    )
    assert run(make_trainer(recipe, tmp_path / 'run'))
    errors = [row.value for row in read_log(tmp_path / 'run' / LOG) if row.what.endswith('MAE')]
    assert len(errors) == 2
    assert errors[-1] < 0.6 * errors[0]


def test_a_checkpoint_that_says_nothing_of_its_run_is_refused(make_trainer, make_recipe, tmp_path):
    save_file({'network.x': torch.zeros(1)}, tmp_path / CHECKPOINT)
    with pytest.raises(CheckpointMismatch, match='does not say of which run'):
        make_trainer(make_recipe(steps=2), tmp_path)
