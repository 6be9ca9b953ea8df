# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which messages of a recording are copied to its result."""

from __future__ import annotations

import re

from promptda_ros.bags.bag import Bag
from promptda_ros.bags.channel import Channel, RawMessage
from promptda_ros.bags.files import BagError
from promptda_ros.bags.planning.plan import Plan, STATIC_TOPIC
from promptda_ros.bags.processing.recipe import Recipe


class Copied:
    """Chooses by the topic and by the time of logging."""

    def __init__(self, recipe: Recipe, plan: Plan) -> None:
        self._include = re.compile(recipe.include or '.*')
        self._exclude = re.compile(recipe.exclude) if recipe.exclude else None
        self._copies = recipe.copy == 'all'
        self._prefix = recipe.prefix
        self._begin_ns, self._end_ns = plan.begin_ns, plan.end_ns

    def __call__(self, raw: RawMessage) -> bool:
        """Return whether a message is copied; what is latched holds from before the beginning."""
        if not self.has(raw.channel) or raw.logged_ns >= self._end_ns:
            return False
        return raw.logged_ns >= self._begin_ns or raw.channel.topic == STATIC_TOPIC

    def has(self, channel: Channel) -> bool:
        """Return whether messages of a topic are copied."""
        topic = channel.topic
        if not self._copies or (self._exclude and self._exclude.fullmatch(topic)):
            return False
        return self._include.fullmatch(topic) is not None

    def channels(self, bag: Bag, ours: list[Channel]) -> list[Channel]:
        """Return the topics that are copied.

        Raises:
            BagError: one of them has the name of one of ours.
        """
        channels = [channel for channel in bag.channels if self.has(channel)]
        taken = {channel.topic for channel in channels} & {channel.topic for channel in ours}
        if taken:
            raise BagError(
                f'{bag.path} has a topic {min(taken)} already: write ours elsewhere with '
                f"--prefix, or leave those out with --exclude-topic '{self._prefix}/.*'"
            )
        return channels
