# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Times whole pipelines: the image and the sensor's depth lie on the host, the result does too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import count, cycle
from typing import Any

import numpy as np
import torch

from benchmarks.gpu_suite import goals, networks
from benchmarks.gpu_suite.bench import Bench, OURS, THEIRS, Timed
from benchmarks.gpu_suite.networks import Size
from benchmarks.results import Cell
from promptda_ros.core.estimator import Estimator
from promptda_ros.core.frame import FloatImage, Frame, Intrinsics
from promptda_ros.core.frame_outputs import FrameOutputs
from promptda_ros.core.geometry.transform import Transform
from promptda_ros.core.prompt.history import DepthHistory
from promptda_ros.core.registration import register_depth
from promptda_ros.core.settings import build
from promptda_ros.core.settings.schema import Settings

TITLE = (
    'From host to host: rgb8 and depth of 256x192 to depth and organised cloud (ours), to depth '
    'alone (Hugging Face)'
)
COLUMNS = ('', 'image', 'out', 'sensor', 'median ms', '5 to 95 %', 'times')
SENSOR = (192, 256)
CLEAN, POOR, BESIDE = 'clean', 'noise and holes', 'beside the camera'
NOISE, HOLES = 0.01, 0.1  # of the depth; of the pixels
MOMENTS = 8  # frames of different noise, one behind the other
FRAME_NS = 33_000_000
AT_NETWORK = {'output.resolution': 'network'}


@dataclass(frozen=True)
class HostCase:
    """One pipeline, and what it is given."""

    network: str
    engine: str
    image: Size
    out: Size
    sensor: str = CLEAN
    words: Mapping[str, str] = field(default_factory=dict)  # settings, by name


def run(bench: Bench, name: str) -> None:
    """Time a network's pipelines, that which goals are about first."""
    small, large = bench.plan.images
    cases = (
        HostCase(name, OURS, large, small, words=AT_NETWORK),
        HostCase(name, OURS, small, small),
        HostCase(name, OURS, large, large),
        HostCase(name, THEIRS, large, large),
    )
    took_ms: dict[str, float] = {}
    for case in cases:
        timed = time_case(bench, case)
        if timed.spread and case.out == large:
            took_ms[case.engine] = timed.spread.median
        both = case.engine == THEIRS and len(took_ms) == 2
        times: Cell = took_ms[THEIRS] / took_ms[OURS] if both else ''
        _note(bench, case, timed, times)


def run_prompts(bench: Bench, name: str) -> None:
    """Time prompts that cost the host more."""
    large = bench.plan.images[1]
    for sensor in (POOR, BESIDE):
        case = HostCase(name, OURS, large, large, sensor)
        _note(bench, case, time_case(bench, case), '')


def _note(bench: Bench, case: HostCase, timed: Timed, times: Cell) -> None:
    """Write a row down, and what goals are about."""
    name = f'{case.network} {timed.name(case.engine)}'
    sizes = [f'{width}x{height}' for height, width in (case.image, case.out)]
    if timed.spread and bench.plan.is_on_card:
        measured = bench.journal.measured
        # A small image is the second best measure of depth of its size.
        if case.engine == OURS and case.out == bench.plan.images[0] and case.sensor == CLEAN:
            measured.setdefault(goals.host_name(case.network), timed.spread.median)
        if case.engine == THEIRS and isinstance(times, float):
            measured[goals.times_name(case.network)] = times
    if timed.why_not:
        bench.journal.lose(f'{case.engine}, {case.network}: {timed.why_not}')
    bench.journal.add(TITLE, COLUMNS, [name, *sizes, case.sensor, *timed.cells(), times])


def time_case(bench: Bench, case: HostCase) -> Timed:
    """Time one pipeline, if there is time."""
    if case.engine == THEIRS:
        return bench.time(lambda: _theirs(bench, case), engine=THEIRS)
    return bench.time(lambda: _ours(bench, case), runs_on=lambda: bench.ours(case.network))


def _ours(bench: Bench, case: HostCase) -> Callable[[], object]:
    estimator, settings = bench.ours(case.network), build({**case.words})
    frame = make_frame(case.image)
    if case.sensor == CLEAN:
        return ours(estimator, frame, settings)
    make = poor_frames if case.sensor == POOR else registered_frames
    return ours_of(estimator, make(frame, bench.plan.device), settings)


def _theirs(bench: Bench, case: HostCase) -> Callable[[], object]:
    size = bench.ours(case.network).network_size(*case.image)
    return hugging_face(bench.theirs(case.network), make_frame(case.image), size)


def make_frame(image_size: Size) -> Frame:
    """Make an image of noise before a slope that a sensor of 256x192 sees."""
    height, width = image_size
    intrinsics = Intrinsics(width, height, width, width, (width - 1) / 2, (height - 1) / 2)
    image = np.random.default_rng(0).integers(0, 256, (*image_size, 3), dtype=np.uint8)
    slope_m = np.linspace(0.5, 3.5, SENSOR[0] * SENSOR[1], dtype=np.float32).reshape(SENSOR)
    return Frame(1, 'camera', image, slope_m, intrinsics=intrinsics)


def poor_frames(frame: Frame, _: torch.device) -> Callable[[], Frame]:
    """Return what gives the next frame of a stream with noise and holes."""
    random = np.random.default_rng(2)
    depths_m = cycle([_poor(frame.sensor_depth_m, random) for _ in range(MOMENTS)])
    return lambda: replace(frame, sensor_depth_m=next(depths_m))


def _poor(depth_m: FloatImage, random: np.random.Generator) -> FloatImage:
    noisy_m = depth_m * random.normal(1.0, NOISE, depth_m.shape).astype(np.float32)
    rows, columns = (int(side * HOLES**0.5) for side in depth_m.shape)
    top, left = (int(random.integers(0, side // 2)) for side in depth_m.shape)
    noisy_m[top : top + rows, left : left + columns] = np.nan
    return noisy_m


def registered_frames(frame: Frame, device: torch.device) -> Callable[[], Frame]:
    """Return what registers depth of 640x480 from 5 cm beside the camera, and gives the frame."""
    assert frame.intrinsics is not None
    camera = frame.intrinsics
    sensor = Intrinsics(640, 480, 600.0, 600.0, 319.5, 239.5)
    depth_m = np.linspace(0.5, 3.5, 640 * 480, dtype=np.float32).reshape(480, 640)
    beside = Transform.of((0.05, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0))

    def register() -> Frame:
        registered_m = register_depth(
            depth_m, sensor, camera, beside, max_long_side=max(SENSOR), device=device
        )
        return replace(frame, sensor_depth_m=registered_m)

    return register


def ours(
    estimator: Estimator, frame: Frame, settings: Settings | None = None
) -> Callable[[], object]:
    """Return the way from a frame to depth and cloud that the node takes."""
    return ours_of(estimator, lambda: frame, settings or build({}))


def ours_of(
    estimator: Estimator, next_frame: Callable[[], Frame], settings: Settings
) -> Callable[[], object]:
    """Return the same for frames of one stream, smoothed as the node does."""
    history = DepthHistory()
    stamps_ns = count(1, FRAME_NS)

    def run() -> object:
        frame = replace(next_frame(), stamp_ns=next(stamps_ns))
        prepared = estimator.prepare(frame, settings.prompt, settings.output, history)
        (network_depth_m,) = estimator.infer([prepared])
        depth = estimator.restore(prepared, network_depth_m, settings.output)
        return FrameOutputs(frame, depth, settings).points

    networks.record(estimator, run)
    return run


def hugging_face(network: torch.nn.Module, frame: Frame, size: Size) -> Callable[[], object]:
    """Return the way from a frame to depth that the processor and the model of transformers take.

    The network sees pictures of this size.
    """
    processor = _processor_class()(
        size={'height': size[0], 'width': size[1]},
        keep_aspect_ratio=True,
        ensure_multiple_of=14,
        prompt_scale_to_meter=1.0,
    )
    parameter = next(network.parameters())
    image_size = frame.image.shape[:2]

    @torch.inference_mode()
    def run() -> object:
        inputs = processor(
            images=frame.image, prompt_depth=frame.sensor_depth_m, return_tensors='pt'
        )
        output = network(**{name: value.to(parameter) for name, value in inputs.items()})
        (found,) = processor.post_process_depth_estimation(output, target_sizes=[image_size])
        return found['predicted_depth'].float().cpu().numpy()

    return run


def _processor_class() -> Any:
    """Return the one that a user of transformers gets: without torchvision that of Pillow."""
    import transformers
    from transformers.utils.import_utils import is_torchvision_available

    usual = 'PromptDepthAnythingImageProcessor'
    if is_torchvision_available() or not hasattr(transformers, f'{usual}Pil'):
        return getattr(transformers, usual)
    return getattr(transformers, f'{usual}Pil')
