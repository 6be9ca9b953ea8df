# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How far the depth that ~/depth/validity calls measured is from the sensor, on real frames.

    python -m benchmarks.agreement --folder redwood_rgbd --pair image.jpg arkit_depth.png
    python -m benchmarks.agreement --folder redwood_rgbd --distance 10 --fraction 0.1

Depth files are 16-bit pictures in millimetres of the sensor itself; they are the prompt.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.results import Results, Table
from promptda_ros.core.estimator import Estimator
from promptda_ros.core.frame import Frame
from promptda_ros.core.geometry.enlarge import enlarge_nearest
from promptda_ros.core.restore.trust import find_validity, Validity
from promptda_ros.core.settings import build, model_setting
from promptda_ros.core.settings.schema import Settings
from promptda_ros.lab.evaluation.readers import find_frames
from promptda_ros.messages import millimetres
from promptda_ros.messages.picture_files import read_depth_file, read_image_file
from promptda_ros.model import load_model
from promptda_ros.tools.arguments import add_model

OFF_M = (0.01, 0.02, 0.05)
COLUMNS = ('frames', 'pixels measured', 'code 4', 'off > 1 cm', '> 2 cm', '> 5 cm')

Files = tuple[Path, Path, float]  # image, depth, metres in a count


def main() -> None:
    """Print one row for each folder and each pair."""
    arguments = _parser().parse_args()
    values = {
        model_setting(arguments.model): arguments.model,
        'device': arguments.device,
        'engine': 'torch',
        'trust.agreement_distance': arguments.distance,
        'trust.agreement_fraction': arguments.fraction,
    }
    settings = build({name: value for name, value in values.items() if value is not None})
    model = load_model(settings)
    rows = [_row(name, files, model.estimator, settings) for name, files in _sources(arguments)]
    trust = settings.trust
    about = (
        f'{model.describe()}; code 4 within {trust.agreement_distance * 1e3:g} mm and '
        f'{trust.agreement_fraction:.1%} of the depth.'
    )
    Results('Agreement with the sensor', [Table('', COLUMNS, rows)], about, (), {}).report(
        arguments.out
    )


def _sources(arguments: argparse.Namespace) -> Iterator[tuple[str, list[Files]]]:
    for folder in arguments.folder:
        frames = find_frames(folder, reader='auto')[:: arguments.every]
        yield (
            folder.resolve().name,
            [(each.image, each.sensor_depth or each.truth, each.scale_m) for each in frames],
        )
    for image, depth in arguments.pair:
        yield image.resolve().parent.name, [(image, depth, millimetres.METRES)]


def _row(
    name: str, files: list[Files], estimator: Estimator, settings: Settings
) -> list[str | float]:
    measured, agreeing = 0, []
    pixels = 0
    for each in files:
        off_m, codes = _compare(*each, estimator, settings)
        pixels += codes.size
        measured += int(np.isfinite(off_m).sum())
        agreeing.append(off_m[codes == Validity.MEASURED])
    all_m = np.concatenate(agreeing)
    return [
        f'{name}, {len(files)}',
        f'{measured / pixels:.1%}',
        f'{all_m.size / pixels:.1%}',
        *(f'{np.mean(all_m > limit_m):.2%}' for limit_m in OFF_M),
    ]


def _compare(
    image: Path, depth: Path, scale_m: float, estimator: Estimator, settings: Settings
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
    """Return how far (H, W) depth is from the sensor's own pixel, and the codes."""
    frame = Frame(0, '', read_image_file(image), read_depth_file(depth, scale_m))
    found = estimator.estimate(frame, settings.prompt, settings.output)
    off_m = np.abs(found.depth_m - enlarge_nearest(frame.sensor_depth_m, found.depth_m.shape))
    return off_m, find_validity(found, settings.trust)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--folder', type=Path, action='append', default=[])
    parser.add_argument('--pair', type=Path, nargs=2, action='append', default=[])
    parser.add_argument('--every', type=int, default=1, help='take every n-th frame of a folder')
    add_model(parser)
    parser.add_argument('--device', default='cpu')
    parser.add_argument('--distance', type=float, help='trust.agreement_distance, metres')
    parser.add_argument('--fraction', type=float, help='trust.agreement_fraction')
    parser.add_argument('--out', type=Path, default=Path('benchmark_output/agreement.json'))
    return parser


if __name__ == '__main__':
    main()
