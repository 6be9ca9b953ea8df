# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Python, torch, and what runs the network."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
import platform
import sys

from promptda_ros.core.runtime.ending import ending_of
from promptda_ros.core.settings.schema import Settings
from promptda_ros.doctor.finding import ERROR, Finding, Sound, WARNING

NO_NETWORK = 'the network cannot run, so that the node ends at its start'


class PythonCheck:
    """Which interpreter runs, and whether it finds torch."""

    def look(self) -> Iterator[Finding | Sound]:
        """Import torch, which every other check of the network needs."""
        yield Sound('python', f'Python {platform.python_version()} ({sys.executable})')
        try:
            import torch  # late: it may be missing, which is what is looked for
        except ImportError as error:
            sentence, _ = ending_of(error)
            yield Finding.of_sentence('torch', ERROR, sentence, NO_NETWORK, 'see docs/install.md')
        else:
            built = f'for CUDA {torch.version.cuda}' if torch.version.cuda else 'without CUDA'
            yield Sound('torch', f'torch {torch.__version__}, built {built} ({_place("torch")})')


class DeviceCheck:
    """Whether the device and the engine that the settings name run here."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def look(self) -> Iterator[Finding | Sound]:
        """Run a kernel on the device."""
        from promptda_ros.core.runtime.device import (  # late: with torch
            choose_device,
            choose_engine,
            DeviceError,
            name_of,
            unused_gpu,
        )
        from promptda_ros.network.engines.precision import precision_steps

        try:
            device = choose_device(self._settings.device)
            is_exact = precision_steps(self._settings.precision, device)[0].is_exact
            engine = choose_engine(self._settings.engine, device, is_exact=is_exact)
        except DeviceError as error:
            yield Finding.of_sentence('device', ERROR, str(error), NO_NETWORK)
            return
        if problem := unused_gpu(self._settings.device, device):
            why = 'a network on a CPU gives a few frames a second at best'
            yield Finding.of_sentence('device', WARNING, problem, why)
        else:
            place = f' ({_place(engine)})' if engine in ('openvino', 'tensorrt') else ''
            yield Sound('device', f'the network runs on {name_of(device)} by {engine}{place}')


def _place(package: str) -> str:
    spec = find_spec(package)
    return '' if spec is None or spec.origin is None else spec.origin.rpartition('/')[0]
