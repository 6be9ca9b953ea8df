# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Devices are given as asked for, or refused with what to do."""

from __future__ import annotations

import pytest
import torch

from promptda_ros.core.runtime import device
from promptda_ros.core.runtime.device import (
    choose_device,
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
    monkeypatch.setattr(device, 'run_kernel', lambda device: None)


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


@pytest.mark.parametrize(
    'found',
    [
        'The NVIDIA driver on your system is too old (found version 11040)',
        'Found no NVIDIA driver on your system',
    ],
)
def test_a_driver_that_is_too_old_is_told_with_what_torch_needs(no_cuda, monkeypatch, found):
    """A8: as torch words it, whose own advice has three more sentences."""

    def fail(device: torch.device) -> None:
        raise RuntimeError(f'{found}. Please update your GPU driver: http://www.nvidia.com.')

    monkeypatch.setattr(torch.version, 'cuda', '13.0')
    monkeypatch.setattr(device, 'run_kernel', fail)
    with pytest.raises(DeviceError) as refused:
        choose_device('cuda')
    text = str(refused.value)
    assert f'finds no CUDA (it is built for CUDA 13.0): {found}; install' in text
    assert 'nvidia.com' not in text


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


NO_KERNEL = (
    'CUDA error: no kernel image is available for execution on the device\n'
    'CUDA kernel errors might be asynchronously reported at some other API call.'
)


@pytest.fixture
def no_kernels(two_gpus, monkeypatch):
    """Have cards that torch lists and has no kernels for."""

    def fail(device: torch.device) -> None:
        raise getattr(torch, 'AcceleratorError', RuntimeError)(NO_KERNEL)

    monkeypatch.setattr(device, 'run_kernel', fail)
    monkeypatch.setattr(torch.cuda, 'get_device_capability', lambda device: (8, 7))
    monkeypatch.setattr(torch.cuda, 'get_arch_list', lambda: ['sm_75', 'sm_120'])


@pytest.mark.parametrize(
    'capability, index',
    [
        ((8, 7), 'https://pypi.jetson-ai-lab.io/jp6/cu126'),
        ((11, 0), 'https://pypi.jetson-ai-lab.io/sbsa/cu130'),
        ((6, 1), 'https://download.pytorch.org/whl/cu126'),
        ((12, 1), 'https://download.pytorch.org/whl/cu130'),
    ],
)
def test_a_gpu_without_kernels_is_refused_with_the_build_that_has_them(
    no_kernels, monkeypatch, capability, index
):
    """A8: an Orin with a wheel of PyPI, an old card, or one newer than the wheel."""
    monkeypatch.setattr(torch.cuda, 'get_device_capability', lambda device: capability)
    with pytest.raises(DeviceError) as refused:
        choose_device('cuda:1')
    text = str(refused.value)
    assert "device 'cuda:1' requested but no kernel runs on cuda:1: CUDA error: no kernel" in text
    name = 'sm_{}{}'.format(*capability)
    assert f'the card is {name} and torch {torch.__version__} is built for sm_75, sm_120' in text
    assert f'pip install torch --index-url {index}, or' in text
    assert '\n' not in text


def test_auto_takes_the_cpu_for_a_gpu_without_kernels(no_kernels):
    assert choose_device('auto') == CPU


def test_a_gpu_that_others_occupy_is_refused_with_the_reason(two_gpus, monkeypatch):
    def fail(device: torch.device) -> None:
        raise RuntimeError('CUDA error: all CUDA-capable devices are busy or unavailable')

    monkeypatch.setattr(device, 'run_kernel', fail)
    with pytest.raises(DeviceError, match='are busy or unavailable; end other programs that use'):
        choose_device('cuda')


@pytest.fixture(params=[True, False], ids=['installed', 'missing'])
def openvino(request, monkeypatch):
    found = object() if request.param else None
    monkeypatch.setattr(device, 'find_spec', lambda name: found)
    return request.param


def test_openvino_is_taken_where_it_can_run_and_is_installed(openvino):
    expected = 'openvino' if openvino else 'torch'
    assert choose_engine('auto', CPU, is_exact=True) == expected
    assert choose_engine('auto', CPU, is_exact=False) == 'torch'
    assert choose_engine('torch', CPU, is_exact=True) == 'torch'


@pytest.mark.parametrize(
    'where, is_exact, way_out',
    [
        (CPU, True, 'the openvino package is missing; pip install openvino, or engine'),
        (CPU, False, 'it takes float32 here; set precision:=fp32'),
        (CUDA, False, 'the device is cuda:0 and here it runs on a CPU; set device:=cpu'),
    ],
)
def test_openvino_asked_for_in_vain_is_refused_with_the_way_out(
    monkeypatch, where, is_exact, way_out
):
    monkeypatch.setattr(device, 'find_spec', lambda name: None)
    with pytest.raises(DeviceError) as refused:
        choose_engine('openvino', where, is_exact=is_exact)
    assert f"engine 'openvino' requested but {way_out}" in str(refused.value)


@pytest.mark.parametrize('exact', [True, False])
def test_tensorrt_is_taken_only_where_it_is_asked_for(monkeypatch, exact):
    monkeypatch.setattr(device, 'find_spec', lambda name: object())
    assert choose_engine('tensorrt', CUDA, is_exact=exact) == 'tensorrt'
    assert choose_engine('auto', CUDA, is_exact=exact) == 'auto'


@pytest.mark.parametrize(
    'where, installed, way_out',
    [
        (CPU, {'tensorrt', 'onnx'}, 'the device is cpu and it runs on a GPU of NVIDIA; set dev'),
        (CUDA, set(), 'the tensorrt package is missing; pip install tensorrt, or engine:=auto'),
        (CUDA, {'tensorrt'}, 'the onnx package is missing; pip install onnx, or engine:=auto'),
    ],
)
def test_tensorrt_asked_for_in_vain_is_refused_with_the_way_out(
    monkeypatch, where, installed, way_out
):
    monkeypatch.setattr(device, 'find_spec', lambda name: name in installed or None)
    with pytest.raises(DeviceError) as refused:
        choose_engine('tensorrt', where, is_exact=True)
    assert f"engine 'tensorrt' requested but {way_out}" in str(refused.value)


@pytest.mark.parametrize('exact', [True, False])
def test_torch_compiles_on_a_gpu_with_triton_only(monkeypatch, exact):
    monkeypatch.setattr(device, 'find_spec', lambda name: object())
    assert choose_engine('compile', CUDA, is_exact=exact) == 'compile'
    with pytest.raises(DeviceError, match="engine 'compile' requested but the device is cpu"):
        choose_engine('compile', CPU, is_exact=exact)
    monkeypatch.setattr(device, 'find_spec', lambda name: None)
    assert choose_engine('auto', CUDA, is_exact=exact) == 'torch'
    with pytest.raises(DeviceError, match='the triton package is missing; pip install triton'):
        choose_engine('compile', CUDA, is_exact=exact)
