# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.bags.runs.on_ray, on a cluster of two worker processes."""

from __future__ import annotations

from contextlib import closing
import os
from pathlib import Path
import re

import pytest

from promptda_ros import __version__
from promptda_ros.bags.processing.unit import Unit
from promptda_ros.bags.runs.on_ray import OnRay
from promptda_ros.bags.runs.ray_cluster import cluster, LOCAL, NoCluster, shares
from promptda_ros.bags.runs.ray_worker import UnusableWorker, Worker
from promptda_ros.bags.runs.serial import Serial
from promptda_ros.bags.runs.work import Ending, Processing
from promptda_ros.core.errors import ExitCode
from test.recordings import contents, Recording

FRAMES = 4


class Nodes:
    """A cluster of machines with these CPUs and GPUs."""

    def __init__(self, *machines: tuple[int, int]) -> None:
        self._machines = machines

    def nodes(self) -> list[dict]:
        alive = [{'CPU': float(cpus), 'GPU': float(gpus)} for cpus, gpus in self._machines]
        return [
            *({'Alive': True, 'Resources': each} for each in alive),
            {'Alive': False, 'Resources': {'CPU': 64.0, 'GPU': 8.0}},
        ]


@pytest.fixture
def recordings(tmp_path: Path) -> list[Path]:
    """Write three small recordings, of which the last is broken."""
    made = Recording()
    made.add_camera(FRAMES)
    paths = [made.write(tmp_path / 'in' / name) for name in ('a', 'b')]
    broken = tmp_path / 'in/broken.mcap'
    broken.write_text('junk')
    return [*paths, broken]


def test_a_killed_worker_costs_its_recording_a_try_and_changes_nothing(
    importable, recordings, recipe, tmp_path, monkeypatch, capfd
):
    """On a local cluster of two worker processes, of which one is killed; Ray says nothing."""
    pytest.importorskip('ray')
    from killed_work import KilledOnce

    monkeypatch.chdir(tmp_path)

    def units(out: str) -> list[Unit]:
        sources = [path.relative_to(tmp_path) for path in recordings]
        return [Unit(source, Path(out) / source.stem, recipe) for source in sources]

    def nothing(*_: object) -> None:
        pass

    work = KilledOnce(recipe, 'b', tmp_path / 'killed')
    runner = OnRay(work, nothing, address=LOCAL, out=Path('ray'), workers=2)
    capfd.readouterr()
    with closing(runner.run(units('ray'))) as outcomes:
        ended = {each.source: (each.state, each.tries) for each in outcomes}
    printed = capfd.readouterr()

    assert ended == {
        'in/a': ('done', 1),
        'in/b': ('done', 2),
        'in/broken.mcap': ('failed', 1),
    }
    assert (printed.out, printed.err) == ('', '')
    assert sorted(os.listdir('ray')) == ['a', 'b']
    list(Serial(Processing(recipe), nothing).run(units('serial')))
    for name in ('a', 'b'):
        assert list(contents(Path('ray') / name)) == list(contents(Path('serial') / name))


def test_a_network_that_cannot_be_loaded_is_the_answer_to_the_start(small_work, tmp_path):
    answer = Worker(small_work('unusable')).start(__version__, tmp_path, {})
    assert answer == Ending('no such network', ExitCode.MODEL_OR_DEVICE)


@pytest.mark.parametrize(
    'version, name, size, marked, said',
    [
        ('0.0.1', 'a', 5, True, 'has promptda_ros .* and this machine 0.0.1'),
        ('', 'a', 6, True, r'a \(6 bytes here, 5 bytes there\): all machines need'),
        ('', 'missing', 5, True, r'missing \(5 bytes here, nothing there\)'),
        ('', 'a', 5, False, 'does not see the folder of the results, '),
    ],
)
def test_a_worker_that_sees_something_else_refuses_before_it_loads(
    small_work, tmp_path, version, name, size, marked, said
):
    (tmp_path / 'in/a').mkdir(parents=True)
    (tmp_path / 'in/a/x.mcap').write_bytes(b'12345')
    mark = tmp_path / 'mark'
    if marked:
        mark.touch()
    worker = Worker(small_work())
    ending = worker.start(version or __version__, mark, {tmp_path / 'in' / name: size})
    assert isinstance(ending, Ending)
    assert ending.exit_code == ExitCode.MODEL_OR_DEVICE == UnusableWorker.exit_code
    assert re.search(said, ending.sentence)
    assert small_work().notes() == []


def test_workers_are_as_many_as_gpus_or_machines_and_share_them():
    assert shares(Nodes((8, 0), (8, 0)), None, uses_gpus=True) == (2, {'num_cpus': 8})
    assert shares(Nodes((8, 0), (4, 0)), 4, uses_gpus=False) == (4, {'num_cpus': 2})
    gpus = Nodes((8, 2), (8, 0))
    assert shares(gpus, None, uses_gpus=True) == (2, {'num_cpus': 8, 'num_gpus': 1.0})
    assert shares(gpus, None, uses_gpus=False) == (2, {'num_cpus': 8})
    assert shares(gpus, 3, uses_gpus=True) == (3, {'num_cpus': 4, 'num_gpus': 0.5})
    with pytest.raises(NoCluster, match='3 workers need a CPU each, and the cluster has 2'):
        shares(Nodes((2, 0)), 3, uses_gpus=False)


@pytest.mark.parametrize('address', ['127.0.0.1:1', 'ray://127.0.0.1:1', 'x.invalid:6379'])
def test_an_address_where_nothing_listens_is_refused_at_once(address):
    """Ray alone would try for minutes and fill the terminal."""
    pytest.importorskip('ray')
    with pytest.raises(NoCluster, match=f'no Ray cluster at {address}: '), cluster(address, 1):
        raise AssertionError('there is one')


def test_without_ray_the_command_to_install_it_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr('promptda_ros.bags.runs.on_ray.find_spec', lambda _: None)
    with pytest.raises(NoCluster, match=r"run `pip install 'ray>=2.40'`") as refused:
        OnRay(None, lambda *_: None, address=LOCAL, out=tmp_path)
    assert refused.value.exit_code == ExitCode.CONFIGURATION
