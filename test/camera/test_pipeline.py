# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A pair of a recording becomes what the node would publish for it, without a node."""

from __future__ import annotations

import logging

import pytest
from rclpy.serialization import serialize_message

from promptda_ros.camera.camera import Camera, InputTopics
from promptda_ros.camera.extrinsics import Extrinsics
from promptda_ros.camera.pipeline import Pipeline
from promptda_ros.camera.products import available, make, PRODUCTS
from promptda_ros.core.health import NetworkHealth
from promptda_ros.core.pairing.pairing import Pair
from promptda_ros.core.runtime.resolution import Resolution
from promptda_ros.core.settings import build
from promptda_ros.messages.message_types import ros_types, rosbags_types
from promptda_ros.model import load_model
from test.sensors import as_recorded, RECORDED

STAMPS_NS = range(1_700_000_000_000_000_000, 1_700_000_000_100_000_000, 33_000_000)
LOG = logging.getLogger('recording')


class Sink:
    """Keeps what is made of each frame, as bytes."""

    def __init__(self, names, types, serialise):
        self._names, self._types, self._serialise = names, types, serialise
        self.frames = []

    def subscribed(self):
        return self._names

    def publish(self, result):
        names = available(self._names, result.frame)
        made = {name: make(name, result, self._types) for name in names}
        self.frames.append({name: self._serialise(name, each) for name, each in made.items()})
        return 0.0


def serialise_ros(name, message):
    return again(name, serialize_message(message))


def serialise_recorded(name, message):
    return again(name, RECORDED.serialize_cdr(message, PRODUCTS[name].type_name))


def again(name, data):
    """Return the same message with zeros between its fields, where Fast CDR leaves anything."""
    type_name = PRODUCTS[name].type_name
    return bytes(RECORDED.serialize_cdr(RECORDED.deserialize_cdr(data, type_name), type_name))


@pytest.fixture(scope='module')
def settings(network_folder):
    # What a network of random weights says contradicts its sensor, and rightly.
    values = {'model.path': str(network_folder), 'device': 'cpu', 'engine': 'torch'}
    return build({**values, 'trust.gate': False})


@pytest.fixture(scope='module')
def model(settings):
    return load_model(settings)


def process(model, settings, sensors, sink, kind=lambda message: message):
    """Let a camera work on some pairs; return it."""
    camera = Camera(
        '',
        settings,
        topics=InputTopics('/image', '/depth', '/camera_info'),
        extrinsics=Extrinsics(None),
        device=model.estimator.device,
        log=LOG,
        outputs=sink,
        clock_ns=lambda: STAMPS_NS[0],
    )
    health = NetworkHealth(Resolution(model.estimator.resolution, may_shrink=False), LOG)
    pipeline = Pipeline(model, health, say=LOG.info, on_error=raise_again)
    for stamp_ns in STAMPS_NS:
        camera.calibration.add(kind(sensors.camera_info(stamp_ns)))
        image, depth = kind(sensors.image(stamp_ns)), kind(sensors.depth(stamp_ns))
        pair = Pair(image, depth, stamp_ns, stamp_ns, 0, image_arrival_ns=0, paired_ns=0)
        pipeline.process({camera: pair})
    return camera


def raise_again(error):
    raise error


def test_messages_of_a_recording_become_what_those_of_the_node_do(model, settings, sensors):
    """Bit for bit, whichever classes messages are read and built of."""
    node = Sink([*PRODUCTS], ros_types(), serialise_ros)
    recording = Sink([*PRODUCTS], rosbags_types(), serialise_recorded)
    process(model, settings, sensors, node)
    camera = process(model, settings, sensors, recording, as_recorded)
    assert len(recording.frames) == len(STAMPS_NS)
    assert [*recording.frames[0]] == [*PRODUCTS]
    assert recording.frames == node.frames
    assert camera.drops.snapshot() == {}


def test_nothing_is_read_where_nothing_is_wanted(model, settings, sensors):
    camera = process(model, settings, sensors, Sink([], rosbags_types(), serialise_recorded))
    assert camera.drops.snapshot() == {'no_listener': len(STAMPS_NS)}


def test_a_pair_that_is_refused_costs_the_next_nothing(model, settings, sensors):
    def broken(message):
        message = as_recorded(message)
        if getattr(message, 'encoding', '') == '16UC1' and message.header.stamp.nanosec == 0:
            message.encoding = 'unheard of'
        return message

    sink = Sink(['depth/image_mm'], rosbags_types(), serialise_recorded)
    camera = process(model, settings, sensors, sink, broken)
    assert camera.drops.snapshot() == {'depth_encoding': 1}
    assert len(sink.frames) == len(STAMPS_NS) - 1
