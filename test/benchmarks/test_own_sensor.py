# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of benchmarks.own_sensor: what adapting to a recording brings."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import yaml

from benchmarks import own_sensor
from benchmarks.accuracy import Prompt

RECIPE = {
    'anchor': True,
    'phases': [{'steps': 1, 'batch': 1, 'height': 56, 'width': 70}],
    'optimisation': {'loss_unit': 'bilinear_error'},
}


def test_the_first_half_is_learnt_from_and_the_second_judged(
    tmp_path: Path, network_folder: Path, monkeypatch
):
    folder = tmp_path / 'desk'
    for kind in ('image', 'depth'):
        (folder / kind).mkdir(parents=True)
    for number in range(6):
        depth = np.full((112, 140), 1500, np.uint16)
        depth[30:80, 20 + 10 * number : 60 + 10 * number] = 900
        cv2.imwrite(str(folder / f'depth/{number}.png'), depth)
        cv2.imwrite(str(folder / f'image/{number}.png'), (depth // 8).astype(np.uint8))
    recipe, out = tmp_path / 'recipe.yaml', tmp_path / 'own.json'
    recipe.write_text(yaml.safe_dump(RECIPE))
    prompt = Prompt('20x16', ('--prompt-size', '20x16', '--holes', '0'))
    monkeypatch.setattr(own_sensor, 'PROMPTS', (prompt,))
    words = [str(folder), '--model', str(network_folder), '--recipe', str(recipe)]
    monkeypatch.setattr('sys.argv', ['own_sensor', *words, '--out', str(out)])

    own_sensor.main()

    (table,) = json.loads(out.read_text())['tables']
    assert table['title'].startswith('desk: 3 frames')
    assert 'evaluated on 3 other frames' in table['title']
    ((name, *figures),) = table['rows']
    assert name == '20x16'
    assert all(' -> ' in figure for figure in figures)
