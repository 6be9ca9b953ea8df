# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.tools.validating.advice."""

from __future__ import annotations

import re

import numpy as np
import pytest

from promptda_ros.core.settings import build
from promptda_ros.rig.clock_offset import ClockOffset
from promptda_ros.rig.edge_shift import EdgeShift
from promptda_ros.rig.region import Box
from promptda_ros.rig.report import RigReport, Shown
from promptda_ros.rig.sight import Unmeasured
from promptda_ros.rig.surface import Surface
from promptda_ros.tools.validating.advice import findings_of

DEPTH_M = np.ones((4, 4), np.float32)
SHOWN = Shown(np.zeros((4, 4, 3), np.uint8), DEPTH_M, None, DEPTH_M, None, [2.0], [])
SOUND = {
    'sensor': Surface(2.0, 1.0, 0.006, 0.002, 0.005, 0.005, 1.0),
    'ours': Surface(2.0, 1.0, 0.003, 0.002, 0.002, 0.002, 1.0),
    'shift': EdgeShift(0.4, -0.3, 0.2, 1.0, 640),
    'offset': ClockOffset(0.002, 0.001, 0.99, 'nearer'),
    'coverage': 0.95,
}
NAMES = ['bias', 'registration', 'clock_offset', 'plane_fit', 'coverage']


def found(given: dict[str, object] | None = None, **faults: object) -> list[tuple[str, str]]:
    """Return the identifiers and the advice for a rig that is sound but for its faults."""
    report = RigReport(
        frames=10, not_flat=0, size=(640, 480), box=Box(160, 120, 320, 240), moved=False,
        focal_px=600.0, expect_m=2.0, shown=SHOWN, **{**SOUND, **faults},
    )  # fmt: skip
    findings = findings_of(report, build(given or {}), 0.01)
    return [(each.id, each.fix) for each in findings]


def test_a_sound_rig_has_no_finding():
    assert found() == []


def test_what_was_not_measured_is_no_finding():
    nothing = Unmeasured('nobody looked')
    assert found(ours=None, shift=nothing, offset=nothing, coverage=nothing) == []


@pytest.mark.parametrize(
    ('fault', 'name'),
    [
        ({'sensor': Surface(2.05, 1.0, 0.006, 0.002, 0.005, 0.005, 1.0)}, 'bias'),
        ({'shift': EdgeShift(3.0, 0.0, 0.2, 1.0, 640)}, 'registration'),
        ({'offset': ClockOffset(0.08, 0.003, 0.99, 'nearer')}, 'clock_offset'),
        ({'ours': Surface(2.0, 1.0, 0.06, 0.06, 0.005, 0.005, 1.0)}, 'plane_fit'),
        ({'coverage': 0.4}, 'coverage'),
    ],
    ids=NAMES,
)
def test_a_fault_has_its_own_finding_and_no_other(fault, name):
    assert [each for each, _ in found(**fault)] == [name]


def test_what_is_as_uncertain_as_it_is_large_is_no_finding():
    uncertain = EdgeShift(3.0, 0.0, 1.5, 1.0, 640), ClockOffset(0.03, 0.016, 0.8, 'nearer')
    assert found(shift=uncertain[0], offset=uncertain[1]) == []


@pytest.mark.parametrize(('scale', 'advised'), [(0.0, 0.001), (0.00025, 0.00025)])
def test_the_scale_that_is_advised_brings_the_board_to_its_place(scale, advised):
    surface = Surface(2.2, 1.0, 0.006, 0.002, 0.005, 0.005, 1.0)
    ((_, fix),) = found({'input.depth_scale': scale}, sensor=surface)
    assert float(re.findall(r'input\.depth_scale:=([\d.]+)', fix)[0]) == pytest.approx(
        advised * 2.0 / 2.2, rel=1e-4
    )


def test_the_offset_that_is_advised_replaces_the_present_one():
    late = ClockOffset(0.08, 0.003, 0.99, 'nearer')
    assert found({'sync.depth_time_offset': -0.08}, offset=late) == []
    ((_, fix),) = found({'sync.depth_time_offset': -0.02}, offset=late)
    assert fix == 'set sync.depth_time_offset:=-0.080'


def test_a_wider_tolerance_is_advised_where_depth_then_falls_between_images():
    late = ClockOffset(0.08, 0.002, 0.99, 'nearer', gap_sec=0.02)
    ((_, fix),) = found(offset=late)
    assert fix == 'set sync.depth_time_offset:=-0.080 and sync.tolerance:=0.022'
    ((_, fix),) = found({'sync.tolerance': 0.025}, offset=late)
    assert 'sync.tolerance' not in fix


def test_a_translation_that_is_set_is_advised_corrected():
    given = {
        'extrinsics.source': 'parameters',
        'extrinsics.translation': [0.05, 0.0, 0.0],
        'extrinsics.rotation': [0.0, 0.0, 0.0, 1.0],
    }
    ((_, fix),) = found(given, shift=EdgeShift(6.0, -3.0, 0.2, 1.0, 640))
    assert 'extrinsics.translation:=[0.0300,0.0100,0.0000]' in fix
