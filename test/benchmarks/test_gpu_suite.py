# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The suite for CUDA machines, on the CPU and at small sizes."""

from __future__ import annotations

from functools import partial
import json

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.gpu_suite import __main__ as suite
from benchmarks.gpu_suite import cases, correctness, engines, networks

CPU = torch.device('cpu')
SIZE = (42, 56)


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Run the quick suite with arguments; return the exit code and what it wrote."""

    def run_with(*arguments):
        out = tmp_path / 'suite.json'
        words = ['gpu_suite', '--device', 'cpu', '--quick', '--out', str(out), *arguments]
        monkeypatch.setattr('sys.argv', words)
        return suite.main(), json.loads(out.read_text())

    return run_with


@pytest.fixture(scope='module')
def network():
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return networks.make(networks.TINY)


def test_the_suite_checks_times_compares_and_draws(run, tmp_path):
    pytest.importorskip('transformers')
    exit_code, found = run()

    checked, timed, hosted = (table['rows'] for table in found['tables'])
    assert exit_code == 0
    assert [row[-1] for row in checked] == ['right', 'right']
    assert len(timed) == len(cases.ENGINES) * len(suite.QUICK_SIZES) * len(suite.QUICK_BATCHES)
    assert all(row[3] > 0 for row in timed)
    assert {row[0] for row in hosted} == {'tiny ours', 'tiny Hugging Face'}
    assert (tmp_path / 'suite.png').read_bytes().startswith(b'\x89PNG')
    assert found['lost'] == []


def test_what_there_is_no_time_for_is_left_out_and_told(run):
    _, found = run('--minutes', '0')

    _, timed, hosted = (table['rows'] for table in found['tables'])
    assert {row[3] for row in timed} == {'left out: no time'}
    assert {row[1] for row in hosted} == {'left out: no time'}
    assert 'ours, tiny: left out: no time' in found['lost']


def errors_of(network, make):
    """Compare work with the plain network."""
    reference = partial(engines.theirs, network)
    return correctness.compare(make, reference, size=SIZE, count=1, seed=5)


def test_depth_of_random_weights_is_spread_over_the_range(network):
    """Or no error would show."""
    batch = engines.random_batch(np.random.default_rng(0), 1, SIZE)
    depth_m = engines.theirs(network, batch)()

    assert depth_m.std() > 0.1 * (batch.prompts_m[0].max() - batch.prompts_m[0].min())


def test_an_answer_that_is_older_than_the_input_is_found(network):
    """A graph that is replayed on its old input, or whose output is not written again."""
    estimator = networks.estimator(network, CPU, torch.float32)
    first = []

    def stale(batch):
        work = engines.ours(estimator, batch)
        if not first:
            first.append(work())
        return lambda: first[0]

    assert errors_of(network, partial(engines.ours, estimator)).is_complete
    assert not errors_of(network, stale).is_complete


def test_a_fast_path_that_is_less_exact_than_its_number_format_is_wrong(network):
    coarse = networks.estimator(network, CPU, torch.bfloat16)

    fast = errors_of(network, partial(engines.ours, coarse))
    plain = errors_of(network, partial(engines.theirs, network))

    assert not fast.within(plain, real=False)
    assert not fast.within(plain, real=True)
    assert plain.within(plain, real=True)


def test_a_wrong_fast_path_is_the_exit_code(run, monkeypatch, capsys):
    monkeypatch.setattr(correctness.Errors, 'within', lambda *_, **__: False)

    exit_code, _ = run('--minutes', '0')

    assert exit_code == 1
    assert 'WRONG: tiny' in capsys.readouterr().out


def test_an_engine_that_fails_costs_the_others_nothing(run, monkeypatch):
    def fail(*_):
        raise RuntimeError('no kernel')

    monkeypatch.setattr(engines, 'theirs', fail)
    monkeypatch.setattr(suite, 'check', lambda *_: {})
    monkeypatch.setattr(suite.host, 'rows', lambda *_, **__: [])

    _, found = run()

    timed = found['tables'][1]['rows']
    assert {row[3] for row in timed if 'ours' not in row[0]} == {'failed: RuntimeError: no kernel'}
    assert all(isinstance(row[3], float) for row in timed if 'ours' in row[0])


def test_operations_are_those_that_torch_counts():
    attention = pytest.importorskip('torch.nn.attention', reason='needs torch 2.3')
    network = networks.make(networks.SHAPES['S'])
    # The fused attention of the CPU is not counted.
    math = attention.sdpa_kernel(attention.SDPBackend.MATH)
    with torch.no_grad(), math, FlopCounterMode(display=False) as counter:
        network(pixel_values=torch.rand(1, 3, 378, 504), prompt_depth=torch.rand(1, 1, 192, 256))

    expected = networks.GFLOP['S', (378, 504)]
    assert counter.get_total_flops() / 1e9 == pytest.approx(expected, rel=0.02)
