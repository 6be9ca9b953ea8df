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


# Where wheels have kernels for a card, by its compute capability: Orin, Thor, older cards, others.
JETSON_INDEX = 'https://pypi.jetson-ai-lab.io'
JETSON_BUILDS = {(8, 7): 'jp6/cu126', (11, 0): 'sbsa/cu130'}
TORCH_INDEX = 'https://download.pytorch.org/whl'
OLDEST_OF_CUDA_13 = (7, 5)
FIRST_GPU = torch.device('cuda', 0)


def choose_device(name: str) -> torch.device:
    """Return the device for `auto`, `cpu`, `cuda` or `cuda:N`, on which a kernel ran.

    With `auto` the CPU stands in for a GPU that runs none; `problem_with` says why.

    Raises:
        DeviceError: the name is unknown, or the machine lacks what it asks for.
    """
    if name == 'auto':
        is_usable = torch.cuda.is_available() and not problem_with(FIRST_GPU)
        return FIRST_GPU if is_usable else torch.device('cpu')
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


def choose_engine(name: str, device: torch.device, *, is_exact: bool) -> str:
    """Return the engine to try: `torch`, `openvino`, `compile` or `tensorrt`.

    `auto` takes OpenVINO where it can run; on a GPU it stays `auto` where torch can compile.

    Raises:
        DeviceError: the engine is not installed, or not for this device or number format.
    """
    if name == 'auto' and device.type == 'cuda':
        return 'torch' if _problem_with_compile(device, is_exact) else 'auto'
    if name == 'auto':
        return 'torch' if _problem_with_openvino(device, is_exact) else 'openvino'
    problem = PROBLEMS[name](device, is_exact) if name in PROBLEMS else ''
    if problem:
        raise DeviceError(f"engine '{name}' requested but {problem}, or engine:=auto")
    return name


def _problem_with_openvino(device: torch.device, is_exact: bool) -> str:
    if device.type != 'cpu':
        return f'the device is {device} and here it runs on a CPU; set device:=cpu'
    if not is_exact:
        return 'it takes float32 here; set precision:=fp32'
    return _missing('openvino')


def _problem_with_tensorrt(device: torch.device, _is_exact: bool) -> str:
    if device.type != 'cuda':
        return f'the device is {device} and it runs on a GPU of NVIDIA; set device:=cuda'
    return _missing('tensorrt') or _missing('onnx')


def _problem_with_compile(device: torch.device, _is_exact: bool) -> str:
    if device.type != 'cuda':
        return f'the device is {device} and here it is for GPUs; set device:=cuda'
    return _missing('triton')


PROBLEMS = {
    'compile': _problem_with_compile,
    'openvino': _problem_with_openvino,
    'tensorrt': _problem_with_tensorrt,
}


def _missing(package: str) -> str:
    if find_spec(package) is None:
        return f'the {package} package is missing; pip install {package}'
    return ''


def _require_cuda(name: str, device: torch.device) -> torch.device:
    if not torch.cuda.is_available():
        raise DeviceError(
            f"device '{name}' requested but torch {torch.__version__} finds no CUDA"
            f'{_reason_for_no_cuda()}; install a CUDA build of torch and a matching driver, or '
            'set device:=cpu'
        )
    index, count = device.index or 0, torch.cuda.device_count()
    if index >= count:
        found = ', '.join(f'cuda:{i} ({torch.cuda.get_device_name(i)})' for i in range(count))
        raise DeviceError(f"device '{name}' requested but this machine has {count}: {found}")
    chosen = torch.device('cuda', index)
    problem = problem_with(chosen)
    if problem:
        raise DeviceError(f"device '{name}' requested but {problem}, or set device:=cpu")
    return chosen


def _reason_for_no_cuda() -> str:
    """Say what a build for CUDA finds instead of a driver that serves it: none, or an old one."""
    if torch.version.cuda is None:
        return ''
    try:
        run_kernel(FIRST_GPU)
    except RuntimeError as error:
        # The rest is links, which bend over lines and versions.
        reason = str(error).partition('. ')[0].rstrip('.')
        return f' (it is built for CUDA {torch.version.cuda}): {reason}'
    return ''


def problem_with(device: torch.device) -> str:
    """Say why a GPU that torch lists runs no kernel, and what to do; empty: it does run one."""
    try:
        run_kernel(device)
    except RuntimeError as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        return f'no kernel runs on {device}: {reason}; {_advice(device, reason)}'
    return ''


def unused_gpu(name: str, device: torch.device) -> str:
    """Say why the CPU stands in for a GPU that is there; empty: it does not."""
    if name != 'auto' or device.type != 'cpu' or not torch.cuda.is_available():
        return ''
    return f'the CPU is used, which is slow: {problem_with(FIRST_GPU)}, or set device:=cpu'


def name_of(device: torch.device) -> str:
    """Return what a device is called."""
    return torch.cuda.get_device_name(device) if device.type == 'cuda' else device.type


def run_kernel(device: torch.device) -> None:
    """Run one kernel and wait for it; RuntimeError says what failed."""
    torch.ones(1, device=device).add_(1).cpu()


def _advice(device: torch.device, reason: str) -> str:
    if 'no kernel image' not in reason:
        return 'end other programs that use the card, or restart the machine'
    major, minor = torch.cuda.get_device_capability(device)
    built_for = ', '.join(torch.cuda.get_arch_list()) or 'nothing'
    index = f'{TORCH_INDEX}/{"cu130" if (major, minor) >= OLDEST_OF_CUDA_13 else "cu126"}'
    if (major, minor) in JETSON_BUILDS:
        index = f'{JETSON_INDEX}/{JETSON_BUILDS[major, minor]}'
    return (
        f'the card is sm_{major}{minor} and torch {torch.__version__} is built for {built_for}; '
        f'install a build for the card: pip install torch --index-url {index}'
    )
