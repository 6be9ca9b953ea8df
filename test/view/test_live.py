# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A running node as the source of a page: what is looked at is listened to, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from promptda_ros.view.moment import DEPTH, IMAGE, SENSOR, UNCERTAINTY, VALIDITY
from test.view.conftest import SIZE, wait_until

BASIC = {IMAGE, SENSOR, DEPTH}


def is_whole(moment):
    """Return whether a moment has depth, and its camera_info has come as well."""
    return moment.depth_m is not None and moment.frame.intrinsics is not None


def moment_of(source, layers, condition=is_whole):
    """Wait for a moment."""
    source.want(layers)
    found = []

    def has_come():
        moment = source.next_moment()
        found.extend([moment] if moment and condition(moment) else [])
        return found

    wait_until(has_come)
    return found[0]


def test_a_moment_holds_the_layers_that_are_looked_at(running_node, live_source):
    moment = moment_of(live_source, BASIC)
    assert moment.frame.image.shape == (SIZE['height'], SIZE['width'], 3)
    assert moment.frame.intrinsics.width == SIZE['width']
    assert np.nanmin(moment.frame.sensor_depth_m) == pytest.approx(0.5, abs=0.01)
    assert moment.depth_m.shape == moment.size
    assert moment.uncertainty_m is None
    everything = moment_of(live_source, {*BASIC, UNCERTAINTY, VALIDITY})
    assert everything.uncertainty_m.shape == everything.validity.shape == moment.size


def test_the_node_computes_nothing_that_nobody_looks_at(running_node, live_source):
    moment_of(live_source, {*BASIC, VALIDITY})
    outputs = running_node.rig.camera.outputs.published()
    heard = {output for output in outputs if running_node.subscribers(output)}
    assert heard == {'depth/image_rect', 'depth/validity'}
    live_source.want(())
    wait_until(
        lambda: not any(map(running_node.subscribers, ('depth/image_rect', 'depth/validity')))
    )


def test_an_image_without_depth_is_shown_after_a_while(running_node, live_source):
    wait_until(lambda: live_source.knobs.settings is not None)
    # Depth of random weights does not agree with the sensor: the gate drops every frame.
    assert not live_source.knobs.set('trust.gate', True)
    moment = moment_of(live_source, BASIC, lambda moment: moment.depth_m is None)
    assert np.isfinite(moment.frame.sensor_depth_m).any()
    wait_until(lambda: 'does not agree' in live_source.state().reason)


def test_a_parameter_is_set_through_the_service_of_the_node(running_node, live_source):
    wait_until(lambda: live_source.knobs.values())
    assert live_source.knobs.values()['workspace.max_depth'] == 1000.0
    assert not live_source.knobs.set('workspace.max_depth', 1.25)
    assert running_node.rig.camera.settings.workspace.max_depth == 1.25
    wait_until(lambda: live_source.knobs.values()['workspace.max_depth'] == 1.25)
    refusal = live_source.knobs.set('workspace.max_depth', -1.0)
    assert 'max_depth' in refusal
    assert '1000' in refusal
    box = (-0.5, -0.5, 0.25)
    assert not live_source.knobs.set('workspace.box_min', box)
    assert running_node.rig.camera.settings.workspace.box_min == box


def test_the_state_is_what_the_node_reports(running_node, live_source):
    moment_of(live_source, BASIC)
    wait_until(lambda: live_source.state().rate > 0.0)
    state = live_source.state()
    assert state.stage_ms['infer'] > 0.0
    assert not state.reason


def test_a_capture_shows_what_the_service_has_published(running_node, live_source):
    moment_of(live_source, BASIC)
    moment, said = live_source.capture()
    assert moment.depth_m.shape == moment.size
    assert said
