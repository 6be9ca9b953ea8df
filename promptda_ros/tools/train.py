# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`promptda train`: train a network as a recipe says, or adapt one to a sensor of one's own."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
import os
from pathlib import Path
import sys

import numpy as np
import torch

from promptda_ros.core.device import choose_device, DeviceError
from promptda_ros.evaluation.readers import find_frames
from promptda_ros.evaluation.readers.files import NoFrames
from promptda_ros.exit_codes import ExitCode
from promptda_ros.network import (
    CheckpointError,
    load_network,
    PromptDepthAnythingConfig,
    PromptDepthAnythingForDepthEstimation,
)
from promptda_ros.sim.sensors import SENSORS
from promptda_ros.training.cell import CellSource, LiveViews, Views
from promptda_ros.training.examples import Example, is_usable, Source
from promptda_ros.training.model_folder import write_model
from promptda_ros.training.recipe import read_recipe, Recipe, RecipeError
from promptda_ros.training.recordings import RecordingError, split
from promptda_ros.training.render import render, TRAINING, VALIDATION
from promptda_ros.training.shards import Shards
from promptda_ros.training.start import start
from promptda_ros.training.state import new_state
from promptda_ros.training.trainer import Machine, Trainer

DTYPES = {'fp32': torch.float32, 'bf16': torch.bfloat16}


def main(argv: list[str] | None = None) -> int:
    """Render what is missing, train to the end, write the model folder."""
    options = _parser().parse_args(argv)
    try:
        recipe = read_recipe(options.recipe)
        trainer = make_trainer(recipe, options)
        trainer.run()
    except KeyboardInterrupt:
        print(f'stopped; the same command goes on from the checkpoint in {options.out}')
        return ExitCode.CLEAN
    except (DeviceError, CheckpointError) as error:
        print(f'promptda train: {error}', file=sys.stderr)
        return ExitCode.MODEL_OR_DEVICE
    except (RecipeError, RecordingError, NoFrames, ValueError, OSError) as error:
        print(f'promptda train: {error}', file=sys.stderr)
        return ExitCode.CONFIGURATION
    model = write_model(options.out, recipe, trainer.state, recipe_path=options.recipe)
    print(f'{model}: use it with model.path:={model}, judge it with promptda evaluate')
    return ExitCode.CLEAN


def make_trainer(recipe: Recipe, options: argparse.Namespace) -> Trainer:
    """Bring together what the recipe and the command line name."""
    machine = Machine(choose_device(options.device), DTYPES[options.precision], options.workers)
    source, validation = _recorded(recipe, options) if options.data else _cell(recipe, options)
    network = _network(recipe, options.init).to(machine.device)
    # A third faster on a CPU; on a GPU it is what tensor cores want.
    network.to(memory_format=torch.channels_last)
    state = new_state(network, recipe)
    state.resume(options.out)
    return Trainer(recipe, state, source, validation, options.out, machine)


def _network(recipe: Recipe, init: Path | None) -> PromptDepthAnythingForDepthEstimation:
    if init:
        return load_network(init)
    torch.manual_seed(recipe.seed)
    network = PromptDepthAnythingForDepthEstimation(
        PromptDepthAnythingConfig.from_dict(recipe.network)
    )
    start(network)
    return network


def _cell(
    recipe: Recipe, options: argparse.Namespace
) -> tuple[Source, Mapping[str, list[Example]]]:
    """Render the scenes that are missing; with `live`, those of validation only."""
    folder = options.frames or options.out / 'frames'
    render(folder, recipe.cell, processes=options.workers + 1)
    views: Views = LiveViews(recipe.cell) if recipe.cell.live else Shards(folder / TRAINING)
    source = CellSource(views, recipe.sensors, recipe.spoiling)
    return source, _measured(Shards(folder / VALIDATION), recipe)


def _measured(shards: Shards, recipe: Recipe) -> dict[str, list[Example]]:
    """Measure every view once with every sensor of the recipe, as it is by default."""
    validation: dict[str, list[Example]] = {}
    for sensor in recipe.sensors:
        for index in range(len(shards)):
            view, rng = shards[index], np.random.default_rng((recipe.seed, index))
            example = Example(view.image, SENSORS[sensor].measure(view, rng), view.depth_m)
            if is_usable(example.sensor_depth_m):
                validation.setdefault(sensor, []).append(example)
    return validation


def _recorded(
    recipe: Recipe, options: argparse.Namespace
) -> tuple[Source, Mapping[str, list[Example]]]:
    frames = [
        frame for folder in options.data for frame in find_frames(folder, reader=options.reader)
    ]
    source, validation = split(frames, recipe.phases[-1])
    return source, {'recordings': validation}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog='promptda train', description=__doc__)
    parser.add_argument('recipe', type=Path, help='YAML file, such as training/promptda-tiny.yaml')
    parser.add_argument('--out', type=Path, required=True, help='folder of the run')
    parser.add_argument('--init', type=Path, help='network folder to begin with')
    parser.add_argument(
        '--data', type=Path, nargs='+', help='folders of recordings, in place of the cell'
    )
    parser.add_argument('--reader', default='auto', help='layout of --data, see promptda evaluate')
    parser.add_argument('--frames', type=Path, help='rendered views; OUT/frames by default')
    parser.add_argument('--device', default='auto')
    parser.add_argument('--precision', choices=DTYPES, default='fp32')
    parser.add_argument(
        '--workers', type=int, default=max(1, (os.cpu_count() or 2) - 1), help='for the batches'
    )
    return parser
