# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A network that is ready to run: what the node asks of it between frames, and says of it."""

from __future__ import annotations

from dataclasses import dataclass

from promptda_ros.core.estimator import Estimator
from promptda_ros.core.fused import proved
from promptda_ros.core.runtime.attention import cudnn_version
from promptda_ros.core.runtime.number_modes import describe_numbers
from promptda_ros.core.self_check import Difference
from promptda_ros.network.engines.compiled import CompiledNetwork


@dataclass(frozen=True)
class LoadedModel:
    """A network that is ready to run, and what is to be said about it."""

    estimator: Estimator
    name: str
    sha256: str
    device: str
    precision: str
    difference: Difference | None  # from float32 on the CPU; None: it is that
    attention: str  # backend on a GPU, else empty
    frame_sec: float  # from image to depth, measured at start
    notes: tuple[str, ...] = ()  # what the user should know about it
    compiled: tuple[CompiledNetwork, ...] = ()  # network, anchor; empty: torch alone runs them
    anchor_sha256: str = ''  # empty: the network has none

    @property
    def next_pause(self) -> str:
        """What `between_frames` would hold frames up for; empty: nothing."""
        missed = [each for each in self.compiled if each.has_missed]
        return f'{missed[0].name} compiles' if missed else ''

    @property
    def is_paused(self) -> bool:
        """Whether frames wait for a compilation; any thread may ask."""
        return any(each.is_compiling for each in self.compiled)

    def between_frames(self) -> None:
        """Do what would hold up a frame."""
        for each in self.compiled:
            each.compile_missed()

    def compile_in_frames(self) -> None:
        """Compile for a new size before its first frame, which waits: for recordings.

        What is made of one must not depend on what ran before it in the same process.
        """
        for each in self.compiled:
            each.compiles_in_frames = True

    def pause_sec(self, since_ns: int) -> float:
        """Return how long `between_frames` may take, if it compiles or did since a steady time."""
        began = [each for each in self.compiled if each.compiling_since_ns > since_ns]
        return sum(each.longest_sec for each in began)

    @property
    def problem(self) -> str:
        """What keeps the networks from running as fast as they could; empty: nothing."""
        return next((each.problem for each in self.compiled if each.problem), '')

    def free_memory(self) -> bool:
        """Free caches that only save time; return whether there were any."""
        if not any(each.sizes for each in self.compiled):
            return False
        for each in self.compiled:
            each.make_room('memory ran short')
        return True

    def resize(self, resolution: str) -> None:
        """Work at another resolution from the next frame on."""
        self.estimator.resolution = resolution
        for each in self.compiled:
            each.forget()

    def facts(self) -> dict[str, str]:
        """Return the figures for diagnostics and reports."""
        return {
            'model.name': self.name,
            'model.sha256': self.sha256,
            'anchor.sha256': self.anchor_sha256 or 'none',
            'device': self.device,
            'precision': self.precision,
            'precision.check': str(self.difference or 'exact'),
            'numbers': describe_numbers(),
            'attention': self.attention,
            'cudnn': str(cudnn_version() or 'none'),
            'engine': self.compiled[0].describe() if self.compiled else 'torch',
            'kernels': proved.describe(self.estimator.device),
        }

    def describe(self) -> str:
        """Return one line for logs."""
        helped = ''.join(f' by {each.runs_by}' for each in self.compiled[:1] if not each.problem)
        off = f', {self.difference} from float32 on the CPU' if self.difference else ''
        return f'{self.name} ({self.sha256[:8]}) on {self.device} in {self.precision}{helped}{off}'
