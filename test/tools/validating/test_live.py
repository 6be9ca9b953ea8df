# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.tools.validating.live."""

from __future__ import annotations

import numpy as np
import pytest

from promptda_ros.core.settings import build
from promptda_ros.rig.meter import RigMeter
from promptda_ros.rig.sight import NotMeasurable
from promptda_ros.tools.validating import live
from promptda_ros.view.moment import DEPTH, IMAGE, Moment, SENSOR, UNCERTAINTY
from promptda_ros.view.source import State
from test.rig.board import Rig

SETTINGS = build({'sync.depth_time_offset': -0.02})


class Node:
    """A source that has a frame at every second look, every third of them without depth.

    After that one comes the last whole one again.
    """

    title = '/promptda'

    def __init__(self, *, is_silent: bool = False) -> None:
        self.wanted: set[str] = set()
        self._looks = 0
        self._is_silent = is_silent

    def want(self, layers) -> None:
        self.wanted = set(layers)

    def next_moment(self) -> Moment | None:
        self._looks += 1
        if self._looks % 2 or self._is_silent:
            return None
        frame = Rig().frame(self._looks // 2)
        if self._looks % 6 == 0:
            return Moment(frame, settings=SETTINGS)
        if self._looks % 6 == 2 and self._looks > 2:
            frame = Rig().frame(self._looks // 2 - 2)
        uncertainty_m = np.full_like(frame.sensor_depth_m, 0.01)
        return Moment(frame, frame.sensor_depth_m, uncertainty_m, settings=SETTINGS)

    def state(self) -> State:
        return State(reason='waiting for image on /camera/image (0 publishers)')


def test_as_many_frames_with_depth_as_asked_for_are_measured():
    node, meter, told = Node(), RigMeter(expect_m=1.5), []
    settings = live.measure_node(node, meter, 4, lambda done, of: told.append((done, of)))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert node.wanted == {IMAGE, SENSOR, DEPTH, UNCERTAINTY}
    assert settings is SETTINGS
    report = meter.result()
    assert report.bias_m == pytest.approx(0.0, abs=0.001)
    assert len(set(report.shown.sensor_distances_m)) == 4  # each once


def test_a_node_that_says_nothing_is_given_up_with_its_reason(monkeypatch):
    monkeypatch.setattr(live, 'SILENT_SEC', 0.0)
    with pytest.raises(NotMeasurable, match=r'/promptda: waiting for image .* \(0 publishers\)'):
        live.measure_node(Node(is_silent=True), RigMeter(), 4, lambda done, of: None)
