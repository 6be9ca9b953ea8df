# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The node's process when the device fails: it ends in time, with the exit code for a restart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import signal
from typing import Any

import pytest

from promptda_ros.core.errors import ExitCode

FAILING_NODE = str(Path(__file__).parents[1] / 'failing_network.py')


@pytest.fixture
def start_failing(start_node: Callable[..., Any], network_folder: Path) -> Callable[..., Any]:
    """Start the node with a network that fails as planned."""

    def start(plan: str, *parameters: str, engine: str = 'torch') -> Any:
        given = f'model.path:={network_folder}', 'device:=cpu', 'trust.gate:=false'
        given = *given, f'engine:={engine}', *parameters
        return start_node(*given, python=(FAILING_NODE, plan))

    return start


def test_a_lost_device_ends_the_process_and_a_new_one_works(
    start_failing: Callable[..., Any], camera: Any
):
    """H2, H7: exit code 75, said once; a restart brings output back.

    Before, another program takes the memory for two frames, which are lost and nothing else.
    """
    node = start_failing('ok,out_of_memory,out_of_memory,ok,ok,ok,lost', engine='auto')
    camera.send_until(lambda: 'made to lose the device' in node.stderr, node)
    assert node.exit_code() == ExitCode.GPU_LOST
    assert 'out of memory' in node.stderr
    assert len(camera.depths) > 1
    assert node.stderr.count('the device is lost') == 1
    assert 'Traceback' not in node.stderr
    before = len(camera.depths)
    node = start_failing('ok')
    camera.send_until(lambda: len(camera.depths) > before, node)


def test_a_network_that_hangs_ends_the_process(start_failing: Callable[..., Any], camera: Any):
    """H3: told at the timeout, then exit code 75, though the thread can't be ended."""
    node = start_failing('ok,hang', 'watchdog.inference_timeout:=1.0')
    camera.send_until(lambda: 'made to hang' in node.stderr, node)
    assert node.exit_code() == ExitCode.GPU_LOST
    assert node.stderr.count('the network hangs on cpu: no answer for') == 1
    assert 'Traceback' not in node.stderr


def test_a_network_that_keeps_python_from_running_ends_the_process(
    start_failing: Callable[..., Any], camera: Any
):
    """H3, I1: no timer and no signal handler can; the log has the stack of every thread."""
    node = start_failing('ok,stand_still')
    camera.send_until(lambda: 'made to stand still' in node.stderr, node)
    node.signal(signal.SIGINT)
    assert node.exit_code() == ExitCode.SOME_FAILED
    assert 'Timeout (0:00:15)!' in node.stderr
    assert 'failing_network.py' in node.stderr


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_node_whose_network_hangs(
    start_failing: Callable[..., Any], camera: Any, number: int
):
    """H3, I1: mid-inference, exit code 0 long before the hang ends."""
    node = start_failing('ok,hang', 'watchdog.inference_timeout:=3600.0')
    camera.send_until(lambda: 'made to hang' in node.stderr, node)
    node.signal(number)
    assert node.exit_code() == ExitCode.CLEAN
    assert 'Traceback' not in node.stderr
