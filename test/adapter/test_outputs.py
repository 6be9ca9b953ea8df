# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Outputs are built for listeners only, all with the header of the image."""

from __future__ import annotations

import numpy as np
import pytest
from rclpy.qos import qos_profile_sensor_data, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from sensor_msgs_py import point_cloud2

from promptda_ros.core import cloud
from promptda_ros.core.frame import Depth, Frame, Intrinsics
from promptda_ros.core.settings import OutputSettings
from promptda_ros.outputs import OUTPUTS, Outputs

HEIGHT, WIDTH = 24, 32
CAMERA = Intrinsics(width=WIDTH, height=HEIGHT, fx=40.0, fy=40.0, cx=15.5, cy=11.5)
STAMP_NS = 1_700_000_000_987_654_321
SETTINGS = OutputSettings()


@pytest.fixture
def outputs(bench):
    return Outputs(bench.node)


@pytest.fixture
def frame():
    image = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    return Frame(STAMP_NS, 'optical', image, np.ones((6, 8), np.float32))


@pytest.fixture
def depth():
    """A wall with a smeared edge: one column of flying pixels, and a hole."""
    depth_m = np.full((HEIGHT, WIDTH), 1.0, np.float32)
    depth_m[:, 20:] = 0.5
    depth_m[:, 19] = 0.75
    depth_m[2:5, 3:6] = np.nan
    return Depth(depth_m, near_m=0.5, far_m=1.0, measured_fraction=1.0, saturated_fraction=0.0)


def build(outputs, frame, depth, intrinsics=CAMERA, settings=SETTINGS):
    """Return what was built, by output."""
    return {
        each.output: each.message for each in outputs.build(frame, depth, intrinsics, settings)
    }


def listen_to_all(bench):
    """Listen to every output."""
    return {output: bench.listen(output, kind) for output, kind in OUTPUTS.items()}


def test_the_outputs_are_the_documented_ones():
    assert OUTPUTS == {
        'depth/image_rect': Image,
        'depth/image_mm': Image,
        'depth/camera_info': CameraInfo,
        'depth/preview': Image,
        'points': PointCloud2,
    }


def test_nothing_is_built_for_nobody(outputs, frame, depth):
    assert not outputs.wanted()
    assert build(outputs, frame, depth) == {}


@pytest.mark.parametrize('output', OUTPUTS)
def test_only_what_somebody_listens_to_is_built(bench, outputs, frame, depth, output):
    """G13: for every output alone, until its listener leaves."""
    bench.listen(output, OUTPUTS[output])
    assert outputs.wanted()
    assert list(build(outputs, frame, depth)) == [output]
    bench.stop_listening(output)
    assert not outputs.wanted()
    assert build(outputs, frame, depth) == {}


def test_the_cloud_is_computed_only_while_somebody_listens(
    bench, outputs, frame, depth, monkeypatch
):
    """G13: 0, 1, 0 listeners."""
    computed = []
    build_cloud = cloud.build_cloud

    def spy(*args):
        computed.append(args)
        return build_cloud(*args)

    monkeypatch.setattr(cloud, 'build_cloud', spy)
    bench.listen('depth/image_rect')
    build(outputs, frame, depth)
    assert len(computed) == 0
    bench.listen('points', PointCloud2)
    build(outputs, frame, depth)
    assert len(computed) == 1
    bench.stop_listening('points')
    build(outputs, frame, depth)
    assert len(computed) == 1


def test_everything_carries_the_stamp_and_the_frame_of_the_image(bench, outputs, frame, depth):
    """100 % of the outputs, to the nanosecond."""
    heard = listen_to_all(bench)
    outputs.publish(outputs.build(frame, depth, CAMERA, SETTINGS))
    bench.spin_until(lambda: all(heard.values()))
    for (message,) in heard.values():
        stamp = message.header.stamp
        assert stamp.sec * 1_000_000_000 + stamp.nanosec == STAMP_NS
        assert message.header.frame_id == 'optical'
        assert (message.height, message.width) == (HEIGHT, WIDTH)
    assert outputs.published() == dict.fromkeys(OUTPUTS, 1)


def test_what_arrives_is_what_was_estimated(bench, outputs, frame, depth):
    heard = listen_to_all(bench)
    outputs.publish(outputs.build(frame, depth, CAMERA, SETTINGS))
    bench.spin_until(lambda: all(heard.values()))
    metres, millimetres, info, preview, points = (messages[0] for messages in heard.values())
    found_m = np.frombuffer(metres.data, '<f4').reshape(HEIGHT, WIDTH)
    np.testing.assert_array_equal(found_m, depth.depth_m)
    counts = np.frombuffer(millimetres.data, '<u2').reshape(HEIGHT, WIDTH)
    np.testing.assert_array_equal(counts, np.nan_to_num(depth.depth_m * 1000))
    assert info.k.tolist() == [40.0, 0.0, 15.5, 0.0, 40.0, 11.5, 0.0, 0.0, 1.0]
    picture = np.frombuffer(preview.data, np.uint8).reshape(HEIGHT, WIDTH, 3)
    np.testing.assert_array_equal(~picture.any(axis=2), np.isnan(depth.depth_m))
    assert points.point_step == 16


def test_without_intrinsics_there_is_depth_and_nothing_that_needs_them(
    bench, outputs, frame, depth
):
    """E1, E2: neither points nor camera_info, rather than wrong ones."""
    listen_to_all(bench)
    built = build(outputs, frame, depth, intrinsics=None)
    assert set(built) == {'depth/image_rect', 'depth/image_mm', 'depth/preview'}


def xyz(message):
    """Return the points (H, W, 3) of a cloud."""
    points = point_cloud2.read_points(message)
    return np.stack([points[axis] for axis in 'xyz'], axis=-1).reshape(HEIGHT, WIDTH, 3)


def test_flying_pixels_are_left_out_of_the_cloud_alone(bench, outputs, frame, depth):
    bench.listen('points', PointCloud2)
    bench.listen('depth/image_rect')
    built = build(outputs, frame, depth)
    unknown = np.isnan(depth.depth_m)
    unknown[:, 19] = True
    np.testing.assert_array_equal(np.isnan(xyz(built['points'])[..., 2]), unknown)
    found_m = np.frombuffer(built['depth/image_rect'].data, '<f4').reshape(HEIGHT, WIDTH)
    np.testing.assert_array_equal(found_m, depth.depth_m)


@pytest.mark.parametrize(
    'settings', [OutputSettings(edge_filter='off'), OutputSettings(edge_step=1.0)]
)
def test_the_filter_can_be_turned_off(bench, outputs, frame, depth, settings):
    bench.listen('points', PointCloud2)
    points = build(outputs, frame, depth, settings=settings)['points']
    np.testing.assert_array_equal(xyz(points)[..., 2], depth.depth_m)


def test_the_pcl_layout_holds_the_same_points(bench, outputs, frame, depth):
    bench.listen('points', PointCloud2)
    compact = build(outputs, frame, depth)['points']
    pcl = build(outputs, frame, depth, settings=OutputSettings(pcl_layout=True))['points']
    assert (compact.point_step, pcl.point_step) == (16, 32)
    assert [field.offset for field in pcl.fields] == [0, 4, 8, 16]
    np.testing.assert_array_equal(xyz(pcl), xyz(compact))


def test_reliable_and_best_effort_listeners_both_hear(bench, outputs, frame, depth):
    """G1, the other way round: RViz and plain subscribers alike."""
    heard = []
    topic = '/promptda/depth/image_rect'
    bench.peer.create_subscription(Image, topic, heard.append, qos_profile_sensor_data)
    bench.peer.create_subscription(Image, topic, heard.append, 10)
    publisher = outputs._publishers['depth/image_rect']
    bench.spin_until(lambda: publisher.get_subscription_count() == 2)
    assert publisher.qos_profile.reliability == ReliabilityPolicy.RELIABLE
    outputs.publish(outputs.build(frame, depth, CAMERA, SETTINGS))
    bench.spin_until(lambda: len(heard) == 2)


def test_closing_takes_the_topics_away(bench, outputs):
    topic = '/promptda/depth/image_rect'
    bench.spin_until(lambda: bench.peer.count_publishers(topic) == 1)
    outputs.close()
    bench.spin_until(lambda: bench.peer.count_publishers(topic) == 0)
