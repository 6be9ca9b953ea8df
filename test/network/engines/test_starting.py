# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""By what networks run on a GPU, as the setting says."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
import torch

from promptda_ros.network.engines import starting
from promptda_ros.network.engines.starting import compile_networks, refusal_of
from promptda_ros.network.engines.torch_compile import TorchCompile, WORTH_IT
from test.network.engines.test_cuda_graph import inputs, Network
from test.recording_card import Cards, OnCard, recording_cards


class Compiles(TorchCompile):
    """Compiles nothing, or fails."""

    problem = ''
    made: ClassVar[list[Compiles]] = []

    def __call__(self, network: Any, *given: Any) -> Any:
        self.made.append(self)
        if self.problem:
            raise RuntimeError(self.problem)
        return self._record(network, *given)


@pytest.fixture
def cards() -> Iterator[Cards]:
    with torch.inference_mode(), recording_cards((2, 13)) as cards:
        yield cards


@pytest.fixture
def compiles(monkeypatch) -> type[Compiles]:
    monkeypatch.setattr(Compiles, 'made', [])
    monkeypatch.setattr(starting, 'TorchCompile', Compiles)
    return Compiles


def begin(cards: Cards, engine: str) -> tuple[Any, Any]:
    estimator = SimpleNamespace(
        device=OnCard.device, network=Network(cards), anchor=Network(cards)
    )
    compiled = compile_networks(estimator, engine)
    assert compiled == (estimator.network, estimator.anchor)
    for each in compiled:
        each(*inputs())
        each.compile_missed()
    return compiled


@pytest.mark.parametrize('engine', ['torch', 'auto', 'compile'])
def test_only_the_network_is_compiled_by_torch_and_only_where_that_is_wanted(
    cards, compiles, engine
):
    network, anchor = begin(cards, engine)
    assert anchor.describe() == 'CUDA graphs, sizes compiled: 1'
    gains = {'torch': [], 'auto': [WORTH_IT], 'compile': [0.0]}
    assert [each.least_gain for each in compiles.made] == gains[engine]
    assert network.name == {'torch': 'CUDA graphs', 'compile': 'torch.compile'}.get(
        engine, network.name
    )
    assert refusal_of(engine, (network, anchor)) == ''
    cards.empty_cache()
    assert list(cards.users.values()) == [2], 'graphs share memory'


@pytest.mark.parametrize('engine, made', [('auto', 1), ('compile', 2)])
def test_torch_compiles_after_the_start_only_where_it_was_asked_for(
    cards, compiles, monkeypatch, engine, made
):
    """On auto a new camera must not wait a minute; that of the start needs no second one."""
    monkeypatch.setattr(starting, 'WORTH_IT', -1e9)  # whatever it takes
    compiled = begin(cards, engine)
    for network in compiled:
        network.end_start()
    for height in (28, 42):
        compiled[0](*inputs(height))
        compiled[0].compile_missed()
    assert (len(compiles.made), compiled[0].sizes) == (made, 2)
    name = {'auto': 'torch.compile and CUDA graphs', 'compile': 'torch.compile'}[engine]
    assert compiled[0].describe() == f'{name}, sizes compiled: 2'


@pytest.mark.parametrize('engine', ['auto', 'compile'])
def test_graphs_stand_in_for_what_torch_cannot_compile(cards, compiles, monkeypatch, engine):
    monkeypatch.setattr(compiles, 'problem', 'no triton')
    compiled = begin(cards, engine)
    assert compiled[0].describe() == (
        'CUDA graphs, sizes compiled: 1; no torch.compile: no triton'
    )
    refusal = {'auto': '', 'compile': 'no torch.compile: no triton'}[engine]
    assert refusal_of(engine, compiled) == refusal
