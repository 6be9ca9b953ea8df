# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The node's process: starts it, spins it, and ends with the right exit code.

rclpy's own signal handlers shut the context down while other threads still publish, and are not
there yet while torch is imported. Here a signal interrupts the two things that take long, imports
and the loading of the network. Anything else runs to its end and the loop does not begin again, so
that nothing is torn apart half-way.
"""

from __future__ import annotations

from functools import partial
import os
import sys
from typing import TYPE_CHECKING

from promptda_ros.core.errors import ExitCode
from promptda_ros.process import (
    InsistentStop,
    keep_streams,
    let_threads_sleep,
    Stopped,
    StopSignal,
)

if TYPE_CHECKING:
    from promptda_ros.node.node import PromptDepthNode

SPIN_TIMEOUT_SEC = 0.2  # a signal does not wake the executor


def main() -> int:
    """Run the node; where it ends cleanly, so does the process, at once.

    Python would take torch down piece by piece, which takes most of the time that a stop may.
    """
    code = run()
    if code == ExitCode.CLEAN:
        end_process(code)
    return code


def run() -> int:
    """Run the node until a signal or a fatal error and return the exit code."""
    stop = InsistentStop()
    keep_streams('stdout', 'stderr')  # whoever reads the log may end before the node
    try:
        from promptda_ros.core.runtime.ending import exit_code_of  # late, as a signal may come

        code = exit_code_of('promptda', lambda: _run(stop))
    except Stopped:
        code = ExitCode.CLEAN
    finally:
        stop.ignore()
    # What fails once the end is asked for, may fail because of that.
    return ExitCode.CLEAN if stop.received else code


def _run(stop: StopSignal) -> int:
    from promptda_ros.core.runtime.standstill import ended_by_standstill  # late, as above

    let_threads_sleep()
    with ended_by_standstill():
        stop.interruptible(_import)
        node = _make_node(stop)
        try:
            node.start()
            _spin(node, stop)
        except Stopped:
            pass  # while it loaded the network
        return close(node)


def _import() -> None:
    """Import what takes seconds, and say so."""
    from rclpy.logging import get_logger

    from promptda_ros.node.ros_errors import start_ros

    start_ros()
    get_logger('promptda').info('loading torch, then the network: this takes some seconds')
    import promptda_ros.node.node  # noqa: F401


def _make_node(stop: StopSignal) -> PromptDepthNode:
    from promptda_ros.model import load_model
    from promptda_ros.node.node import PromptDepthNode
    from promptda_ros.node.ros_errors import foreseen_errors_of_ros
    from promptda_ros.params_file import given_files, require_ours

    with foreseen_errors_of_ros():
        node = PromptDepthNode(
            load=partial(stop.interruptible, load_model), is_ending=lambda: bool(stop.received)
        )
        for path in given_files(sys.argv):
            require_ours(path, node.get_fully_qualified_name())
    return node


def _spin(node: PromptDepthNode, stop: StopSignal) -> None:
    from rclpy.executors import SingleThreadedExecutor

    from promptda_ros.core.runtime.guard import GaveUp

    executor = SingleThreadedExecutor(context=node.context)
    executor.add_node(node)
    try:
        while node.context.ok() and not (stop.received or node.exit_code):
            node.guard.run(executor.spin_once, SPIN_TIMEOUT_SEC)
    except GaveUp as error:
        node.get_logger().fatal(str(error))
        node.exit_code = ExitCode.INTERNAL
    finally:
        executor.remove_node(node)


def close(node: PromptDepthNode) -> int:
    """Stop the node and return the exit code; end the process where a thread can't be ended."""
    exit_code = int(node.exit_code)
    ended = not node.is_compiling and node.stop()  # compiling takes longer than a stop may
    node.destroy_node()  # or its shared memory stays
    node.context.try_shutdown()
    if not ended or exit_code == ExitCode.GPU_LOST:
        # A thread that hangs in the network or compiles can't be ended from here, and Python waits
        # for it; so may the driver of a lost device while what was in its memory is freed.
        end_process(exit_code)
    return exit_code


def end_process(code: int) -> None:
    """End this process at once, with what it has said."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == '__main__':
    sys.exit(main())
