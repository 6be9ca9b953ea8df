# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests that a recording with everything beside its pairs gets what the pipeline makes of it."""

from __future__ import annotations

import numpy as np
import torch

from promptda_ros.bags.processing import process as threads_of
from promptda_ros.bags.processing.cameras import Catch
from promptda_ros.bags.processing.transforms import RecordedTransforms
from promptda_ros.bags.processing.warnings import Warnings
from promptda_ros.camera.camera import Camera, InputTopics
from promptda_ros.camera.extrinsics import Extrinsics
from promptda_ros.camera.pipeline import Pipeline
from promptda_ros.camera.products import make
from promptda_ros.core.health import NetworkHealth
from promptda_ros.core.pairing.pairing import Pair
from promptda_ros.core.runtime.resolution import Resolution
from promptda_ros.messages.message_types import rosbags_types
from test.recordings import BEGIN_NS, MS, PERIOD_NS, read, Recording, SENSORS, static_transform
from test.sensors import as_recorded, FRAME_ID, header_at, message_of, RECORDED

FRAMES = 4
DISTORTED = {'d': [0.05, -0.01, 0.001, 0.002, 0.0], 'distortion_model': 'plumb_bob'}
PRODUCTS = ('depth/image_rect', 'points')


def messages_of(number):
    """Return everything that belongs to a pair, by topic."""
    made, stamp_ns = Recording(), BEGIN_NS + number * PERIOD_NS
    quarter = SENSORS.camera_info(stamp_ns, width=28, height=21)
    quarter.header.frame_id = 'depth'
    quarter.k = [each / 4 for each in quarter.k[:8]] + [1.0]
    quarter.p = [each / 4 for each in quarter.p[:10]] + [1.0, 0.0]
    confidence = np.full((21, 28), 2, np.uint8)
    confidence[:, number] = 0
    mask = np.zeros((84, 112), np.uint8)
    mask[:40, :30] = 255
    return {
        '/camera/image': made.image(number),
        '/camera/camera_info': SENSORS.camera_info(stamp_ns, **DISTORTED),
        '/camera/mask': message_of(mask, 'mono8', header_at(stamp_ns)),
        '/sensor/depth': made.depth(number, 'depth'),
        '/sensor/camera_info': quarter,
        '/sensor/confidence': message_of(confidence, 'mono8', header_at(stamp_ns, 'depth')),
    }


def test_rectified_registered_masked_and_confident_frames_are_those_of_the_pipeline(
    tmp_path, unit_of, process, model, monkeypatch
):
    """In the recording, all but the image is logged after it."""
    monkeypatch.setattr(threads_of, 'TORCH_THREADS', torch.get_num_threads())
    moment = static_transform(FRAME_ID, 'depth', BEGIN_NS, 0.01)
    made = Recording()
    made.add('/tf_static', moment, BEGIN_NS + 500 * MS)
    for number in range(FRAMES):
        stamp_ns = BEGIN_NS + number * PERIOD_NS
        for late, (topic, message) in enumerate(messages_of(number).items()):
            made.add(topic, message, stamp_ns + 9 * late * MS)
    given = {'input.rectify': True, 'input.mask': 'remove', 'input.min_confidence': 1.0}
    unit = unit_of(made.write(tmp_path / 'run'), given, outputs=('depth', 'points'), copy='none')
    assert process(unit).error == ''
    found = {
        name: [
            RECORDED.deserialize_cdr(raw.data, raw.channel.type_name)
            for raw in read(unit.target)
            if raw.channel.topic == f'/promptda/{name}'
        ]
        for name in PRODUCTS
    }

    log, caught = Warnings(), Catch(PRODUCTS, model.estimator.device)
    transforms = RecordedTransforms(log.warning)
    transforms.take(moment, static=True)
    camera = Camera(
        '',
        unit.recipe.settings,
        topics=InputTopics('/image', '/depth', '/camera_info', '/depth_camera_info'),
        extrinsics=Extrinsics(transforms),
        device=model.estimator.device,
        log=log,
        outputs=caught,
    )
    health = NetworkHealth(Resolution(model.estimator.resolution, may_shrink=False), log)
    errors = []
    pipeline = Pipeline(model, health, say=log.info, on_error=errors.append)
    for number in range(FRAMES):
        sent = {topic: as_recorded(each) for topic, each in messages_of(number).items()}
        camera.calibration.add(sent['/camera/camera_info'])
        camera.depth_calibration.add(sent['/sensor/camera_info'])
        camera.reader.masks.add(sent['/camera/mask'])
        camera.reader.confidence.add(sent['/sensor/confidence'])
        stamp_ns = BEGIN_NS + number * PERIOD_NS
        pair = Pair(
            sent['/camera/image'], sent['/sensor/depth'], stamp_ns, stamp_ns, 0, stamp_ns, stamp_ns
        )
        pipeline.process({camera: pair})
        result = caught.take()
        assert result is not None, (log.lines, errors)
        for name in PRODUCTS:
            expected = make(name, result, rosbags_types())
            assert np.array_equal(found[name][number].data, expected.data), name
            assert found[name][number].header == expected.header
