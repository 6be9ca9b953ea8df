# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Render colour and exact depth of many simulated tables to one file per part.

python training/render_frames.py --out frames --scenes 800 --first-seed 0
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault('MUJOCO_GL', 'egl')  # MuJoCo reads it once, when imported

import numpy as np
from numpy.typing import NDArray

from promptda_ros.sim.camera import Lens, random_pose, TableCamera, View
from promptda_ros.sim.scene import make_scene

HELD_OUT_SEED = 1_000_000  # scenes from here on are never trained on
HEIGHT, WIDTH = 252, 336
DEPTH_STEP_M = 1e-4  # what one count of the stored uint16 means
SCENES_PER_PART = 50


def main() -> None:
    """Render the scenes of consecutive seeds, some views of each."""
    options = _parser().parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for first in range(options.first_seed, options.first_seed + options.scenes, SCENES_PER_PART):
        part = options.out / f'frames_{first:07d}.npz'
        if part.exists():
            continue
        last = min(first + SCENES_PER_PART, options.first_seed + options.scenes)
        views = [view for seed in range(first, last) for view in render(seed, options.views)]
        save(part, views)
        print(f'{part}: {len(views)} frames', flush=True)


def render(seed: int, views: int) -> list[View]:
    """Look at the scene of this seed through a random lens from random places."""
    rng = np.random.default_rng((seed, 1))
    lens = Lens(WIDTH, HEIGHT, float(np.deg2rad(rng.uniform(40, 65))))
    camera = TableCamera(make_scene(seed), lens)
    seen = [camera.look(random_pose(rng)) for _ in range(views)]
    camera.close()
    return seen


def save(path: Path, views: list[View]) -> None:
    """Write all frames of a part at once, so that a part is whole or absent."""
    unfinished = path.with_suffix('.unfinished.npz')
    images = np.stack([view.image for view in views])
    np.savez(unfinished, image=images, depth=np.stack([_counts(view.depth_m) for view in views]))
    unfinished.rename(path)


def _counts(depth_m: NDArray[np.float32]) -> NDArray[np.uint16]:
    return np.clip(np.round(depth_m / DEPTH_STEP_M), 0, 65535).astype(np.uint16)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--out', type=Path, required=True)
    parser.add_argument('--scenes', type=int, default=800)
    parser.add_argument('--views', type=int, default=4)
    parser.add_argument('--first-seed', type=int, default=0)
    return parser


if __name__ == '__main__':
    main()
