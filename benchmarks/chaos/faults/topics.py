# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a driver publishes changes: its quality of service, rate, size, copies, or all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from benchmarks import garbage
from benchmarks.chaos.fault import ALL, Fault, NONE, ONE
from benchmarks.chaos.stage import Stage

QOS = (
    'best_effort volatile 1',
    'best_effort volatile 5',
    'reliable volatile 1',
    'reliable transient_local 5',
    'best_effort transient_local 5',
)
# What lets the node read the topics of garbage that are there beside image and depth
LOOSE = {'input.mask': 'remove', 'input.min_confidence': 1.0, 'input.rectify': True}
STRICT = {'input.mask': 'off', 'input.min_confidence': 0.0, 'input.rectify': False}


def told(begin: str, end: str) -> Callable[[Stage], AbstractContextManager[None]]:
    """Return what gives the driver of the victim a command, and takes it back."""

    @contextmanager
    def run(stage: Stage) -> Iterator[None]:
        stage.drivers[stage.victim].tell(begin)
        yield
        stage.drivers[stage.victim].tell(end)

    return run


@contextmanager
def other_qos(stage: Stage) -> Iterator[None]:
    """Let the driver publish with another quality of service, afterwards as before."""
    driver = stage.drivers[stage.victim]
    driver.change(f'qos {QOS[stage.rng.integers(len(QOS))]}')
    stage.wait_until_served()
    yield
    driver.change('qos reliable volatile 5')
    stage.wait_until_served()


@contextmanager
def fast(stage: Stage) -> Iterator[None]:
    """Let every camera send ten times as many frames."""
    stage.tell_all('rate 30')
    yield
    stage.tell_all('rate 3')


@contextmanager
def spoilt(stage: Stage) -> Iterator[None]:
    """Let one camera send garbage on every topic, in one transport after the other."""
    driver = stage.drivers[stage.victim]
    turn = stage.next_of('garbage', len(garbage.TURNS))
    stage.set_parameters({f'{stage.victim}.{name}': value for name, value in LOOSE.items()})
    driver.tell(f'garbage {turn}')
    stage.did[f'garbage by {garbage.TURNS[turn][0]} image and {garbage.TURNS[turn][1]} depth'] += 1
    yield
    driver.tell('pause')
    stage.wait_until_counted([stage.victim])  # or garbage would explain lost frames afterwards
    driver.change('garbage off')
    driver.tell('resume')
    stage.set_parameters({f'{stage.victim}.{name}': value for name, value in STRICT.items()})
    stage.wait_until_served()


OTHER_QOS = Fault('another QoS of a driver', 2.0, ONE, other_qos)
FAST = Fault('ten times the rate of one camera', 3.0, ONE, told('rate 30', 'rate 3'))
ALL_FAST = Fault('ten times the rate of all', 3.0, ALL, fast)
SPOILT = Fault('garbage from one camera', 5.0, ONE, spoilt)
TWICE = Fault('every message twice', 3.0, NONE, told('copies 2', 'copies 1'))
FROZEN = Fault('one frame again and again', 3.0, NONE, told('freeze on', 'freeze off'))
RESIZED = Fault('images of another size', 3.0, NONE, told('size 140 105', 'size 112 84'))
NO_INFO = Fault('camera_info gone', 3.0, NONE, told('info off', 'info on'))
WRONG_INFO = Fault('camera_info of another size', 3.0, NONE, told('info wrong', 'info on'))
