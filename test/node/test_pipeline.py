# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Frames through the running node: published with the header of the image, or dropped."""

from __future__ import annotations

import array
from collections import Counter
from dataclasses import replace
import io
import struct
import tracemalloc
import zlib

import cv2
import numpy as np
from PIL import Image as Picture
import pytest
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, CompressedImage, PointCloud2, RegionOfInterest
from sensor_msgs_py import point_cloud2

from promptda_ros.camera import products
from promptda_ros.core.errors import ExitCode
from promptda_ros.core.frame import BadFrame
from promptda_ros.core.frame_outputs import FrameOutputs
from promptda_ros.core.geometry.transform import Transform
from promptda_ros.core.restore.trust import Validity
from promptda_ros.core.settings.schema import Settings
from promptda_ros.messages.compressed_depth import decode_depth
from promptda_ros.messages.message_types import ros_types
from promptda_ros.messages.outgoing_images import encode_depth
from promptda_ros.network.engines.compiled import CompiledNetwork
from promptda_ros.network.engines.openvino_model import OpenVinoModel
from promptda_ros.node import outputs
from promptda_ros.node.outputs import OUTPUTS

NAN, INF = float('nan'), float('inf')
BEST_EFFORT = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)


def stamp_ns_of(message):
    """Return the stamp of a message."""
    stamp = message.header.stamp
    return stamp.sec * 1_000_000_000 + stamp.nanosec


def metres(message):
    """Return the depth of a 32FC1 message."""
    return np.frombuffer(message.data, '<f4').reshape(message.height, message.width)


# Frames


def test_every_output_changes_to_the_size_of_the_network_and_back(rig):
    """Each message says its own size, and all of a frame have the same."""
    rig.sensors.height, rig.sensors.width = 96, 128
    heard = {output: rig.listen(output, kind) for output, kind in OUTPUTS.items()}
    sizes = {'image': (96, 128), 'network': (84, 126)}
    for number, resolution in enumerate(('image', 'network', 'image')):
        rig.node.set_parameters([Parameter('output.resolution', value=resolution)])
        rig.send()
        rig.spin_until(lambda n=number: all(len(each) == n + 1 for each in heard.values()))
        newest = {output: messages[-1] for output, messages in heard.items()}
        sized = [each for each in newest.values() if getattr(each, 'height', 1) > 1]
        assert {(each.height, each.width) for each in sized} == {sizes[resolution]}
        for output in ('depth/image_rect', 'depth/image_mm'):
            packed = decode_depth(
                newest[f'{output}/compressedDepth'], depth_scale=0.0, max_pixels=96 * 128
            )
            assert packed.shape == sizes[resolution]
    assert rig.drops == {}


def test_every_output_of_every_frame_has_the_header_of_its_image(rig):
    """100 % of ten frames, to the nanosecond; stamps never go back."""
    heard = {output: rig.listen(output, kind) for output, kind in OUTPUTS.items()}
    sent = []
    for number in range(10):
        sent.append(rig.send())
        rig.spin_until(lambda n=number: all(len(each) == n + 1 for each in heard.values()))
    for messages in heard.values():
        assert [stamp_ns_of(message) for message in messages] == sent
        assert {message.header.frame_id for message in messages} == {'camera_color_optical_frame'}
        of_image = [each for each in messages if getattr(each, 'height', 1) > 1]  # no dense cloud
        assert {(message.height, message.width) for message in of_image} <= {(84, 112)}
    assert rig.drops == {}


@pytest.mark.setting('output.max_rate')
def test_frames_beyond_the_rate_are_counted_before_they_are_read(rig, monkeypatch):
    """A camera at 30 Hz limited to 15."""
    read, readings = rig.camera.reader.read, []
    monkeypatch.setattr(
        rig.camera.reader, 'read', lambda *given: readings.append(given) or read(*given)
    )
    rig.node.set_parameters([Parameter('output.max_rate', value=15.0)])
    heard, sent = rig.listen('depth/image_rect'), []
    for number in range(6):
        sent.append(rig.send())
        rig.spin_until(lambda n=number: len(heard) + rig.drops.get('rate_limit', 0) == n + 1)
    assert [stamp_ns_of(message) for message in heard] == sent[::2]
    assert rig.drops == {'rate_limit': 3}
    assert len(readings) == 3


def test_depth_is_finite_and_inside_what_the_sensor_measured(rig):
    depth_m = metres(rig.send_through(rig.listen('depth/image_rect')))
    assert np.isfinite(depth_m).all()
    assert 0.5 <= depth_m.min() <= depth_m.max() <= 1.5


@pytest.mark.parametrize(
    'counts, code', [(65535, Validity.BEYOND_RANGE), (20, Validity.NEARER_THAN_RANGE)]
)
def test_what_is_out_of_range_is_nowhere_published(rig, counts, code):
    """K1, K2: neither in images nor in clouds, and validity says on which side it is."""
    heard, codes = rig.listen('depth/image_rect'), rig.listen('depth/validity')
    clouds = rig.listen('points', PointCloud2)
    stamp_ns = rig.next_stamp_ns()
    depth = rig.sensors.depth(stamp_ns)
    pixels = np.frombuffer(depth.data, np.uint16).reshape(21, 28).copy()
    pixels[5:11, 8:20] = counts
    pixels[7:9, 10:18] = 0  # a hole amid it
    depth.data = array.array('B', pixels.tobytes())
    depth_m = metres(rig.send_through(heard, image=rig.sensors.image(stamp_ns), depth=depth))
    rig.spin_until(lambda: codes and clouds)
    out = np.zeros((84, 112), np.bool_)
    out[20:44, 32:80] = True
    np.testing.assert_array_equal(np.isnan(depth_m), out)
    found = np.frombuffer(codes[0].data, np.uint8).reshape(84, 112)
    np.testing.assert_array_equal(found == code, (pixels == counts).repeat(4, 0).repeat(4, 1))
    assert (found[28:36, 40:72] == Validity.REMOVED).all()
    z_m = point_cloud2.read_points(clouds[0])['z'].reshape(84, 112)
    assert np.isnan(z_m[out]).all()


def test_the_cloud_is_the_back_projection_of_depth_and_camera_info(rig):
    """J3: as a consumer would compute it from the other outputs."""
    heard = rig.listen('depth/image_rect')
    infos, clouds = rig.listen('depth/camera_info', CameraInfo), rig.listen('points', PointCloud2)
    rig.node.set_parameters([Parameter('output.edge_filter', value='off')])
    depth_m = metres(rig.send_through(heard))
    rig.spin_until(lambda: infos and clouds)
    k = infos[0].k
    rows, columns = np.mgrid[0:84, 0:112]
    expected_m = np.stack(
        ((columns - k[2]) / k[0] * depth_m, (rows - k[5]) / k[4] * depth_m, depth_m), axis=-1
    )
    points = point_cloud2.read_points(clouds[0])
    found_m = np.stack([points[axis] for axis in 'xyz'], axis=-1).reshape(84, 112, 3)
    np.testing.assert_allclose(found_m, expected_m, atol=1e-5)


def test_resolution_and_shape_may_change_in_mid_stream(rig):
    """C7, C8: there and back, portrait and odd; camera_info always of the image's own size."""
    heard = rig.listen('depth/image_rect')
    infos = rig.listen('depth/camera_info', CameraInfo)
    sensors = type(rig.sensors)
    for height, width in ((84, 112), (168, 224), (84, 112), (112, 84), (479, 641)):
        rig.sensors = sensors(height=height, width=width)
        count = len(infos)
        depth = rig.send_through(heard)
        rig.spin_until(lambda n=count: len(infos) > n)
        assert (depth.height, depth.width) == (height, width)
        assert (infos[-1].height, infos[-1].width) == (height, width)
        assert infos[-1].header == depth.header
        assert (infos[-1].k[0], infos[-1].k[2]) == (100.0, (width - 1) / 2)
        assert np.isfinite(metres(depth)).any()
    assert rig.drops == {}


def test_images_of_other_encodings_give_the_same_depth(rig):
    """C1: as the rgb8 rendition does."""
    heard = rig.listen('depth/image_rect')
    expected_m = metres(rig.send_through(heard))
    image = rig.sensors.image(rig.next_stamp_ns())
    pixels = np.frombuffer(image.data, np.uint8).reshape(84, 112, 3)
    image.encoding, image.step = 'bgr8', 112 * 3 + 5
    image.data = np.pad(pixels[..., ::-1].reshape(84, -1), ((0, 0), (0, 5))).tobytes()
    depth = rig.sensors.depth(stamp_ns_of(image))
    np.testing.assert_array_equal(
        metres(rig.send_through(heard, image=image, depth=depth)), expected_m
    )


def test_bytes_behind_the_rows_are_left_out_and_said_once(rig, capfd):
    """C4: long data is accepted."""
    heard = rig.listen('depth/image_rect')
    for _ in range(2):
        image = rig.sensors.image(rig.next_stamp_ns())
        image.data.extend(b'surplus')
        rig.send_through(heard, image=image, depth=rig.sensors.depth(stamp_ns_of(image)))
    assert capfd.readouterr().err.count('image has 7 bytes more than its rows') == 1


def test_an_empty_frame_id_passes_through_and_is_said_once(rig, capfd):
    """C12: and another one later is published as it is."""
    heard = rig.listen('depth/image_rect')
    for frame_id in ('', 'left_optical', ''):
        stamp_ns = rig.next_stamp_ns()
        image = rig.sensors.image(stamp_ns, frame_id)
        depth = rig.send_through(heard, image=image, depth=rig.sensors.depth(stamp_ns, frame_id))
        assert depth.header.frame_id == frame_id
    assert capfd.readouterr().err.count('the image has no frame_id') == 1


def test_another_frame_id_in_mid_stream_is_another_camera_at_once(rig):
    """C12: the first cloud under the new name is of the new camera's lens."""
    heard, clouds = rig.listen('depth/image_rect'), rig.listen('points', PointCloud2)
    infos = rig.listen('depth/camera_info', CameraInfo)
    for frame_id, focal_px in (('left', 100.0), ('left', 100.0), ('right', 150.0)):
        stamp_ns, count = rig.next_stamp_ns(), len(clouds)
        image = rig.sensors.image(stamp_ns, frame_id)
        info = rig.sensors.camera_info(stamp_ns, focal_px=focal_px, header=image.header)
        depth = rig.sensors.depth(stamp_ns, frame_id)
        depth_m = metres(rig.send_through(heard, image=image, depth=depth, camera_info=info))
        rig.spin_until(lambda n=count: len(clouds) > n and len(infos) > n)
        assert clouds[-1].header == infos[-1].header == image.header
        assert infos[-1].k[0] == focal_px
        x_m = point_cloud2.read_points(clouds[-1])['x'].reshape(depth_m.shape)
        expected_m = (np.arange(112) - 55.5) / focal_px * depth_m
        known = np.isfinite(x_m)
        assert known.any()
        np.testing.assert_allclose(x_m[known], expected_m[known], atol=1e-5)
    assert rig.drops == {}


def test_nothing_of_the_camera_before_is_used_for_the_one_that_took_over(rig, capfd):
    """C12: no cloud until its own camera_info comes, no depth averaged, and the log says why."""
    heard, clouds = rig.listen('depth/image_rect'), rig.listen('points', PointCloud2)

    def send(frame_id, *, with_info):
        stamp_ns = rig.next_stamp_ns()
        image, depth = rig.sensors.image(stamp_ns, frame_id), rig.sensors.depth(stamp_ns, frame_id)
        counts = np.frombuffer(depth.data, np.uint16) + np.uint16(len(heard) % 2)  # noise
        depth.data = array.array('B', counts.tobytes())
        if with_info:
            info = rig.sensors.camera_info(stamp_ns, header=image.header)
            return rig.send_through(heard, image=image, depth=depth, camera_info=info)
        for role, message in (('depth', depth), ('image', image)):
            rig.publishers[role].publish(message)
        rig.spin_until(lambda: heard[-1].header == image.header)
        return heard[-1]

    for _ in range(2):
        send('left', with_info=True)
    rig.spin_until(lambda: len(clouds) == 2)
    assert rig.camera.history.averaged_fraction == 1.0
    assert 'changed' not in capfd.readouterr().err
    send('right', with_info=False)
    assert rig.camera.history.averaged_fraction == 0.0
    assert rig.camera.calibration.problem == 'no camera_info has arrived'
    last = send('right', with_info=True)
    rig.spin_until(lambda: len(clouds) == 3)
    assert clouds[-1].header == last.header
    said = capfd.readouterr().err
    for topic in ('/image', '/depth'):
        assert said.count(f"frame_id on {topic} changed from 'left' to 'right'") == 1


def test_a_slash_before_the_frame_id_is_no_other_camera(rig, capfd):
    """K17: nothing is forgotten, no frame is refused, and the slash is said once."""
    heard = rig.listen('depth/image_rect')
    for frame_id in ('left', '/left', 'left', '/left'):
        stamp_ns = rig.next_stamp_ns()
        image, depth = rig.sensors.image(stamp_ns, frame_id), rig.sensors.depth(stamp_ns, frame_id)
        rig.send_through(heard, image=image, depth=depth)
    assert rig.drops == {}
    said = capfd.readouterr().err
    assert 'taken for another camera' not in said
    assert said.count("the image's frame_id '/left' begins with a slash") == 1


def bad_image(**fields):
    """Change fields of the image."""
    return 'image', fields


def bad_depth(**fields):
    """Change fields of the depth."""
    return 'depth', fields


FLOATS = {'encoding': '32FC1', 'step': 112}
BAD = {
    'C1 encoding': (bad_image(encoding='xyz'), 'image_encoding'),
    'C2 empty encoding': (bad_image(encoding=''), 'image_encoding'),
    'C2 encoding of a megabyte': (bad_image(encoding='x' * 1_000_000), 'image_encoding'),
    'C3 step 10': (bad_image(step=10), 'image_step'),
    'C3 step 0': (bad_image(step=0, data=bytes(84 * 112 * 3 + 1)), 'image_step'),
    'C4 short': (bad_image(data=bytes(84 * 112 * 3 - 1)), 'image_data'),
    'C4 empty': (bad_image(data=b''), 'image_data'),
    'C5 no rows': (bad_image(height=0), 'image_size'),
    'C5 1x1': (bad_image(height=1, width=1), 'depth_aspect'),
    'C5 13x17': (bad_image(height=13, width=17, step=51), 'image_size'),
    'C5 5000x5000': (bad_image(height=5000, width=5000, step=15_000), 'image_size'),
    'C5 header of 100000x100000': (bad_image(height=100_000, width=100_000), 'image_size'),
    'D encoding': (bad_depth(encoding='rgb8'), 'depth_encoding'),
    'D2 millimetres in floats': (
        bad_depth(**FLOATS, data=np.full((21, 28), 812, '<f4').tobytes()),
        'depth_unit',
    ),
    'D3 metres counted': (bad_depth(data=np.full((21, 28), 20, '<u2').tobytes()), 'depth_unit'),
    'D4 all NaN': (
        bad_depth(**FLOATS, data=np.full((21, 28), NAN, '<f4').tobytes()),
        'prompt_too_sparse',
    ),
    'D5 all zero': (bad_depth(data=bytes(21 * 28 * 2)), 'prompt_too_sparse'),
    'D6 all infinite': (
        bad_depth(**FLOATS, data=np.full((21, 28), INF, '<f4').tobytes()),
        'out_of_range',
    ),
    'D11 aspect': (bad_depth(height=14), 'depth_aspect'),
}


PAIR_BYTES = 100_000  # of a good pair, on the wire, received, and its bookkeeping


def require_drop(rig, name, reason, pair):
    """Send a pair that is dropped under a reason, and for which no more memory is taken."""
    before = Counter(rig.drops)
    most = PAIR_BYTES + 1.2 * sum(len(each.data) for each in pair.values())
    tracemalloc.start()
    try:
        rig.send(**pair)
        rig.spin_until(lambda: Counter(rig.drops) != before)
        taken = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert Counter(rig.drops) - before == {reason: 1}, name
    assert taken < most or 'megabyte' in name, name


def test_every_bad_message_is_counted_and_the_next_pair_is_published(rig):
    """C1, C2, C3, C4, C5, D2, D3, D4, D5, D6, D11: counted; recovery within one pair."""
    heard = rig.listen('depth/image_rect')
    for name, ((role, fields), reason) in BAD.items():
        stamp_ns = rig.next_stamp_ns()
        pair = {'image': rig.sensors.image(stamp_ns), 'depth': rig.sensors.depth(stamp_ns)}
        for field, value in fields.items():
            setattr(pair[role], field, value)
        require_drop(rig, name, reason, pair)
        rig.send_through(heard)
    assert len(heard) == len(BAD)
    assert rig.node.exit_code == ExitCode.CLEAN


NO_CONFIG, COUNTS = bytes(12), np.full((21, 28), 800, np.uint16)
RVL, PNG = '16UC1; compressedDepth rvl', '16UC1; compressedDepth png'


def jpeg(image):
    """Compress an image as drivers do."""
    pixels = np.frombuffer(image.data, np.uint8).reshape(image.height, image.width, 3)
    return cv2.imencode('.jpg', pixels[..., ::-1])[1].tobytes()


def jpeg_of_four_inks():
    """Return a JPEG in CMYK."""
    file = io.BytesIO()
    Picture.fromarray(np.full((84, 112, 4), 90, np.uint8), 'CMYK').save(file, 'JPEG')
    return file.getvalue()


def jpeg_of_60000(data):
    """Return a JPEG whose header claims 60000x60000."""
    place = data.index(b'\xff\xc0') + 5
    return data[:place] + struct.pack('>HH', 60_000, 60_000) + data[place + 4 :]


def png_of_60000(bits, colour):
    """Return a PNG whose header claims 60000x60000."""
    header = b'IHDR' + struct.pack('>IIBBBBB', 60_000, 60_000, bits, colour, 0, 0, 0)
    check = struct.pack('>I', zlib.crc32(header))
    return b'\x89PNG\r\n\x1a\n\x00\x00\x00\r' + header + check + bytes(40)


BAD_PICTURES = {
    'C10 cut off': ('image', lambda good: ('jpeg', good[: len(good) // 2]), 'image_data'),
    'C10 no picture': ('image', lambda good: ('jpeg', b'GIF89a' + bytes(90)), 'image_format'),
    'C10 CMYK': ('image', lambda good: ('jpeg', jpeg_of_four_inks()), 'image_format'),
    'C10 bomb': ('image', lambda good: ('jpeg', jpeg_of_60000(good)), 'image_size'),
    'C10 bomb in PNG': ('image', lambda good: ('png', png_of_60000(8, 2)), 'image_size'),
    'D15 11 bytes': ('depth', lambda good: (PNG, good[:11]), 'depth_header'),
    'D15 bad PNG': ('depth', lambda good: (PNG, NO_CONFIG + bytes(99)), 'depth_png'),
    'D15 8 bits': (
        'depth',
        lambda good: (PNG, NO_CONFIG + cv2.imencode('.png', COUNTS.astype('u1'))[1].tobytes()),
        'depth_png_bits',
    ),
    'D15 RVL of 60000x60000': (
        'depth',
        lambda good: (RVL, NO_CONFIG + struct.pack('<II', 60_000, 60_000) + bytes(40)),
        'depth_size',
    ),
    'D15 PNG of 60000x60000': (
        'depth',
        lambda good: (PNG, NO_CONFIG + png_of_60000(16, 0)),
        'depth_size',
    ),
    'D15 JPEG': (
        'depth',
        lambda good: ('16UC1; jpeg compressed ', cv2.imencode('.jpg', COUNTS)[1].tobytes()),
        'depth_jpeg',
    ),
}


def test_every_bad_picture_is_counted_and_the_next_pair_is_published(make_rig):
    """C10, D15: compressed topics through the whole node; recovery within one pair."""
    transports = {'image': 'compressed', 'depth': 'compressedDepth'}
    rig = make_rig(**{f'input.{role}_transport': name for role, name in transports.items()})
    rig.node.start()
    for role, name in transports.items():
        rig.publishers[role] = rig.peer.create_publisher(CompressedImage, f'/{role}/{name}', 10)
        rig.spin_until(lambda each=rig.publishers[role]: rig.are_matched(each, rig.node))
    heard = rig.listen('depth/image_rect')

    def good_pair():
        image = rig.sensors.image(rig.next_stamp_ns())
        compressed = CompressedImage(header=image.header, format='rgb8; jpeg compressed bgr8')
        compressed.data = array.array('B', jpeg(image))
        slope = rig.sensors.depth(stamp_ns_of(image))
        counts = np.frombuffer(slope.data, '<u2').reshape(21, 28)
        return {'image': compressed, 'depth': encode_depth(counts, slope.header, ros_types())}

    for name, (role, spoil, reason) in BAD_PICTURES.items():
        pair = good_pair()
        form, data = spoil(bytes(pair[role].data))
        pair[role].format, pair[role].data = form, array.array('B', data)
        require_drop(rig, name, reason, pair)
        assert np.isfinite(metres(rig.send_through(heard, **good_pair()))).any()
    assert len(heard) == len(BAD_PICTURES)


def test_depth_as_a_jpeg_on_its_compressed_topic_is_refused_and_a_png_read(make_rig, capfd):
    """D15: eight of sixteen bits are no depth, and what to do is said."""
    rig = make_rig(input__depth_transport='compressed')
    rig.node.start()
    rig.advertise('image')
    rig.publishers['depth'] = rig.peer.create_publisher(CompressedImage, '/depth/compressed', 10)
    rig.spin_until(lambda: rig.are_matched(rig.publishers['depth'], rig.node))
    heard = rig.listen('depth/image_rect')

    def packed(kind, form):
        image = rig.sensors.image(rig.next_stamp_ns())
        depth = CompressedImage(header=image.header, format=form)
        depth.data = array.array('B', cv2.imencode(kind, COUNTS)[1].tobytes())
        return {'image': image, 'depth': depth}

    rig.send(**packed('.jpg', '16UC1; jpeg compressed '))
    rig.spin_until(lambda: rig.drops == {'depth_jpeg': 1})
    assert 'input.depth_transport:=compressedDepth' in capfd.readouterr().err
    depth_m = metres(rig.send_through(heard, **packed('.png', '16UC1; png compressed ')))
    np.testing.assert_allclose(depth_m, 0.8, atol=0.1)


def test_depth_of_another_frame_is_refused_until_the_user_allows_it(impatient, rig, capfd):
    """D12: live, without a restart."""
    heard = rig.listen('depth/image_rect')
    stamp_ns = rig.next_stamp_ns()
    rig.send(image=rig.sensors.image(stamp_ns), depth=rig.sensors.depth(stamp_ns, 'depth_optical'))
    rig.spin_until(lambda: rig.drops == {'no_transform': 1})
    said = capfd.readouterr().err
    assert "no transform from 'depth_optical' to 'camera_color_optical_frame'" in said
    assert 'align_depth.enable:=true' in said
    rig.node.set_parameters([Parameter('input.allow_frame_mismatch', value=True)])
    stamp_ns = rig.next_stamp_ns()
    image = rig.sensors.image(stamp_ns)
    rig.send_through(heard, image=image, depth=rig.sensors.depth(stamp_ns, 'depth_optical'))


def test_depth_whose_calibration_is_that_of_the_image_is_refused(impatient, make_rig, capfd):
    """K5: image and depth in one namespace, where the launch file finds one camera_info."""
    remaps = ('camera_info:=/my/camera_info', 'depth_camera_info:=/my/camera_info')
    rig = make_rig(*(word for remap in remaps for word in ('-r', remap)))
    rig.node.start()
    rig.advertise('image')
    rig.advertise('depth')
    heard = rig.listen('depth/image_rect')
    stamp_ns = rig.next_stamp_ns()
    rig.send(image=rig.sensors.image(stamp_ns), depth=rig.sensors.depth(stamp_ns, 'depth_optical'))
    rig.spin_until(lambda: rig.drops)
    assert rig.drops == {'no_depth_camera_info': 1}
    assert 'are one topic, /my/camera_info; remap depth_camera_info' in capfd.readouterr().err
    rig.send_through(heard)  # of the frame of the image, as simulators publish it


def test_stamps_of_another_clock_are_no_reason_to_drop(rig):
    """F15, J6: a simulator's seconds under a system clock; nothing is ever stamped anew."""
    heard = rig.listen('depth/image_rect')
    for stamp_ns in (12_000_000_000, 12_033_000_000):
        image, depth = rig.sensors.image(stamp_ns), rig.sensors.depth(stamp_ns)
        assert stamp_ns_of(rig.send_through(heard, image=image, depth=depth)) == stamp_ns
    assert rig.drops == {}


def test_frames_without_a_listener_are_counted_and_not_estimated(rig):
    """G13: work for listeners only."""
    rig.send()
    rig.spin_until(lambda: rig.drops == {'no_listener': 1})
    assert set(rig.camera.stages.snapshot()) == {'listen', 'pair', 'hand_over'}


@pytest.mark.parametrize('when', ['before', 'after'])
def test_best_effort_sensors_are_heard(often, make_rig, when):
    """G1: cameras that publish as sensor data do."""
    rig = make_rig()
    roles = ('image', 'depth', 'camera_info')
    if when == 'before':
        for role in roles:
            rig.advertise(role, BEST_EFFORT, matched=False)
        rig.spin_until(lambda: all(rig.node.count_publishers(f'/{role}') for role in roles))
    rig.node.start()
    heard = rig.listen('depth/image_rect')
    for role in roles if when == 'after' else ():
        rig.advertise(role, BEST_EFFORT, matched=False)
    publishers = [rig.publishers[role] for role in roles]
    rig.spin_until(lambda: all(rig.are_matched(each, rig.node) for each in publishers))
    rig.send_through(heard)


# camera_info


def test_without_camera_info_depth_goes_on_and_points_begin_with_it(impatient, make_rig, capfd):
    """E1: a warning once, and recovery within one pair."""
    rig = make_rig()
    rig.node.start()
    rig.advertise('image')
    rig.advertise('depth')
    heard = rig.listen('depth/image_rect')
    infos, clouds = rig.listen('depth/camera_info', CameraInfo), rig.listen('points', PointCloud2)
    said = []

    def is_said():
        said.append(capfd.readouterr().err)
        return 'no camera_info on /camera_info: depth is published' in ''.join(said)

    rig.send_through(heard)
    rig.spin_until(is_said)
    for _ in range(3):
        rig.send_through(heard)
    assert infos == clouds == []
    assert ''.join([*said, capfd.readouterr().err]).count('no camera_info on') == 1
    rig.advertise('camera_info')
    stamp_ns = rig.send()
    rig.spin_until(lambda: infos and clouds)
    assert stamp_ns_of(infos[0]) == stamp_ns_of(clouds[0]) == stamp_ns


@pytest.mark.parametrize(
    'fields, text',
    [
        ({'k': [0.0] * 9, 'p': [0.0] * 12}, 'uncalibrated (K[0]=0)'),
        ({'binning_x': 1000, 'binning_y': 1000}, 'binning 1000x1000, which leaves no pixel'),
        ({'k': [NAN] * 9}, 'not finite'),
        ({'k': [-1.0, 0, 0, 0, 1, 0, 0, 0, 1]}, 'uncalibrated (K[0]=-1)'),
        ({'width': 640, 'height': 480}, 'camera_info is for 640x480 but the image is 112x84'),
    ],
)
def test_a_camera_info_of_no_use_costs_the_points_alone(rig, capfd, fields, text):
    """E2, E4: depth continues; the next good message brings the points back."""
    heard, clouds = rig.listen('depth/image_rect'), rig.listen('points', PointCloud2)
    for _ in range(2):
        stamp_ns = rig.next_stamp_ns()
        rig.send_through(heard, camera_info=rig.sensors.camera_info(stamp_ns, **fields))
    assert clouds == []
    said = capfd.readouterr().err
    assert said.count('no point cloud: ') == 1
    assert text in said
    rig.send_through(heard)
    rig.spin_until(lambda: clouds)


@pytest.mark.parametrize(
    'fields, text',
    [
        ({'width': 0, 'height': 0}, 'camera_info has no size: 112x84 of the image is taken'),
        ({'k': [0.0] * 9}, 'camera_info: K is empty, P is not: P is taken'),
        ({'d': [0.1, 0, 0, 0, 0]}, 'the image is not rectified'),
        ({'d': [0.1], 'distortion_model': 'unheard_of'}, 'the image is not rectified'),
        ({'binning_x': 1, 'roi': RegionOfInterest(width=112, height=84)}, ''),
    ],
)
def test_an_odd_camera_info_is_said_once_and_used(rig, capfd, fields, text):
    """E3, E5, E8: the points are there all the same."""
    clouds = rig.listen('points', PointCloud2)
    for _ in range(3):
        stamp_ns = rig.next_stamp_ns()
        info = rig.sensors.camera_info(stamp_ns, **fields)
        rig.send_through(clouds, camera_info=info)
    said = capfd.readouterr().err
    assert said.count('WARN') == (1 if text else 0)
    assert text in said


def test_the_intrinsics_follow_a_camera_that_zooms(rig):
    """E6, E9: no old K is kept, and the stamp need not be the image's."""
    infos = rig.listen('depth/camera_info', CameraInfo)
    for focal_px in (100.0, 120.0, 90.0):
        stamp_ns = rig.next_stamp_ns()
        info = rig.sensors.camera_info(stamp_ns - 5, focal_px=focal_px)
        assert rig.send_through(infos, camera_info=info).k[0] == focal_px
    rig.publishers.pop('camera_info')
    assert rig.send_through(infos).k[0] == 90.0


def test_the_frame_of_the_image_wins_over_that_of_the_camera_info(rig, capfd):
    """E7: said once."""
    infos = rig.listen('depth/camera_info', CameraInfo)
    for _ in range(2):
        info = rig.sensors.camera_info(rig.next_stamp_ns())
        info.header.frame_id = 'somewhere'
        found = rig.send_through(infos, camera_info=info)
        assert found.header.frame_id == 'camera_color_optical_frame'
    assert capfd.readouterr().err.count("camera_info is of frame 'somewhere'") == 1


# Trust


@pytest.mark.parametrize('anchor', ['auto', 'off'])
def test_a_network_that_does_not_follow_its_sensor_is_dropped_until_the_user_allows_it(
    make_rig, capfd, anchor
):
    """B1: random weights, held at the sensor or not; nothing is shown and the reason is said."""
    rig = make_rig(trust__gate=True, output__anchor=anchor)
    rig.node.start()
    rig.advertise_all()
    heard = rig.listen('depth/image_rect')
    rig.send()
    rig.spin_until(lambda: rig.drops == {'contradicts_sensor': 1})
    assert heard == []
    assert (
        'of the variance of the measurements unexplained, more than 50%' in capfd.readouterr().err
    )
    rig.node.set_parameters([Parameter('trust.gate', value=False)])
    rig.send_through(heard)


# The workspace


class Tf:
    """Stands in for TF: knows what the test says."""

    def __init__(self):
        self.known, self.asked = None, []

    def clear(self):
        """Forget nothing: everything is fixed."""

    def close(self):
        """End."""

    def lookup(self, target, source, stamp_ns, timeout_sec):
        """Return the transform, or refuse."""
        self.asked.append((target, source, stamp_ns, timeout_sec))
        if self.known is None:
            raise BadFrame('no_transform', f"no transform from '{source}' to '{target}'")
        return self.known


BOX = [
    Parameter('workspace.frame', value='base_link'),
    Parameter('workspace.box_min', value=[-1000.0, -1000.0, 1.5]),
]


@pytest.mark.setting('workspace.frame')
def test_clouds_are_cropped_to_a_box_that_tf_knows_at_the_stamp(often, rig, capfd):
    """Unknown, it costs the clouds alone; the base lies 0.5 m behind the camera."""
    tf = rig.camera.extrinsics = Tf()
    heard, clouds = rig.listen('depth/image_rect'), rig.listen('points', PointCloud2)
    latest = rig.hear_statuses()
    rig.node.set_parameters(BOX)
    for _ in range(2):
        rig.send_through(heard)
    assert clouds == []
    assert capfd.readouterr().err.count("no point cloud: no transform from '") == 1
    rig.spin_until(lambda: latest('frames') and latest('frames')[0] == 'warn')
    assert "no point cloud: no transform from 'camera_color_optical_frame'" in latest('frames')[1]
    tf.known = Transform.of((0.0, 0.0, 0.5), (0.0, 0.0, 0.0, 1.0))
    message = rig.send_through(clouds)
    z_m = point_cloud2.read_points(message)['z']
    known_m = z_m[np.isfinite(z_m)]
    assert 0 < known_m.size < z_m.size
    assert known_m.min() >= 1.0
    timeout_sec = rig.camera.settings.extrinsics.timeout
    question = ('base_link', 'camera_color_optical_frame', stamp_ns_of(message), timeout_sec)
    assert tf.asked[-1] == question
    rig.spin_until(lambda: latest('frames')[0] == 'ok')


def test_what_would_hold_up_a_frame_is_done_after_it_was_published(rig):
    """The network is compiled between frames."""
    published = []

    class Compiled(CompiledNetwork):
        has_missed = True

        def compile_missed(self):
            published.append(rig.camera.outputs.published()['depth/image_rect'])

    pipeline = rig.node.pipeline
    compiled = Compiled(pipeline.model.estimator.network, OpenVinoModel)
    pipeline.model = replace(pipeline.model, compiled=(compiled,))
    heard, status = rig.listen('depth/image_rect'), rig.hear_statuses()
    for _ in range(2):
        rig.send_through(heard)
    rig.spin_until(lambda: status('network') and len(published) == 2)
    assert published == [1, 2]
    assert status('network')[2]['engine'] == 'OpenVINO, sizes compiled: 0'


def test_depth_is_published_before_the_cloud_is_made(rig, monkeypatch):
    published = []

    def make(output, *given):
        published.append((output, dict(rig.camera.outputs.published())))
        return products.make(output, *given)

    monkeypatch.setattr('promptda_ros.node.outputs.make', make)
    heard, clouds = rig.listen('depth/image_rect'), rig.listen('points', PointCloud2)
    rig.send_through(heard)
    rig.spin_until(lambda: clouds)
    assert [(output, counts['depth/image_rect']) for output, counts in published] == [
        ('depth/image_rect', 0),
        ('points', 1),
    ]


def test_nobody_asks_tf_for_clouds_that_nobody_listens_to(rig):
    """G13."""
    tf = rig.camera.extrinsics = Tf()
    rig.node.set_parameters(BOX)
    rig.send_through(rig.listen('depth/image_rect'))
    assert tf.asked == []


def test_what_may_come_a_little_later_is_dropped_in_silence_at_first(rig, capfd):
    """A sensor's transform is on its way when everything starts at once."""
    rig.listen('depth/image_rect')
    stamp_ns = rig.next_stamp_ns()
    rig.send(image=rig.sensors.image(stamp_ns), depth=rig.sensors.depth(stamp_ns, 'depth_optical'))
    rig.spin_until(lambda: rig.drops == {'no_transform': 1})
    assert 'no transform' not in capfd.readouterr().err


def test_a_frame_sees_one_set_of_settings(rig, monkeypatch):
    """K28: set between any two of its stages, others hold for the next frame."""
    seen = []

    def noting(function, value):
        def run(*arguments, **named):
            given = (*arguments, *named.values())
            seen.extend(each for each in given if isinstance(each, Settings))
            seen.extend(each.settings for each in given if isinstance(each, FrameOutputs))
            changed = [Parameter('output.stride', value=value)]
            assert rig.node.set_parameters(changed)[0].successful
            return function(*arguments, **named)

        return run

    estimator = rig.node.pipeline.model.estimator
    clouds = rig.listen('points', PointCloud2)
    before = rig.camera.settings
    for number, (owner, name) in enumerate(
        (
            (rig.camera, 'read'),
            (estimator, 'prepare'),
            (estimator, 'restore'),
            (rig.camera, 'result_of'),
            (outputs, 'make'),
        )
    ):
        monkeypatch.setattr(owner, name, noting(getattr(owner, name), number + 2))
    assert (rig.send_through(clouds).height, rig.send_through(clouds).height) == (84, 14)
    assert seen[: len(seen) // 2] == [before] * (len(seen) // 2)
