# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`promptda train`: trains a network with a recipe, or adapts one to your own sensor."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
import os
from pathlib import Path
import signal
from typing import TypeVar

import numpy as np
import torch
from torch import nn

from promptda_ros.core.errors import ExitCode
from promptda_ros.core.runtime.device import choose_device
from promptda_ros.lab.evaluation.readers import find_frames
from promptda_ros.lab.sim.renderer import require_renderer
from promptda_ros.lab.sim.sensors import SENSORS
from promptda_ros.lab.training.anchored import Anchored, Both
from promptda_ros.lab.training.cell_source import CellSource, LiveViews
from promptda_ros.lab.training.checks import (
    network_config,
    require_cell,
    require_patches,
    require_recorded,
    require_same_network,
)
from promptda_ros.lab.training.examples import Example, is_usable, Source
from promptda_ros.lab.training.model_folder import write_model
from promptda_ros.lab.training.recipe import read_recipe, Recipe, RecipeError
from promptda_ros.lab.training.recordings import (
    MixedSource,
    size_of_frame,
    split,
    with_own_depth,
)
from promptda_ros.lab.training.render import render_training, render_validation, RenderError
from promptda_ros.lab.training.shards import Shards
from promptda_ros.lab.training.start import start
from promptda_ros.lab.training.state import new_state, Trained
from promptda_ros.lab.training.trainer import Machine, Trainer
from promptda_ros.network import load_network, PromptDepthAnythingForDepthEstimation
from promptda_ros.network.anchor import Anchor
from promptda_ros.process import Stopped, StopSignal
from promptda_ros.tools.arguments import Parser, rays_of, whole_from
from promptda_ros.tools.pictures import add_folders, pictures_of

NEW_ANCHOR = (
    'the network has no anchor: a new one is trained, which begins as bilinear interpolation; '
    'training/anchor.yaml, which takes more steps, makes one to adapt'
)
SIDES_MULTIPLE_OF = 2  # pixels, of what an anchor is trained on
DTYPES = {'fp32': torch.float32, 'bf16': torch.bfloat16}
T = TypeVar('T', bound=nn.Module)
Examples = tuple[Source, Mapping[str, list[Example]]]  # to train on, to judge on by sensor


def main(argv: list[str]) -> int:
    """Render what is missing, train to the end, write the model folder."""
    options = make_parser().parse_args(argv)
    stop = StopSignal()
    recipe = read_recipe(options.recipe)
    try:
        trainer = stop.interruptible(make_trainer, recipe, options)
        # From here on a signal ends the run between two steps.
        is_complete = trainer.run(should_stop=lambda: stop.received > 0)
    except Stopped:
        raise Stopped(_stopped(options)) from None
    except RenderError:
        # A stop that reached every process may have ended that one first.
        if not stop.received:
            raise
        raise Stopped(_stopped(options)) from None
    if is_complete:
        model = write_model(options.out, recipe, trainer.state, recipe_path=options.recipe)
        print(trainer.state.progress.describe())
        print(f'{model}: run it with model.path:={model}, judge it with promptda evaluate')
        return ExitCode.CLEAN
    if stop.received != signal.SIGTERM:
        raise Stopped(_stopped(options))
    print(_stopped(options))  # as a service manager asks for it
    return ExitCode.CLEAN


def make_trainer(recipe: Recipe, options: argparse.Namespace) -> Trainer:
    """Build the trainer of a recipe and a command line; report mistakes first."""
    machine = Machine(choose_device(options.device), DTYPES[options.precision], options.workers)
    # Channels last is a third faster on a CPU; on a GPU it is what tensor cores want.
    whole = _placed(_network(recipe, options.init), machine)
    init_sha256, patch_px = whole.sha256, whole.config.patch_size
    network: Trained = whole
    if recipe.anchor:
        network, patch_px = _placed(_anchored(whole, recipe), machine), SIDES_MULTIPLE_OF
    require_patches(recipe, patch_px)
    if not options.data or recipe.sensors:
        require_cell(recipe, patch_px)
    state = new_state(network, recipe, init_sha256=init_sha256)
    state.resume(options.out)
    source, validation = _examples(recipe, patch_px, options)
    return Trainer(recipe, state, source, validation, options.out, machine)


def _examples(recipe: Recipe, patch_px: int, options: argparse.Namespace) -> Examples:
    """Find what to train on and what to judge on: recordings, the cell, or both."""
    if not options.data:
        return _cell(recipe, options)
    source, validation = _recorded(recipe, patch_px, options)
    if not recipe.sensors:
        return source, validation
    cell, measured = _cell(recipe, options)
    shares = [recipe.cell_share, 1 - recipe.cell_share]
    return MixedSource([cell, source], shares), {**measured, **validation}


def _anchored(network: PromptDepthAnythingForDepthEstimation, recipe: Recipe) -> Anchored:
    """Put an anchor behind the network, the one that it has or a new one."""
    torch.manual_seed(recipe.seed)
    if network.anchor is None:
        print(NEW_ANCHOR)
    anchor = network.anchor.anchor.requires_grad_(True) if network.anchor else Anchor()
    return Both(anchor, network) if recipe.network_share else Anchored(anchor, network)


def _placed(network: T, machine: Machine) -> T:
    placed: T = network.to(machine.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return placed


def _network(recipe: Recipe, init: Path | None) -> PromptDepthAnythingForDepthEstimation:
    if init:
        network = load_network(init)
        require_same_network(recipe, network.config)
        return network
    config = network_config(recipe)
    torch.manual_seed(recipe.seed)
    network = PromptDepthAnythingForDepthEstimation(config)
    start(network)
    return network


def _cell(recipe: Recipe, options: argparse.Namespace) -> Examples:
    """Render the scenes that are missing; with `live`, those of validation only."""
    folder, processes = options.frames or options.out / 'frames', options.workers + 1
    cell = recipe.cell
    validation = render_validation(folder, cell, processes=processes)
    if cell.live:
        require_renderer()
    views = LiveViews(cell) if cell.live else render_training(folder, cell, processes=processes)
    source = CellSource(views, recipe.sensors, recipe.spoiling, cell, recipe.prompts)
    return source, _measured(validation, recipe)


def _measured(views: Shards, recipe: Recipe) -> dict[str, list[Example]]:
    """Measure every view once with every sensor of the recipe, as it is by default."""
    validation: dict[str, list[Example]] = {}
    for sensor in recipe.sensors:
        for index in range(len(views)):
            view, rng = views[index], np.random.default_rng((recipe.seed, index))
            example = Example(view.image, SENSORS[sensor].measure(view, rng), view.depth_m)
            if is_usable(example.sensor_depth_m):
                validation.setdefault(sensor, []).append(example)
        if sensor not in validation:
            raise RecipeError(
                f'{sensor} measures too little on each of the {len(views)} validation views: '
                'raise cell.validation_scenes'
            )
    return validation


def _recorded(recipe: Recipe, patch_px: int, options: argparse.Namespace) -> Examples:
    folders = [pictures_of(path, options.topics, options.out) for path in options.data]
    rays = rays_of(options)
    recordings = [find_frames(each, reader=options.reader, rays_of=rays) for each in folders]
    if options.own_depth:
        recordings = [with_own_depth(recording) for recording in recordings]
    for recording in recordings:
        measured = [frame for frame in recording if frame.sensor_depth is not None]
        if measured:  # others are cut to the shape of a phase
            require_recorded(recipe, *size_of_frame(measured[0]), patch_px)
    source, validation = split(recordings, recipe.judged, recipe.prompts)
    print(f'{sum(map(len, recordings))} frames, of which {len(validation)} are to judge on')
    return source, {'recordings': validation}


def _stopped(options: argparse.Namespace) -> str:
    """Say where the run can be resumed from: its checkpoint or rendered frames."""
    kept = next((path for path in (options.out, options.frames) if path and path.exists()), None)
    if kept is None:
        return 'stopped before anything was kept'
    return f'stopped; the same command resumes from {kept}'


def make_parser() -> Parser:
    """Return the arguments of this command."""
    parser = Parser('train', __doc__)
    parser.add_argument('recipe', type=Path, help='YAML file, such as training/adapt.yaml')
    parser.add_argument('--out', type=Path, required=True, help='folder of the run')
    parser.add_argument('--init', type=Path, help='model folder with the initial weights')
    parser.add_argument(
        '--data', type=Path, nargs='+', help='bags or folders of frames, instead of the cell'
    )
    parser.add_argument(
        '--self',
        action='store_true',
        dest='own_depth',
        help="train on the sensor's own depth, from which prompts are generated by "
        'downsampling and cutting holes: for recordings without reference depth',
    )
    add_folders(parser)
    parser.add_argument(
        '--frames', type=Path, help='folder of the rendered views; OUT/frames by default'
    )
    parser.add_argument('--device', default='auto', help='auto, cpu, cuda or cuda:N')
    parser.add_argument(
        '--precision',
        choices=DTYPES,
        default='fp32',
        help='precision of matrix multiplications and convolutions',
    )
    parser.add_argument(
        '--workers',
        type=whole_from(0),
        default=max(1, (os.cpu_count() or 2) - 1),
        help='number of processes that generate batches; 0 generates them in the training process',
    )
    return parser
