# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How the node's process starts and ends: exit codes, signals, one sentence when it refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import shutil
import signal
import subprocess
import sys
from typing import Any

import pytest

from promptda_ros.core.errors import ExitCode

SIGNALS = (signal.SIGINT, signal.SIGTERM)
READY = 'frames/s'
BREAKS_EVERY_FRAME = """
import sys
from promptda_ros import main
from promptda_ros.camera import pipeline
def fail(self, pair):
    raise RuntimeError('made to fail')
pipeline.Pipeline.process = fail
sys.exit(main.main())
"""


@pytest.mark.parametrize('number', SIGNALS)
def test_a_signal_ends_an_idle_node_cleanly(
    start_node: Callable[..., Any], network_folder: Path, number: int
):
    """I1: rc 0 and nothing but its own log lines."""
    node = start_node(f'model.path:={network_folder}', 'device:=cpu')
    node.wait_for(READY)
    node.signal(number)
    assert node.exit_code() == ExitCode.CLEAN
    assert 'Traceback' not in node.stderr
    assert 'Error' not in node.stderr


@pytest.mark.parametrize('number', SIGNALS)
@pytest.mark.parametrize('moment', ['rclpy.context\n', 'torch.nn\n', 'loading the network'])
def test_a_signal_during_the_start_ends_the_node_cleanly(
    start_node: Callable[..., Any], network_folder: Path, moment: str, number: int
):
    """I1: during imports, where compiled modules turn a KeyboardInterrupt into exit status -2,
    and while the network is loaded and compiled.
    """
    python = ('-X', 'importtime', '-m', 'promptda_ros.main')
    node = start_node(f'model.path:={network_folder}', python=python)
    node.wait_for(moment)
    node.signal(number)
    assert node.exit_code() == ExitCode.CLEAN
    assert 'Traceback' not in node.stderr


@pytest.mark.parametrize('module', ['rclpy.context', 'torch.nn'])
def test_two_signals_while_modules_are_imported_end_the_node_cleanly(
    start_node: Callable[..., Any], network_folder: Path, module: str
):
    """I1: the second one finds the first one's work half done."""
    python = ('-X', 'importtime', '-m', 'promptda_ros.main')
    node = start_node(f'model.path:={network_folder}', python=python)
    node.wait_for(f'{module}\n')
    node.signal(signal.SIGINT)
    node.signal(signal.SIGINT)
    assert node.exit_code() == ExitCode.CLEAN
    assert 'Traceback' not in node.stderr


def test_two_signals_at_once_end_the_node_cleanly(
    start_node: Callable[..., Any], network_folder: Path
):
    """I1: an impatient Ctrl-C."""
    node = start_node(f'model.path:={network_folder}', 'device:=cpu')
    node.wait_for(READY)
    for number in SIGNALS:
        node.signal(number)
    assert node.exit_code() == ExitCode.CLEAN


SIGNALS_AT_EVERY_MOMENT = """
import os, signal, sys
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from promptda_ros import main, model
from promptda_ros.core.runtime.worker import Worker
from promptda_ros.node.node import PromptDepthNode
from promptda_ros.node.session import Session

MOMENTS = [
    (rclpy, 'init'), (PromptDepthNode, '__init__'), (model, 'load_model'), (Session, '__init__'),
    (Worker, 'start'), (SingleThreadedExecutor, 'spin_once'), (Session, 'close'),
    (PromptDepthNode, 'destroy_node'), (Context, 'try_shutdown'),
]

def send():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGINT):
        os.kill(os.getpid(), number)

def breaking(*arguments, **named):
    try:
        send()
    except BaseException:
        pass
    raise RuntimeError('an error made of the interruption')

def code_with(owner, name, make):
    kept = getattr(owner, name)
    setattr(owner, name, make(kept))
    try:
        return int(main.run())
    finally:
        setattr(owner, name, kept)
        rclpy.try_shutdown()

def sending(kept):
    def call(*arguments, **named):
        send()
        return kept(*arguments, **named)
    return call

# Whoever sends nothing by now would wait for ever.
ends = sending(SingleThreadedExecutor.spin_once)
for owner, name in MOMENTS:
    if name in ('close', 'destroy_node', 'try_shutdown'):
        SingleThreadedExecutor.spin_once = ends
    for make in (sending, lambda kept: breaking):
        print(name, code_with(owner, name, make), flush=True)
sys.stdout.flush()
os._exit(0)
"""


def test_signals_at_any_moment_end_the_node_cleanly(
    start_node: Callable[..., Any], network_folder: Path
):
    """I1: several at once, also where a library makes a failure of its own of them."""
    parameters = f'model.path:={network_folder}', 'device:=cpu', 'engine:=torch'
    node = start_node(*parameters, python=('-c', SIGNALS_AT_EVERY_MOMENT))
    assert node.exit_code() == ExitCode.CLEAN, node.stderr
    codes = [line.split() for line in node.stdout.splitlines()]
    assert len(codes) == 18, node.stderr
    assert {code for _, code in codes} == {'0'}, codes


@pytest.mark.parametrize('number', SIGNALS)
def test_a_signal_while_frames_pass_ends_the_node_cleanly(
    start_node: Callable[..., Any], network_folder: Path, camera: Any, number: int
):
    """I1: mid-frame and mid-publish, with no word of a context that is gone."""
    # Random weights contradict the sensor.
    node = start_node(f'model.path:={network_folder}', 'device:=cpu', 'trust.gate:=false')
    camera.send_until(lambda: len(camera.depths) >= 3, node)
    node.signal(number)
    camera.send_until(lambda: not camera.is_served())
    assert node.exit_code() == ExitCode.CLEAN
    assert 'Traceback' not in node.stderr
    assert 'RCLError' not in node.stderr


def test_ten_failures_in_a_row_end_the_process_for_a_restart(
    start_node: Callable[..., Any], network_folder: Path, camera: Any
):
    """I3, I4: a worker that can do nothing any more is never silent."""
    parameters = f'model.path:={network_folder}', 'device:=cpu'
    node = start_node(*parameters, python=('-c', BREAKS_EVERY_FRAME))
    camera.send_until(lambda: 'the worker gave up' in node.stderr, node)
    assert node.exit_code() == ExitCode.INTERNAL
    assert '10 failures in a row, the last: made to fail' in node.stderr
    assert 'Traceback' not in node.stderr


@pytest.mark.parametrize(
    'parameter, sentence',
    [
        ('sync.tolerance:=-0.1', 'parameter sync.tolerance: -0.1 is outside 0.0..1.0 s'),
        ('sync.tolerance:=abc', "parameter sync.tolerance: 'abc' is not a float"),
        ('precision:=int8', "parameter precision: 'int8' is not one of auto, fp32, fp16, bf16"),
    ],
)
def test_a_wrong_parameter_stops_the_start_with_one_sentence(
    start_node: Callable[..., Any], parameter: str, sentence: str
):
    """A2: exit code 2, the name, the value and what is allowed, after the line that it loads."""
    node = start_node(parameter)
    assert node.exit_code() == ExitCode.CONFIGURATION
    loading, said = node.stderr.strip().splitlines()
    assert 'loading torch' in loading
    assert said == f'promptda: {sentence}'


def test_a_parameter_file_of_another_node_stops_the_start(
    start_node: Callable[..., Any], tmp_path: Path
):
    """K16: rcl passes over it, and the node would run on defaults."""
    file = tmp_path / 'params.yaml'
    file.write_text('/other:\n  ros__parameters: {device: cpu}\n')
    python = ('-m', 'promptda_ros.main', '--ros-args', '--params-file', str(file))
    node = start_node(python=python)
    assert node.exit_code() == ExitCode.CONFIGURATION
    assert 'has no parameters of /promptda, only of /other' in node.stderr.splitlines()[-1]


def test_an_unknown_parameter_stops_a_strict_start(start_node: Callable[..., Any]):
    """A3: strict_params turns the warning into a refusal."""
    node = start_node('strict_params:=true', 'sync.tolerence:=0.1')
    assert node.exit_code() == ExitCode.CONFIGURATION
    assert "did you mean 'sync.tolerance'?" in node.stderr


# Ends at the first connection that Python opens; ROS has its own.
WITHOUT_NETWORK = """
import os, sys
from promptda_ros.main import main

opens = ('socket.connect', 'socket.getaddrinfo')
sys.addaudithook(lambda event, _: os._exit(99) if event in opens else None)
sys.exit(main())
"""


@pytest.mark.parametrize(
    'parameter, sentence',
    [
        ('device:=tpu', "device 'tpu'"),
        ('model.path:=/does/not/exist', '/does/not/exist does not exist'),
        ('model.name:=vitl', 'promptda fetch_model vitl'),
    ],
)
def test_a_model_or_device_that_is_not_there_stops_the_start(
    start_node: Callable[..., Any], parameter: str, sentence: str
):
    """A7, A8, B1, B7: exit code 3 at once, no download, no random weights."""
    node = start_node(parameter, python=('-c', WITHOUT_NETWORK))
    assert node.exit_code() == ExitCode.MODEL_OR_DEVICE
    assert sentence in node.stderr
    assert 'Traceback' not in node.stderr


def test_weights_with_another_digest_stop_the_start(
    start_node: Callable[..., Any], network_folder: Path, tmp_path: Path
):
    """B2: one flipped byte, or a file that is not the one meant."""
    folder = shutil.copytree(network_folder, tmp_path / 'network')
    node = start_node(f'model.path:={folder}', f'model.sha256:={"f" * 64}')
    assert node.exit_code() == ExitCode.MODEL_OR_DEVICE
    assert 'sha256' in node.stderr
    assert 'ffffffffffff' in node.stderr


LATE_SIGNALS = """
import os, signal
from promptda_ros.process import StopSignal

class SignalsAtTheVeryEnd:
    def __del__(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            os.kill(os.getpid(), number)

last = SignalsAtTheVeryEnd()
stop = StopSignal()
stop.ignore()
os.kill(os.getpid(), signal.SIGINT)
"""


def test_a_signal_while_python_ends_does_not_change_the_exit_code():
    """I1: Python puts the system's handlers back before it is gone."""
    ended = subprocess.run([sys.executable, '-c', LATE_SIGNALS], capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, '')
