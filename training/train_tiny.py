# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Train the embedded tiny network from scratch on rendered tables; stop it any time, it resumes.

python training/render_frames.py --out frames/train --scenes 800
python training/render_frames.py --out frames/validation --scenes 50 --views 2 --first-seed 900000
python training/train_tiny.py --frames frames --run runs/tiny
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
import json
import math
from pathlib import Path
import time

from evaluate_tiny import compare, Comparison
import numpy as np
from tiny_frames import Batch, Batches, Frames, held_out_samples, Sample, SENSORS
from tiny_start import start
import torch
from torch.utils.data import DataLoader

from promptda_ros.network import PromptDepthAnythingConfig, PromptDepthAnythingForDepthEstimation
from promptda_ros.network.prompt_depth_anything import depth_loss

SEED = 2026
CONFIG = {
    'backbone_config': {
        'model_type': 'dinov2',
        'hidden_size': 128,
        'num_hidden_layers': 6,
        'num_attention_heads': 4,
        'image_size': 294,
        'out_indices': [3, 4, 5, 6],
        'layerscale_value': 0.1,
        'reshape_hidden_states': False,
        'use_mask_token': False,
    },
    'reassemble_hidden_size': 128,
    'neck_hidden_sizes': [64, 64, 64, 64],
    'fusion_hidden_size': 48,
    'head_hidden_size': 24,
    'depth_estimation_type': 'metric',
    'max_depth': 1,
}
KNOTS = 17
PEAK_RATE = 4e-4
WARM_UP_STEPS = 200
WEIGHT_DECAY = 0.01
AVERAGE_DECAY = 0.998
CLIP_NORM = 1.0
EVALUATE_EVERY = 300
SAVE_EVERY = 100
VALIDATION_STRIDE = 2  # one view of every validation scene is enough


@dataclass(frozen=True)
class Phase:
    """Some steps at one size and number format, the learning rate going in a line."""

    steps: int
    batch: int
    size: tuple[int, int]
    bf16: bool = False
    rates: tuple[float, float] = (PEAK_RATE, PEAK_RATE)  # at the first step, after the last
    square_weight: float = 0.0  # of the mean square error in the loss


# Small first, then as the node runs it. No more bfloat16 than in the first phase: the differences
# of large numbers that make the head's logit drown in its rounding, and weights adapt to that.
PHASES = (
    Phase(steps=700, batch=8, size=(168, 224), bf16=True),
    Phase(steps=100, batch=8, size=(168, 224)),
    Phase(steps=1100, batch=4, size=(168, 224)),
    Phase(steps=200, batch=4, size=(252, 336), rates=(PEAK_RATE * 2 / 3, 0.0), square_weight=2.0),
    Phase(steps=600, batch=4, size=(252, 336), rates=(PEAK_RATE, 0.0), square_weight=4.0),
)
STEPS = sum(phase.steps for phase in PHASES)


class Run:
    """Everything that a resumed run must find again."""

    def __init__(self, folder: Path) -> None:
        torch.manual_seed(SEED)
        self.folder = folder
        self.network = PromptDepthAnythingForDepthEstimation(
            PromptDepthAnythingConfig.from_dict(CONFIG)
        )
        start(self.network, KNOTS)
        self.network.to(memory_format=torch.channels_last)  # a third faster on a CPU
        self.average = deepcopy(self.network).eval().requires_grad_(False)
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=PEAK_RATE, weight_decay=WEIGHT_DECAY
        )
        self.step, self.best_score, self.seconds = 0, math.inf, 0.0
        self._load()

    def save(self) -> None:
        """Write the checkpoint whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        unfinished = self.folder / 'last.unfinished'
        torch.save(
            {
                'network': self.network.state_dict(),
                'average': self.average.state_dict(),
                'optimizer': self.optimizer.state_dict(),
                'progress': [self.step, self.best_score, self.seconds],
            },
            unfinished,
        )
        unfinished.rename(self._last)

    @property
    def _last(self) -> Path:
        return self.folder / 'last.pt'

    def _load(self) -> None:
        if not self._last.exists():
            return
        state = torch.load(self._last, weights_only=True)
        self.network.load_state_dict(state['network'])
        self.average.load_state_dict(state['average'])
        self.optimizer.load_state_dict(state['optimizer'])
        self.step, self.best_score, self.seconds = state['progress']


def main() -> None:
    """Train from the last checkpoint to the last step."""
    options = _parser().parse_args()
    torch.set_num_threads(options.threads)
    run = Run(options.run)
    frames, validation = Frames(options.frames / 'train'), Frames(options.frames / 'validation')
    judges = {
        name: held_out_samples(validation, sensor, SEED)[::VALIDATION_STRIDE]
        for name, sensor in SENSORS.items()
    }
    if run.step == 0:
        judge(run, judges)
    for phase, batch in _batches(frames, run.step):
        begun = time.monotonic()
        loss = train_step(run, phase, batch)
        run.seconds += time.monotonic() - begun
        if run.step % 50 == 0:
            print(f'step {run.step}/{STEPS} loss {loss:.5f} time {run.seconds:.0f} s', flush=True)
        if run.step % EVALUATE_EVERY == 0 or run.step == STEPS:
            judge(run, judges)
        if run.step % SAVE_EVERY == 0 or run.step == STEPS:
            run.save()


def train_step(run: Run, phase: Phase, batch: Batch) -> float:
    """Take one step on the loss of the paper in units of the prompt's range."""
    for group in run.optimizer.param_groups:
        group['lr'] = learning_rate(phase, run.step - _first_step(phase), run.step)
    prompt_m, depth_m = batch.prompt_m, batch.depth_m
    span_m = (prompt_m.amax((1, 2, 3)) - prompt_m.amin((1, 2, 3)))[:, None, None]
    with torch.autocast('cpu', torch.bfloat16, enabled=phase.bf16):
        predicted_m = run.network(pixel_values=batch.pixels, prompt_depth=prompt_m).predicted_depth
    predicted, exact = predicted_m.float() / span_m, depth_m / span_m
    loss = depth_loss(predicted, exact)
    loss = loss + phase.square_weight * torch.nn.functional.mse_loss(predicted, exact)
    run.optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(run.network.parameters(), CLIP_NORM)
    run.optimizer.step()
    run.step += 1
    _average(run)
    return float(loss.detach())


def learning_rate(phase: Phase, done: int, step: int) -> float:
    """Follow the phase's line, after a warm-up in the first steps of all."""
    first, last = phase.rates
    rate = first + (last - first) * done / phase.steps
    return rate * min(1.0, (step + 1) / WARM_UP_STEPS)


@torch.no_grad()
def _average(run: Run) -> None:
    decay = min(AVERAGE_DECAY, (1 + run.step) / (10 + run.step))
    for mean, value in zip(run.average.parameters(), run.network.parameters(), strict=True):
        mean.lerp_(value, 1 - decay)


def judge(run: Run, judges: dict[str, list[Sample]]) -> None:
    """Compare the averaged weights with bilinear upsampling; keep them if they are the best."""
    results = {name: compare(run.average, samples) for name, samples in judges.items()}
    for name, result in results.items():
        print(f'step {run.step} {name}: model {result.model.row()}', flush=True)
        print(f'step {run.step} {name}: bilinear {result.bilinear.row()}', flush=True)
    score = float(np.mean([_score(result) for result in results.values()]))
    print(f'step {run.step} score {score:.4f} (best {run.best_score:.4f})', flush=True)
    if score < run.best_score:
        run.best_score = score
        run.average.save_pretrained(run.folder / 'best')
        made = json.dumps({'step': run.step, 'seconds': run.seconds, 'score': score})
        (run.folder / 'best.json').write_text(made, encoding='utf-8')


def _score(result: Comparison) -> float:
    """Weigh MAE and RMSE alike, each against bilinear upsampling: below 1 is better than it."""
    mae = result.model.mae_m / result.bilinear.mae_m
    return 0.5 * (mae + result.model.rmse_m / result.bilinear.rmse_m)


def _first_step(phase: Phase) -> int:
    return sum(before.steps for before in PHASES[: PHASES.index(phase)])


def _batches(frames: Frames, step: int) -> Iterator[tuple[Phase, Batch]]:
    """Yield the batches from `step` to the last."""
    for phase in PHASES:
        first = _first_step(phase)
        last = first + phase.steps
        data = Batches(frames, seed=SEED, batch=phase.batch, size=phase.size)
        steps = range(max(first, step), last)
        loader = DataLoader(data, batch_size=None, sampler=steps, num_workers=1, prefetch_factor=4)
        yield from ((phase, batch) for batch in loader)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--frames', type=Path, required=True)
    parser.add_argument('--run', type=Path, required=True)
    parser.add_argument('--threads', type=int, default=2)
    return parser


if __name__ == '__main__':
    main()
