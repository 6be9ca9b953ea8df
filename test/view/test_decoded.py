# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Messages of one image are read as the node reads them."""

from __future__ import annotations

import numpy as np
import pytest
from rclpy.logging import get_logger
import torch

from promptda_ros.camera.camera import Camera, InputTopics
from promptda_ros.camera.extrinsics import Extrinsics
from promptda_ros.camera.sinks import NoOutputs
from promptda_ros.core.cloud.cloud import build_cloud, COMPACT_LAYOUT
from promptda_ros.core.frame import BadFrame, Intrinsics
from promptda_ros.core.settings import build
from promptda_ros.messages import outgoing
from promptda_ros.messages.encodings import read_depth
from promptda_ros.messages.message_types import ros_types
from promptda_ros.view.decoded import moment_of
from promptda_ros.view.listening.held import Found
from promptda_ros.view.moment import DEPTH, IMAGE, SENSOR, UNCERTAINTY, VALIDITY
from test.sensors import header_at, HEIGHT, message_of, Sensors, WIDTH

STAMP_NS = 1_700_000_000_000_000_000
SENSORS = Sensors()


@pytest.fixture
def camera():
    """Make a camera that has heard its camera_info."""
    made = Camera(
        '',
        build({}),
        topics=InputTopics('/image', '/depth', '/camera_info', '/depth_camera_info'),
        extrinsics=Extrinsics(None),
        device=torch.device('cpu'),
        log=get_logger('page'),
        outputs=NoOutputs(),
    )
    made.calibration.add(SENSORS.camera_info(STAMP_NS))
    return made


def moment(camera, **messages):
    """Return the moment of an image and these messages."""
    layers = {IMAGE: SENSORS.image(STAMP_NS), SENSOR: SENSORS.depth(STAMP_NS), **messages}
    return moment_of(camera, build({}), Found(STAMP_NS, layers))


def test_depth_of_the_sensor_is_in_metres_and_as_it_came(camera):
    frame = moment(camera).frame
    sent_m = read_depth(SENSORS.depth(STAMP_NS), depth_scale=0.0, max_pixels=10**6)
    np.testing.assert_array_equal(frame.sensor_depth_m, sent_m)
    assert frame.intrinsics.width == WIDTH


def test_points_of_a_sensor_become_depth_of_the_view(camera):
    sent_m = read_depth(SENSORS.depth(STAMP_NS), depth_scale=0.0, max_pixels=10**6)
    height, width = sent_m.shape
    focal_px = 100.0 * width / WIDTH
    there = Intrinsics(width, height, focal_px, focal_px, (width - 1) / 2, (height - 1) / 2)
    colours = torch.zeros((height, width, 3), dtype=torch.uint8)
    cloud = build_cloud(torch.from_numpy(sent_m.copy()), colours, there, COMPACT_LAYOUT).numpy()
    points = outgoing.point_cloud(cloud, COMPACT_LAYOUT, header_at(STAMP_NS), ros_types())
    seen_m = moment(camera, **{SENSOR: points}).frame.sensor_depth_m
    known = np.isfinite(seen_m)
    assert known.sum() > 0.5 * sent_m.size
    assert np.nanmin(sent_m) - 0.01 <= seen_m[known].min()
    assert seen_m[known].max() <= np.nanmax(sent_m) + 0.01


def test_without_depth_of_the_sensor_the_image_is_shown(camera):
    alone = moment(camera, **{SENSOR: None})
    assert alone.frame.image.shape == (HEIGHT, WIDTH, 3)
    assert np.isnan(alone.frame.sensor_depth_m).all()


def test_the_layers_of_the_node_are_metres_and_codes(camera):
    depth_m = np.full((HEIGHT, WIDTH), 1.25, np.float32)
    depth_m[0] = np.nan
    codes = np.full((HEIGHT, WIDTH), 4, np.uint8)
    header = header_at(STAMP_NS)
    found = moment(
        camera,
        **{
            DEPTH: message_of(depth_m, '32FC1', header),
            UNCERTAINTY: message_of(depth_m / 100, '32FC1', header),
            VALIDITY: message_of(codes, 'mono8', header),
        },
    )
    np.testing.assert_array_equal(found.depth_m, depth_m)
    np.testing.assert_array_equal(found.uncertainty_m, depth_m / 100)
    np.testing.assert_array_equal(found.validity, codes)


def test_a_damaged_message_is_refused_with_a_reason(camera):
    image = SENSORS.image(STAMP_NS)
    image.data = image.data[:100]
    with pytest.raises(BadFrame):
        moment(camera, **{IMAGE: image})
