# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The learning rate of every step."""

from __future__ import annotations

import math

from promptda_ros.lab.training.recipe import Recipe


def learning_rate(recipe: Recipe, step: int) -> float:
    """Rise in a line over the warm-up, then fall along half a cosine over the pixels seen.

    Over the steps, a last phase of few large pictures would be left with next to nothing.
    """
    wanted = recipe.optimisation
    warm_up = min(1.0, (step + 1) / max(1, wanted.warm_up_steps))
    done = recipe.pixels_before(step) / recipe.pixels_before(recipe.steps)
    fall = 0.5 * (1 + math.cos(math.pi * done))
    return warm_up * (wanted.last_rate + (wanted.rate - wanted.last_rate) * fall)
