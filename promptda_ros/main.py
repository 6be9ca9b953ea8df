# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The node's process: starts it, spins it, and ends with the right exit code.

rclpy's own signal handlers shut the context down while other threads still publish, and are not
there yet while torch is imported. Here a signal interrupts whatever starts, and once the node
runs it only asks the loop to end, so that nothing is torn apart half-way.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any, TYPE_CHECKING

from promptda_ros.exit_codes import ExitCode
from promptda_ros.spinning import let_threads_sleep

if TYPE_CHECKING:
    from promptda_ros.node import PromptDepthNode

SPIN_TIMEOUT_SEC = 0.2  # a signal does not wake the executor


class Stopped(BaseException):
    """A signal came while the node was starting.

    Not a KeyboardInterrupt: when one has passed through the import of a compiled module, Python
    ends with SIGINT's exit status even though it was caught.
    """


class StopSignal:
    """SIGINT and SIGTERM, from its construction on."""

    def __init__(self) -> None:
        self.received = False
        self.interrupts = True
        signal.signal(signal.SIGINT, self._receive)
        signal.signal(signal.SIGTERM, self._receive)

    def ignore(self) -> None:
        """Let no later signal change the exit code: Python drops other handlers as it ends."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)

    def _receive(self, *_: Any) -> None:
        self.received = True
        interrupts, self.interrupts = self.interrupts, False  # a second one changes nothing
        if interrupts:
            raise Stopped


def main() -> int:
    """Run the node until a signal or a fatal error and return the exit code."""
    stop = StopSignal()
    try:
        return _run(stop)
    finally:
        stop.ignore()


def _run(stop: StopSignal) -> int:
    try:
        node = _start()
        stop.interrupts = False
    except Stopped:
        return ExitCode.CLEAN
    except StartError as error:
        return ExitCode.CLEAN if stop.received else error.exit_code
    if node.exit_code == ExitCode.CLEAN:
        _spin(node, stop)
    return _stop(node)


class StartError(Exception):
    """The node can't be made; what is wrong has been said."""

    def __init__(self, reason: object, exit_code: ExitCode) -> None:
        super().__init__(reason)
        self.exit_code = exit_code
        print(f'promptda: {" ".join(str(reason).split())}', file=sys.stderr)


def _start() -> PromptDepthNode:
    let_threads_sleep()
    # Imported late: rclpy and torch take seconds, and a signal meanwhile finds its handler.
    try:
        import rclpy
        from rclpy.impl.implementation_singleton import rclpy_implementation
        from rclpy.signals import SignalHandlerOptions

        from promptda_ros.core.setting import SettingError
        from promptda_ros.node import PromptDepthNode
    except ModuleNotFoundError as error:
        hint = f'not importable from {sys.executable}; activate the environment it is installed in'
        text = f'{error.name} is {hint} (docs/install.md)'
        raise StartError(text, ExitCode.MODEL_OR_DEVICE) from None
    try:
        rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
        node = PromptDepthNode()
    except (SettingError, rclpy_implementation.RCLError) as error:
        raise StartError(error, ExitCode.CONFIGURATION) from None
    node.start()
    return node


def _spin(node: PromptDepthNode, stop: StopSignal) -> None:
    from rclpy.executors import SingleThreadedExecutor

    from promptda_ros.core.guard import GaveUp

    executor = SingleThreadedExecutor(context=node.context)
    executor.add_node(node)
    try:
        while node.context.ok() and not (stop.received or node.exit_code):
            node.guard.run(executor.spin_once, SPIN_TIMEOUT_SEC)
    except GaveUp as error:
        node.get_logger().fatal(str(error))
        node.exit_code = ExitCode.INTERNAL
    executor.remove_node(node)


def _stop(node: PromptDepthNode) -> int:
    exit_code = int(node.exit_code)
    ended = node.stop()
    node.destroy_node()  # or its shared memory stays
    node.context.try_shutdown()
    if not ended or exit_code == ExitCode.GPU_LOST:
        # A thread that hangs inside the network can't be ended from here, and Python waits for it;
        # so may the driver of a lost device while what was in its memory is freed.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(exit_code)
    return exit_code


if __name__ == '__main__':
    sys.exit(main())
