# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Checks that the parts of a recipe fit together, before rendering and training."""

from __future__ import annotations

from promptda_ros.core.errors import suggest
from promptda_ros.core.geometry.aspect import same_aspect
from promptda_ros.lab.sim.sensors import SENSORS
from promptda_ros.lab.training.recipe import Recipe, RecipeError
from promptda_ros.lab.training.start import require_room
from promptda_ros.network import PromptDepthAnythingConfig
from promptda_ros.network.fields import is_number


def network_config(recipe: Recipe) -> PromptDepthAnythingConfig:
    """Return the shape of the recipe's network.

    Raises:
        RecipeError: there is none, it contradicts itself, or it is too narrow to start well.
    """
    if not recipe.network:
        raise RecipeError('the recipe has no network: state one, or name a folder with --init')
    try:
        config = PromptDepthAnythingConfig.from_dict(recipe.network)
        require_room(config)
    except (ValueError, TypeError) as error:
        raise RecipeError(f'network: {error}') from None
    return config


def require_same_network(recipe: Recipe, config: PromptDepthAnythingConfig) -> None:
    """Refuse a recipe whose network is another one than that of --init.

    Raises:
        RecipeError: they differ.
    """
    if recipe.network and network_config(recipe) != config:
        raise RecipeError(
            'the network of the recipe is not the one of --init, which would be trained: remove '
            '`network` from the recipe, or leave out --init'
        )


def require_patches(recipe: Recipe, patch_px: int) -> None:
    """Refuse phases that are no whole patches of the network.

    Raises:
        RecipeError: a phase is not.
    """
    for phase in recipe.phases:
        _require_patches('a phase', phase.height, phase.width, patch_px)
        if phase.whole_share:
            _require_patches('cell', recipe.cell.height, recipe.cell.width, patch_px)


def require_cell(recipe: Recipe, patch_px: int) -> None:
    """Refuse what can't be rendered and measured.

    Raises:
        RecipeError: sensors are unknown, or sizes don't fit into each other.
    """
    cell = recipe.cell
    _require_sensors(recipe)
    _require_patches('cell', cell.height, cell.width, patch_px)
    for phase in recipe.phases:
        if phase.height > cell.height or phase.width > cell.width:
            raise RecipeError(
                f'a phase has pictures of {phase.width}x{phase.height}, larger than the rendered '
                f'{cell.width}x{cell.height} that they are cut from: lower the phase, or raise '
                'cell.height and cell.width'
            )
        # A sensor's columns are cut like its rows.
        if not same_aspect((cell.height, cell.width), (phase.height, phase.width)):
            raise RecipeError(
                f'a phase has pictures of {phase.width}x{phase.height}, not of the shape of the '
                f'rendered {cell.width}x{cell.height}: give both the same aspect'
            )


def require_recorded(recipe: Recipe, height: int, width: int, patch_px: int) -> None:
    """Refuse phases that would squeeze recorded pictures of this size: the node keeps their shape.

    Raises:
        RecipeError: a phase has another shape than the pictures.
    """
    for phase in recipe.phases:
        # Whole patches are a grid that seldom has a camera's aspect ratio exactly.
        patches = phase.height // patch_px, phase.width // patch_px
        if not same_aspect((height, width), patches):
            longer = max(1, round(phase.height * width / height / patch_px)) * patch_px
            raise RecipeError(
                f'a phase has pictures of {phase.width}x{phase.height}, not of the shape of the '
                f'recorded {width}x{height}, which would be squeezed: take {longer}x{phase.height}'
            )


def _require_sensors(recipe: Recipe) -> None:
    known = list(SENSORS)
    if not recipe.sensors:
        raise RecipeError(f'the recipe has no sensors; known are: {", ".join(known)}')
    for name, share in recipe.sensors.items():
        if name not in known:
            raise RecipeError(f'sensors has no {name!r}; {suggest(name, known)}')
        if not is_number(share) or share <= 0:
            raise RecipeError(f'sensors.{name} is {share!r}, must be a number above 0')


def _require_patches(what: str, height: int, width: int, patch_px: int) -> None:
    if height % patch_px or width % patch_px:
        near = tuple(max(1, round(side / patch_px)) * patch_px for side in (width, height))
        raise RecipeError(
            f'{what} has pictures of {width}x{height}, which are no whole patches of {patch_px} '
            f'pixels: take {near[0]}x{near[1]}'
        )
