# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Checks the fast path, then times S, B and L against the network of transformers.

    python -m benchmarks.gpu_suite                         under 9 minutes on a CUDA machine
    python -m benchmarks.gpu_suite --device cpu --quick    the same code at sizes that say nothing

Weights are random, of the published shapes, unless folders are given. Needs transformers; draws a
plot where matplotlib is installed.
"""

from __future__ import annotations

import argparse
from copy import deepcopy
from dataclasses import asdict
from functools import partial
from pathlib import Path
import sys

import torch

from benchmarks.gpu_suite import cases, correctness, engines, host, networks, plot
from benchmarks.gpu_suite.correctness import Errors
from benchmarks.gpu_suite.timing import Budget, peak_tflops
from benchmarks.results import Results, Table
from promptda_ros.core.runtime.device import choose_device
from promptda_ros.network.engines.precision import precision_steps

SIZES = ((378, 504), (518, 686), (756, 1008))
QUICK_SIZES = ((42, 56), (84, 112))
BATCHES, QUICK_BATCHES = (1, 4, 16), (1, 2)
FRAME, QUICK_FRAME = (1440, 1920), (96, 128)
TIMED = ('', 'height x width', 'batch', 'median ms', '5 to 95 %', 'images/s', 'bound ms', 'times')
HOSTED = ('', 'median ms', '5 to 95 %', 'times')
CHECKED = ('', 'maximum mm', 'mean mm', 'plain network: maximum mm', 'its mean mm', '')


def main() -> int:
    """Run the suite; return 1 where the fast path is wrong."""
    arguments = parse_arguments()
    budget = Budget(arguments.minutes * 60)
    plan = make_plan(arguments)
    peak = peak_tflops(plan.device, plan.dtype, side=256 if arguments.quick else 8192)
    errors = check(plan, set(dict(arguments.folders)))
    hosted = host.rows(plan, budget, image_size=QUICK_FRAME if arguments.quick else FRAME)
    rows = cases.run(plan, budget, peak)
    report(plan, peak, errors, rows, hosted, arguments)
    wrong = [name for name, (*_, is_right) in errors.items() if not is_right]
    if wrong:
        print(f'WRONG: {", ".join(wrong)}: the fast path differs; its times mean nothing')
    return int(bool(wrong))


def make_plan(arguments: argparse.Namespace) -> cases.Plan:
    """Return what is to be timed on which device."""
    device = choose_device(arguments.device)
    if device.type == 'cpu' and not arguments.quick:
        raise SystemExit('the suite takes hours on a CPU; try --device cpu --quick')
    torch.manual_seed(0)
    shapes = {'tiny': networks.TINY} if arguments.quick else networks.SHAPES
    folders = dict(arguments.folders)
    return cases.Plan(
        networks={name: networks.make(each, folders.get(name)) for name, each in shapes.items()},
        sizes=QUICK_SIZES if arguments.quick else SIZES,
        batches=QUICK_BATCHES if arguments.quick else BATCHES,
        device=device,
        dtype=precision_steps('auto', device)[0].products,
        runs=10 if arguments.quick else 100,
        compiler='eager' if arguments.quick else 'inductor',
    )


def check(plan: cases.Plan, real: set[str]) -> dict[str, tuple[Errors, Errors, bool]]:
    """Compare the fast path and the plain network in its format with the plain one in float32."""
    found = {}
    for name, network in plan.networks.items():
        exact = deepcopy(network).to(plan.device)
        plain = deepcopy(network).to(device=plan.device, dtype=plan.dtype)
        estimator = networks.estimator(network, plan.device, plan.dtype)
        for batch in plan.batches[:2]:
            compare = partial(
                correctness.compare,
                reference=partial(engines.theirs, exact),
                size=plan.sizes[-1],
                count=batch,
                seed=batch,
            )
            try:
                fast = compare(partial(engines.ours, estimator))
                slow = compare(partial(engines.theirs, plain))
            except torch.cuda.OutOfMemoryError:
                print(f'{name}, batch {batch}: not checked, no memory', flush=True)
                continue
            is_right = fast.within(slow, real=name in real)
            found[f'{name}, batch {batch}'] = fast, slow, is_right
            print(f'{name}, batch {batch}: {fast}', flush=True)
    return found


def report(
    plan: cases.Plan,
    peak: float,
    errors: dict[str, tuple[Errors, Errors, bool]],
    rows: list[cases.Row],
    hosted: list[list[str | float]],
    arguments: argparse.Namespace,
) -> None:
    """Write the tables, the plot and the JSON."""
    number_format = str(plan.dtype).removeprefix('torch.')
    tables = [
        Table('Against float32, nearer than 4 m', CHECKED, checked_rows(errors)),
        Table('On the device', TIMED, timed_rows(rows)),
        Table(f'From host to host: {host.SETTING}', HOSTED, hosted),
    ]
    drawn = plot.draw(rows, arguments.out.with_suffix('.png'))
    lost = [f'{row.engine}, {row.network}: {row.why_not}' for row in rows if row.why_not]
    lost = list(dict.fromkeys(lost)) + ([] if drawn else ['No plot: matplotlib is not installed.'])
    weights = 'random weights' if not arguments.folders else 'weights of folders, else random'
    Results(
        title='Networks on the device' + (' (quick: says nothing)' if arguments.quick else ''),
        tables=tables,
        settings=f'On {plan.device}, all in {number_format}, {weights}; images and prompts are on '
        f'the device. The bound is the operations at the {peak:.0f} TFLOP/s of a large product '
        'here; times is how often ours goes into theirs.',
        lost=lost,
        figures={'peak_tflops': peak, 'rows': [asdict(row) for row in rows]},
    ).report(arguments.out)


def checked_rows(errors: dict[str, tuple[Errors, Errors, bool]]) -> list[list[str | float]]:
    """Return the rows about correctness."""
    return [
        [name, fast.maximum_mm, fast.mean_mm, slow.maximum_mm, slow.mean_mm, _verdict(is_right)]
        for name, (fast, slow, is_right) in errors.items()
    ]


def timed_rows(rows: list[cases.Row]) -> list[list[str | float]]:
    """Return the rows about time, those of equal work behind one another."""
    ours_ms = {
        _work(row): row.spread.median for row in rows if row.engine == cases.OURS and row.spread
    }
    return [
        _timed_row(row, ours_ms.get(_work(row)))
        for row in sorted(rows, key=lambda row: (*_work(row), cases.ENGINES.index(row.engine)))
    ]


def _work(row: cases.Row) -> tuple[str, networks.Size, int]:
    return row.network, row.size, row.batch


def _timed_row(row: cases.Row, ours_ms: float | None) -> list[str | float]:
    height, width = row.size
    named: list[str | float] = [f'{row.network} {row.engine}', f'{height}x{width}', row.batch]
    bound = '' if row.bound_ms is None else row.bound_ms
    if row.spread is None:
        return [*named, row.why_not, '', '', bound, '']
    spread = row.spread
    per_sec = 1e3 * row.batch / spread.median
    times = '' if ours_ms is None else spread.median / ours_ms
    return [*named, spread.median, f'{spread.p5:.2f} to {spread.p95:.2f}', per_sec, bound, times]


def _verdict(is_right: bool) -> str:
    return 'right' if is_right else 'WRONG'


def _folder(text: str) -> tuple[str, Path]:
    name, _, path = text.partition('=')
    if name not in networks.SHAPES or not path:
        raise argparse.ArgumentTypeError(f"'{text}' is not S=FOLDER, B=FOLDER or L=FOLDER")
    return name, Path(path).expanduser()


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog='python -m benchmarks.gpu_suite', description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument('--device', default='cuda:0')
    parser.add_argument('--quick', action='store_true', help='tiny network and sizes')
    parser.add_argument('--minutes', type=float, default=8.5, help='budget; the rest is left out')
    parser.add_argument(
        '--folder',
        dest='folders',
        action='append',
        type=_folder,
        default=[],
        metavar='S=FOLDER',
        help='weights of a network; may be repeated',
    )
    parser.add_argument('--out', type=Path, default=Path('benchmark_output/gpu_suite.json'))
    return parser.parse_args()


if __name__ == '__main__':
    sys.exit(main())
