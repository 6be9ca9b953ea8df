# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A folder of weights -> a network that is ready to run on a device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
import time
from typing import cast

import torch

from promptda_ros.core.estimator import Estimator
from promptda_ros.core.frame import BadFrame
from promptda_ros.core.model_names import SMALLER
from promptda_ros.core.runtime.device import (
    choose_device,
    choose_dtype,
    choose_engine,
    DeviceError,
)
from promptda_ros.core.runtime.faults import OutOfMemory, run_on_device
from promptda_ros.core.self_check import largest_difference_m, TOLERANCE_M
from promptda_ros.core.settings.schema import Settings
from promptda_ros.model_folders import expected_digest, model_folder
from promptda_ros.network import (
    CheckpointError,
    load_network,
    PromptDepthAnythingForDepthEstimation,
)
from promptda_ros.network.engines.compiled import Compilable, CompiledNetwork, Compiler
from promptda_ros.network.engines.cuda_graph import CudaGraph
from promptda_ros.network.engines.folded import fold
from promptda_ros.network.engines.onednn import use_onednn
from promptda_ros.network.engines.openvino_model import OpenVinoModel
from promptda_ros.network.files.statement import read_statement, Statement
from promptda_ros.network.files.weight_shards import shards_of
from promptda_ros.network.normalisation import Normalisation, read_normalisation

TIMED_FRAMES = 2
LONGEST_COMPILATION_SEC = 120.0
MIB = 1024 * 1024


@dataclass(frozen=True)
class LoadedModel:
    """A network that is ready to run, and what is to be said about it."""

    estimator: Estimator
    name: str
    sha256: str
    device: str
    precision: str
    frame_sec: float  # from image to depth, measured at start
    notes: tuple[str, ...] = ()  # what the user should know about it
    compiled: CompiledNetwork | None = None  # None: torch alone runs it
    compiled_anchor: CompiledNetwork | None = None  # None: there is none, or torch alone runs it
    anchor_sha256: str = ''  # empty: the network has none

    @property
    def next_pause(self) -> str:
        """What `between_frames` would hold frames up for; empty: nothing."""
        missed = [each for each in self._compiled if each.has_missed]
        return f'{missed[0].compiler} compiles' if missed else ''

    @property
    def is_paused(self) -> bool:
        """Whether frames wait for a compilation; any thread may ask."""
        return any(each.is_compiling for each in self._compiled)

    def between_frames(self) -> None:
        """Do what would hold up a frame."""
        for each in self._compiled:
            each.compile_missed()

    def pause_sec(self, since_ns: int) -> float:
        """Return how long `between_frames` may take, if it compiles or did since a steady time."""
        began = sum(each.compiling_since_ns > since_ns for each in self._compiled)
        return began * LONGEST_COMPILATION_SEC

    @property
    def problem(self) -> str:
        """What keeps the networks from running as fast as they could; empty: nothing."""
        return next((each.problem for each in self._compiled if each.problem), '')

    def free_memory(self) -> bool:
        """Free caches that only save time; return whether there were any."""
        if not any(each.sizes for each in self._compiled):
            return False
        for each in self._compiled:
            each.forget('memory ran short')
        return True

    def resize(self, resolution: str) -> None:
        """Work at another resolution from the next frame on."""
        self.estimator.resolution = resolution
        for each in self._compiled:
            each.forget()

    @cached_property
    def _compiled(self) -> list[CompiledNetwork]:
        return [each for each in (self.compiled, self.compiled_anchor) if each is not None]

    def facts(self) -> dict[str, str]:
        """Return the figures for diagnostics and reports."""
        return {
            'model.name': self.name,
            'model.sha256': self.sha256,
            'anchor.sha256': self.anchor_sha256 or 'none',
            'device': self.device,
            'precision': self.precision,
            'engine': 'torch' if self.compiled is None else self.compiled.describe(),
        }

    def describe(self) -> str:
        """Return one line for logs."""
        compiled = self.compiled
        helped = f' by {compiled.compiler}' if compiled and not compiled.problem else ''
        return f'{self.name} ({self.sha256[:8]}) on {self.device} in {self.precision}{helped}'


def load_model(settings: Settings) -> LoadedModel:
    """Load and warm up the network that the settings name.

    Raises:
        DeviceError: the machine lacks the device that was asked for, or memory, or the network
            gives no depth on it.
        DeviceLost: the device answers no more in this process.
        CheckpointError: the weights are missing or can't be trusted.
    """
    device = choose_device(settings.device)
    statement = read_statement(model_folder(settings.model))
    dtype = choose_dtype(_precision(settings.precision, statement), device)
    choose_engine(settings.engine, device, dtype)  # refuses before the weights are read
    try:
        return run_on_device(_load, settings, statement, device, dtype)
    except OutOfMemory as error:
        raise DeviceError(f'{_memory_text(settings, device)}: {error}') from None
    except BadFrame as error:
        name = model_folder(settings.model).name
        raise DeviceError(f'{name} gives no depth on {device}: {error}') from None


def _load(
    settings: Settings, statement: Statement, device: torch.device, dtype: torch.dtype
) -> LoadedModel:
    folder = model_folder(settings.model)
    network = load_network(folder, sha256=expected_digest(settings.model))
    _require_metric(folder, network)
    pixels = read_normalisation(folder, network.config)
    resolution = settings.model.resolution

    def make(dtype: torch.dtype) -> Estimator:
        return _estimator(network, pixels, resolution, device, dtype)

    estimator = make(dtype)
    notes = [statement.caution] if statement.caution else []
    if dtype != torch.float32:
        exact = make(torch.float32)
        off_m = largest_difference_m(estimator, exact)
        if off_m > TOLERANCE_M:
            notes.append(_precision_text(dtype, off_m))
            estimator, dtype = exact, torch.float32
    if network.anchor is not None:
        estimator.anchor = network.anchor.anchor.to(device)
    both = _compile(estimator, settings, device, dtype)
    frame_sec = _start(estimator, both)
    for each in both:
        if each.problem:
            _require_no_choice(settings, each.problem)
            notes.append(each.problem)
        else:
            each.forget()  # the size of the made-up frame
    compiled, compiled_anchor = (*both, None, None)[:2]
    return LoadedModel(
        estimator=estimator,
        name=folder.name,
        sha256=network.sha256,
        device=_device_name(device),
        precision=str(dtype).removeprefix('torch.'),
        frame_sec=frame_sec,
        notes=tuple(notes),
        compiled=compiled,
        compiled_anchor=compiled_anchor,
        anchor_sha256=network.anchor.sha256 if network.anchor else '',
    )


def _compile(
    estimator: Estimator, settings: Settings, device: torch.device, dtype: torch.dtype
) -> list[CompiledNetwork]:
    """Let what compiles run the network, and the anchor if there is one; nothing without it."""
    compiler: Compiler
    if device.type == 'cuda':
        compiler = CudaGraph
    elif choose_engine(settings.engine, device, dtype) == 'openvino':
        compiler = OpenVinoModel
    else:
        return []
    estimator.network = network = CompiledNetwork(cast(Compilable, estimator.network), compiler)
    if estimator.anchor is None:
        return [network]
    estimator.anchor = anchor = CompiledNetwork(cast(Compilable, estimator.anchor), compiler)
    return [network, anchor]


def _estimator(
    network: PromptDepthAnythingForDepthEstimation,
    pixels: Normalisation,
    resolution: str,
    device: torch.device,
    dtype: torch.dtype,
) -> Estimator:
    folded = fold(network, image_mean=pixels.mean, image_std=pixels.deviation, dtype=dtype)
    folded.to(device)
    use_onednn(folded)
    return Estimator(
        folded,
        device=device,
        resolution=resolution,
        space=folded.space,
    )


def _precision_text(dtype: torch.dtype, off_m: float) -> str:
    name = str(dtype).removeprefix('torch.')
    return (
        f'in {name} the network is up to {off_m * 1e3:.1f} mm from float32 > '
        f'{TOLERANCE_M * 1e3:g} mm: float32 is used, which is slower; set precision:=fp32'
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
        f'no memory for {folder.name} on {_device_name(device)}, whose weights alone have '
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


def _precision(wanted: str, statement: Statement) -> str:
    """Return the precision, which a network that loses to less may state."""
    return 'fp32' if wanted == 'auto' and statement.precision == 'fp32' else wanted


def _require_no_choice(settings: Settings, problem: str) -> None:
    if settings.engine == 'openvino':
        raise DeviceError(
            f"engine 'openvino' requested but it fails here ({problem}); "
            'install another version of it, or set engine:=auto, which falls back to torch'
        )


def _start(estimator: Estimator, compiled: Sequence[CompiledNetwork]) -> float:
    """Warm up with a made-up frame, compile for it, and return the seconds that it takes then."""
    estimator.warm_up()
    for each in compiled:
        each.compile_missed()
    return min(_time_frame(estimator) for _ in range(TIMED_FRAMES))


def _time_frame(estimator: Estimator) -> float:
    begun_sec = time.perf_counter()
    estimator.warm_up()
    return time.perf_counter() - begun_sec


def _device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == 'cuda' else device.type
