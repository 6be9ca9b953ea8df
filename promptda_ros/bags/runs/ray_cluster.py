# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A Ray cluster: joined or begun, and left; how many workers it carries."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager, redirect_stdout
import io
import logging
import math
import os
import signal
import socket
from typing import Any

from promptda_ros.core.errors import PromptdaError
from promptda_ros.core.runtime.guard import Foreseen
from promptda_ros.process import Stopped

LOCAL = 'local'  # a cluster of this machine alone, for this run
ANSWER_SEC = 10.0


class NoCluster(PromptdaError):
    """Ray is missing, or there is no cluster to be had; the text says what to do."""


@contextmanager
def cluster(address: str, workers: int) -> Generator[Any, None, None]:
    """Join a cluster, or begin one, and leave it; what Ray prints is not for the user.

    Raises:
        NoCluster: there is none at the address.
        Stopped: a signal came.
    """
    os.environ.setdefault('RAY_USAGE_STATS_ENABLED', '0')
    import ray

    _require_listener(address)
    cpus = max(workers, os.cpu_count() or 1)
    own: dict[str, Any] = {'num_cpus': cpus, 'include_dashboard': False}
    with redirect_stdout(io.StringIO()), _interrupts_as_ray_takes_them():
        try:
            with Foreseen(lambda error: NoCluster(f'no Ray cluster at {address}: {error}')):
                ray.init(
                    address=address,
                    log_to_driver=False,
                    logging_level=logging.CRITICAL,
                    **(own if address == LOCAL else {}),
                )
            signal.signal(signal.SIGTERM, signal.default_int_handler)  # Ray takes it
            yield ray
        finally:
            ray.shutdown()


def _require_listener(address: str) -> None:
    """Refuse an address where nothing listens: Ray would try again and again for minutes."""
    host, sign, port = address.rpartition('://')[2].rpartition(':')
    if not sign or not port.isdecimal():
        return  # a word of Ray's own
    try:
        socket.create_connection((host.strip('[]'), int(port)), ANSWER_SEC).close()
    except (OSError, OverflowError) as error:
        raise NoCluster(
            f'no Ray cluster at {address}: {error}; `ray status` on its head node says the address'
        ) from None


@contextmanager
def _interrupts_as_ray_takes_them() -> Iterator[None]:
    """Let signals interrupt Ray, which passes on a KeyboardInterrupt and nothing else."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in handlers:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        raise Stopped from None
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def shares(ray: Any, workers: int | None, *, uses_gpus: bool) -> tuple[int, dict[str, float]]:
    """Return how many workers there are to be, and the resources of each.

    Raises:
        NoCluster: it has not that many CPUs.
    """
    machines = [node['Resources'] for node in ray.nodes() if node['Alive']]
    cpus = [int(each['CPU']) for each in machines if each.get('CPU', 0) >= 1]
    gpus = int(sum(each.get('GPU', 0) for each in machines)) if uses_gpus else 0
    count = workers or gpus or len(cpus)
    if count > sum(cpus):
        raise NoCluster(
            f'{count} workers need a CPU each, and the cluster has {sum(cpus)}; lower --jobs'
        )
    share = max(1, min(cpus) // math.ceil(count / len(cpus)))
    resources: dict[str, float] = {'num_cpus': share}  # Ray gives torch as many threads
    if gpus:
        resources['num_gpus'] = 1 / math.ceil(count / gpus)
    return count, resources
