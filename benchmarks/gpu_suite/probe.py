# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the machine is like, and where the time of one frame goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
import math
from pathlib import Path
from typing import Any
import warnings

import torch

from benchmarks.gpu_suite import host, networks
from benchmarks.gpu_suite.bench import Bench
from benchmarks.gpu_suite.correctness import Errors
from benchmarks.results import Cell
from promptda_ros.core.estimator import Estimator, Prepared
from promptda_ros.core.frame import Depth, Frame
from promptda_ros.core.frame_outputs import FrameOutputs
from promptda_ros.core.fused import proved
from promptda_ros.core.fused.proof import start_kernels
from promptda_ros.core.runtime.attention import attention_backend, cudnn_version
from promptda_ros.core.runtime.number_modes import describe_numbers, tf32_convolutions
from promptda_ros.core.runtime.transfer import download, upload
from promptda_ros.core.settings import build
from promptda_ros.core.settings.schema import Settings
from promptda_ros.model_folders import model_folder
from promptda_ros.network.engines.compiled import CompiledNetwork
from promptda_ros.network.engines.cuda_graph import CudaGraphs, timed_kernels
from promptda_ros.network.engines.folded import load_folded
from promptda_ros.network.engines.precision import FP32

MACHINE, MACHINE_COLUMNS = 'The machine', ('', 'found')
TF32, TF32_COLUMNS = (
    "The bundled network in float32 on the device, against the CPU's (nearer than 4 m)",
    ('products of convolutions', 'mean mm', 'p99.9 mm'),
)
TIME_COLUMNS = ('', 'median ms', '5 to 95 %')
GRAPHS, STAGES = 'The network alone, one image', 'Stages of a frame, each waited for'
WAITS = 'Where the host waits for the device in a frame'
ASKED_FOR = 'streams.py'  # of torch: Stream.synchronize()
KERNELS, KERNEL_COLUMNS = 'Kernels of the network by time', ('', 'calls a frame', 'ms a frame')
KERNELS_SHOWN = 14
MOVED = 64 << 20  # bytes, by which transfers are timed
PART_SEC = 15.0


def start(bench: Bench) -> None:
    """Use what the node uses around the network, and say why not."""
    device = bench.plan.device
    problem = start_kernels(device, 'auto')
    if problem:
        bench.journal.lose(problem)
    row = ['around the network', proved.describe(device)]
    bench.journal.add(MACHINE, MACHINE_COLUMNS, row)


def machine(bench: Bench) -> None:
    """Say what computes here, and how fast host and device exchange."""
    device = bench.plan.device
    say = partial(bench.journal.add, MACHINE, MACHINE_COLUMNS)
    say(['torch', f'{torch.__version__}, CUDA {torch.version.cuda}'])
    say(['numbers', describe_numbers()])
    if not bench.plan.is_on_card:
        say(['device', str(device)])
        return
    name, capability = (
        ask(device) for ask in (torch.cuda.get_device_name, torch.cuda.get_device_capability)
    )
    say(['device', f'{name}, capability {capability[0]}.{capability[1]}'])
    say(['kernels for', ' '.join(torch.cuda.get_arch_list())])
    say(['cuDNN', str(cudnn_version())])
    say(['attention', attention_backend(device, bench.plan.precision.products)])
    for label, work in _transfers(device).items():
        _time_part(bench, MACHINE, label, lambda: work)  # noqa: B023


def _transfers(device: torch.device) -> dict[str, Callable[[], object]]:
    pinned = torch.empty(MOVED, dtype=torch.uint8).pin_memory()
    here = torch.empty(MOVED, dtype=torch.uint8, device=device)
    image = host.make_frame((1440, 1920)).image
    back = torch.empty_like(torch.from_numpy(image), device=device)

    def waited(copy: Callable[[], object]) -> Callable[[], None]:
        def run() -> None:
            copy()
            torch.cuda.synchronize(device)

        return run

    return {
        '64 MiB to the device, ms': waited(lambda: here.copy_(pinned, non_blocking=True)),
        '64 MiB from the device, ms': waited(lambda: pinned.copy_(here, non_blocking=True)),
        'upload of an image of 1920x1440, ms': waited(lambda: upload(image, device)),
        'download of that size, ms': lambda: download(back),
    }


def run(bench: Bench, name: str) -> None:
    """Look at the embedded network, then at one frame of another."""
    bench.part('TF32', PART_SEC, lambda: embedded(bench))
    frame(bench, name)


def embedded(bench: Bench) -> None:
    """Compare the embedded network in float32 with the CPU's, by both kinds of products."""
    network = load_folded(model_folder(build({}).model))
    cpu = Estimator(network, device=networks.CPU, resolution='low', space=network.space)
    settings = build({'output.anchor': 'off'})
    given = host.make_frame(bench.plan.images[0])
    prepared = cpu.prepare(given, settings.prompt, settings.output)
    inputs = prepared.pixels.float(), prepared.prompt.depth_m
    with torch.inference_mode():
        exact_m = network(*inputs)
        here = network.to(bench.plan.device)
        for name, modes in _both_modes():
            with modes:
                found_m = here(*(each.to(bench.plan.device) for each in inputs))
            errors = Errors.of([found_m], [exact_m])
            bench.journal.add(TF32, TF32_COLUMNS, [name, errors.mean_mm, errors.p999_mm])


def _both_modes() -> Iterator[tuple[str, AbstractContextManager[None]]]:
    yield 'TF32', tf32_convolutions()
    yield 'float32', nullcontext()


def frame(bench: Bench, name: str) -> None:
    """Look at one frame of a network: ways to run it, stages, waits, kernels."""
    given, settings = host.make_frame(bench.plan.images[1]), build({})
    parts: dict[str, Callable[[], None]] = {
        'stages': lambda: _stages(bench, name, given, settings),
        'ways': lambda: _ways(bench, name, given, settings),
    }
    if bench.plan.is_on_card:
        parts['waits'] = lambda: _waits(bench, name, given, settings)
        parts['kernels'] = lambda: _kernels(bench, name, given, settings)
    for label, part in parts.items():
        bench.part(f'{label} of {name}', PART_SEC, part)


def _ways(bench: Bench, name: str, given: Frame, settings: Settings) -> None:
    """Time the network eager, and from a graph with what changes its kernels."""
    plan, time_part = bench.plan, partial(_time_part, bench, GRAPHS, clock=bench.plan.device)
    plain = networks.folded(bench.plain(name), plan.device, plan.precision)
    eager = Estimator(plain, device=plan.device, resolution='full', space=plain.space)
    prepared = eager.prepare(given, settings.prompt, settings.output)
    time_part(f'{name} eager', lambda: partial(eager.infer, [prepared]))
    if not plan.is_on_card:
        return
    for label, kernels in _kernel_choices().items():
        compiled = CompiledNetwork(plain, CudaGraphs(kernels))
        graphed = Estimator(compiled, device=plan.device, resolution='full', space=plain.space)
        time_part(f'{name} graph, {label}', lambda: _recorded(graphed, prepared), graphed)  # noqa: B023
    exact = networks.estimator(bench.plain(name), plan.device, FP32)
    label = f'{name} float32, as after a self-check that failed'
    time_part(label, lambda: _recorded(exact, prepared), exact)


def _recorded(estimator: Estimator, prepared: Prepared) -> Callable[[], object]:
    run = partial(estimator.infer, [prepared])
    networks.record(estimator, run)
    return run


def _kernel_choices() -> dict[str, Callable[[], AbstractContextManager[object]]]:
    """Return what graphs may be captured in."""
    from torch.nn.attention import sdpa_kernel, SDPBackend

    return {
        'usual kernels': nullcontext,
        'kernels timed by cuDNN': timed_kernels,
        'flash attention': partial(sdpa_kernel, SDPBackend.FLASH_ATTENTION),
        'cuDNN attention': partial(sdpa_kernel, SDPBackend.CUDNN_ATTENTION),
    }


def _stages(bench: Bench, name: str, given: Frame, settings: Settings) -> None:
    estimator = bench.ours(name)

    def wait_for(work: Callable[[], object]) -> Callable[[], None]:
        def run() -> None:
            work()
            if bench.plan.is_on_card:
                torch.cuda.synchronize(bench.plan.device)

        return run

    prepare = partial(estimator.prepare, given, settings.prompt, settings.output)
    prepared = prepare()
    _recorded(estimator, prepared)
    (network_m,) = estimator.infer([prepared])
    restore = partial(estimator.restore, prepared, network_m, settings.output)
    depth: Depth = restore()
    stages: dict[str, Callable[[], object]] = {
        'prepare': prepare,
        'infer': partial(estimator.infer, [prepared]),
        'restore': restore,
        'cloud': lambda: FrameOutputs(given, depth, settings).points,
    }
    for label, work in stages.items():
        waited = wait_for(work)
        _time_part(bench, STAGES, f'{name} {label}', lambda: waited, estimator)  # noqa: B023
        if bench.plan.device in proved.PROVED and label != 'infer':
            with _by_torch(bench.plan.device):
                _time_part(bench, STAGES, f'{name} {label}', lambda: waited, estimator)  # noqa: B023


@contextmanager
def _by_torch(device: torch.device) -> Iterator[None]:
    """Do without the fused kernels; rows are named by that."""
    proved.note(device, 'left out')
    try:
        yield
    finally:
        proved.note(device, '')


def _waits(bench: Bench, name: str, given: Frame, settings: Settings) -> None:
    """List the lines at which torch waits by itself, apart from the waits that we ask for."""
    estimator = bench.ours(name)
    torch.cuda.set_sync_debug_mode('warn')
    try:
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter('always')
            depth = estimator.estimate(given, settings.prompt, settings.output)
            FrameOutputs(given, depth, settings).points  # noqa: B018
    finally:
        torch.cuda.set_sync_debug_mode('default')
    places = [f'{Path(each.filename).name}:{each.lineno}' for each in seen]
    hidden = [place for place in places if not place.startswith(ASKED_FOR)]
    row: list[Cell] = [name, ', '.join(hidden) or 'none', len(places) - len(hidden)]
    bench.journal.add(WAITS, ('', 'hidden waits', 'asked for'), row)


def _kernels(bench: Bench, name: str, given: Frame, settings: Settings) -> None:
    from torch.profiler import profile, ProfilerActivity

    estimator, runs = bench.ours(name), 5
    prepared = estimator.prepare(given, settings.prompt, settings.output)
    with profile(activities=[ProfilerActivity.CUDA]) as seen:
        for _ in range(runs):
            estimator.infer([prepared])
        torch.cuda.synchronize(bench.plan.device)
    kernels = sorted(seen.key_averages(), key=_device_us, reverse=True)[:KERNELS_SHOWN]
    for each in kernels:
        label = f'{name} {each.key[:80]}'.replace('|', '/')
        figures = [each.count / runs, _device_us(each) / runs / 1e3]
        bench.journal.add(KERNELS, KERNEL_COLUMNS, [label, *figures])
    peak_mib = torch.cuda.max_memory_reserved(bench.plan.device) >> 20
    bench.journal.add(MACHINE, MACHINE_COLUMNS, [f'memory so far, {name}', f'{peak_mib} MiB'])


def _device_us(event: Any) -> float:
    """Return the time on the device; torch renamed it from `cuda_time_total`."""
    for name in ('self_device_time_total', 'self_cuda_time_total'):
        if hasattr(event, name):
            return float(getattr(event, name))
    return math.nan


def _time_part(
    bench: Bench,
    title: str,
    label: str,
    make: Callable[[], Callable[[], object]],
    estimator: Estimator | None = None,
    *,
    clock: torch.device = networks.CPU,
) -> None:
    """Add a row of time, or of why there is none."""
    runs_on = None if estimator is None else lambda: estimator
    timed = bench.time(make, runs_on=runs_on, clock=clock)
    if title == MACHINE:
        bench.journal.add(title, MACHINE_COLUMNS, [label, timed.cells()[0]])
    else:
        bench.journal.add(title, TIME_COLUMNS, [timed.name(label), *timed.cells()])
