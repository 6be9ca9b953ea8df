# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Times the network alone on the CPU: as transformers runs it, as loaded, folded, compiled.

In every round each runs once, so that a busy moment hits all alike, after a pause in which the
threads of the one before fall asleep. What is not installed has no row.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec
import os
from pathlib import Path
import sys
import tempfile
import time

import numpy as np
import torch
from torch import Tensor

from benchmarks.gpu_suite import host
from benchmarks.gpu_suite.networks import hugging_face, make, SHAPES
from benchmarks.results import Cell, REPOSITORY, Results, Table
from promptda_ros.core.estimator import Estimator
from promptda_ros.core.model_names import EMBEDDED
from promptda_ros.core.settings import build
from promptda_ros.dds_environment import large_image_environment
from promptda_ros.network import load_network, PromptDepthAnythingForDepthEstimation
from promptda_ros.network.engines.folded import fold, FoldedNetwork
from promptda_ros.network.engines.onednn import use_onednn
from promptda_ros.network.engines.onnx_file import write_onnx
from promptda_ros.network.engines.openvino_model import OpenVinoModel
from promptda_ros.network.pixels import IMAGENET_MEAN, IMAGENET_STD
from promptda_ros.process import let_threads_sleep
from promptda_ros.share import share_folder

PROMPT_SIZE = (192, 256)
IMAGE_SIZE = (480, 640)
PAUSE_SEC = 0.1
COLUMNS = (
    *('median ms', 'least ms', 'processor ms'),  # of all threads, median
    *('times as fast', '10 %', '90 %', 'by processor time', 'apart'),
)
Run = Callable[[], Tensor]
AnyRun = Callable[[], object]


def main() -> None:
    """Run the benchmark."""
    arguments = _parser().parse_args()
    _enter_environment_of_the_node()
    torch.set_num_threads(arguments.threads)
    with torch.inference_mode(), tempfile.TemporaryDirectory() as folder:
        tables = [
            measure(name, arguments, Path(folder) / f'{name}.onnx') for name in arguments.networks
        ]
        if find_spec('transformers'):
            tables += [measure_pipelines(name, arguments) for name in arguments.networks]
    height, width = arguments.size
    prompt = 'x'.join(map(str, PROMPT_SIZE))
    settings = (
        f'{height}x{width} and a prompt of {prompt}, float32, {arguments.rounds} rounds on '
        f'{arguments.threads} threads, memory and waiting threads set as for the node. Ratios '
        'are of the same round. S has random weights.'
    )
    Results('Network on the CPU', tables, settings).report(arguments.out)


def measure(name: str, arguments: argparse.Namespace, onnx_path: Path) -> Table:
    """Time every way to run one network."""
    torch.manual_seed(0)
    pixels = torch.randint(0, 256, (1, 3, *arguments.size), dtype=torch.uint8)
    prompt_m = 0.5 + 3 * torch.rand(1, 1, *PROMPT_SIZE)
    runs = dict(ways(_network(name), pixels, prompt_m, onnx_path))
    depths_m = [run() for run in runs.values()]  # warms up, too
    taken = np.array([_round(runs.values()) for _ in range(arguments.rounds)])
    rows: list[list[Cell]] = []
    for number, way in enumerate(runs):
        apart = float((depths_m[number] / depths_m[0] - 1).abs().max())
        rows.append([way, *_figures(taken[:, 0], taken[:, number]), f'{apart:.1e}'])
    height, width = arguments.size
    return Table('', (f'{name} at {height}x{width}', *COLUMNS), rows)


def measure_pipelines(name: str, arguments: argparse.Namespace) -> Table:
    """Time the way from image and sensor depth to depth, all in memory, and ours to a cloud."""
    height, width = IMAGE_SIZE
    frame = host.make_frame(IMAGE_SIZE)
    network, settings = _network(name), build({})
    folded = _fold(network)
    use_onednn(folded)
    estimator = Estimator(folded, device=torch.device('cpu'), space=folded.space)
    size = estimator.network_size(height, width)
    runs = {
        'transformers': host.hugging_face(hugging_face(network), frame, size),
        'ours': lambda: estimator.estimate(frame, settings.prompt, settings.output),
        'ours, with cloud': host.ours(estimator, frame),
    }
    for run in runs.values():
        run()
    taken = np.array([_round(runs.values()) for _ in range(arguments.rounds)])
    rows: list[list[Cell]] = [
        [way, *_figures(taken[:, 0], taken[:, at])] for at, way in enumerate(runs)
    ]
    heading = f'{name}, from {width}x{height} through {size[1]}x{size[0]} to {width}x{height}'
    return Table('', (heading, *COLUMNS[:-1]), rows)


def ways(
    network: PromptDepthAnythingForDepthEstimation,
    pixels: Tensor,
    prompt_m: Tensor,
    onnx_path: Path,
) -> Iterator[tuple[str, Run]]:
    """Yield the ways to run a network; the first is what the others are compared with."""
    mean, deviation = torch.tensor([IMAGENET_MEAN, IMAGENET_STD])[:, :, None, None]
    normalised = (pixels / 255 - mean) / deviation
    if find_spec('transformers'):
        theirs = hugging_face(network)
        yield (
            'transformers',
            lambda: theirs(pixel_values=normalised, prompt_depth=prompt_m).predicted_depth,
        )
    yield 'as loaded', lambda: network(normalised, prompt_m).predicted_depth
    plain, folded = _fold(network), _fold(network)
    use_onednn(folded)
    yield 'folded', lambda: plain(pixels, prompt_m)
    yield 'folded, linear maps by oneDNN', lambda: folded(pixels, prompt_m)
    encoded = folded.encode_prompt(prompt_m, pixels.shape[2:])
    yield 'the same, prompt encoded before', lambda: folded.predict(pixels, encoded)
    if find_spec('openvino'):
        model = OpenVinoModel(folded, pixels, prompt_m)
        yield 'OpenVINO', lambda: model(pixels, prompt_m)
    if find_spec('onnx') and find_spec('onnxruntime'):
        yield 'ONNX Runtime', _onnx_runtime(plain, pixels.float(), prompt_m, onnx_path)


def _onnx_runtime(network: FoldedNetwork, pixels: Tensor, prompt_m: Tensor, path: Path) -> Run:
    import onnxruntime  # type: ignore[import-untyped, import-not-found, unused-ignore]

    with torch.inference_mode(False):
        write_onnx(network, (pixels.clone(), prompt_m.clone()), path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(path, options, providers=['CPUExecutionProvider'])
    inputs = {'pixels': pixels.numpy(), 'prompt_m': prompt_m.numpy()}
    return lambda: torch.from_numpy(session.run(None, inputs)[0])


def _round(runs: Iterable[AnyRun]) -> list[tuple[float, float]]:
    """Return the milliseconds of every run, on the clock and of the processor."""
    taken_ms = []
    for run in runs:
        time.sleep(PAUSE_SEC)
        begun_sec, spent_sec = time.perf_counter(), time.process_time()
        run()
        taken_sec = time.perf_counter() - begun_sec
        taken_ms.append((1e3 * taken_sec, 1e3 * (time.process_time() - spent_sec)))
    return taken_ms


def _figures(first: np.ndarray, this: np.ndarray) -> list[float]:
    """Return the columns between name and difference; arrays are (rounds, 2)."""
    clock_ms, processor_ms = this.T
    faster, by_processor = (first / this).T
    spread = np.percentile(faster, (50, 10, 90))
    figures = [np.median(clock_ms), clock_ms.min(), np.median(processor_ms)]
    return [float(value) for value in (*figures, *spread, np.median(by_processor))]


def _folder(name: str) -> Path:
    return REPOSITORY / 'models' / name


@torch.inference_mode(False)
def _network(name: str) -> PromptDepthAnythingForDepthEstimation:
    if name == EMBEDDED:
        return load_network(_folder(name))
    network = make(SHAPES[name])
    with torch.no_grad():
        for weights in network.parameters():
            if weights.ndim in (2, 4):  # wide, so that depth varies and differences are seen
                weights.uniform_(-1, 1).mul_((3 / weights[0].numel()) ** 0.5)
    return network


def _fold(network: PromptDepthAnythingForDepthEstimation) -> FoldedNetwork:
    with torch.inference_mode(False):
        return fold(network, image_mean=IMAGENET_MEAN, image_std=IMAGENET_STD)


def _enter_environment_of_the_node() -> None:
    """Start again with the variables that the loader reads only once."""
    let_threads_sleep()
    missing = large_image_environment(share_folder(), os.environ)
    if missing:
        command = [sys.executable, '-m', 'benchmarks.network', *sys.argv[1:]]
        os.execve(sys.executable, command, {**os.environ, **missing})


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('--networks', nargs='+', default=[EMBEDDED, 'S'], metavar='NAME')
    parser.add_argument('--size', type=int, nargs=2, default=[252, 336])
    parser.add_argument('--threads', type=int, default=torch.get_num_threads())
    parser.add_argument('--rounds', type=int, default=30)
    parser.add_argument('--out', type=Path, default=Path('benchmark_output/network.json'))
    return parser


if __name__ == '__main__':
    main()
