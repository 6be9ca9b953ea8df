# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.core.runtime.number_modes."""

from __future__ import annotations

import pytest
import torch

from promptda_ros.core.runtime.number_modes import (
    describe_numbers,
    require_exact_numbers,
    tf32_convolutions,
)

BACKENDS = torch.backends


def _allow_all() -> None:
    BACKENDS.cudnn.allow_tf32 = True
    BACKENDS.cuda.matmul.allow_tf32 = True
    BACKENDS.cuda.matmul.allow_fp16_reduced_precision_reduction = True
    BACKENDS.cuda.matmul.allow_bf16_reduced_precision_reduction = True
    BACKENDS.cuda.matmul.allow_fp16_accumulation = True


def _ask_for_medium() -> None:
    torch.set_float32_matmul_precision('medium')


def _set_newer_flags() -> None:
    for group, value in (
        (BACKENDS, 'tf32'),
        (BACKENDS.cudnn, 'tf32'),
        (BACKENDS.cudnn.conv, 'tf32'),
        (BACKENDS.cuda.matmul, 'tf32'),
        (BACKENDS.mkldnn, 'bf16'),
        (BACKENDS.mkldnn.conv, 'bf16'),
        (BACKENDS.mkldnn.matmul, 'bf16'),
    ):
        group.fp32_precision = value


HOSTS = [lambda: None, _allow_all, _ask_for_medium]
if hasattr(BACKENDS, 'fp32_precision'):  # torch >= 2.9
    HOSTS.append(_set_newer_flags)


@pytest.fixture(autouse=True)
def exact_again():
    yield
    require_exact_numbers()


def assert_exact() -> None:
    assert not BACKENDS.cudnn.allow_tf32
    assert not BACKENDS.cuda.matmul.allow_tf32
    assert not BACKENDS.cuda.matmul.allow_fp16_reduced_precision_reduction
    assert not BACKENDS.cuda.matmul.allow_bf16_reduced_precision_reduction
    assert not getattr(BACKENDS.cuda.matmul, 'allow_fp16_accumulation', False)
    assert describe_numbers() == 'TF32 off'
    assert torch.get_float32_matmul_precision() == 'highest'
    if hasattr(BACKENDS, 'fp32_precision'):
        for group in (BACKENDS.cudnn.conv, BACKENDS.cuda.matmul, BACKENDS.mkldnn.conv):
            assert group.fp32_precision == 'ieee'


@pytest.mark.parametrize('host', HOSTS)
def test_float32_is_float32_whatever_a_host_program_set(host):
    host()
    require_exact_numbers()
    assert_exact()


def test_tf32_ends_with_its_block_also_after_an_error():
    require_exact_numbers()

    def fail() -> None:
        with tf32_convolutions():
            assert BACKENDS.cudnn.allow_tf32
            assert describe_numbers() == 'TF32 on'
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert_exact()
