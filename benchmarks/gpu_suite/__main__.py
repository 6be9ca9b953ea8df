# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Checks the fast path, then times S, B and L against the network of transformers.

    python -m benchmarks.gpu_suite                         under 9 minutes on a CUDA machine
    python -m benchmarks.gpu_suite --device cpu --quick    the same code at sizes that say nothing

What matters most comes first, and every row is on the disk before the next one begins: whatever
ends the suite costs one row. Weights are random, of the published shapes, unless folders are
given. Needs transformers for its rows; draws a plot where matplotlib is installed.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
import sys

import torch

from benchmarks.gpu_suite import cameras, cases, chosen, correctness, host, networks, plot, probe
from benchmarks.gpu_suite.bench import Bench, Plan
from benchmarks.gpu_suite.journal import Journal
from benchmarks.gpu_suite.timing import Budget, peak_tflops
from promptda_ros.core.runtime.device import choose_device
from promptda_ros.core.runtime.number_modes import require_exact_numbers
from promptda_ros.network.engines.precision import precision_steps

SIZES = ((378, 504), (518, 686), (756, 1008))
QUICK_SIZES = ((42, 56), (84, 112))
BATCHES, QUICK_BATCHES = (1, 4, 16), (1, 2)
CAMERAS, QUICK_CAMERAS = (1, 4, 16), (1, 2)
IMAGES, QUICK_IMAGES = ((756, 1008), (1440, 1920)), ((84, 112), (90, 120))


def main() -> int:
    """Run the suite; return 1 where the fast path is wrong."""
    arguments = parse_arguments()
    budget = Budget(arguments.minutes * 60)  # of everything that follows
    for name in ('HF_HUB_DISABLE_PROGRESS_BARS', 'TQDM_DISABLE'):
        os.environ[name] = '1'
    require_exact_numbers()
    plan = make_plan(arguments)
    bench = Bench(plan, budget, _journal(plan, arguments))
    wrong = run(bench)
    bench.journal.finish()
    if wrong:
        print(f'WRONG: {", ".join(wrong)}: the fast path differs; its times mean nothing')
    return int(bool(wrong))


def run(bench: Bench) -> list[str]:
    """Do what there is time for, in the order of what matters most; return what is wrong."""
    first, *others = bench.plan.shapes
    bench.part('the kernels around the network', 0.0, lambda: probe.start(bench))
    bench.part('the machine', 0.0, lambda: probe.machine(bench))
    wrong = []
    for name in bench.plan.shapes:
        wrong += correctness.check(bench, name, batch=1)
        host.run(bench, name)
    probe.run(bench, first)
    host.run_prompts(bench, first)
    cameras.run(bench)
    for name in (chosen.EMBEDDED, first):
        chosen.run(bench, name)
    rows = cases.run(bench, _peak(bench))
    for name in bench.plan.shapes:
        wrong += correctness.check(bench, name, batch=bench.plan.batches[1])
    for name in others:
        chosen.run(bench, name)
        probe.frame(bench, name)
    if not plot.draw(rows, bench.journal.path.with_suffix('.png')):
        bench.journal.lose('No plot: matplotlib is not installed.')
    return wrong


def make_plan(arguments: argparse.Namespace) -> Plan:
    """Return what is to be timed on which device."""
    device = choose_device(arguments.device)
    if device.type == 'cpu' and not arguments.quick:
        raise SystemExit('the suite takes hours on a CPU; try --device cpu --quick')
    torch.manual_seed(0)
    quick = arguments.quick
    return Plan(
        shapes={'tiny': networks.TINY} if quick else networks.SHAPES,
        folders=dict(arguments.folders),
        sizes=QUICK_SIZES if quick else SIZES,
        images=QUICK_IMAGES if quick else IMAGES,
        batches=QUICK_BATCHES if quick else BATCHES,
        cameras=QUICK_CAMERAS if quick else CAMERAS,
        device=device,
        precision=precision_steps('auto', device)[0],
        runs=3 if quick else 100,
        compiler='eager' if quick else 'inductor',
        side=256 if quick else 8192,
        # What compiles on a CPU takes longer than all the rest.
        load={'model.resolution': 'low', 'engine': 'torch'} if quick else {},
    )


def _journal(plan: Plan, arguments: argparse.Namespace) -> Journal:
    numbers = plan.precision.name
    weights = 'random weights' if not plan.folders else 'weights of folders, else random'
    return Journal(
        arguments.out,
        title='Networks on the device' + (' (quick: says nothing)' if arguments.quick else ''),
        settings=f'On {plan.device}, all in {numbers} unless told otherwise, {weights}, '
        f'{arguments.minutes:g} minutes. The bound is the operations at the speed of a large '
        'product here; times is how often ours goes into theirs.',
    )


def _peak(bench: Bench) -> float | None:
    plan = bench.plan
    if not bench.budget.allows(5.0):
        return None
    peak = peak_tflops(plan.device, plan.precision.products, side=plan.side)
    bench.journal.figures['peak_tflops'] = peak
    bench.journal.add(probe.MACHINE, probe.MACHINE_COLUMNS, ['large product, TFLOP/s', peak])
    return peak


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
    parser.add_argument(
        '--out',
        type=Path,
        default=Path('benchmark_output/gpu_suite.json'),
        help='the JSON; tables in Markdown and the plot are written beside it',
    )
    return parser.parse_args()


if __name__ == '__main__':
    sys.exit(main())
