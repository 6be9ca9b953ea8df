# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What rclpy refuses at start, such as a wrong name or domain, as an error of this package."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rclpy.exceptions import NameValidationException
from rclpy.impl.implementation_singleton import rclpy_implementation

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
