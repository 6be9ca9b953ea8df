# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What rclpy refuses at start, such as a wrong name or domain, as an error of this package."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import rclpy
from rclpy.exceptions import NameValidationException
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.signals import SignalHandlerOptions

from promptda_ros.core.errors import PromptdaError


class RosRefused(PromptdaError):
    """ROS can't start with these arguments or this environment; the text is that of ROS."""


@contextmanager
def foreseen_errors_of_ros() -> Iterator[None]:
    """Raise RosRefused in place of the errors of rclpy's core."""
    try:
        yield
    except (rclpy_implementation.RCLError, NameValidationException) as error:
        raise RosRefused(' '.join(str(error).split())) from None


def start_ros(**options: Any) -> None:
    """Initialise rclpy without its signal handlers, which would tear it down as it publishes.

    Raises:
        RosRefused: the arguments or the environment are wrong, or there can be no log.
    """
    try:
        with foreseen_errors_of_ros():
            rclpy.init(signal_handler_options=SignalHandlerOptions.NO, **options)
    except RuntimeError as error:  # of spdlog
        raise RosRefused(f'{error}; set ROS_LOG_DIR to a folder that can be written to') from None
