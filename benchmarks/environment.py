# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The environment of benchmarks whose processes talk over ROS."""

from __future__ import annotations

import os

from benchmarks.results import REPOSITORY
from promptda_ros.dds_environment import large_image_environment

DOMAINS = range(215, 233)  # tests take those of up to 100


def private_environment() -> dict[str, str]:
    """Return that of launch files, on this machine alone and in a ROS domain of its own.

    A domain that is set already is kept.
    """
    environment = {**os.environ, 'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST'}
    environment.setdefault('ROS_DOMAIN_ID', str(DOMAINS[os.getpid() % len(DOMAINS)]))
    return environment | large_image_environment(REPOSITORY, environment)
