# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Measures by how much a print or a hard shadow moves depth, on held-out scenes of the cell.

Each scene is seen twice from one pose, without and with decoys, and the prompt is the same both
times: where only the picture differs, so that depth should not. Judged are the pixels of the
table or the bin next to a step of brightness that the decoys brought.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
import os

os.environ.setdefault('MUJOCO_GL', 'egl')  # MuJoCo reads it once, when imported

import numpy as np

from promptda_ros.core.frame import FloatImage, Mask
from promptda_ros.core.settings import build, model_setting
from promptda_ros.lab.evaluation.methods import Bilinear, Method, NetworkMethod
from promptda_ros.lab.evaluation.metrics import contrast_band, edge_band
from promptda_ros.lab.evaluation.reduce import reduce_median
from promptda_ros.lab.sim.camera import PinholeCamera, TableCamera
from promptda_ros.lab.sim.motion import random_pose
from promptda_ros.lab.sim.scene import HELD_OUT_SEED, make_scene
from promptda_ros.lab.sim.view import RenderedView, SUPPORT
from promptda_ros.model import load_model
from promptda_ros.tools.arguments import add_model

PROMPT_SIZE = 48, 64
SAME_M = 0.003  # sheets are as thick as a card
LEAST_PIXELS = 500


def main() -> None:
    """Run the benchmark."""
    arguments = _parser().parse_args()
    methods = _methods(arguments.model, arguments.device)
    rows: defaultdict[str, list[list[float]]] = defaultdict(list)
    for seed in range(HELD_OUT_SEED, HELD_OUT_SEED + arguments.scenes):
        plain, decoyed = _seen_twice(seed)
        judged = _printed(plain, decoyed)
        if judged.sum() < LEAST_PIXELS:
            continue
        sensor_m = reduce_median(decoyed.depth_m, PROMPT_SIZE)
        for method in methods:
            before_m, after_m = (method(view.image, sensor_m) for view in (plain, decoyed))
            rows[method.name].append(
                [
                    _mean_mm(after_m - before_m, judged),
                    _mean_mm(before_m - decoyed.depth_m, judged),
                    _mean_mm(after_m - decoyed.depth_m, judged),
                ]
            )
    print('| depth | scenes | moved by decoys, mm (median) | error without, mm | with, mm |')
    print('|---|---|---|---|---|')
    for name, values in rows.items():
        (moved, without, with_them), middle = np.mean(values, axis=0), np.median(values, axis=0)[0]
        figures = f'{moved:.2f} ({middle:.2f}) | {without:.2f} | {with_them:.2f}'
        print(f'| {name} | {len(values)} | {figures} |')


def _methods(model: str, device: str) -> list[Method]:
    settings = build({model_setting(model): model, 'device': device, 'engine': 'torch'})
    estimator = load_model(settings).estimator
    alone = build({'output.anchor': 'off'})
    return [
        Bilinear(settings),
        NetworkMethod(settings, model, estimator),
        NetworkMethod(alone, f'{model} without anchor', estimator),
    ]


def _seen_twice(seed: int) -> tuple[RenderedView, RenderedView]:
    """See a scene without and with decoys, from where shades do not hang in between."""
    plain, decoyed = make_scene(seed), make_scene(seed, decoys=True)
    pose = random_pose(np.random.default_rng((seed, 6)), decoyed)
    views = []
    for scene in (plain, decoyed):
        camera = TableCamera(scene, PinholeCamera(640, 480))
        views.append(camera.look(pose))
        camera.close()
    return views[0], views[1]


def _printed(plain: RenderedView, decoyed: RenderedView) -> Mask:
    same = np.abs(plain.depth_m - decoyed.depth_m) < SAME_M
    flat = same & (decoyed.instance_ids == SUPPORT) & ~edge_band(decoyed.depth_m)
    printed: Mask = flat & contrast_band(decoyed.image) & ~contrast_band(plain.image)
    return printed


def _mean_mm(difference_m: FloatImage, judged: Mask) -> float:
    return 1000 * float(np.nanmean(np.abs(difference_m[judged])))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    add_model(parser)
    parser.add_argument('--device', default='cpu')
    parser.add_argument('--scenes', type=int, default=12)
    return parser


if __name__ == '__main__':
    main()
