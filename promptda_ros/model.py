# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A folder of weights -> a network that is ready to run on a device."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from promptda_ros.core.estimator import Estimator
from promptda_ros.core.frame import BadFrame
from promptda_ros.core.fused.proof import start_kernels
from promptda_ros.core.model_names import SMALLER
from promptda_ros.core.runtime.attention import attention_backend, attention_problem
from promptda_ros.core.runtime.device import (
    choose_device,
    choose_engine,
    DeviceError,
    name_of,
    unused_gpu,
)
from promptda_ros.core.runtime.faults import OutOfMemory, run_on_device
from promptda_ros.core.runtime.number_modes import require_exact_numbers
from promptda_ros.core.self_check import golden_error_m, GOLDEN_TOLERANCE_M
from promptda_ros.core.settings.schema import Settings
from promptda_ros.loaded_model import LoadedModel
from promptda_ros.model_folders import expected_digest, model_folder
from promptda_ros.network import (
    CheckpointError,
    load_network,
    PromptDepthAnythingForDepthEstimation,
)
from promptda_ros.network.engines.compiled import CompiledNetwork
from promptda_ros.network.engines.folded import fold
from promptda_ros.network.engines.onednn import use_onednn
from promptda_ros.network.engines.precision import Precision, precision_steps
from promptda_ros.network.engines.precision_choice import Choice, choose_precision
from promptda_ros.network.engines.starting import compile_networks, refusal_of, start
from promptda_ros.network.files.golden import read_golden
from promptda_ros.network.files.statement import read_statement, Statement
from promptda_ros.network.files.weight_shards import shards_of
from promptda_ros.network.normalisation import read_normalisation

MIB = 1024 * 1024


def load_model(settings: Settings) -> LoadedModel:
    """Load and warm up the network that the settings name.

    Raises:
        DeviceError: the machine lacks the device that was asked for, or memory, or the network
            gives no depth on it.
        DeviceLost: the device answers no more in this process.
        CheckpointError: the weights are missing or fail a check.
    """
    require_exact_numbers()
    device = choose_device(settings.device)
    statement = read_statement(model_folder(settings.model))
    steps = precision_steps(statement.precision_for(settings.precision), device)
    # Refuses before the weights are read.
    choose_engine(settings.engine, device, is_exact=steps[0].is_exact)
    try:
        return run_on_device(_load, settings, statement, device, steps)
    except OutOfMemory as error:
        raise DeviceError(f'{_memory_text(settings, device)}: {error}') from None
    except BadFrame as error:
        name = model_folder(settings.model).name
        raise DeviceError(
            f'self-test failed: {name} gives no depth on {device}: {error}'
        ) from None


def _load(
    settings: Settings,
    statement: Statement,
    device: torch.device,
    steps: Sequence[Precision],
) -> LoadedModel:
    folder = model_folder(settings.model)
    network = load_network(folder, sha256=expected_digest(settings.model))
    _require_metric(folder, network)
    pixels = read_normalisation(folder, network.config)

    def make(precision: Precision, device: torch.device) -> Estimator:
        mean, deviation = pixels.mean, pixels.deviation
        folded = fold(network, image_mean=mean, image_std=deviation, precision=precision)
        folded.to(device)
        use_onednn(folded)
        resolution, space = settings.model.resolution, folded.space
        return Estimator(folded, device=device, resolution=resolution, space=space)

    choice = choose_precision(make, steps, device)
    if network.anchor is not None:
        choice.estimator.anchor = network.anchor.anchor.to(device)
    _require_golden(folder, network.sha256, choice)
    return _start(settings, statement, network, choice)


def _start(
    settings: Settings,
    statement: Statement,
    network: PromptDepthAnythingForDepthEstimation,
    choice: Choice,
) -> LoadedModel:
    """Compile the network, run a frame, and collect what is to be said about both."""
    estimator, device, precision = choice.estimator, choice.estimator.device, choice.precision
    engine = choose_engine(settings.engine, device, is_exact=precision.is_exact)
    without_kernels = start_kernels(device, settings.engine)
    compiled = compile_networks(estimator, engine)
    frame_sec = start(estimator, compiled)
    _require_engine(settings, compiled)
    for each in compiled:
        each.end_start()
    attention = attention_backend(device, precision.products)
    notes = (
        statement.caution,
        unused_gpu(settings.device, device),
        choice.note,
        attention_problem(attention),
        without_kernels,
        *(each.problem for each in compiled),
    )
    return LoadedModel(
        estimator=estimator,
        name=model_folder(settings.model).name,
        sha256=network.sha256,
        device=name_of(device),
        precision=precision.name,
        difference=choice.difference,
        attention=attention,
        frame_sec=frame_sec,
        notes=tuple(note for note in notes if note),
        compiled=compiled,
        anchor_sha256=network.anchor.sha256 if network.anchor else '',
    )


def _memory_text(settings: Settings, device: torch.device) -> str:
    """Say what was needed, what there was, and what needs less."""
    folder = model_folder(settings.model)
    files = [folder / shard.file for shard in shards_of(folder)]
    needed_mib = sum(file.stat().st_size for file in files) / MIB
    free = ''
    if device.type == 'cuda':
        free_mib, all_mib = (number / MIB for number in torch.cuda.mem_get_info(device))
        free = f', and {free_mib:.0f} of {all_mib:.0f} MiB are free'
    name = '' if settings.model.path else SMALLER.get(settings.model.name, '')
    network = f'set model.name:={name}' if name else 'take a smaller network'
    return (
        f'no memory for {folder.name} on {name_of(device)}, whose weights alone have '
        f'{needed_mib:.0f} MiB{free}; {network} or model.resolution:=low, or end other programs '
        'there'
    )


def _require_metric(folder: Path, network: PromptDepthAnythingForDepthEstimation) -> None:
    kind = network.config.depth_estimation_type
    if kind == 'metric':
        return
    raise CheckpointError(
        folder,
        f"{folder} is a network of depth_estimation_type '{kind}', whose output may leave the "
        "range of the prompt; only 'metric' networks give metres",
    )


def _require_golden(folder: Path, sha256: str, choice: Choice) -> None:
    """Refuse a machine that makes other depth of these weights than the one they are from."""
    expected_m = read_golden(folder, sha256)
    if expected_m is None:
        return
    error_m = golden_error_m(choice.estimator, expected_m)
    if error_m > GOLDEN_TOLERANCE_M:
        raise DeviceError(
            f'self-test failed: on {choice.estimator.device} in {choice.precision.name} the depth '
            f'that {folder.name} gives of a known frame is {1e3 * error_m:.1f} mm off on average, '
            f'more than {1e3 * GOLDEN_TOLERANCE_M:g} mm: every depth would be wrong; install '
            'another build of torch or of the driver, or set another device'
        )


def _require_engine(settings: Settings, compiled: tuple[CompiledNetwork, ...]) -> None:
    """Refuse to go on without the engine that was asked for by name."""
    refusal = refusal_of(settings.engine, compiled)
    if refusal:
        raise DeviceError(
            f"engine '{settings.engine}' requested but it fails here ({refusal}); "
            'install another version of it, or set engine:=auto, which falls back to torch'
        )
