# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests that a recording gets the depth that the node publishes for the same messages."""

from __future__ import annotations

import pytest
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
import torch

from promptda_ros.bags.processing import process
from promptda_ros.bags.processing.process import process_unit
from promptda_ros.bags.processing.recipe import Recipe
from promptda_ros.bags.processing.unit import Unit
from test.recordings import read, Recording

FRAMES = 4
HEARD = {
    'depth/image_rect': Image,
    'depth/camera_info': CameraInfo,
    'depth/image_mm': Image,
    'depth/image_mm/compressedDepth': CompressedImage,
}


@pytest.mark.parametrize('values', [{}, {'prompt.smoothing': 3, 'output.fuse': 'keep_measured'}])
def test_a_recording_gets_what_the_node_publishes_bit_for_bit(
    make_rig, network_folder, tmp_path, monkeypatch, values
):
    # The node in this test has so many.
    monkeypatch.setattr(process, 'TORCH_THREADS', torch.get_num_threads())
    rig = make_rig(**values)
    rig.node.start()
    rig.advertise_all()
    heard = {name: rig.listen(name, kind) for name, kind in HEARD.items()}
    made = Recording()
    made.add_camera(FRAMES)
    messages: dict[str, list[object]] = {}
    for _, topic, message in made.messages:
        messages.setdefault(topic.rpartition('/')[2], []).append(message)
    for number in range(FRAMES):
        rig.send(**{role: sent[number] for role, sent in messages.items()})
        rig.spin_until(lambda count=number + 1: all(len(got) == count for got in heard.values()))
    given = {'model.path': str(network_folder), 'device': 'cpu', 'engine': 'torch', **values}
    recipe = Recipe.of({**given, 'trust.gate': False}, outputs=('depth', 'mm', 'compressed'))
    unit = Unit(made.write(tmp_path / 'run'), tmp_path / 'out/run', recipe)
    outcome = process_unit(unit, rig.node.pipeline.model, lambda done, count: None)
    assert outcome.error == ''
    assert outcome.drops == {}
    written: dict[str, list[object]] = {name: [] for name in HEARD}
    for raw in read(unit.target):
        name = raw.channel.topic.removeprefix('/promptda/')
        if name in written:
            written[name].append(deserialize_message(raw.data, HEARD[name]))
    assert written == heard
