# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.network.engines.precision_choice, with the numbers of a GPU emulated."""

from __future__ import annotations

import pytest
import torch

from benchmarks.emulated_numbers import EmulatedNumbers
from promptda_ros.core.estimator import Estimator
from promptda_ros.core.runtime.number_modes import require_exact_numbers, tf32_convolutions
from promptda_ros.core.self_check import SelfCheck
from promptda_ros.core.settings import build
from promptda_ros.model_folders import model_folder
from promptda_ros.network import load_network
from promptda_ros.network.engines.folded import fold
from promptda_ros.network.engines.precision import (
    FP16,
    FP16_DECODER_FP32,
    FP32,
    FROM_FP16,
    Precision,
    precision_steps,
)
from promptda_ros.network.engines.precision_choice import choose_precision
from promptda_ros.network.pixels import IMAGENET_MEAN, IMAGENET_STD

CPU, CUDA = torch.device('cpu'), torch.device('cuda', 0)


@pytest.fixture(scope='module')
def make():
    network = load_network(model_folder(build({}).model))

    def make(precision: Precision, device: torch.device) -> Estimator:
        mean, deviation = IMAGENET_MEAN, IMAGENET_STD
        folded = fold(network, image_mean=mean, image_std=deviation, precision=precision)
        return Estimator(folded, device=device)

    require_exact_numbers()
    return make


def test_auto_begins_with_float16_on_a_gpu_and_is_float32_on_a_cpu():
    assert precision_steps('auto', CUDA) == FROM_FP16
    assert precision_steps('auto', CPU) == (FP32,)
    assert precision_steps('fp32', CUDA) == (FP32,)
    assert FROM_FP16[0] is FP16
    assert FROM_FP16[-1] is FP32


@pytest.mark.parametrize('wanted', ['auto', 'fp16', 'bf16', 'fp32'])
@pytest.mark.parametrize('device', [CPU, CUDA])
def test_the_last_step_is_exact(wanted, device):
    steps = precision_steps(wanted, device)
    assert [each.is_exact for each in steps] == [False] * (len(steps) - 1) + [True]


def test_float32_on_the_cpu_needs_no_check(make):
    choice = choose_precision(make, (FP32,), CPU)
    assert choice.difference is None
    assert choice.note == ''


def test_the_first_step_that_is_exact_enough_is_chosen(make):
    """The embedded network loses centimetres to a decoder in half precision or TF32."""
    with EmulatedNumbers():
        choice = choose_precision(make, FROM_FP16, CPU)
    assert choice.precision is FP16_DECODER_FP32
    assert choice.difference.mean_m <= 0.0003
    assert choice.difference.p999_m <= 0.002
    assert choice.note.startswith('float16 on cpu differs from float32 on the CPU: mean')
    assert choice.note.endswith(f'{FP16_DECODER_FP32.name} is used, which is slower')


def test_convolutions_in_tf32_are_not_float32(make):
    check = SelfCheck(make(FP32, CPU))
    with EmulatedNumbers(), tf32_convolutions():
        assert not check.compare(make(FP32, CPU)).is_small


def test_a_device_on_which_nothing_is_exact_is_said(make):
    """H5: float32 on the GPU is checked, too."""

    def broken(precision: Precision, device: torch.device) -> Estimator:
        estimator = make(precision, CPU)
        if device == CUDA:
            network = estimator.network
            estimator.network = lambda pixels, prompt_m: 1.01 * network(pixels, prompt_m)
            estimator.network.patch_px = network.patch_px
        return estimator

    choice = choose_precision(broken, (FP32,), CUDA)
    assert choice.precision is FP32
    assert not choice.difference.is_small
    assert 'look for a newer driver or build of torch, or set device:=cpu' in choice.note
