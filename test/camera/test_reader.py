# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A pair in any transport becomes the same frame, and what is missing is named."""

from __future__ import annotations

from dataclasses import replace
import re
from typing import Any

import cv2
import numpy as np
import pytest
from sensor_msgs.msg import CompressedImage, PointCloud2
from sensor_msgs_py import point_cloud2
from std_msgs.msg import Header
import torch

from promptda_ros.camera.calibration import Calibration, DEPTH
from promptda_ros.camera.reader import PairReader
from promptda_ros.core.frame import BadFrame, Intrinsics
from promptda_ros.core.geometry import camera
from promptda_ros.core.geometry.transform import Transform
from promptda_ros.core.pairing.pairing import Pair
from promptda_ros.core.settings.schema import Settings
from promptda_ros.messages.message_types import bytes_of, ros_types
from promptda_ros.messages.outgoing import stamp_of
from promptda_ros.messages.outgoing_images import encode_depth, image_of
from test.sensors import as_recorded

ROS = ros_types()
SEC = 1_000_000_000
MS = 1_000_000
COLOUR_FRAME, DEPTH_FRAME = 'color_optical', 'depth_optical'
HEIGHT, WIDTH = 84, 112
STEP_ASIDE = Transform.of((0.05, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0))


class Known:
    """Extrinsics of a rig whose sensor is 5 cm beside its camera."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    def camera_from_sensor(self, *question: Any) -> Transform | None:
        """Return None where both frames are one."""
        self.asked.append(question)
        return None if question[0] == question[1] else STEP_ASIDE


def header_of(frame_id: str, stamp_ns: int = SEC) -> Header:
    return Header(stamp=stamp_of(stamp_ns, ROS), frame_id=frame_id)


def picture() -> np.ndarray:
    """Return the colours of the scene, smooth enough for a JPEG."""
    rgb = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    rgb[..., 0] = np.linspace(0, 250, WIDTH)
    return rgb


def image_message() -> Any:
    return image_of(picture(), header_of(COLOUR_FRAME), 'rgb8', ROS)


def depth_message(frame_id: str = COLOUR_FRAME, value: int = 800) -> Any:
    counts = np.full((HEIGHT // 2, WIDTH // 2), value, np.uint16)
    return image_of(counts, header_of(frame_id), '16UC1', ROS)


def cloud_message(frame_id: str) -> PointCloud2:
    """Return a plane at 0.8 m that covers the whole view."""
    across, down = np.meshgrid(np.linspace(-0.8, 0.8, 300), np.linspace(-0.6, 0.6, 240))
    points = np.stack((across, down, np.full_like(across, 0.8)), axis=-1).reshape(-1, 3)
    return point_cloud2.create_cloud_xyz32(header_of(frame_id), points.astype(np.float32))


def pair_of(image: Any = None, depth: Any = None) -> Pair[Any]:
    return Pair(
        image=image or image_message(),
        depth=depth or depth_message(),
        image_stamp_ns=SEC,
        depth_stamp_ns=SEC,
        epoch=0,
        image_arrival_ns=0,
        paired_ns=0,
    )


def settings_of(**changes: Any) -> Settings:
    """Return settings of which those of `input` differ."""
    settings = Settings()
    return replace(settings, input=replace(settings.input, **changes))


@pytest.fixture
def warnings():
    return []


@pytest.fixture
def extrinsics():
    return Known()


@pytest.fixture
def make_reader(warnings, extrinsics):
    """Make readers that know no camera yet, from the topics of both calibrations."""
    log = {'warn': warnings.append, 'error': warnings.append, 'rectified': False}

    def make(topic='/camera_info', depth_topic='/depth_camera_info'):
        return PairReader(
            calibration=Calibration(**log, topic=topic),
            depth_calibration=Calibration(**log, role=DEPTH, topic=depth_topic),
            extrinsics=extrinsics,
            device=torch.device('cpu'),
            warn=warnings.append,
        )

    return make


@pytest.fixture
def reader(make_reader, sensors):
    """Return a reader that knows both cameras."""
    reader = make_reader()
    add_camera_info(reader, sensors)
    message = sensors.camera_info(SEC)
    message.header.frame_id = DEPTH_FRAME
    message.width, message.height = WIDTH // 2, HEIGHT // 2
    half = [50.0, 0.0, (WIDTH // 2 - 1) / 2, 0.0, 50.0, (HEIGHT // 2 - 1) / 2, 0.0, 0.0, 1.0]
    message.k, message.p = half, [*half[:3], 0.0, *half[3:6], 0.0, *half[6:], 0.0]
    reader.depth_calibration.add(message)
    return reader


def add_camera_info(reader, sensors, **fields):
    message = sensors.camera_info(SEC, **fields)
    message.header.frame_id = COLOUR_FRAME
    reader.calibration.clear()
    reader.calibration.add(message)


def refusal(reader, pair, settings=None):
    with pytest.raises(BadFrame) as refused:
        reader.read(pair, settings or Settings())
    return refused.value


# Transports


def test_a_registered_pair_is_read_as_it_is(reader):
    frame = reader.read(pair_of(), Settings())
    assert (frame.stamp_ns, frame.frame_id) == (SEC, COLOUR_FRAME)
    np.testing.assert_array_equal(frame.image, picture())
    np.testing.assert_allclose(frame.sensor_depth_m, np.full((42, 56), 0.8), rtol=1e-6)
    assert frame.intrinsics.fx == 100.0
    assert (frame.mask, frame.points_withheld) == (None, False)


def compressed_pair(kind: str = '.jpg') -> Pair[Any]:
    image = CompressedImage(header=header_of(COLOUR_FRAME), format='rgb8; jpeg compressed bgr8')
    image.data = bytes_of(cv2.imencode(kind, picture()[..., ::-1])[1])
    depth = encode_depth(np.full((42, 56), 800, np.uint16), header_of(COLOUR_FRAME), ROS)
    return pair_of(image, depth)


@pytest.mark.parametrize('kind, most', [('.jpg', 12), ('.png', 0)])
def test_a_compressed_pair_is_the_same_frame(reader, kind, most):
    """C10, D14: JPEG as well as it keeps colours, depth to the millimetre."""
    plain = reader.read(pair_of(), Settings())
    frame = reader.read(compressed_pair(kind), Settings())
    assert np.abs(frame.image.astype(int) - plain.image).max() <= most
    np.testing.assert_array_equal(frame.sensor_depth_m, plain.sensor_depth_m)


PAIRS = {
    'registered': pair_of,
    'compressed': compressed_pair,
    'of another frame': lambda: pair_of(depth=depth_message(DEPTH_FRAME)),
    'points': lambda: pair_of(depth=cloud_message(DEPTH_FRAME)),
}


@pytest.mark.parametrize('kind', PAIRS)
def test_a_pair_of_a_recording_is_the_same_frame_as_one_of_the_node(
    reader, make_reader, sensors, kind
):
    """Lens, mask and confidence, too; rosbags has numpy arrays where rclpy has others."""
    add_camera_info(reader, sensors, d=[-0.3, 0.1, 0.0, 0.0, 0.0])
    reader.masks.add(image_of(picture()[..., 0], header_of(COLOUR_FRAME), 'mono8', ROS))
    confidence = np.tile(np.arange(56, dtype=np.uint8), (42, 1))
    reader.confidence.add(image_of(confidence, header_of(DEPTH_FRAME), 'mono8', ROS))
    recorded = make_reader()
    for name in ('calibration', 'depth_calibration'):
        getattr(recorded, name).add(as_recorded(getattr(reader, name).message_at(SEC)))
    for name in ('masks', 'confidence'):
        getattr(recorded, name).add(as_recorded(getattr(reader, name).nearest(SEC)[1]))
    least = 0.0 if kind == 'points' else 9.0
    settings = settings_of(rectify=True, mask='keep', min_confidence=least)
    pair = PAIRS[kind]()
    ours = reader.read(pair, settings)
    pair = replace(pair, image=as_recorded(pair.image), depth=as_recorded(pair.depth))
    theirs = recorded.read(pair, settings)
    for name in ('image', 'sensor_depth_m', 'mask'):
        np.testing.assert_array_equal(getattr(theirs, name), getattr(ours, name))
    fields = ('stamp_ns', 'frame_id', 'intrinsics', 'points_withheld')
    assert [getattr(theirs, each) for each in fields] == [getattr(ours, each) for each in fields]


@pytest.mark.setting('input.max_pixels')
def test_the_limit_holds_for_every_transport(reader):
    """C5, C10, D15, D17: before anything is allocated."""
    settings = settings_of(max_pixels=100)
    assert refusal(reader, pair_of(), settings).reason == 'image_size'
    image = image_of(np.zeros((8, 8, 3), np.uint8), header_of(COLOUR_FRAME), 'rgb8', ROS)
    depth = encode_depth(np.ones((42, 56), np.uint16), header_of(COLOUR_FRAME), ROS)
    assert refusal(reader, pair_of(image, depth), settings).reason == 'depth_size'
    assert reader.calibration.problem  # another size, which alone is no reason to drop


# Registration


def test_depth_of_another_frame_is_registered(reader):
    """A plane before the sensor is the same plane before the camera, but for what it hides."""
    frame = reader.read(pair_of(depth=depth_message(DEPTH_FRAME)), Settings())
    height, width = frame.sensor_depth_m.shape
    assert width / height == pytest.approx(WIDTH / HEIGHT, rel=0.05)
    known = np.isfinite(frame.sensor_depth_m)
    assert known.mean() > 0.8
    np.testing.assert_allclose(frame.sensor_depth_m[known], 0.8, atol=1e-3)
    # The sensor stands right of the camera: it does not see what is at the camera's left.
    assert not known[:, 0].any()


@pytest.mark.parametrize('frame_id', [COLOUR_FRAME, DEPTH_FRAME])
def test_points_become_depth(reader, frame_id):
    """D16: a cloud in the frame of the image needs no transform."""
    frame = reader.read(pair_of(depth=cloud_message(frame_id)), Settings())
    known = np.isfinite(frame.sensor_depth_m)
    assert known.any()
    np.testing.assert_allclose(frame.sensor_depth_m[known], 0.8, atol=1e-3)


def test_the_transform_is_asked_for_at_the_moment_of_the_image(reader, extrinsics):
    reader.read(pair_of(depth=depth_message(DEPTH_FRAME)), settings := Settings())
    question = (DEPTH_FRAME, COLOUR_FRAME, SEC, settings.extrinsics)
    assert extrinsics.asked == [question]


def aligned_depth(frame_id: str) -> Any:
    """Return depth with the pixels of the image."""
    return image_of(np.full((HEIGHT, WIDTH), 800, np.uint16), header_of(frame_id), '16UC1', ROS)


def give_depth_the_camera_of_colour(reader, sensors, **fields):
    message = sensors.camera_info(SEC, **fields)
    message.header.frame_id = DEPTH_FRAME
    reader.depth_calibration.clear()
    reader.depth_calibration.add(message)


MEASURED = {
    'k': [100.2, 0.0, 52.1, 0.0, 100.4, 43.2, 0.0, 0.0, 1.0],
    'p': [100.2, 0.0, 52.1, 0.0, 0.0, 100.4, 43.2, 0.0, 0.0, 0.0, 1.0, 0.0],
}


@pytest.mark.parametrize('frame_id', [DEPTH_FRAME, ''])
def test_depth_with_the_calibration_of_colour_is_not_registered_twice(
    reader, sensors, extrinsics, warnings, frame_id
):
    """K5: its driver has aligned it and left the frame of the sensor in the header."""
    add_camera_info(reader, sensors, **MEASURED)
    give_depth_the_camera_of_colour(reader, sensors, **MEASURED)
    for _ in range(2):
        frame = reader.read(pair_of(depth=aligned_depth(frame_id)), Settings())
        np.testing.assert_allclose(frame.sensor_depth_m, 0.8, rtol=1e-6)
    assert extrinsics.asked == []
    (text,) = [each for each in warnings if 'are equal' in each]
    assert 'taken as registered' in text
    # And the advice works for those whose depth is not.
    settings = Settings()
    settings = replace(settings, extrinsics=replace(settings.extrinsics, source='parameters'))
    frame = reader.read(pair_of(depth=aligned_depth(DEPTH_FRAME)), settings)
    assert np.isnan(frame.sensor_depth_m[:, 0]).all()


def test_depth_of_a_simulated_camera_beside_another_is_registered(
    reader, sensors, extrinsics, warnings
):
    """D12, K5: simulated cameras are equal wherever they are, TF knows where."""
    give_depth_the_camera_of_colour(reader, sensors)
    for _ in range(2):
        frame = reader.read(pair_of(depth=aligned_depth(DEPTH_FRAME)), Settings())
        assert np.isnan(frame.sensor_depth_m[:, 0]).all()
    assert len(extrinsics.asked) == 2
    (text,) = [each for each in warnings if 'are equal' in each]
    assert 'registered by TF' in text
    # And the advice works for those whose depth is registered already.
    frame = reader.read(
        pair_of(depth=aligned_depth(DEPTH_FRAME)), settings_of(allow_frame_mismatch=True)
    )
    np.testing.assert_allclose(frame.sensor_depth_m, 0.8, rtol=1e-6)


@pytest.mark.parametrize('source', ['auto', 'parameters'])
@pytest.mark.parametrize('depth', [aligned_depth(DEPTH_FRAME), depth_message(DEPTH_FRAME)])
def test_one_topic_for_both_calibrations_is_no_evidence_and_no_calibration_of_depth(
    make_reader, sensors, extrinsics, depth, source
):
    """K5: it is equal to itself; depth of another frame is neither taken as it is nor moved."""
    reader = make_reader('/my/camera_info', '/my/camera_info')
    add_camera_info(reader, sensors, **MEASURED)
    give_depth_the_camera_of_colour(reader, sensors, **MEASURED)
    settings = Settings()
    settings = replace(settings, extrinsics=replace(settings.extrinsics, source=source))
    refused = refusal(reader, pair_of(depth=depth), settings)
    assert refused.reason == 'no_depth_camera_info'
    assert 'camera_info and depth_camera_info are one topic, /my/camera_info' in str(refused)
    assert 'depth_camera_info_topic:=' in str(refused)
    assert extrinsics.asked == []  # a transform is not what is missing
    # And the advice works for those whose depth is registered.
    advised = dict(
        re.findall(r'(extrinsics\.source|input\.allow_frame_mismatch):=(\w+)', str(refused))
    )
    assert advised.pop('input.allow_frame_mismatch') == 'true'
    assert advised == ({} if source == 'auto' else {'extrinsics.source': 'auto'})
    frame = reader.read(pair_of(depth=depth), settings_of(allow_frame_mismatch=True))
    np.testing.assert_allclose(frame.sensor_depth_m, 0.8, rtol=1e-6)


@pytest.mark.parametrize('depth', [depth_message(), cloud_message(DEPTH_FRAME)])
def test_depth_of_the_image_and_points_need_no_calibration_of_their_own(
    make_reader, sensors, depth
):
    """As of simulators, which publish one camera_info beside image and depth."""
    reader = make_reader('/my/camera_info', '/my/camera_info')
    add_camera_info(reader, sensors)
    assert np.isfinite(reader.read(pair_of(depth=depth), Settings()).sensor_depth_m).any()


@pytest.mark.parametrize(
    'fields, depth',
    [
        ({'focal_px': 100.001}, aligned_depth(DEPTH_FRAME)),
        ({'d': [1e-6, 0.0, 0.0, 0.0, 0.0]}, aligned_depth(DEPTH_FRAME)),
        ({'p': [100.0, 0, 55.5, -5.0, 0, 100.0, 41.5, 0, 0, 0, 1, 0]}, aligned_depth(DEPTH_FRAME)),
    ],
)
def test_without_that_evidence_depth_of_another_frame_is_registered(
    reader, sensors, extrinsics, fields, depth
):
    """D12, K5: also of the second camera of a stereo pair, which only P tells apart."""
    give_depth_the_camera_of_colour(reader, sensors, **fields)
    reader.read(pair_of(depth=depth), Settings())
    assert len(extrinsics.asked) == 1


@pytest.mark.parametrize('prefix', ['/', '//'])
def test_a_slash_before_the_frame_changes_nothing(reader, prefix):
    """K17: as converted bags of ROS 1 have it."""
    frame = reader.read(pair_of(depth=depth_message(prefix + COLOUR_FRAME)), Settings())
    np.testing.assert_allclose(frame.sensor_depth_m, np.full((42, 56), 0.8), rtol=1e-6)


@pytest.mark.parametrize('depth_frame, image_frame', [('', COLOUR_FRAME), (DEPTH_FRAME, '')])
def test_a_frame_that_one_side_does_not_name_is_refused_with_what_helps(
    reader, extrinsics, depth_frame, image_frame
):
    """K17: and not looked up in TF, which knows no empty name."""
    pair = pair_of(depth=depth_message(depth_frame))
    pair.image.header.frame_id = image_frame
    refused = refusal(reader, pair)
    assert refused.reason == 'no_frame_id'
    assert 'has no frame_id while the' in str(refused)
    assert extrinsics.asked == []
    frame = reader.read(pair, settings_of(allow_frame_mismatch=True))
    np.testing.assert_allclose(frame.sensor_depth_m, np.full((42, 56), 0.8), rtol=1e-6)


# What a depth image holds


@pytest.mark.setting('input.depth_scale')
def test_depth_is_counted_in_the_unit_that_is_set(reader):
    """D3: 800 counts of a quarter of a millimetre."""
    frame = reader.read(pair_of(), settings_of(depth_scale=0.00025))
    np.testing.assert_allclose(frame.sensor_depth_m, 0.2, rtol=1e-6)


def test_inverse_depth_is_refused_until_the_user_says_that_it_is_none(reader):
    """K4, K18: values that are linear over the whole view are those of no plane."""
    counts = np.repeat(np.linspace(500, 1500, HEIGHT)[:, None], WIDTH, axis=1)
    depth = image_of(counts.astype(np.uint16), header_of(COLOUR_FRAME), '16UC1', ROS)
    refused = refusal(reader, pair_of(depth=depth))
    assert refused.reason == 'inverse_depth'
    assert 'trust.gate:=false' in str(refused)
    settings = Settings()
    settings = replace(settings, trust=replace(settings.trust, gate=False))
    assert reader.read(pair_of(depth=depth), settings).sensor_depth_m.shape == (HEIGHT, WIDTH)


def sphere(radius_mm: int, height: int, width: int) -> Any:
    """Return what a sensor of distances in the middle of a sphere says, whatever its camera."""
    counts = np.full((height, width), radius_mm, np.uint16)
    return image_of(counts, header_of(COLOUR_FRAME), '16UC1', ROS)


@pytest.mark.setting('input.depth_kind')
@pytest.mark.parametrize('height, width', [(HEIGHT, WIDTH), (HEIGHT // 2, WIDTH // 2)])
def test_distance_along_the_ray_becomes_depth_by_the_camera_of_the_image(reader, height, width):
    """K4: at the corner of this image the difference is a fifth."""
    pair = pair_of(depth=sphere(1000, height, width))
    frame = reader.read(pair, settings_of(depth_kind='ray'))
    depth_m = frame.sensor_depth_m
    own = camera.resize(frame.intrinsics, width=width, height=height)
    across, down = camera.rays(own)
    np.testing.assert_allclose(depth_m * np.sqrt(across**2 + down**2 + 1), 1.0, rtol=1e-6)
    assert depth_m[0, 0] < 0.83 < 0.99 < depth_m[height // 2, width // 2]


def test_distance_along_the_ray_is_registered_as_the_depth_that_it_is(reader):
    plain = reader.read(pair_of(depth=depth_message(DEPTH_FRAME)), Settings()).sensor_depth_m
    across, down = camera.rays(Intrinsics(56, 42, 50.0, 50.0, 27.5, 20.5))
    distance_mm = np.rint(800 * np.sqrt(across**2 + down**2 + 1)).astype(np.uint16)
    depth = image_of(distance_mm, header_of(DEPTH_FRAME), '16UC1', ROS)
    found_m = reader.read(pair_of(depth=depth), settings_of(depth_kind='ray')).sensor_depth_m
    np.testing.assert_array_equal(np.isnan(found_m), np.isnan(plain))
    np.testing.assert_allclose(found_m[np.isfinite(plain)], 0.8, atol=2e-3)


def test_distance_along_the_ray_without_a_camera_is_refused(reader):
    """E1: never with made up intrinsics."""
    reader.calibration.clear()
    refused = refusal(reader, pair_of(), settings_of(depth_kind='ray'))
    assert refused.reason == 'no_camera_info'
    assert "distance along the ray can't be turned into depth: no camera_info" in str(refused)


@pytest.mark.setting('input.allow_frame_mismatch')
def test_depth_of_another_frame_is_registered_already_when_the_user_says_so(reader):
    """D12: the flag."""
    settings = settings_of(allow_frame_mismatch=True)
    frame = reader.read(pair_of(depth=depth_message(DEPTH_FRAME)), settings)
    np.testing.assert_allclose(frame.sensor_depth_m, np.full((42, 56), 0.8), rtol=1e-6)
    both = replace(settings, extrinsics=replace(settings.extrinsics, source='parameters'))
    frame = reader.read(pair_of(depth=depth_message(DEPTH_FRAME)), both)
    assert np.isnan(frame.sensor_depth_m[:, 0]).all()


@pytest.mark.parametrize('depth', [depth_message(DEPTH_FRAME), cloud_message(DEPTH_FRAME)])
def test_without_the_camera_of_the_image_nothing_can_be_registered(reader, depth):
    """E1: never with made up intrinsics."""
    reader.calibration.clear()
    refused = refusal(reader, pair_of(depth=depth))
    assert refused.reason == 'no_camera_info'
    assert 'no camera_info has arrived; remap camera_info' in str(refused)
    assert reader.read(pair_of(), Settings()).intrinsics is None


def test_without_the_camera_of_the_sensor_its_image_can_not_be_registered(reader):
    """E1: but its points can."""
    reader.depth_calibration.clear()
    refused = refusal(reader, pair_of(depth=depth_message(DEPTH_FRAME)))
    assert refused.reason == 'no_depth_camera_info'
    assert 'no depth_camera_info has arrived; remap depth_camera_info' in str(refused)
    reader.read(pair_of(depth=cloud_message(DEPTH_FRAME)), Settings())


# Rectifying


def test_a_distorted_image_is_straightened_with_its_depth_and_mask(reader, sensors):
    """E8: the three stay in step; what the camera did not see has no points."""
    add_camera_info(reader, sensors, d=[-0.3, 0.1, 0.0, 0.0, 0.0])
    message = depth_message()
    step = np.where(np.arange(WIDTH // 2) < 10, 500, 900).astype(np.uint16)
    message.data = bytes_of(np.tile(step, (HEIGHT // 2, 1)))
    bright = np.repeat(np.where(np.arange(WIDTH) < 20, 0, 255).astype(np.uint8)[None], HEIGHT, 0)
    image = image_of(np.dstack([bright] * 3), header_of(COLOUR_FRAME), 'rgb8', ROS)
    reader.masks.add(image_of(bright, header_of(COLOUR_FRAME), 'mono8', ROS))
    frame = reader.read(pair_of(image, message), settings_of(rectify=True, mask='remove'))
    plain = reader.read(pair_of(image, message), settings_of())
    assert not np.array_equal(frame.image, plain.image)
    far = np.kron(frame.sensor_depth_m, np.ones((2, 2))) > 0.7
    inside = (slice(20, -20), slice(10, -10))
    assert (far == (frame.image[..., 0] > 128))[inside].mean() > 0.96
    assert (frame.mask == far)[inside].mean() > 0.96


# Confidence and masks


@pytest.mark.setting('input.min_confidence')
def test_depth_without_confidence_is_unknown(reader):
    confidence = np.full((42, 56), 2, np.uint8)
    confidence[:10] = 0
    reader.confidence.add(image_of(confidence, header_of(DEPTH_FRAME), 'mono8', ROS))
    frame = reader.read(pair_of(), settings_of(min_confidence=1.0))
    assert np.isnan(frame.sensor_depth_m[:10]).all()
    np.testing.assert_allclose(frame.sensor_depth_m[10:], 0.8, rtol=1e-6)


def test_a_missing_confidence_drops_the_frame(reader):
    late = header_of(DEPTH_FRAME, SEC + 16 * MS)
    reader.confidence.add(image_of(np.ones((42, 56), np.uint8), late, 'mono8', ROS))
    refused = refusal(reader, pair_of(), settings_of(min_confidence=1.0))
    assert refused.reason == 'no_confidence'
    assert 'within sync.tolerance 0.015 s' in str(refused)
    assert 'input.min_confidence:=0' in str(refused)


def test_points_have_no_confidence_image(reader):
    pair = pair_of(depth=cloud_message(DEPTH_FRAME))
    assert refusal(reader, pair, settings_of(min_confidence=1.0)).reason == 'confidence_points'


@pytest.mark.parametrize(
    'distance_ms, used', [(0, True), (-199, True), (200, True), (-201, False)]
)
def test_the_nearest_mask_is_used_while_it_is_young_enough(reader, warnings, distance_ms, used):
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[:5] = 255
    stamp_ns = SEC + distance_ms * MS
    reader.masks.add(image_of(mask, header_of(COLOUR_FRAME, stamp_ns), 'mono8', ROS))
    frame = reader.read(pair_of(), settings_of(mask='remove'))
    assert frame.points_withheld is not used
    np.testing.assert_array_equal(frame.mask, mask > 0 if used else np.ones_like(mask, bool))
    assert len(warnings) == (not used)


@pytest.mark.setting('input.mask_max_age')
def test_how_old_a_mask_may_be_can_be_set(reader):
    stamp_ns = SEC - 400 * MS
    reader.masks.add(
        image_of(
            np.zeros((HEIGHT, WIDTH), np.uint8), header_of(COLOUR_FRAME, stamp_ns), 'mono8', ROS
        )
    )
    for most_sec, used in ((0.5, True), (0.3, False)):
        frame = reader.read(pair_of(), settings_of(mask='remove', mask_max_age=most_sec))
        assert frame.points_withheld is not used


def test_without_a_mask_clouds_are_withheld_with_the_reason_said_once(reader, warnings):
    """And depth goes on."""
    for _ in range(3):
        frame = reader.read(pair_of(), settings_of(mask='keep'))
        assert frame.points_withheld
        assert frame.mask.all()
        np.testing.assert_allclose(frame.sensor_depth_m, 0.8, rtol=1e-6)
    assert warnings == [
        'no point cloud: no mask has arrived; remap mask to its topic, or set input.mask:=off'
    ]


def test_a_mask_that_can_not_be_read_withholds_the_clouds(reader, warnings):
    reader.masks.add(image_of(np.zeros((9, 9), np.uint8), header_of(COLOUR_FRAME), 'mono8', ROS))
    assert reader.read(pair_of(), settings_of(mask='keep')).points_withheld
    assert 'mask 9x9 does not match the aspect ratio of the image 112x84' in warnings[0]


def test_nothing_is_remembered_when_listening_starts_anew(reader):
    reader.masks.add(
        image_of(np.zeros((84, 112), np.uint8), header_of(COLOUR_FRAME), 'mono8', ROS)
    )
    reader.clear()
    frame = reader.read(pair_of(), settings_of(mask='remove'))
    assert frame.points_withheld
    assert frame.intrinsics is None


def test_depth_that_hangs_is_said(reader, warnings):
    """D10: though its stamps go on."""
    for sec in (1, 2, 3, 4):
        reader.read(replace(pair_of(), depth_stamp_ns=sec * SEC), Settings())
    assert ['depth unchanged for 3.0 s' in text for text in warnings] == [True]
