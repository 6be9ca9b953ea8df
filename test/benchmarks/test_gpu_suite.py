# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The suite for CUDA machines, on the CPU and at small sizes."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
import json
import runpy
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.gpu_suite import (
    __main__ as suite,
)
from benchmarks.gpu_suite import (
    cameras,
    cases,
    chosen,
    correctness,
    engines,
    goals,
    host,
    networks,
    probe,
)
from benchmarks.gpu_suite.bench import Bench, ENGINES, NO_TIME, OURS
from benchmarks.gpu_suite.journal import Journal, UNFINISHED
from benchmarks.gpu_suite.timing import Budget, measure
from benchmarks.results import REPOSITORY
from promptda_ros.core.fused import proved
from promptda_ros.core.fused.operator import LAUNCHES, NAMESPACE
from promptda_ros.core.settings import build
from promptda_ros.network.engines import cuda_graph
from promptda_ros.network.engines.compiled import CompiledNetwork, SIZES_AT_MOST
from promptda_ros.network.engines.cuda_graph import CudaGraphs
from promptda_ros.network.engines.precision import BF16, FP16, FP32

fake_cuda = runpy.run_path(str(REPOSITORY / 'test' / 'fake_cuda.py'))['fake_cuda']
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


@pytest.fixture
def make_bench(monkeypatch, tmp_path):
    """Return what makes the quick suite, and nothing that runs."""

    def make(minutes=60.0):
        words = ['gpu_suite', '--device', 'cpu', '--quick', '--out', str(tmp_path / 'a.json')]
        monkeypatch.setattr('sys.argv', words)
        plan = suite.make_plan(suite.parse_arguments())
        return Bench(plan, Budget(60 * minutes), Journal(tmp_path / 'a.json', 'A test'))

    return make


def rows_of(found, title):
    """Return the rows of the table whose title begins so."""
    return next(table['rows'] for table in found['tables'] if table['title'].startswith(title))


def test_the_suite_checks_times_compares_and_draws(run, tmp_path, capfd):
    pytest.importorskip('transformers')
    exit_code, found = run()

    checked, timed = rows_of(found, correctness.TITLE), rows_of(found, cases.TITLE)
    hosted, chosen_rows = rows_of(found, host.TITLE), rows_of(found, chosen.TITLE)
    assert exit_code == 0
    assert [row[-1] for row in checked] == ['right', 'right']
    assert len(timed) == len(ENGINES) * len(suite.QUICK_SIZES) * len(suite.QUICK_BATCHES)
    assert all(row[3] > 0 for row in timed)
    assert {row[0] for row in hosted} == {'tiny ours', 'tiny Hugging Face'}
    assert {row[3] for row in hosted} == {host.CLEAN, host.POOR, host.BESIDE}
    assert [row[0] for row in chosen_rows] == ['embedded', 'embedded', 'tiny', 'tiny']
    assert [row[1] for row in rows_of(found, cameras.TITLE)] == [*suite.QUICK_CAMERAS]
    assert len(rows_of(found, probe.STAGES)) == 4
    assert len(rows_of(found, probe.TF32)) == 2
    assert (tmp_path / 'suite.png').read_bytes().startswith(b'\x89PNG')
    assert '| tiny ours |' in (tmp_path / 'suite.md').read_text()
    assert {path.suffix for path in tmp_path.iterdir()} == {'.json', '.md', '.png'}
    assert '%|' not in ''.join(capfd.readouterr())  # no bar of progress


def test_the_last_table_says_of_every_goal_whether_it_was_measured(run):
    _, found = run('--minutes', '0')

    assert found['tables'][-1]['title'] == goals.TITLE
    rows = found['tables'][-1]['rows']
    assert len(rows) == len(goals.all_goals())
    assert {row[2] for row in rows} == {'not measured'}  # nothing on a CPU is


def test_goals_are_reached_from_below_or_from_above():
    measured = {
        goals.host_name('S'): 2.4,
        goals.host_name('B'): 4.6,
        goals.times_name('S'): 8.1,
        goals.times_name('B'): 7.9,
    }
    said = {row[0]: row[3] for row in goals.table(measured).rows}

    assert said[goals.host_name('S')] == said[goals.times_name('S')] == 'reached'
    assert said[goals.host_name('B')] == said[goals.times_name('B')] == 'missed'
    assert said[goals.host_name('L')] == ''


def test_what_there_is_no_time_for_is_left_out_and_told(run, monkeypatch):
    """What is built counts, too: networks are made when they are first needed."""
    monkeypatch.setattr(networks, 'make', lambda *_, **__: pytest.fail('there was no time'))
    exit_code, found = run('--minutes', '0')

    assert exit_code == 0
    assert {row[3] for row in rows_of(found, cases.TITLE)} == {NO_TIME}
    assert {row[1] for row in rows_of(found, correctness.TITLE)} == {NO_TIME}
    assert {row[4] for row in rows_of(found, host.TITLE)} == {NO_TIME}
    assert f'ours, tiny: {NO_TIME}' in found['lost']
    assert f'load_model, embedded: {NO_TIME}' in found['lost']
    assert UNFINISHED not in found['lost']


def test_a_suite_that_is_killed_leaves_the_rows_so_far(tmp_path):
    out = tmp_path / 'suite.json'
    words = ['--device', 'cpu', '--quick', '--out', str(out)]
    with subprocess.Popen(
        [sys.executable, '-m', 'benchmarks.gpu_suite', *words],
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
    ) as process:
        for line in process.stdout:
            if 'tiny ours' in line and ' | clean | ' in line:
                break  # its row is on the disk
        process.kill()

    found = json.loads(out.read_text())
    assert process.returncode == -signal.SIGKILL
    assert rows_of(found, correctness.TITLE)[0][-1] == 'right'
    assert rows_of(found, host.TITLE)
    assert UNFINISHED in found['lost']
    assert found['tables'][-1]['title'] == goals.TITLE
    assert '| tiny ours |' in (tmp_path / 'suite.md').read_text()


def test_a_part_that_fails_costs_the_others_nothing(make_bench):
    bench = make_bench()

    def fail():
        raise RuntimeError('no kernel')

    bench.part('a part', 0.0, fail)
    timed = bench.time(fail)
    bench.part('another', 0.0, lambda: bench.journal.add('Table', ('',), ['done']))

    assert bench.journal.lost == ['a part: failed: RuntimeError: no kernel']
    assert timed.cells() == ['failed: RuntimeError: no kernel', '']
    assert bench.journal.tables['Table'].rows == [['done']]


def test_a_row_whose_graph_failed_says_so_in_its_name(make_bench, monkeypatch):
    """It is eager then, and not what its name says."""

    class Failing:
        name, tolerance, outliers, least_gain = CudaGraphs.name, 1.0, 0.0, 0.0
        longest_sec = CudaGraphs.longest_sec
        key = staticmethod(CudaGraphs.key)

        def __init__(self, *_):
            raise RuntimeError('no recording')

    bench = make_bench()
    make = networks.estimator

    def compiled(*given):
        estimator = make(*given)
        estimator.network = CompiledNetwork(estimator.network, Failing)
        return estimator

    monkeypatch.setattr(networks, 'estimator', compiled)
    cameras.run(bench)
    case = cases.Case(OURS, 'tiny', SIZE, 1)
    row = cases.row_of(case, bench, 1.0)

    named = 'tiny ours (eager: graph failed)'
    assert {row[0] for row in bench.journal.tables[cameras.TITLE].rows} == {named}
    assert cases.table_rows([row])[0][0] == named


def test_points_have_the_size_that_their_row_names(make_bench):
    bench = make_bench()
    small, large = bench.plan.images
    for image, out, words in (
        (large, small, host.AT_NETWORK),
        (small, small, {}),
        (large, large, {}),
    ):
        run = host.ours(bench.ours('tiny'), host.make_frame(image), build({**words}))
        assert run().shape[:2] == out


def test_a_size_is_recorded_once_and_no_size_stays_eager(network):
    """Each may take a minute to compile, and only some are kept."""
    recorded = []

    class Counted:
        name, tolerance, outliers, least_gain = 'counted', 1.0, 0.0, 0.0
        longest_sec = CudaGraphs.longest_sec
        key = staticmethod(CudaGraphs.key)

        def __init__(self, network, *inputs):
            recorded.append(inputs[0].shape)
            self._network = network

        def __call__(self, *inputs):
            return self._network(*inputs).clone()

    estimator = networks.estimator(network, CPU, FP32)
    estimator.network = CompiledNetwork(estimator.network, Counted)
    sizes = [(42 * times, 56 * times) for times in range(1, SIZES_AT_MOST + 2)]
    for size in (*sizes, sizes[-1]):
        engines.ours(estimator, engines.random_batch(np.random.default_rng(0), 1, size))()

    assert [tuple(shape[2:]) for shape in recorded] == sizes


def test_times_are_taken_on_the_device_that_was_given(monkeypatch):
    """Events of the current device say nothing about another one."""
    used = []

    class Stream:
        def __init__(self, device):
            used.append(device)

        def synchronize(self):
            pass

    class Event:
        def __init__(self, **_):
            pass

        def record(self, stream):
            assert isinstance(stream, Stream)

        def elapsed_time(self, _):
            return 2.5

    class Device:
        def __init__(self, device):
            used.append(device)

        def __enter__(self):
            pass

        def __exit__(self, *_):
            pass

    second = torch.device('cuda:1')
    for name, stand_in in {'current_stream': Stream, 'Event': Event, 'device': Device}.items():
        monkeypatch.setattr(torch.cuda, name, stand_in)

    assert measure(lambda: None, second, runs=3).median == 2.5
    assert set(used) == {second}


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
    estimator = networks.estimator(network, CPU, FP32)
    first = []

    def stale(batch):
        work = engines.ours(estimator, batch)
        if not first:
            first.append(work())
        return lambda: first[0]

    assert errors_of(network, partial(engines.ours, estimator)).is_complete
    assert not errors_of(network, stale).is_complete


def test_a_fast_path_that_is_less_exact_than_its_number_format_is_wrong(network):
    coarse = networks.estimator(network, CPU, BF16)

    fast = errors_of(network, partial(engines.ours, coarse))
    plain = errors_of(network, partial(engines.theirs, network))

    assert not fast.within(plain, real=False)
    assert not fast.within(plain, real=True)
    assert plain.within(plain, real=True)


def test_a_wrong_fast_path_is_the_exit_code(run, monkeypatch, capsys):
    monkeypatch.setattr(correctness.Errors, 'within', lambda *_, **__: False)
    for part in (host.run, host.run_prompts, chosen.run, probe.run, cameras.run):
        monkeypatch.setattr(sys.modules[part.__module__], part.__name__, lambda *_: None)
    monkeypatch.setattr(cases, 'run', lambda *_: [])

    exit_code, _ = run()

    assert exit_code == 1
    assert 'WRONG: tiny' in capsys.readouterr().out


def test_an_engine_that_fails_costs_the_others_nothing(make_bench, monkeypatch):
    def fail(*_):
        raise RuntimeError('no kernel')

    monkeypatch.setattr(engines, 'theirs', fail)
    monkeypatch.setattr(Bench, 'theirs', lambda *_: None)
    cases.run(bench := make_bench(), 1.0)

    timed = bench.journal.tables[cases.TITLE].rows
    assert {row[3] for row in timed if 'ours' not in row[0]} == {'failed: RuntimeError: no kernel'}
    assert all(isinstance(row[3], float) for row in timed if 'ours' in row[0])


def test_the_code_for_a_card_runs_on_a_device_without_values(make_bench, monkeypatch):
    """There no graph can be recorded and no kernel profiled; everything else is as on a card."""
    monkeypatch.setattr(torch.cuda, 'get_device_name', lambda *_: 'a card')
    monkeypatch.setattr(torch.cuda, 'get_device_capability', lambda *_: (9, 0))
    monkeypatch.setattr(torch.cuda, 'get_arch_list', lambda: ['sm_90'])
    monkeypatch.setattr(torch.cuda, 'set_sync_debug_mode', lambda *_: None)
    monkeypatch.setattr(torch.cuda, 'empty_cache', lambda: None)
    monkeypatch.setattr(cuda_graph, 'WARM_UP_RUNS', 0)
    monkeypatch.setattr(correctness, 'TRIALS', 1)
    bench = make_bench()
    with fake_cuda({f'{NAMESPACE}::{name}': count for name, count in LAUNCHES.items()}) as cuda:
        proved.note(cuda.device, '')
        bench.plan = replace(bench.plan, device=cuda.device, precision=FP16, runs=1, cameras=(1,))
        probe.machine(bench)
        wrong = correctness.check(bench, 'tiny', batch=1)
        cameras.run(bench)
        probe.frame(bench, 'tiny')
        rows = [cases.row_of(next(cases.cases_of(bench.plan)), bench, 1.0)]
        proved.note(cuda.device, 'a device without values')

    tables = bench.journal.tables
    named = 'tiny ours (eager: graph failed)'
    assert wrong == []
    assert {row[0] for row in tables[cameras.TITLE].rows} == {named}
    assert cases.table_rows(rows)[0][0] == named
    assert all(isinstance(row[1], float) for row in tables[probe.GRAPHS].rows)
    assert all(isinstance(row[1], float) for row in tables[probe.STAGES].rows)
    assert len(tables[probe.STAGES].rows) == 4 + 3  # three of them by torch, too
    assert tables[probe.WAITS].rows == [['tiny', 'none', 0]]
    assert [each.partition(':')[0] for each in bench.journal.lost] == ['kernels of tiny']


def test_operations_are_those_that_torch_counts():
    attention = pytest.importorskip('torch.nn.attention', reason='needs torch 2.3')
    network = networks.make(networks.SHAPES['S'])
    # The fused attention of the CPU is not counted.
    math = attention.sdpa_kernel(attention.SDPBackend.MATH)
    with torch.no_grad(), math, FlopCounterMode(display=False) as counter:
        network(pixel_values=torch.rand(1, 3, 378, 504), prompt_depth=torch.rand(1, 1, 192, 256))

    expected = networks.GFLOP['S', (378, 504)]
    assert counter.get_total_flops() / 1e9 == pytest.approx(expected, rel=0.02)
