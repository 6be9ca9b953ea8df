# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Write the best weights of a run as a model folder, with a card that says how good they are.

python training/render_frames.py --out frames/held_out --scenes 60 --views 2 --first-seed 1000000
python training/export_tiny.py --frames frames --run runs/tiny --out models/promptda-tiny
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
from pathlib import Path

from evaluate_tiny import compare, Comparison
from tiny_frames import Frames, held_out_samples, MEAN, SENSORS, STD
import torch
from train_tiny import Phase, PHASES, SEED, VALIDATION_STRIDE

from promptda_ros.models import note_digest
from promptda_ros.network import load_network, PromptDepthAnythingForDepthEstimation

EVALUATION_SEED = 77  # of the sensors' noise
PREPROCESSOR = {
    'do_normalize': True,
    'do_pad': False,
    'do_rescale': True,
    'do_resize': True,
    'ensure_multiple_of': 14,
    'image_mean': [round(float(value), 3) for value in MEAN],
    'image_processor_type': 'PromptDepthAnythingImageProcessor',
    'image_std': [round(float(value), 3) for value in STD],
    'keep_aspect_ratio': True,
    'prompt_scale_to_meter': 0.001,
    'resample': 3,
    'rescale_factor': 1 / 255,
    'size': {'height': 252, 'width': 336},
    'size_divisor': None,
}
CARD = Path(__file__).with_name('tiny_card.md')


def main() -> None:
    """Judge on the held-out scenes, then write the folder."""
    options = _parser().parse_args()
    torch.set_num_threads(options.threads)
    network = PromptDepthAnythingForDepthEstimation.from_pretrained(options.run / 'best').eval()
    best = json.loads((options.run / 'best.json').read_text(encoding='utf-8'))
    network.save_pretrained(options.out)
    note_digest(options.out, load_network(options.out).sha256)
    preprocessor = json.dumps(PREPROCESSOR, indent=2, sort_keys=True) + '\n'
    (options.out / 'preprocessor_config.json').write_text(preprocessor, encoding='utf-8')

    held_out = Frames(options.frames / 'held_out')
    results = {
        name: compare(network, held_out_samples(held_out, sensor, EVALUATION_SEED))
        for name, sensor in SENSORS.items()
    }
    (options.out / 'README.md').write_text(
        _card(options, network, results, best), encoding='utf-8'
    )
    print(_table(results))


def _card(
    options: argparse.Namespace,
    network: PromptDepthAnythingForDepthEstimation,
    results: dict[str, Comparison],
    best: dict[str, float],
) -> str:
    train, validation, held_out = (
        len(Frames(options.frames / part)) for part in ('train', 'validation', 'held_out')
    )
    weights = (options.out / 'model.safetensors').read_bytes()
    return CARD.read_text(encoding='utf-8').format(
        parameters=sum(weight.numel() for weight in network.parameters()) / 1e6,
        train=train,
        scenes=train // 4,
        last_scene=train // 4 - 1,
        validation=math.ceil(validation / VALIDATION_STRIDE),
        held_out=held_out,
        held_out_scenes=held_out // 2,
        seed=SEED,
        step=best['step'],
        steps=sum(phase.steps for phase in PHASES),
        phases=', then '.join(_phase(phase) for phase in PHASES),
        minutes=best['seconds'] / 60,
        hardware=options.hardware,
        sha256=hashlib.sha256(weights).hexdigest(),
        table=_table(results),
    )


def _phase(phase: Phase) -> str:
    form = 'bfloat16' if phase.bf16 else 'float32'
    return f'{phase.steps} x {phase.batch} at {phase.size[1]}x{phase.size[0]} in {form}'


def _table(results: dict[str, Comparison]) -> str:
    return '\n'.join(
        f'| {name} | {kind} | {errors.row()} |'
        for name, result in results.items()
        for kind, errors in (('bilinear', result.bilinear), ('promptda-tiny', result.model))
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--frames', type=Path, required=True)
    parser.add_argument('--run', type=Path, required=True)
    parser.add_argument('--out', type=Path, required=True)
    parser.add_argument('--hardware', default='two CPU cores')
    parser.add_argument('--threads', type=int, default=2)
    return parser


if __name__ == '__main__':
    main()
