# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where the network runs, in which number format and by what, without silent substitutes."""

from __future__ import annotations

from importlib.util import find_spec

import torch

from promptda_ros.core.errors import ExitCode, PromptdaError


class DeviceError(PromptdaError, RuntimeError):
    """A device or number format that this machine can't give; the text says what to do."""

    exit_code = ExitCode.MODEL_OR_DEVICE


def choose_device(name: str) -> torch.device:
    """Return the device for `auto`, `cpu`, `cuda` or `cuda:N`.

    Raises:
        DeviceError: the name is unknown, or the machine lacks what it asks for.
    """
    if name == 'auto':
        return torch.device('cuda:0' if torch.cuda.is_available() else 'cpu')
    try:
        device = torch.device(name)
    except RuntimeError:
        raise DeviceError(
            f"device '{name}' is unknown; set device to auto, cpu or cuda:N"
        ) from None
    if device.type == 'cpu':
        return device
    if device.type != 'cuda':
        raise DeviceError(f"device '{name}' is not supported; set device to auto, cpu or cuda:N")
    return _require_cuda(name, device)


def choose_dtype(precision: str, device: torch.device) -> torch.dtype:
    """Return the number format of the network body for `auto`, `fp32`, `fp16` or `bf16`."""
    if precision == 'auto':
        return torch.float16 if device.type == 'cuda' else torch.float32
    return {'fp32': torch.float32, 'fp16': torch.float16, 'bf16': torch.bfloat16}[precision]


def choose_engine(name: str, device: torch.device, dtype: torch.dtype) -> str:
    """Return `torch` or `openvino` for the setting; `auto` takes OpenVINO where it can run.

    Raises:
        DeviceError: OpenVINO is not installed, or not for this device or number format.
    """
    problem = _problem_with_openvino(device, dtype)
    if name == 'openvino' and problem:
        raise DeviceError(f"engine 'openvino' requested but {problem}, or engine:=auto")
    return 'torch' if name == 'torch' or problem else 'openvino'


def _problem_with_openvino(device: torch.device, dtype: torch.dtype) -> str:
    if device.type != 'cpu':
        return f'the device is {device} and here it runs on a CPU; set device:=cpu'
    if dtype != torch.float32:
        number_format = str(dtype).removeprefix('torch.')
        return f'the precision is {number_format} and here it takes float32; set precision:=fp32'
    if find_spec('openvino') is None:
        return 'the openvino package is missing; pip install openvino'
    return ''


def _require_cuda(name: str, device: torch.device) -> torch.device:
    if not torch.cuda.is_available():
        raise DeviceError(
            f"device '{name}' requested but torch {torch.__version__} finds no CUDA; "
            'install a CUDA build of torch and a matching driver, or set device:=cpu'
        )
    index, count = device.index or 0, torch.cuda.device_count()
    if index >= count:
        found = ', '.join(f'cuda:{i} ({torch.cuda.get_device_name(i)})' for i in range(count))
        raise DeviceError(f"device '{name}' requested but this machine has {count}: {found}")
    return torch.device('cuda', index)
