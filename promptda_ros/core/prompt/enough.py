# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether a sensor measured enough for a prompt, and why not."""

from __future__ import annotations

import numpy as np

from promptda_ros.core.frame import BadFrame, FloatImage, Reading
from promptda_ros.core.geometry.strays import largest_stray
from promptda_ros.core.settings.depth import PromptSettings

METRES_AT_MOST = 50.0


def require_enough(depth_m: FloatImage, reading: Reading, settings: PromptSettings) -> None:
    """Refuse sensor depth, and what was read of it, of which too little was measured.

    Pixels that are known to be out of range lack no measurement, so that they don't count.

    Raises:
        BadFrame: the share of measured pixels among the others is too small.
    """
    pixels, count = reading.measured.size, int(reading.measured.sum())
    beyond, nearer = (
        0 if side is None else int(side.sum()) for side in (reading.beyond, reading.nearer)
    )
    within = pixels - beyond - nearer
    share = count / within if within > 0 else 0.0
    if share >= settings.min_valid_fraction and count > largest_stray(pixels):
        return
    _refuse_wrong_unit(depth_m, settings)
    if 2 * (beyond + nearer) > pixels:
        raise BadFrame(
            'out_of_range',
            f'the sensor measured nothing in its range: {beyond / pixels:.0%} of its pixels are '
            f'+inf or from prompt.max_depth {settings.max_depth:g} m on, {nearer / pixels:.0%} '
            f'are -inf or nearer than prompt.min_depth {settings.min_depth:g} m; depth is '
            'published again when something is in range',
        )
    raise BadFrame(
        'prompt_too_sparse',
        f'prompt has too little valid depth ({share:.1%} < {settings.min_valid_fraction:.1%}) '
        f'between {settings.min_depth:g} and {settings.max_depth:g} m; check the sensor, '
        'or set prompt.min_depth, prompt.max_depth',
    )


def _refuse_wrong_unit(depth_m: FloatImage, settings: PromptSettings) -> None:
    """Say so when what was measured is no plausible distance in metres; never guess the unit."""
    known = depth_m[np.isfinite(depth_m) & (depth_m > 0)]
    if known.size < depth_m.size * settings.min_valid_fraction:
        return
    median_m = float(np.median(known))
    if median_m > METRES_AT_MOST:
        # The same advice for a renderer's far clip would make a wall of the sky.
        hint = (
            'looks like millimetres; set input.depth_scale:=0.001, unless it is the far clip of '
            'a simulator and nothing is nearer'
        )
    elif median_m < settings.min_depth:
        hint = (
            f'is nearer than prompt.min_depth {settings.min_depth:g} m; set input.depth_scale, '
            'unless something covers the sensor'
        )
    else:
        return
    raise BadFrame('depth_unit', f'median depth {median_m:.4g} m {hint}')
