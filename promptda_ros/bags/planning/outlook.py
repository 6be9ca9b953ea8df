# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is known of the work on a recording before any of it is done, without a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from promptda_ros.bags.bag import Bag
from promptda_ros.bags.files import BagError
from promptda_ros.bags.planning.losses import explain_unpaired
from promptda_ros.bags.planning.plan import make_plan, Plan
from promptda_ros.bags.planning.stamps import OUTSIDE
from promptda_ros.bags.planning.topics import find_topics
from promptda_ros.bags.processing.recipe import CameraTopics, Recipe
from promptda_ros.core.pairing.pairing import NANOSECONDS
from promptda_ros.core.settings.schema import Settings


@dataclass(frozen=True)
class Outlook:
    """The topics and settings of all cameras, and the plan of the work."""

    settings: Mapping[str, Settings]
    topics: Mapping[str, CameraTopics]
    plan: Plan
    losses: tuple[str, ...]  # why images have no depth

    @classmethod
    def of(cls, bag: Bag, recipe: Recipe, plan: Plan | None = None) -> Outlook:
        """Find the topics and plan the work, unless that was done before.

        Raises:
            BagError: a topic is missing, or the recording is damaged.
        """
        settings = recipe.of_cameras
        topics = {
            camera: find_topics(bag, asked, settings[camera], camera=camera, without=recipe.prefix)
            for camera, asked in recipe.topics.items()
        }
        plan = plan or make_plan(bag, topics, settings, recipe)
        said = (
            explain_unpaired(camera, facts, settings[camera].sync, bag.types)
            for camera, facts in plan.stamps.items()
        )
        return cls(settings, topics, plan, tuple(filter(None, said)))

    def require_pairs(self, bag: Bag) -> None:
        """Refuse a recording without any work.

        Raises:
            BagError: no image has depth.
        """
        if not len(self.plan.pairs):
            raise BagError(f'{bag.path}: {"; ".join(self.losses) or self._no_image(bag)}')

    def _no_image(self, bag: Bag) -> str:
        if self.plan.drops[OUTSIDE]:
            first_ns, last_ns = bag.span_ns
            return (
                f'none of {self.plan.images} images lies between --start and --end: set them '
                f'within the {(last_ns - first_ns) / NANOSECONDS:.1f} s of the recording'
            )
        topics = ', '.join(each.image for each in self.topics.values())
        return f'0 images are on {topics}: record them, or name another topic with --image'
