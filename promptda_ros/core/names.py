# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Names of nodes and cameras: they become parts of topics, which ROS limits."""

from __future__ import annotations

from collections.abc import Sequence
import re

from promptda_ros.core.settings.setting import SettingError

TOKEN = re.compile(r'[A-Za-z][A-Za-z0-9_]*')
NODE_TOKEN = re.compile(r'[A-Za-z_][A-Za-z0-9_]*')
LONGEST_CAMERA = 64
LONGEST_TOPIC = 247  # rmw_validate_full_topic_name: 255 less what DDS puts before it
LONGEST_OUTPUT = 'depth/image_rect/compressedDepth'


def check_camera(name: str) -> None:
    """Refuse a camera that can't be named in ROS.

    Raises:
        SettingError: with the name that is wrong.
    """
    if len(name) > LONGEST_CAMERA:
        raise SettingError(
            f"parameter cameras: '{name[:LONGEST_CAMERA]}...' has {len(name)} letters > "
            f'{LONGEST_CAMERA}: topics that begin with it would be too long for ROS; shorten it'
        )
    if not TOKEN.fullmatch(name):
        raise SettingError(
            f"parameter cameras: '{name}' can't be part of a ROS name: a letter, then "
            'letters, digits and underscores'
        )


def check_node(namespace: str, name: str, cameras: Sequence[str]) -> str:
    """Return the full name of a node whose topics can be named, such as /robot1/promptda.

    Raises:
        SettingError: with the name that is wrong.
    """
    tokens = [*filter(None, namespace.split('/')), name]
    for token in tokens:
        if not NODE_TOKEN.fullmatch(token):
            raise SettingError(
                f"'{token}' can't be part of a ROS name: a letter or an underscore, then letters, "
                'digits and underscores; change name:= or namespace:='
            )
    full_name = '/' + '/'.join(tokens)
    longest = max(len('/'.join((full_name, each, LONGEST_OUTPUT))) for each in cameras)
    if longest > LONGEST_TOPIC:
        raise SettingError(
            f'a topic of {full_name} would have {longest} letters > {LONGEST_TOPIC}, which ROS '
            'refuses; shorten name:=, namespace:= or the names of the cameras'
        )
    return full_name
