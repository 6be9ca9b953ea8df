# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Devices are given as asked for, or refused with what to do."""

from __future__ import annotations

import pytest
import torch

from promptda_ros.core.runtime import device
from promptda_ros.core.runtime.device import (
    choose_device,
    choose_dtype,
    choose_engine,
    DeviceError,
)

CPU, CUDA = torch.device('cpu'), torch.device('cuda', 0)


@pytest.fixture
def no_cuda(monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)


@pytest.fixture
def two_gpus(monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 2)
    monkeypatch.setattr(torch.cuda, 'get_device_name', lambda index: f'Card {index}')


def test_the_cpu_is_given_when_asked_for(two_gpus):
    assert choose_device('cpu') == CPU


def test_auto_takes_what_there_is(no_cuda):
    assert choose_device('auto') == CPU


def test_auto_takes_the_first_gpu(two_gpus):
    assert choose_device('auto') == CUDA


@pytest.mark.parametrize('name', ['cuda', 'cuda:0', 'cuda:3'])
def test_a_cpu_is_no_silent_substitute_for_cuda(no_cuda, name):
    """A7: one sentence with the name, the version and the way out."""
    with pytest.raises(DeviceError) as refused:
        choose_device(name)
    text = str(refused.value)
    assert f"device '{name}' requested but torch {torch.__version__} finds no CUDA" in text
    assert 'set device:=cpu' in text


@pytest.mark.parametrize('name, index', [('cuda', 0), ('cuda:0', 0), ('cuda:1', 1)])
def test_a_gpu_is_given_by_its_number(two_gpus, name, index):
    assert choose_device(name) == torch.device('cuda', index)


@pytest.mark.parametrize('name', ['cuda:2', 'cuda:7'])
def test_a_gpu_that_is_not_there_is_refused_with_those_that_are(two_gpus, name):
    """A8: cuda:7 on a machine with fewer."""
    with pytest.raises(DeviceError) as refused:
        choose_device(name)
    assert 'this machine has 2: cuda:0 (Card 0), cuda:1 (Card 1)' in str(refused.value)


@pytest.mark.parametrize('name', ['', 'gpu', 'cuda:x', 'cuda:-1', 'CPU', 'mps', 'meta', 'xpu:0'])
def test_any_other_name_is_refused_with_the_choices(two_gpus, name):
    with pytest.raises(DeviceError, match='set device to auto, cpu or cuda:N'):
        choose_device(name)


@pytest.mark.parametrize(
    'precision, device, expected',
    [
        ('auto', CPU, torch.float32),
        ('auto', CUDA, torch.float16),
        ('fp32', CUDA, torch.float32),
        ('fp16', CPU, torch.float16),
        ('bf16', CPU, torch.bfloat16),
    ],
)
def test_the_number_format_is_that_of_the_setting(precision, device, expected):
    assert choose_dtype(precision, device) is expected


@pytest.fixture(params=[True, False], ids=['installed', 'missing'])
def openvino(request, monkeypatch):
    found = object() if request.param else None
    monkeypatch.setattr(device, 'find_spec', lambda name: found)
    return request.param


def test_openvino_is_taken_where_it_can_run_and_is_installed(openvino):
    expected = 'openvino' if openvino else 'torch'
    assert choose_engine('auto', CPU, torch.float32) == expected
    assert choose_engine('auto', CPU, torch.bfloat16) == 'torch'
    assert choose_engine('auto', CUDA, torch.float32) == 'torch'
    assert choose_engine('torch', CPU, torch.float32) == 'torch'


@pytest.mark.parametrize(
    'where, dtype, way_out',
    [
        (CPU, torch.float32, 'the openvino package is missing; pip install openvino, or engine'),
        (CPU, torch.bfloat16, 'the precision is bfloat16 and here it takes float32; set precis'),
        (CUDA, torch.float16, 'the device is cuda:0 and here it runs on a CPU; set device:=cpu'),
    ],
)
def test_openvino_asked_for_in_vain_is_refused_with_the_way_out(
    monkeypatch, where, dtype, way_out
):
    monkeypatch.setattr(device, 'find_spec', lambda name: None)
    with pytest.raises(DeviceError) as refused:
        choose_engine('openvino', where, dtype)
    assert f"engine 'openvino' requested but {way_out}" in str(refused.value)
