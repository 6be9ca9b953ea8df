# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.core.runtime.attention, with a stand-in for what torch chooses."""

from __future__ import annotations

import pytest
import torch

from promptda_ros.core.runtime.attention import attention_backend, attention_problem

CPU, CUDA = torch.device('cpu'), torch.device('cuda', 0)


@pytest.fixture
def choose(monkeypatch):
    """Let torch have a card that chooses a backend by its number, or fails."""

    def choose(found: int | Exception) -> str:
        def chosen(*tensors: torch.Tensor) -> int:
            assert len(tensors) == 3
            if isinstance(found, Exception):
                raise found
            return found

        monkeypatch.setattr(torch, 'zeros', lambda *size, **options: torch.empty(0))
        monkeypatch.setattr(torch, '_fused_sdp_choice', chosen)
        return attention_backend(CUDA, torch.float16)

    return choose


@pytest.mark.parametrize(
    'number, name', [(1, 'flash'), (2, 'memory-efficient'), (3, 'cuDNN'), (7, 'number 7')]
)
def test_the_backend_is_named_and_fused_ones_are_no_problem(choose, number, name):
    assert choose(number) == name
    assert attention_problem(name) == ''


def test_a_build_without_fused_attention_is_said_with_what_it_costs(choose):
    """Some wheels for Jetson have the math backend only."""
    problem = attention_problem(choose(0))
    assert f'torch {torch.__version__} has no fused attention' in problem
    assert '181 MB' in problem
    assert 'set model.resolution:=low' in problem


def test_a_torch_that_can_not_be_asked_is_unknown_and_no_problem(choose):
    backend = choose(AttributeError('no such function'))
    assert backend == 'unknown (AttributeError)'
    assert attention_problem(backend) == ''


def test_a_cpu_has_no_backend_to_report():
    assert attention_backend(CPU, torch.float32) == ''
