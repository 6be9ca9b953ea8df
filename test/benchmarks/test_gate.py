# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of benchmarks.gate: what the trust gate catches."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from benchmarks import gate


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Return a folder of one frame: a box before a slanted wall."""
    depth = np.linspace(1500, 2500, 320).astype(np.uint16)[None].repeat(240, 0)
    depth[60:160, 80:200] = 900
    for kind, picture in (('image', (depth // 16).astype(np.uint8)), ('depth', depth)):
        (tmp_path / 'desk' / kind).mkdir(parents=True)
        cv2.imwrite(str(tmp_path / 'desk' / kind / '0.png'), picture)
    return tmp_path / 'desk'


def test_every_network_every_failure_and_every_way_has_its_row(
    tmp_path: Path, recording: Path, network_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / 'gate.json'
    words = ['--model', str(network_folder), '--data', str(recording), '--out', str(out)]
    monkeypatch.setattr('sys.argv', ['gate', *words, '--views', '0', '--draws', '1'])

    gate.main()

    networks, failures, contradicted = json.loads(out.read_text())['tables']
    assert [row[:2] for row in networks['rows'] if row[0].startswith('random weights, log')] == [
        ['random weights, log', '8x8'],
        ['random weights, log', 'others'],
    ]
    assert [row[0] for row in failures['rows']] == list(gate.FAILURES)
    assert failures['rows'][0][1] == '100%'  # millimetres
    assert [row[0] for row in contradicted['rows']] == list(gate.WAYS)


def test_a_picture_that_is_shifted_keeps_its_size_and_repeats_its_border() -> None:
    depth_m = torch.arange(20.0)[None].repeat(2, 1)
    shifted_m = gate.FAILURES['shifted by a tenth of the picture'](depth_m, None)
    assert shifted_m[0].tolist() == [0, 0, *range(18)]
