# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Kernels are used where they compute what torch does, and nowhere else."""

from __future__ import annotations

import sys

import pytest
import torch

from promptda_ros.core.fused import proof, proved, restore, restore_operators
from promptda_ros.core.runtime.faults import DeviceLost


def test_kernels_that_compute_what_torch_does_are_used(device):
    assert device not in proved.PROVED
    assert proof.prove(device) == ''
    assert device in proved.PROVED
    assert proved.describe(device) == 'fused kernels'


def test_kernels_that_compute_other_depth_are_not_used(device, monkeypatch):
    usual = restore.hold
    monkeypatch.setattr(restore, 'hold', lambda *given: usual(*given) * 1.001)
    problem = proof.prove(device)
    assert 'held depth differ from torch; report it' in problem
    assert 'engine:=torch' in problem
    assert device not in proved.PROVED
    assert proved.describe(device) == problem


def test_without_triton_torch_computes_alone(device, monkeypatch):
    for name in [each for each in sys.modules if each.endswith('_kernels')]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, 'triton', None)
    assert 'ModuleNotFoundError' in proof.prove(device)
    assert device not in proved.PROVED


@pytest.mark.parametrize(
    'error, advice',
    [
        (RuntimeError('Failed to find C compiler'), 'apt install gcc'),
        (KeyError('sm_53'), 'pip install triton'),
        (OSError('no space'), 'pip install triton'),
        (torch.cuda.OutOfMemoryError('CUDA out of memory.'), 'end other programs on the GPU'),
    ],
)
def test_a_kernel_that_can_not_run_is_not_used_and_the_reason_told(
    device, monkeypatch, error, advice
):
    def fail(*_: object) -> None:
        raise error

    proved.note(device, '')
    monkeypatch.setattr(restore_operators, 'see_samples', fail)
    problem = proof.prove(device)
    assert str(error.args[0]) in problem
    assert advice in problem
    assert problem.endswith(', or set engine:=torch')
    assert device not in proved.PROVED


def test_a_device_that_is_lost_meanwhile_ends_the_process(device, monkeypatch):
    def fail(*_: object) -> None:
        raise RuntimeError('CUDA error: an illegal memory access was encountered')

    monkeypatch.setattr(restore_operators, 'see_samples', fail)
    with pytest.raises(DeviceLost, match='illegal memory access'):
        proof.prove(device)


def test_a_device_that_nobody_asked_about_runs_torch(device):
    assert proved.describe(device) == 'torch'
