# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the trust gate lets pass and what it catches: networks, and simulated failures of one.

    python -m benchmarks.gate --data tum_fr3_cabinet floor_rs redwood_rgbd

Frames are held-out views of the cell with every simulated sensor, and real frames whose own depth
is reduced, made noisy, cut out, or given a corner at 8 m. Both checks of the gate are measured:
the share of the sensor's variance that a network leaves unexplained, and the share of the
measurements that the published depth contradicts.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
import math
import os
from pathlib import Path

os.environ.setdefault('MUJOCO_GL', 'egl')  # MuJoCo reads it once, when imported

import numpy as np
import torch
from torch import Tensor

from benchmarks.results import Cell, Results, Table
from promptda_ros.core.depth_space import DEPTH_SPACES, DepthSpace
from promptda_ros.core.estimator import Estimator, Prepared
from promptda_ros.core.frame import Frame
from promptda_ros.core.restore import by_torch
from promptda_ros.core.restore.trust import contradicting_fraction
from promptda_ros.core.restore.unexplained import unexplained
from promptda_ros.core.settings import build, model_setting
from promptda_ros.core.settings.schema import Settings
from promptda_ros.lab.evaluation.holes import with_holes
from promptda_ros.lab.evaluation.methods import in_shape_of
from promptda_ros.lab.evaluation.readers import find_frames
from promptda_ros.lab.evaluation.readers.cell_reader import measure_view
from promptda_ros.lab.evaluation.readers.files import evenly, FileReader, FrameFiles
from promptda_ros.lab.evaluation.readers.noisy import NoisyReader
from promptda_ros.lab.evaluation.sample import Sample
from promptda_ros.lab.sim.cell import held_out_views
from promptda_ros.lab.sim.sensors import SENSORS
from promptda_ros.model import load_model
from promptda_ros.model_folders import model_folder
from promptda_ros.network import load_network, PromptDepthAnythingForDepthEstimation
from promptda_ros.network.engines.folded import fold
from promptda_ros.network.pixels import IMAGENET_MEAN, IMAGENET_STD
from promptda_ros.tools.arguments import add_model

SIZES = {'64x48': (48, 64), '160x120': (120, 160), '256x192': (192, 256), '8x8': (8, 8)}
ZONES = ('8x8', 'zones_8x8')
NOISE, HOLES = 0.01, 0.25
CORNER_M, CORNER = 8.0, 8  # a block of an eighth of the rows and columns
WAYS = ('auto', 'surface', 'off')  # of output.anchor

Failure = Callable[[Tensor, Prepared], Tensor]
FAILURES: dict[str, Failure] = {
    'millimetres': lambda depth_m, _: 1000 * depth_m,
    'feet': lambda depth_m, _: depth_m / 0.3048,
    '1 / depth': lambda depth_m, _: 1 / depth_m,
    'near and far exchanged': lambda depth_m, frame: 1 / (_sum(frame, -1) - 1 / depth_m),
    "the middle of the prompt's range": lambda depth_m, frame: torch.full_like(
        depth_m, _sum(frame, 1) / 2
    ),
    'upside down': lambda depth_m, _: depth_m.flip(0),
    '1.5 x the depth': lambda depth_m, _: 1.5 * depth_m,
    'left and right exchanged': lambda depth_m, _: depth_m.flip(1),
    '1.2 x the depth': lambda depth_m, _: 1.2 * depth_m,
    'shifted by a tenth of the picture': lambda depth_m, _: _shifted(depth_m),
}


@dataclass(frozen=True)
class Share:
    """What one network left unexplained of one frame."""

    sensor: str
    value: float

    @property
    def is_of_zones(self) -> bool:
        """Whether the sensor has so few pixels that a network has to guess most of the depth."""
        return self.sensor in ZONES


def main() -> None:
    """Print what each network and each failure leaves unexplained."""
    arguments = _parser().parse_args()
    values = {model_setting(arguments.model): arguments.model, 'engine': 'torch'}
    settings = build(values)
    estimator = load_model(settings).estimator
    samples = [*_cell(arguments.views), *_real(arguments.data, arguments.frames)]
    frames = [(each.sensor, _frame(each)) for each in samples]
    print(f'{len(frames)} frames')
    shares = {arguments.model: list(_shares(estimator, frames, settings))}
    for name, network in _broken(model_folder(settings.model), arguments.draws):
        shares.setdefault(name, []).extend(_shares(network, frames, settings))
    limit = settings.trust.max_unexplained
    Results(
        'The trust gate',
        [
            _networks_table(shares, limit),
            _failures_table(estimator, frames, settings, limit),
            _contradicting_table(estimator, frames, settings),
        ],
        f'{arguments.model}, {len(frames)} frames, trust.max_unexplained {limit:g}.',
    ).report(arguments.out)


def _cell(count: int) -> Iterator[Sample]:
    for number, view in enumerate(held_out_views(count)):
        for sensor in SENSORS:
            yield measure_view(view, number, sensor, seed=0)


def _real(folders: Iterable[Path], count: int) -> Iterator[Sample]:
    for folder in folders:
        for files in evenly(find_frames(folder, reader='auto'), count):
            yield from _prompts(files)


def _prompts(files: FrameFiles) -> Iterator[Sample]:
    """Make the depth of ten sensors of the frame's own."""
    whole = FileReader([files], None).read(files)
    yield replace(whole, sensor='full')
    yield replace(with_holes(whole, HOLES, seed=0), sensor='full, 25 % cut')
    for kind, size in SIZES.items():
        reader = FileReader([files], size)
        sample = replace(reader.read(files), sensor=kind)
        yield sample
        if kind == '64x48':
            yield replace(next(iter(NoisyReader(reader, NOISE, seed=0))), sensor='noisy')
        if kind == '160x120':
            yield replace(with_holes(sample, HOLES, seed=0), sensor='160x120, 25 % cut')
        if kind in ('64x48', '160x120'):
            far_m = sample.sensor_depth_m.copy()
            far_m[: size[0] // CORNER, : size[1] // CORNER] = CORNER_M
            yield replace(sample, sensor='far corner', sensor_depth_m=far_m)


def _frame(sample: Sample) -> Frame:
    return Frame(0, '', sample.image, in_shape_of(sample.image, sample.sensor_depth_m))


def _broken(folder: Path, draws: int) -> Iterator[tuple[str, Estimator]]:
    """Yield networks of random weights in each space, and some whose weights are shuffled."""
    config = load_network(folder).config
    for seed in range(draws):
        torch.manual_seed(seed)
        for space in DEPTH_SPACES:
            network = PromptDepthAnythingForDepthEstimation(replace(config, depth_space=space))
            yield f'random weights, {space}', _estimator(network.eval())
        yield 'weights shuffled within each layer', _estimator(_shuffled(folder))


@torch.no_grad()
def _shuffled(folder: Path) -> PromptDepthAnythingForDepthEstimation:
    network = load_network(folder)
    for weight in network.parameters():
        weight.copy_(weight.flatten()[torch.randperm(weight.numel())].view_as(weight))
    return network


def _estimator(network: PromptDepthAnythingForDepthEstimation) -> Estimator:
    folded = fold(network, image_mean=IMAGENET_MEAN, image_std=IMAGENET_STD)
    return Estimator(folded, device=torch.device('cpu'), space=folded.space)


def _shares(
    estimator: Estimator, frames: Iterable[tuple[str, Frame]], settings: Settings
) -> Iterator[Share]:
    for sensor, frame in frames:
        prepared, depth_m = _predicted(estimator, frame, settings)
        yield Share(sensor, _left(depth_m, prepared, estimator.space))


def _predicted(estimator: Estimator, frame: Frame, settings: Settings) -> tuple[Prepared, Tensor]:
    """Return a frame and what the network makes of it, before anything corrects that."""
    prepared = estimator.prepare(frame, settings.prompt, settings.output)
    return prepared, estimator.infer([prepared])[0]


def _left(depth_m: Tensor, prepared: Prepared, space: DepthSpace) -> float:
    *_, cells = by_torch.judge(depth_m, prepared.prompt, (0.0, math.inf), space)
    return unexplained(cells, space)


def _networks_table(shares: Mapping[str, list[Share]], limit: float) -> Table:
    rows: list[list[Cell]] = []
    for name, found in shares.items():
        for zones in (True, False):
            of_kind = [each.value for each in found if each.is_of_zones == zones]
            if of_kind:
                figures = np.min(of_kind), np.median(of_kind), np.max(of_kind)
                caught = f'{np.mean(np.array(of_kind) > limit):.1%}'
                rows.append([name, '8x8' if zones else 'others', *map(float, figures), caught])
    columns = ('network', 'sensors', 'smallest', 'median', 'largest', 'caught')
    return Table('Unexplained', columns, rows)


def _failures_table(
    estimator: Estimator, frames: list[tuple[str, Frame]], settings: Settings, limit: float
) -> Table:
    """Spoil the network's own depth in each way: how often the first check sees it."""
    left: dict[str, list[float]] = {name: [] for name in FAILURES}
    for _, frame in frames:
        prepared, depth_m = _predicted(estimator, frame, settings)
        for name, spoil in FAILURES.items():
            left[name].append(_left(spoil(depth_m, prepared), prepared, estimator.space))
    rows: list[list[Cell]] = [
        [name, f'{np.mean(np.array(found) > limit):.0%}', float(np.min(found))]
        for name, found in left.items()
    ]
    return Table('Failures', ("in place of the network's depth", 'caught', 'smallest'), rows)


def _contradicting_table(
    estimator: Estimator, frames: list[tuple[str, Frame]], settings: Settings
) -> Table:
    rows: list[list[Cell]] = []
    for way in WAYS:
        output = replace(settings.output, anchor=way)
        depths = (estimator.estimate(frame, settings.prompt, output) for _, frame in frames)
        most = max(contradicting_fraction(each, settings.trust.max_difference) for each in depths)
        rows.append([way, f'{most:.1%}'])
    return Table('Contradicted', ('output.anchor', 'measurements, at most'), rows)


def _sum(prepared: Prepared, power: int) -> float:
    """Return the sum of the ends of the prompt's range, each to this power."""
    prompt = prepared.prompt.prompt
    return float(prompt.near_m**power + prompt.far_m**power)


def _shifted(depth_m: Tensor) -> Tensor:
    """Move depth to the right; what is moved in repeats the left border."""
    by = depth_m.shape[1] // 10
    return torch.cat((depth_m[:, :1].expand(-1, by), depth_m[:, :-by]), 1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_model(parser)
    parser.add_argument('--data', type=Path, nargs='*', default=[], help='folders of real frames')
    parser.add_argument('--frames', type=int, default=6, help='of every folder')
    parser.add_argument('--views', type=int, default=4, help='of the cell')
    parser.add_argument('--draws', type=int, default=3, help='of each kind of broken weights')
    parser.add_argument('--out', type=Path, default=Path('benchmark_output/gate.json'))
    return parser


if __name__ == '__main__':
    main()
