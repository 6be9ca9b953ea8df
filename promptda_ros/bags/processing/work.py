# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The work on the pairs of an open recording, all of them or a part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
import time

from promptda_ros.bags.bag import Bag
from promptda_ros.bags.channel import RawMessage
from promptda_ros.bags.planning.outlook import Outlook
from promptda_ros.bags.planning.plan import Plan
from promptda_ros.bags.planning.replay import look_ahead_ns, Part, Replay
from promptda_ros.bags.processing.cameras import Cameras
from promptda_ros.bags.processing.passage import Passage
from promptda_ros.bags.processing.recipe import CameraTopics, Recipe
from promptda_ros.bags.processing.record import facts_of
from promptda_ros.bags.processing.results import Results
from promptda_ros.bags.processing.shown import Shown
from promptda_ros.bags.processing.sink import Sink
from promptda_ros.bags.processing.warnings import Warnings
from promptda_ros.camera.pipeline import Pipeline
from promptda_ros.core.health import NetworkHealth
from promptda_ros.core.runtime.log import keep_traceback
from promptda_ros.core.runtime.resolution import Resolution
from promptda_ros.core.settings.schema import Settings
from promptda_ros.loaded_model import LoadedModel

NETWORKS = ('infer', 'restore')  # stages: the anchor runs in the second


@dataclass
class Figures:
    """What the work on some pairs came to."""

    shown: Shown
    pairs: int = 0
    frames: int = 0  # with depth
    drops: Counter[str] = field(default_factory=Counter)  # pairs by reason
    stage_ms: Mapping[str, float] = field(default_factory=dict)  # median of a frame
    network_sec: float = 0.0
    wall_sec: float = 0.0
    model: Mapping[str, str] = field(default_factory=dict)  # what is to be said of the network

    @property
    def network_busy(self) -> float:
        """Return the share of the time in which the network or its anchor ran."""
        return self.network_sec / self.wall_sec if self.wall_sec else 0.0


class Work:
    """An open recording with the plan of its work."""

    def __init__(self, bag: Bag, recipe: Recipe, log: Warnings, plan: Plan | None = None) -> None:
        """Find the topics and plan the work, unless that was done before.

        Raises:
            BagError: a topic is missing, no image has depth, or the recording is damaged.
        """
        self.bag = bag
        self.recipe = recipe
        self.log = log
        outlook = Outlook.of(bag, recipe, plan)
        self.settings: Mapping[str, Settings] = outlook.settings
        self.topics: Mapping[str, CameraTopics] = outlook.topics
        self.plan = outlook.plan
        for text in outlook.losses:
            log.warning(text)
        outlook.require_pairs(bag)

    def run(
        self,
        part: Part,
        model: LoadedModel,
        sink: Sink,
        tell: Callable[[int, int], None],
        *,
        copies: Callable[[RawMessage], bool] | None = None,
    ) -> Figures:
        """Pass the pairs of a part to the sink; with `copies`, the originals too.

        Raises:
            BagError: the recording is damaged.
            OSError: the disk is full, or fails.
            DeviceLost: nothing can be computed in this process any more.
            GaveUp: the network fails frame after frame.
        """
        cameras = Cameras(
            self.topics,
            self.settings,
            self.recipe.products,
            device=model.estimator.device,
            log=self.log,
        )
        cameras.begin_with(self.bag, self.plan)
        replay = self.replay(part, wants_all=copies is not None)
        shown, begun_sec = Shown(self.plan.pairs_of), time.perf_counter()
        passage = Passage(
            self.bag,
            replay,
            cameras,
            self._pipeline(model),
            sink,
            copies=copies or _nothing,
            show=shown.look,
            log=self.log,
        )
        count = part.last - part.first
        passage.run(lambda done: tell(done, count))
        return Figures(
            shown=shown,
            pairs=count,
            frames=passage.frames,
            drops=sum(
                (Counter(each.drops.snapshot()) for each in cameras.by_name.values()), Counter()
            ),
            stage_ms={**cameras.stages.medians_ms(), 'write': passage.write_ms},
            network_sec=sum(cameras.stages.sum_ms[stage] for stage in NETWORKS) / 1e3,
            wall_sec=time.perf_counter() - begun_sec,
            model=facts_of(model),
        )

    @property
    def results(self) -> Results:
        """Return what makes messages of frames."""
        return Results([*self.topics], self.recipe.products, self.recipe.prefix)

    def replay(self, part: Part, *, wants_all: bool) -> Replay:
        """Return what reads the recording again for a part of its pairs."""
        ahead_ns = look_ahead_ns(self.settings)
        return Replay(
            self.bag, self.plan, part, self.topics, look_ahead_ns=ahead_ns, wants_all=wants_all
        )

    def _pipeline(self, model: LoadedModel) -> Pipeline:
        # Coarser depth where memory is short would make a result that cannot be made again.
        resolution = Resolution(model.estimator.resolution, may_shrink=False)
        health = NetworkHealth(resolution, self.log)
        return Pipeline(model, health, say=self.log.info, on_error=self._failed)

    def _failed(self, error: Exception) -> None:
        self.log.error(f'the network failed: {type(error).__name__}: {error}')
        keep_traceback(error)


def _nothing(_: RawMessage) -> bool:
    return False
