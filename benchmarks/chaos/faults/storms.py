# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Hundreds of service calls a second: live parameters, right ones and wrong ones, and captures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import math
from typing import Any

from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from std_srvs.srv import Trigger

from benchmarks.chaos.fault import CAMERAS, Fault, NONE
from benchmarks.chaos.stage import SERVER, Stage
from benchmarks.chaos.storm import Call, Storm

# Live ones under which the right pair stays the same, with their limits here and their defaults
LIVE = {
    'sync.wait': (0.08, 0.3, 0.1),
    'output.edge_step': (0.004, 0.02, 0.008),
    'trust.agreement_distance': (0.001, 0.1, 0.02),
    'workspace.max_depth': (5.0, 1000.0, 1000.0),
    'capture.timeout': (1.0, 10.0, 5.0),
}
WRONG: dict[str, Any] = {
    'sync.wait': -0.1,
    'sync.tolerance': math.nan,
    'prompt.min_depth': 'near',
    'output.fuse': 'sensor',
    'trust.gate': 3,
    'capture.frames': 0,
}
READ_ONLY: dict[str, Any] = {'model.path': '/tmp', 'device': 'cuda', 'cameras': ['left']}
SHARED = 'capture.'
REFUSED_SHARE = 0.3


def parameter_call(stage: Stage) -> Call:
    """Return a request to set one parameter of one camera, and what its answer must be."""
    rng, camera = stage.rng, CAMERAS[stage.rng.integers(len(CAMERAS))]
    if rng.random() > REFUSED_SHARE:
        name = [*LIVE][rng.integers(len(LIVE))]
        least, most, _ = LIVE[name]
        return _set(_of(camera, name), float(rng.uniform(least, most)), is_right=True)
    refused = {_of(camera, name): value for name, value in WRONG.items()} | READ_ONLY
    name = [*refused][rng.integers(len(refused))]
    return _set(name, refused[name], is_right=False)


def capture_call(stage: Stage) -> Call:
    """Return a request to capture a frame; a refusal must say why."""
    camera = CAMERAS[stage.rng.integers(len(CAMERAS))]

    def judge(answer: Any) -> str:
        return '' if answer.message else f'a capture of {camera} was answered without a word'

    return Call(Trigger, f'/{SERVER}/{camera}/capture', Trigger.Request(), judge)


@contextmanager
def parameters(stage: Stage) -> Iterator[None]:
    """Set parameters; afterwards set their defaults."""
    with Storm(stage, parameter_call):
        yield
    defaults = {name: default for name, (_, _, default) in LIVE.items()}
    stage.set_parameters(
        {_of(camera, name): value for camera in CAMERAS for name, value in defaults.items()}
    )


@contextmanager
def captures(stage: Stage) -> Iterator[None]:
    """Ask for captures of every camera."""
    with Storm(stage, capture_call):
        yield


def _of(camera: str, name: str) -> str:
    """Return the name of a camera's parameter; a few are shared by all."""
    return name if name.startswith(SHARED) else f'{camera}.{name}'


def _set(name: str, value: Any, *, is_right: bool) -> Call:
    request = SetParameters.Request(parameters=[Parameter(name, value=value).to_parameter_msg()])

    def judge(answer: Any) -> str:
        (result,) = answer.results
        if result.successful != is_right:
            return f'{name} := {value} was {"accepted" if result.successful else result.reason}'
        return '' if is_right or result.reason else f'{name} := {value} was refused without reason'

    return Call(SetParameters, f'/{SERVER}/set_parameters', request, judge)


PARAMETERS = Fault('storm of parameters', 4.0, NONE, parameters)
CAPTURES = Fault('storm of captures', 4.0, NONE, captures)
