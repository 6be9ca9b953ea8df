# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Examples from the simulated cell: views rendered before or while training, then measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from promptda_ros.core.errors import PromptdaError
from promptda_ros.lab.sim.sensors import DepthSensor, random_sensor
from promptda_ros.lab.sim.view import RenderedView
from promptda_ros.lab.training.examples import Example, is_usable
from promptda_ros.lab.training.prompts import draw_size, make_prompt
from promptda_ros.lab.training.recipe import CellData, Phase, Prompts, Spoiling

Measure = Callable[[RenderedView], Example]
TRIES = 20  # for a view on which the sensor measures enough


class SensorBlind(PromptdaError, ValueError):
    """A sensor measures too little in the cell to train on; the text says what to do."""


class Views(Protocol):
    """Where simulated views come from."""

    def views(self, rng: np.random.Generator, count: int) -> Sequence[RenderedView]:
        """Draw views of one size."""


@dataclass(frozen=True)
class LiveViews:
    """Renders a scene for every draw: nothing on disk, nothing seen twice, many cores needed."""

    cell: CellData

    def views(self, rng: np.random.Generator, count: int) -> list[RenderedView]:
        """Render a new scene from several places."""
        # Late: MuJoCo is an optional extra, and shards do without it.
        from promptda_ros.lab.sim.cell import views_of

        cell = self.cell
        seed = int(rng.integers(cell.first_seed, cell.validation_first_seed))
        views = views_of(
            seed,
            count=count,
            width=cell.width,
            height=cell.height,
            decoy_share=cell.decoy_share,
        )
        return list(views)


@dataclass(frozen=True)
class CellSource:
    """Draws a kind of sensor for every step and measures crops of views with it."""

    source: Views
    sensors: Mapping[str, float]  # how often, relative
    spoiling: Spoiling
    cell: CellData = field(default_factory=CellData)
    prompts: Prompts = field(default_factory=Prompts)  # those that are made of the exact depth

    def examples(self, phase: Phase, rng: np.random.Generator) -> list[Example]:
        """Draw phase.batch examples of one sensor with one random quality.

        Raises:
            SensorBlind: it measures too little again and again.
        """
        name, measure = self._chosen(phase, rng)
        height, width = self.cell.reduced
        fits = phase.height <= height and phase.width <= width
        is_reduced = rng.random() < self.cell.reduced_share and fits
        examples: list[Example] = []
        for _ in range(TRIES):
            for view in self.source.views(rng, phase.batch - len(examples)):
                example = measure(view.reduced(height, width) if is_reduced else view)
                if is_usable(example.sensor_depth_m):
                    examples.append(example)
            if len(examples) == phase.batch:
                return examples
        raise SensorBlind(
            f'{name} measured too little for a batch of {phase.batch} on {TRIES} draws of views: '
            'render more with cell.scenes, or take it out of sensors'
        )

    def _chosen(self, phase: Phase, rng: np.random.Generator) -> tuple[str, Measure]:
        """Choose what measures all views of a batch, and say what it is."""
        if rng.random() < self.cell.made_share:
            size = draw_size(phase, self.prompts, rng)
            return 'exact depth', lambda view: self._reduce(view, size, phase, rng)
        names, shares = list(self.sensors), np.array(list(self.sensors.values()), float)
        name = str(rng.choice(names, p=shares / shares.sum()))
        sensor = random_sensor(name, rng)
        return name, lambda view: self._measure(view, sensor, phase, rng)

    def _reduce(
        self, view: RenderedView, size: tuple[int, int], phase: Phase, rng: np.random.Generator
    ) -> Example:
        """Crop and mirror at random; the prompt is made of the exact depth."""
        top, left = _corner(view, phase, rng)
        seen = view.window(top, left, phase.height, phase.width)
        if rng.random() < 0.5:
            seen = seen.mirrored()
        truth_m = np.ascontiguousarray(seen.depth_m)
        prompt_m = make_prompt(truth_m, size, self.prompts, rng)
        return Example(np.ascontiguousarray(seen.image), prompt_m, truth_m)

    def _measure(
        self, view: RenderedView, sensor: DepthSensor, phase: Phase, rng: np.random.Generator
    ) -> Example:
        """Crop and mirror at random; sometimes shift the sensor's view."""
        height, width = view.depth_m.shape
        part = sensor.for_window(phase.height / height)
        top, left = _corner(view, phase, rng)
        down, aside = self._shift(part, phase, rng)
        seen = view.window(top, left, phase.height, phase.width)
        measured = view.window(
            int(np.clip(top + down, 0, height - phase.height)),
            int(np.clip(left + aside, 0, width - phase.width)),
            phase.height,
            phase.width,
        )
        if rng.random() < 0.5:
            seen, measured = seen.mirrored(), measured.mirrored()
        return Example(
            image=np.ascontiguousarray(seen.image),
            sensor_depth_m=part.measure(measured, rng),
            truth_m=np.ascontiguousarray(seen.depth_m),
        )

    def _shift(
        self, sensor: DepthSensor, phase: Phase, rng: np.random.Generator
    ) -> tuple[int, int]:
        """Return the shift of a badly registered sensor in pixels of the view."""
        if rng.random() >= self.spoiling.shift_share:
            return 0, 0
        pitch_px = np.array([phase.height / sensor.rows, phase.width / sensor.columns])
        limit_px = np.minimum(self.spoiling.shift_px * pitch_px, self.spoiling.shift_view_px)
        down, aside = np.rint(rng.uniform(-1, 1, 2) * limit_px)
        return int(down), int(aside)


def _corner(view: RenderedView, phase: Phase, rng: np.random.Generator) -> tuple[int, int]:
    """Draw the top and the left of a crop."""
    height, width = view.depth_m.shape
    top = rng.integers(height - phase.height + 1)
    return int(top), int(rng.integers(width - phase.width + 1))
