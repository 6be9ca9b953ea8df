# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Outputs are built for listeners only, all with the header of the image."""

from __future__ import annotations

from dataclasses import replace
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from rclpy.qos import qos_profile_sensor_data, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2
from sensor_msgs_py import point_cloud2

from promptda_ros.camera import products
from promptda_ros.core import settings as core_settings
from promptda_ros.core.cloud import by_torch
from promptda_ros.core.frame import Depth, Frame, Intrinsics, Prompt, Reading
from promptda_ros.core.frame_outputs import FrameOutputs
from promptda_ros.core.settings.schema import Settings
from promptda_ros.messages.compressed import read_compressed_image
from promptda_ros.messages.compressed_depth import decode_depth
from promptda_ros.node.outputs import OLD_OUTPUTS, OUTPUT_QOS, OUTPUTS, Outputs

HEIGHT, WIDTH = 24, 32
CAMERA = Intrinsics(width=WIDTH, height=HEIGHT, fx=40.0, fy=40.0, cx=15.5, cy=11.5)
STAMP_NS = 1_700_000_000_987_654_321


# A listener in a process of its own, which says what it hears
LISTENER = """
import rclpy
from sensor_msgs.msg import Image
rclpy.init()
node = rclpy.create_node('slow')
topic = '/promptda/depth/image_rect'
heard = node.create_subscription(Image, topic, lambda _: print('heard', flush=True), 10)
rclpy.spin(node)
"""


@pytest.fixture
def outputs(bench):
    return Outputs(bench.node)


@pytest.fixture
def result():
    """A wall with a smeared edge: one column of flying pixels, and a hole."""
    image = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    frame = Frame(STAMP_NS, 'optical', image, np.ones((6, 8), np.float32), intrinsics=CAMERA)
    depth_m = np.full((HEIGHT, WIDTH), 1.0, np.float32)
    depth_m[:, 20:] = 0.5
    depth_m[:, 19] = 0.75
    depth_m[2:5, 3:6] = np.nan
    measured = np.ones((6, 8), np.bool_)
    prompt_m = np.linspace(0.5, 1.0, 48, dtype=np.float32).reshape(6, 8)
    prompt = Prompt(
        depth_m=prompt_m,
        measured=measured,
        rejected=~measured,
        near_m=0.5,
        far_m=1.0,
        reading=Reading(prompt_m, measured),
    )
    return FrameOutputs(frame, Depth(depth_m, prompt, saturated=~measured), Settings())


def build(outputs, result):
    """Return what was built, by output."""
    built = {}

    def make(output, *given):
        return built.setdefault(output, products.make(output, *given))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr('promptda_ros.node.outputs.make', make)
        outputs.publish(result)
    return built


def listen_to_all(bench):
    """Listen to every output."""
    return {output: bench.listen(output, kind) for output, kind in OUTPUTS.items()}


def test_the_outputs_are_the_documented_ones():
    assert OUTPUTS == {
        'depth/image_rect': Image,
        'depth/image_rect/compressedDepth': CompressedImage,
        'depth/image_mm': Image,
        'depth/image_mm/compressedDepth': CompressedImage,
        'depth/camera_info': CameraInfo,
        'depth/preview': Image,
        'points': PointCloud2,
        'points_dense': PointCloud2,
        'points_normals': PointCloud2,
        'depth/preview/compressed': CompressedImage,
        'depth/validity': Image,
        'depth/uncertainty': Image,
    }


@pytest.mark.parametrize('output', ['depth/image_rect', 'depth/uncertainty', 'depth/validity'])
def test_what_has_a_pixel_for_each_of_the_depth_has_its_camera_info_beside_it(
    bench, outputs, result, output
):
    """Where RViz and depth_image_proc look for it: in place of the last part of the name."""
    info = f'{output.rpartition("/")[0]}/camera_info'
    images, infos = bench.listen(output), bench.listen(info, CameraInfo)
    outputs.publish(result)
    bench.spin_until(lambda: images and infos)
    assert images[0].header == infos[0].header
    assert (images[0].height, images[0].width) == (infos[0].height, infos[0].width)


def test_nothing_is_built_for_nobody(outputs, result):
    assert not outputs.subscribed()
    assert build(outputs, result) == {}


@pytest.mark.parametrize('output', OUTPUTS)
def test_only_what_somebody_listens_to_is_built(bench, outputs, result, output):
    """G13: for every output alone, until its listener leaves."""
    bench.listen(output, OUTPUTS[output])
    assert outputs.subscribed()
    assert list(build(outputs, result)) == [output]
    bench.stop_listening(output)
    assert not outputs.subscribed()
    assert build(outputs, result) == {}


def test_the_cloud_is_computed_only_while_somebody_listens(bench, outputs, result, monkeypatch):
    """G13: 0, 1, 0 listeners."""
    computed = []
    build_cloud = by_torch.build_cloud

    def spy(*args):
        computed.append(args)
        return build_cloud(*args)

    monkeypatch.setattr(by_torch, 'build_cloud', spy)
    bench.listen('depth/image_rect')
    build(outputs, result)
    assert len(computed) == 0
    bench.listen('points', PointCloud2)
    build(outputs, result)
    assert len(computed) == 1
    bench.stop_listening('points')
    build(outputs, result)
    assert len(computed) == 1


def test_everything_carries_the_stamp_and_the_frame_of_the_image(bench, outputs, result):
    """100 % of the outputs, to the nanosecond."""
    heard = listen_to_all(bench)
    outputs.publish(result)
    bench.spin_until(lambda: all(heard.values()))
    for (message,) in heard.values():
        stamp = message.header.stamp
        assert stamp.sec * 1_000_000_000 + stamp.nanosec == STAMP_NS
        assert message.header.frame_id == 'optical'
        if hasattr(message, 'height') and not getattr(message, 'is_dense', False):
            assert (message.height, message.width) == (HEIGHT, WIDTH)
    assert outputs.published() == {**dict.fromkeys(OUTPUTS, 1), **dict.fromkeys(OLD_OUTPUTS, 0)}


def test_what_arrives_is_what_was_estimated(bench, outputs, result):
    heard = listen_to_all(bench)
    outputs.publish(result)
    bench.spin_until(lambda: all(heard.values()))
    arrived = {output: messages[0] for output, messages in heard.items()}
    metres, millimetres = arrived['depth/image_rect'], arrived['depth/image_mm']
    info, preview = arrived['depth/camera_info'], arrived['depth/preview']
    found_m = np.frombuffer(metres.data, '<f4').reshape(HEIGHT, WIDTH)
    np.testing.assert_array_equal(found_m, result.depth.depth_m)
    counts = np.frombuffer(millimetres.data, '<u2').reshape(HEIGHT, WIDTH)
    np.testing.assert_array_equal(counts, np.nan_to_num(result.depth.depth_m * 1000))
    assert info.k.tolist() == [40.0, 0.0, 15.5, 0.0, 40.0, 11.5, 0.0, 0.0, 1.0]
    picture = np.frombuffer(preview.data, np.uint8).reshape(HEIGHT, WIDTH, 3)
    np.testing.assert_array_equal(~picture.any(axis=2), np.isnan(result.depth.depth_m))
    validity, uncertainty = arrived['depth/validity'], arrived['depth/uncertainty']
    assert (validity.encoding, uncertainty.encoding) == ('mono8', '32FC1')
    codes = np.frombuffer(validity.data, np.uint8).reshape(HEIGHT, WIDTH)
    np.testing.assert_array_equal(codes, result.validity)
    uncertainty_m = np.frombuffer(uncertainty.data, '<f4').reshape(HEIGHT, WIDTH)
    np.testing.assert_array_equal(uncertainty_m, result.uncertainty_m)


def test_the_clouds_that_arrive_are_those_of_the_result(bench, outputs, result):
    """Organised with NaN; a single row without; six fields for GPD."""
    heard = listen_to_all(bench)
    outputs.publish(result)
    bench.spin_until(lambda: all(heard.values()))
    organised, dense, normals = (
        heard[output][0] for output in ('points', 'points_dense', 'points_normals')
    )
    assert (organised.point_step, dense.point_step, normals.point_step) == (16, 16, 24)
    assert [organised.is_dense, dense.is_dense, normals.is_dense] == [False, True, True]
    assert dense.height == normals.height == 1
    assert bytes(dense.data) == result.dense.tobytes()
    assert bytes(normals.data) == result.with_normals.tobytes()
    assert dense.width == np.isfinite(xyz(organised)[..., 2]).sum()


@pytest.mark.parametrize(
    'output, encoding, step_m',
    [('depth/image_rect', '32FC1', 2e-4), ('depth/image_mm', '16UC1', 1e-3)],
)
def test_compressed_depth_holds_what_the_raw_image_does(
    bench, outputs, result, output, encoding, step_m
):
    """At most half a step of the quantisation apart, and unknown where it is."""
    heard = bench.listen(f'{output}/compressedDepth', CompressedImage)
    outputs.publish(result)
    bench.spin_until(lambda: heard)
    assert heard[0].format == f'{encoding}; compressedDepth png'
    found_m = decode_depth(heard[0], depth_scale=0.0, max_pixels=WIDTH * HEIGHT)
    np.testing.assert_allclose(found_m, result.depth.depth_m, atol=step_m / 2 + 1e-6)


def test_the_outputs_of_a_named_camera_begin_with_its_name(bench):
    before = {publisher.topic_name for publisher in bench.node.publishers}
    Outputs(bench.node, 'left/')
    topics = {publisher.topic_name for publisher in bench.node.publishers}
    names = OUTPUTS.keys() | OLD_OUTPUTS.keys()
    assert topics - before == {f'/promptda/left/{output}' for output in names}


@pytest.mark.parametrize('old', OLD_OUTPUTS)
def test_an_output_is_also_published_under_its_old_name_for_those_who_listen(
    bench, outputs, result, old
):
    new = OLD_OUTPUTS[old]
    assert outputs.heard_by_old_names() == {}
    heard, expected = bench.listen(old, OUTPUTS[new]), bench.listen(new, OUTPUTS[new])
    assert outputs.heard_by_old_names() == {f'/promptda/{old}': f'/promptda/{new}'}
    outputs.publish(result)
    bench.spin_until(lambda: heard and expected)
    assert heard == expected
    bench.stop_listening(old)
    assert outputs.heard_by_old_names() == {}


def test_the_compressed_preview_is_the_preview(bench, outputs, result):
    """As image_transport names and writes it."""
    heard = bench.listen('depth/preview/compressed', CompressedImage)
    outputs.publish(result)
    bench.spin_until(lambda: heard)
    assert heard[0].format == 'rgb8; jpeg compressed bgr8'
    found = read_compressed_image(heard[0], max_pixels=WIDTH * HEIGHT)
    assert np.abs(found.astype(int) - result.preview).mean() < 10
    swapped = result.preview[..., ::-1]
    assert np.abs(found.astype(int) - swapped).mean() > 30


def test_a_cloud_without_a_point_is_published_as_such(bench, outputs, result):
    heard = listen_to_all(bench)
    settings = core_settings.build({'workspace.min_depth': 5.0})
    outputs.publish(replace(result, settings=settings))
    bench.spin_until(lambda: all(heard.values()))
    for output in ('points_dense', 'points_normals'):
        (message,) = heard[output]
        assert (message.height, message.width, len(message.data)) == (1, 0, 0)


def without_clouds(outputs, result, **fields):
    """Return which outputs are left when fields of the frame change."""
    frame = replace(result.frame, **fields)
    return set(build(outputs, replace(result, frame=frame)))


def test_without_intrinsics_there_is_depth_and_nothing_that_needs_them(bench, outputs, result):
    """E1, E2: neither points nor camera_info, rather than wrong ones."""
    listen_to_all(bench)
    clouds = {output for output, kind in OUTPUTS.items() if kind is PointCloud2}
    left = without_clouds(outputs, result, intrinsics=None)
    assert left == set(OUTPUTS) - clouds - {'depth/camera_info'}
    left = without_clouds(outputs, result, points_withheld=True)
    assert left == set(OUTPUTS) - clouds


def xyz(message):
    """Return the points (H, W, 3) of a cloud."""
    points = point_cloud2.read_points(message)
    return np.stack([points[axis] for axis in 'xyz'], axis=-1).reshape(HEIGHT, WIDTH, 3)


def test_flying_pixels_are_left_out_of_the_cloud_alone(bench, outputs, result):
    bench.listen('points', PointCloud2)
    bench.listen('depth/image_rect')
    built = build(outputs, result)
    unknown = np.isnan(result.depth.depth_m)
    unknown[:, 19] = True
    np.testing.assert_array_equal(np.isnan(xyz(built['points'])[..., 2]), unknown)
    found_m = np.frombuffer(built['depth/image_rect'].data, '<f4').reshape(HEIGHT, WIDTH)
    np.testing.assert_array_equal(found_m, result.depth.depth_m)


@pytest.mark.parametrize('values', [{'output.edge_filter': 'off'}, {'output.edge_step': 1.0}])
def test_the_filter_can_be_turned_off(bench, outputs, result, values):
    bench.listen('points', PointCloud2)
    result = replace(result, settings=core_settings.build(values))
    points = build(outputs, result)['points']
    np.testing.assert_array_equal(xyz(points)[..., 2], result.depth.depth_m)


@pytest.mark.setting('output.pcl_layout')
def test_the_pcl_layout_holds_the_same_points(bench, outputs, result):
    bench.listen('points', PointCloud2)
    compact = build(outputs, result)['points']
    settings = core_settings.build({'output.pcl_layout': True})
    pcl = build(outputs, replace(result, settings=settings))['points']
    assert (compact.point_step, pcl.point_step) == (16, 32)
    assert [field.offset for field in pcl.fields] == [0, 4, 8, 16]
    np.testing.assert_array_equal(xyz(pcl), xyz(compact))


def test_reliable_and_best_effort_listeners_both_hear(bench, outputs, result):
    """G1: the other way round, RViz and plain subscribers alike."""
    heard = []
    topic = '/promptda/depth/image_rect'
    bench.peer.create_subscription(Image, topic, heard.append, qos_profile_sensor_data)
    bench.peer.create_subscription(Image, topic, heard.append, 10)
    publisher = bench.publisher_of(topic)
    bench.spin_until(lambda: publisher.get_subscription_count() == 2)
    assert publisher.qos_profile.reliability == ReliabilityPolicy.RELIABLE
    outputs.publish(result)
    bench.spin_until(lambda: len(heard) == 2)


def test_closing_takes_the_topics_away(bench, outputs):
    topic = '/promptda/depth/image_rect'
    bench.spin_until(lambda: bench.peer.count_publishers(topic) == 1)
    outputs.close()
    bench.spin_until(lambda: bench.peer.count_publishers(topic) == 0)


@pytest.fixture
def listener(ros_context, domain_id):
    """Start a process that asks for depth reliably."""
    environment = {**os.environ, 'ROS_DOMAIN_ID': str(domain_id)}
    with subprocess.Popen(
        [sys.executable, '-c', LISTENER], env=environment, stdout=subprocess.PIPE
    ) as process:
        os.set_blocking(process.stdout.fileno(), False)
        yield process
        process.kill()


def test_a_reliable_listener_that_stands_still_costs_the_others_no_frame(rig, listener):
    """G9: as RViz does over a bad Wi-Fi."""
    heard = rig.listen('depth/image_rect')
    while not listener.stdout.read():
        rig.send_through(heard)
    listener.send_signal(signal.SIGSTOP)
    before = len(heard)
    for number in range(OUTPUT_QOS.depth + 3):
        rig.send_through(heard)
        assert len(heard) == before + number + 1
    assert rig.drops == {}
    # Nobody has waited until it is given up, after 20 s.
    assert rig.publisher_of('/promptda/depth/image_rect').get_subscription_count() == 2
