# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""No message costs more memory than its pixels may, and none raises what is not declared."""

from __future__ import annotations

import json
import os
from pathlib import Path
import subprocess
import sys
from typing import Any

import pytest

from benchmarks.decoder_fuzz import BYTES_A_PIXEL, OTHER_BYTES

REPOSITORY = Path(__file__).resolve().parents[2]
MAX_PIXELS = 4_000_000
MOST_BYTES = 16 * MAX_PIXELS + (4 << 20)  # and what libraries take once
LIMIT_SEC = 240.0
FUZZED_PIXELS = 1_000_000  # what the program allows unless it is told
# What is worst for a decoder: name of the decoder, and what becomes of it
WORST = {
    'a chunk of 4 GiB': ('compressedDepth PNG', 'depth_data'),
    'rows that unpack to 400 MiB': ('PNG', 'image_data'),
    'texts that unpack to 1 GiB': ('PNG', 'read'),
    'grey of 16 bits': ('PNG', 'read'),
    'colours of 16 bits with transparency': ('PNG', 'read'),
    'depth in a PNG': ('PNG of depth', 'read'),
    'a JPEG of all colours': ('JPEG', 'read'),
    'a progressive JPEG of all colours': ('JPEG', 'read'),
    'zeros of RVL': ('compressedDepth RVL', 'depth_rvl'),
    'zeros of RVL as long as the pixels allow': ('compressedDepth RVL', 'depth_rvl'),
    'colours of 16 bits': ('raw image of 16 bits', 'read'),
    'floats': ('raw depth', 'read'),
    'points of float64 in padded rows': ('points', 'read'),
}
RUN = 'test/benchmarks/worst_messages.py'


def run(*arguments: str, codes: tuple[int, ...] = (0,)) -> str:
    """Run Python in the checkout, whose modules it finds, and return what it printed."""
    places = filter(None, (str(REPOSITORY), os.environ.get('PYTHONPATH')))
    ended = subprocess.run(
        [sys.executable, *arguments],
        cwd=REPOSITORY,
        env={**os.environ, 'PYTHONPATH': os.pathsep.join(places)},
        timeout=LIMIT_SEC,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode in codes, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope='module')
def taken() -> dict[str, list[Any]]:
    """Read all of them, and return what became of each and the bytes that it took."""
    found: dict[str, list[Any]] = json.loads(run(RUN, json.dumps(WORST), str(MAX_PIXELS)))
    return found


@pytest.mark.parametrize('worst', WORST)
def test_the_worst_message_takes_no_more_memory_than_its_pixels_may(taken, worst):
    """K8: 16 bytes a pixel, beside the message itself, in a process of its own."""
    outcome, most_bytes = taken[worst]
    assert outcome == WORST[worst][1]
    assert most_bytes < MOST_BYTES, f'{most_bytes / MAX_PIXELS:.1f} bytes a pixel'


def require_declared(out: Path, *arguments: str) -> None:
    """Read garbage by every decoder; how long that takes is for the program alone to judge."""
    run('-m', 'benchmarks.decoder_fuzz', '--out', str(out), *arguments, codes=(0, 1))
    found = json.loads(out.read_text())['figures']
    assert {name: each['undeclared'] for name, each in found.items() if each['undeclared']} == {}
    most_bytes = max(each['most_bytes'] for each in found.values())
    assert most_bytes <= BYTES_A_PIXEL * FUZZED_PIXELS + OTHER_BYTES


def test_garbage_raises_nothing_but_what_is_declared(tmp_path):
    """J1, K9: some messages for each decoder; `-m slow` has more, and the program itself 10^5."""
    require_declared(tmp_path / 'out.json', '--messages', '60')


@pytest.mark.slow
def test_much_garbage_raises_nothing_but_what_is_declared(tmp_path):
    """J1, K9."""
    require_declared(tmp_path / 'out.json', '--messages', '10000', '--seed', '1')
