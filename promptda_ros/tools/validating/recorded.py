# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The frames of a recording, by the work of `promptda process`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import torch

from promptda_ros.bags.bag import open_bag, say_warnings
from promptda_ros.bags.channel import RawMessage
from promptda_ros.bags.files import BagError
from promptda_ros.bags.planning.losses import explain_drops
from promptda_ros.bags.planning.replay import Part
from promptda_ros.bags.processing.process import steady
from promptda_ros.bags.processing.recipe import Recipe
from promptda_ros.bags.processing.sink import Written
from promptda_ros.bags.processing.warnings import Warnings
from promptda_ros.bags.processing.work import Figures, Work
from promptda_ros.core.frame import BadFrame
from promptda_ros.core.frame_outputs import FrameOutputs
from promptda_ros.core.prompt.prompt import condition
from promptda_ros.core.settings.schema import Settings
from promptda_ros.model import load_model
from promptda_ros.rig.meter import PATIENCE, RigMeter
from promptda_ros.rig.sight import NotMeasurable, Sight
from promptda_ros.view.recorded.frames import Frames


class MeterSink:
    """Lets a meter see what was made of each frame, and keeps nothing."""

    def __init__(self, meter: RigMeter) -> None:
        self._meter = meter

    def original(self, raw: RawMessage) -> None:
        """Copy nothing."""

    def frame(self, camera: str, logged_ns: int, made: FrameOutputs) -> None:  # noqa: ARG002
        """Measure a frame."""
        self._meter.add(Sight(made.frame, made.image_depth.depth_m, made.uncertainty_m))

    def close(self) -> Written:
        """Return that nothing was written."""
        return Written({})

    def abandon(self) -> None:
        """Do nothing."""


def measure_recording(
    path: Path, recipe: Recipe, meter: RigMeter, frames: int, tell: Callable[[int, int], None]
) -> Settings:
    """Show the first pairs of a recording to a meter; return the settings of its camera.

    Raises:
        BagError: the recording can't be read, or no image has depth.
        NotMeasurable: it shows no board.
    """
    with open_bag(path) as bag:
        say_warnings(bag)
        work = Work(bag, recipe, Warnings())
        part = Part(0, min(frames, len(work.plan.pairs)))
        _require_board(work, part, meter.of_the_same())
        model = load_model(recipe.settings)
        with steady(model):
            figures = work.run(part, model, MeterSink(meter), tell)
        _require_frames(work, figures)
        (settings,) = work.settings.values()
        return settings


def _require_board(work: Work, part: Part, meter: RigMeter) -> None:
    """Refuse what shows no board by its sensor alone, before a network is loaded for it."""
    frames = Frames(work, torch.device('cpu'))
    for number in range(part.first, min(part.last, PATIENCE)):
        with suppress(BadFrame, BagError):  # such a pair is dropped, and counted by the work
            found = frames.at(number)
            frame = found.camera.read(found.pair, found.camera.settings)
            condition(frame.sensor_depth_m, found.camera.settings.prompt)
            meter.add(Sight(frame))


def _require_frames(work: Work, figures: Figures) -> None:
    if not figures.frames:
        lost = explain_drops(figures.pairs, figures.drops)
        raise NotMeasurable('; '.join((f'{work.bag.path}: {lost}', *work.log.lines)))
