# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Writes the trained weights as a folder that the node loads."""

from __future__ import annotations

from pathlib import Path
import shutil

from promptda_ros.core.model_files import WEIGHTS_FILE
from promptda_ros.core.output_folder import OutputFolder
from promptda_ros.lab.training.recipe import Recipe
from promptda_ros.lab.training.state import State
from promptda_ros.lab.training.trainer import BEST
from promptda_ros.model_folders import note_digest
from promptda_ros.network import load_network
from promptda_ros.network.files.folder import PROCESSOR_FILE, write_json
from promptda_ros.network.pixels import IMAGENET_MEAN, IMAGENET_STD

MODEL, CARD, RECIPE = 'model', 'README.md', 'recipe.yaml'


def write_model(folder: Path, recipe: Recipe, state: State, *, recipe_path: Path) -> Path:
    """Write the best weights, their digest, the recipe and a card; return their folder."""
    with OutputFolder(folder) as unfinished:
        model = unfinished / MODEL
        shutil.copytree(folder / BEST, model)
        sha256 = load_network(model).sha256
        note_digest(model, sha256)
        processor = _processor(recipe.judged.height, recipe.judged.width, state)
        write_json(model, PROCESSOR_FILE, processor)
        shutil.copyfile(recipe_path, model / RECIPE)
        card = _card(folder.name, recipe, state, sha256=sha256)
        (model / CARD).write_text(card, encoding='utf-8')
    return folder / MODEL


def _processor(height: int, width: int, state: State) -> dict[str, object]:
    return {
        'do_normalize': True,
        'do_pad': False,
        'do_rescale': True,
        'do_resize': True,
        'ensure_multiple_of': state.network.config.patch_size,
        'image_mean': list(IMAGENET_MEAN),
        'image_processor_type': 'PromptDepthAnythingImageProcessor',
        'image_std': list(IMAGENET_STD),
        'keep_aspect_ratio': True,
        'prompt_scale_to_meter': 0.001,
        'resample': 3,
        'rescale_factor': 1 / 255,
        'size': {'height': height, 'width': width},
        'size_divisor': None,
    }


def _card(name: str, recipe: Recipe, state: State, *, sha256: str) -> str:
    parameters = sum(weight.numel() for weight in state.network.parameters()) / 1e6
    progress = state.progress
    rows = {
        'recipe': f'`{RECIPE}`, sha256 `{recipe.sha256}`',
        'begun with': f'weights of sha256 `{state.init_sha256}`' if state.init_sha256 else 'none',
        'steps': f'{progress.best_step} of {recipe.steps}, best on the validation frames',
        'score there': f'{progress.best_score:.3f}; 1 is bilinear upsampling, mean of MAE and '
        'edge-band MAE',
        'time': f'{progress.seconds / 60:.1f} min of training steps',
        'weights': f'`{WEIGHTS_FILE}`, sha256 `{sha256}`',
    }
    table = '\n'.join(f'| {what} | {value} |' for what, value in rows.items())
    return (
        f'# {name}\n\nPrompt Depth Anything with {parameters:.2f} M parameters, '
        f'trained by `promptda train`.\n\n| | |\n|---|---|\n{table}\n'
    )
