# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The node's process: starts it, spins it, and ends with the right exit code."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.impl.implementation_singleton import rclpy_implementation

from promptda_ros.core.guard import GaveUp
from promptda_ros.core.settings import SettingError
from promptda_ros.exit_codes import ExitCode

if TYPE_CHECKING:
    from promptda_ros.node import PromptDepthNode

# What rclpy raises for wrong arguments, and from any call once a signal has ended its context.
ROS_ERRORS = (
    rclpy_implementation.RCLError,
    rclpy_implementation.InvalidHandle,
    rclpy_implementation.UnknownROSArgsError,
)


def main() -> int:
    """Run the node until a signal or a fatal error and return the exit code."""
    try:
        # First of all: from here on SIGINT and SIGTERM end the process cleanly.
        rclpy.init()
        node = _make_node()
        node.start()
        _spin(node)
        return _stop(node)
    except KeyboardInterrupt:
        return ExitCode.CLEAN
    except SettingError as error:
        return _refuse(error, ExitCode.CONFIGURATION)
    except ModuleNotFoundError as error:
        hint = f'not importable from {sys.executable}; activate the environment it is installed in'
        return _refuse(f'{error.name} is {hint} (docs/install.md)', ExitCode.MODEL_OR_DEVICE)
    except ROS_ERRORS as error:
        return _refuse(error, ExitCode.CONFIGURATION) if rclpy.ok() else ExitCode.CLEAN
    finally:
        rclpy.try_shutdown()


def _make_node() -> PromptDepthNode:
    # torch takes seconds to import: late, so that a signal meanwhile finds its handler.
    from promptda_ros.node import PromptDepthNode

    return PromptDepthNode()


def _spin(node: PromptDepthNode) -> None:
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    try:
        while rclpy.ok():
            node.guard.run(executor.spin_once)
    except KeyboardInterrupt:
        pass
    except GaveUp as error:
        node.get_logger().fatal(str(error))
        node.exit_code = ExitCode.INTERNAL


def _stop(node: PromptDepthNode) -> int:
    if not node.stop():
        # A thread that hangs inside the network can't be ended from here, and Python waits for it.
        sys.stderr.flush()
        os._exit(node.exit_code)
    node.destroy_node()
    return node.exit_code


def _refuse(reason: object, exit_code: ExitCode) -> int:
    rclpy.logging.get_logger('promptda').fatal(' '.join(str(reason).split()))
    return exit_code


if __name__ == '__main__':
    sys.exit(main())
