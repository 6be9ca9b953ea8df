# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Times whole pipelines: the image and the sensor's depth lie on the host, the result does too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from benchmarks.gpu_suite import networks
from benchmarks.gpu_suite.cases import Plan
from benchmarks.gpu_suite.networks import Size
from benchmarks.gpu_suite.timing import Budget, measure
from promptda_ros.core.estimator import Estimator
from promptda_ros.core.frame import Frame, Intrinsics
from promptda_ros.core.frame_outputs import FrameOutputs
from promptda_ros.core.settings import build
from promptda_ros.network import PromptDepthAnythingForDepthEstimation

SETTING = (
    'rgb8 of 1920x1440 and depth of 256x192 to depth and organised cloud of 1920x1440 (ours), to '
    'depth alone of that size (Hugging Face)'
)
CASE_SEC = 15.0
RUNS = 50


def rows(plan: Plan, budget: Budget, *, image_size: Size) -> list[list[str | float]]:
    """Return a row for every network and pipeline that there is time for."""
    frame = make_frame(image_size)
    found: list[list[str | float]] = []
    for name, network in plan.networks.items():
        if not budget.allows(2 * CASE_SEC):
            found.append([name, 'left out: no time', '', ''])
            continue
        try:
            found += _compare(name, network, plan, frame)
        except Exception as error:  # as in cases: the rest has its turn
            found.append([name, f'failed: {type(error).__name__}: {str(error)[:100]}', '', ''])
    return found


def make_frame(image_size: Size) -> Frame:
    """Make an image of noise before a slope that a sensor of 256x192 sees."""
    height, width = image_size
    intrinsics = Intrinsics(width, height, width, width, (width - 1) / 2, (height - 1) / 2)
    image = np.random.default_rng(0).integers(0, 256, (*image_size, 3), dtype=np.uint8)
    slope_m = np.linspace(0.5, 3.5, 192 * 256, dtype=np.float32).reshape(192, 256)
    return Frame(1, 'camera', image, slope_m, intrinsics=intrinsics)


def _compare(
    name: str, network: PromptDepthAnythingForDepthEstimation, plan: Plan, frame: Frame
) -> list[list[str | float]]:
    estimator = networks.estimator(network, plan.device, plan.dtype)
    theirs = networks.hugging_face(network).to(device=plan.device, dtype=plan.dtype)
    # Results lie on the host at the end, so that its clock is the right one.
    clock = torch.device('cpu')
    spreads = {
        'ours': measure(ours(estimator, frame), clock, runs=RUNS),
        'Hugging Face': measure(
            hugging_face(theirs, frame, estimator.network_size(*frame.image.shape[:2])),
            clock,
            runs=RUNS,
        ),
    }
    return [
        [
            f'{name} {label}',
            spread.median,
            f'{spread.p5:.1f} to {spread.p95:.1f}',
            spread.median / spreads['ours'].median,
        ]
        for label, spread in spreads.items()
    ]


def ours(estimator: Estimator, frame: Frame) -> Callable[[], object]:
    """Return the way from a frame to depth and cloud that the node takes."""
    settings = build({})

    def run() -> object:
        depth = estimator.estimate(frame, settings.prompt, settings.output)
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
