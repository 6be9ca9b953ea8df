# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Messages become arrays and arrays outgoing, whatever their encoding, padding or byte order."""

from __future__ import annotations

import array
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
import runpy
import sys
import tracemalloc

from builtin_interfaces.msg import Time
import cv_bridge
from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest
from sensor_msgs.msg import CameraInfo, Image, RegionOfInterest
from sensor_msgs_py import point_cloud2
from std_msgs.msg import Header
import torch

from promptda_ros.core.cloud.cloud import build_cloud, COMPACT_LAYOUT, PCL_LAYOUT, PointLayout
from promptda_ros.core.frame import BadFrame, Intrinsics
from promptda_ros.core.geometry import camera
from promptda_ros.core.geometry.camera_info import is_distorted, read_camera_info
from promptda_ros.messages import encodings, outgoing, outgoing_images, stamps
from promptda_ros.messages.message_types import ros_types, rosbags_types
from promptda_ros.messages.millimetres import counts_of_metres

_PINHOLE = runpy.run_path(str(Path(__file__).parents[1] / 'pinhole.py'))
back_project = _PINHOLE['back_project']

ROS = ros_types()
MAX_PIXELS = 16_000_000
HEADER = Header(stamp=Time(sec=1_700_000_000, nanosec=987_654_321), frame_id='optical')
ONLY_Z = PointLayout(4, {'z': 0})
BAYER = ('rggb', 'bggr', 'gbrg', 'grbg')


def cloud_of(depth_m, image, intrinsics, layout: PointLayout = COMPACT_LAYOUT):
    """Build the cloud of arrays."""
    tensors = torch.from_numpy(depth_m), torch.from_numpy(image)
    return build_cloud(*tensors, intrinsics, layout).numpy()


def mosaic(rgb: np.ndarray, pattern: str) -> np.ndarray:
    """Keep one colour a pixel; the pattern names the first two rows."""
    pixels = np.empty(rgb.shape[:2], rgb.dtype)
    for place, letter in enumerate(pattern):
        row, column = divmod(place, 2)
        pixels[row::2, column::2] = rgb[row::2, column::2, 'rgb'.index(letter)]
    return pixels


def wide(pixels: np.ndarray) -> np.ndarray:
    """Bring 8 bits to 16: full white stays full white."""
    return pixels.astype(np.uint16) * 257


def with_alpha(pixels: np.ndarray) -> np.ndarray:
    """Add a channel that means nothing here."""
    return np.concatenate((pixels, np.full_like(pixels[..., :1], 77)), axis=2)


# What a camera that sees RGB (H, W, 3) sends in every encoding that loses no colour
LOSSLESS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    'rgb8': lambda rgb: rgb,
    'bgr8': lambda rgb: rgb[..., ::-1],
    'rgba8': with_alpha,
    'bgra8': lambda rgb: with_alpha(rgb[..., ::-1]),
    'rgb16': wide,
    'bgr16': lambda rgb: wide(rgb[..., ::-1]),
}
GREY = {'mono8': lambda grey: grey, '8UC1': lambda grey: grey, 'mono16': wide}
DEPTH = {'16UC1': np.uint16, 'mono16': np.uint16, '32FC1': np.float32}


def message_of(
    pixels: np.ndarray, encoding: str, *, padding: int = 0, is_bigendian: int = 0, extra: int = 0
) -> Image:
    """Pack rows of pixels, each followed by rubbish, all followed by `extra` bytes."""
    height, width = pixels.shape[:2]
    stored = pixels.astype(pixels.dtype.newbyteorder('>' if is_bigendian else '<'))
    rows = np.ascontiguousarray(stored).view(np.uint8).reshape(height, -1)
    rows = np.pad(rows, ((0, 0), (0, padding)), constant_values=0xAB)
    message = Image(header=HEADER, height=height, width=width, encoding=encoding)
    message.is_bigendian = is_bigendian
    message.step = rows.shape[1]
    message.data = array.array('B', rows.tobytes() + b'\xcd' * extra)
    return message


def read(message: Image) -> np.ndarray:
    """Read an image under the default limit."""
    return encodings.read_image(message, max_pixels=MAX_PIXELS)


def read_depth(message: Image, depth_scale: float = 0.0) -> np.ndarray:
    """Read depth under the default limit."""
    return encodings.read_depth(message, depth_scale=depth_scale, max_pixels=MAX_PIXELS)


def outcome(read_any: Callable[[Image], np.ndarray], message: Image) -> tuple[int, ...] | str:
    """Return the shape of what was read, or the reason why it was refused."""
    try:
        return read_any(message).shape
    except BadFrame as refused:
        return refused.reason


def noise(height: int, width: int, channels: int = 3, seed: int = 0) -> np.ndarray:
    """Return random bytes (H, W, C)."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), dtype=np.uint8)


sides = st.integers(1, 24)
layouts = st.fixed_dictionaries(
    {
        'padding': st.integers(0, 67),
        'is_bigendian': st.sampled_from([0, 1, 7]),
        'extra': st.integers(0, 5),
    }
)


# Colour images


@given(st.sampled_from(sorted(LOSSLESS)), sides, sides, layouts, st.integers(0, 2**32 - 1))
def test_reading_undoes_packing_for_every_colour_encoding(encoding, height, width, layout, seed):
    """C1, C3, C6: padded rows, odd strides, big endian, is_bigendian=7, trailing bytes."""
    rgb = noise(height, width, seed=seed)
    found = read(message_of(LOSSLESS[encoding](rgb), encoding, **layout))
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, rgb)


@given(st.sampled_from(sorted(GREY)), sides, sides, layouts, st.integers(0, 2**32 - 1))
def test_reading_undoes_packing_for_every_grey_encoding(encoding, height, width, layout, seed):
    """C1, C3, C6: grey is RGB with equal channels."""
    grey = noise(height, width, 1, seed)[..., 0]
    found = read(message_of(GREY[encoding](grey), encoding, **layout))
    np.testing.assert_array_equal(found, np.repeat(grey[..., None], 3, axis=2))


@pytest.mark.parametrize('bits', [8, 16])
@pytest.mark.parametrize('pattern', BAYER)
@pytest.mark.parametrize('colour', [(250, 10, 60), (10, 250, 60), (60, 10, 250), (90, 90, 90)])
def test_a_bayer_mosaic_of_one_colour_is_that_colour(pattern, bits, colour):
    """C1: red and blue must not be swapped, nor green moved."""
    rgb = np.full((12, 16, 3), colour, np.uint8)
    pixels = mosaic(rgb if bits == 8 else wide(rgb), pattern)
    found = read(message_of(pixels, f'bayer_{pattern}{bits}', padding=6))
    assert np.abs(found.astype(int) - rgb).max() <= 1


# Colours of two pixels that share their chroma, in video range: what YUV means (ITU-R BT.601)
LUMA = np.array([[60, 200], [120, 30]], np.uint8)
BLUENESS, REDNESS = 100, 170


def rgb_of_yuv() -> np.ndarray:
    """Return the RGB rendition of 8x8 pixels that repeat LUMA."""
    luma = 1.164 * (np.tile(LUMA, (4, 4)) - 16.0)
    blueness, redness = BLUENESS - 128.0, REDNESS - 128.0
    red = luma + 1.596 * redness
    green = luma - 0.813 * redness - 0.391 * blueness
    return np.stack((red, green, luma + 2.018 * blueness), axis=2).clip(0, 255)


@pytest.mark.parametrize(
    'encoding, order', [('yuv422', 'CY'), ('uyvy', 'CY'), ('yuv422_yuy2', 'YC'), ('yuyv', 'YC')]
)
@pytest.mark.parametrize('padding', [0, 6, 7])
def test_packed_yuv_gives_the_colours_that_it_means(encoding, order, padding):
    """C1: both byte orders, at most one level from the rendition."""
    pixels = np.empty((8, 8, 2), np.uint8)
    pixels[..., order.index('Y')] = np.tile(LUMA, (4, 4))
    pixels[:, 0::2, order.index('C')] = BLUENESS
    pixels[:, 1::2, order.index('C')] = REDNESS
    found = read(message_of(pixels, encoding, padding=padding))
    assert np.abs(found - rgb_of_yuv()).max() <= 1


@pytest.mark.parametrize('encoding, first', [('nv12', BLUENESS), ('nv21', REDNESS)])
@pytest.mark.parametrize('padding', [0, 6, 7])
def test_planar_yuv_gives_the_colours_that_it_means(encoding, first, padding):
    """C1: half as many rows of chroma below the rows of luma."""
    planes = np.empty((12, 8), np.uint8)
    planes[:8] = np.tile(LUMA, (4, 4))
    planes[8:, 0::2], planes[8:, 1::2] = first, BLUENESS + REDNESS - first
    message = message_of(planes, encoding, padding=padding)
    message.height = 8
    assert np.abs(read(message) - rgb_of_yuv()).max() <= 1


@pytest.mark.parametrize('encoding', ['nv12', 'nv21', 'yuv422', 'yuyv'])
@pytest.mark.parametrize('height, width', [(8, 7), (7, 8), (1, 1)])
def test_half_pixels_of_chroma_never_raise_anything_else(encoding, height, width):
    """C8: odd sizes are read or refused under a name."""
    channels = 1 if encoding.startswith('nv') else 2
    message = message_of(noise(height * 2, width, channels), encoding)
    message.height = height
    assert outcome(read, message) in ((height, width, 3), 'image_size', 'image_encoding')


BRIDGED = [f'bayer_{each}{bits}' for each in BAYER for bits in (8, 16)]
BRIDGED += ['yuv422', 'yuv422_yuy2', 'rgb16', 'bgr16', 'mono16']


@pytest.mark.parametrize('encoding', BRIDGED)
def test_a_picture_is_what_cv_bridge_makes_of_it(encoding):
    """C1: bit for bit, for those who compare with what other nodes show."""
    known = cv_bridge.CvBridge().encoding_to_dtype_with_channels(encoding)
    pixels = np.random.default_rng(1).integers(0, 256, (12, 16, known[1] * 2), np.uint8)
    pixels = pixels.view(np.uint16) if known[0] == 'uint16' else pixels[..., : known[1]]
    message = message_of(np.ascontiguousarray(pixels), encoding)
    expected = cv_bridge.CvBridge().imgmsg_to_cv2(message, desired_encoding='rgb8')
    np.testing.assert_array_equal(read(message), expected)


@pytest.mark.parametrize('encoding', ['bayer_rggb8', 'bayer_gbrg16', 'yuv422', 'yuyv'])
def test_a_picture_of_any_encoding_is_read_without_ros(monkeypatch, encoding):
    """Recordings are processed where there is none."""
    message = message_of(noise(8, 8, 2), encoding)
    for name in ('cv_bridge', 'sensor_msgs', 'sensor_msgs.msg', 'std_msgs.msg'):
        monkeypatch.setitem(sys.modules, name, None)
    assert read(message).shape == (8, 8, 3)


@pytest.mark.parametrize('encoding', ['rgb8', 'bgr8', 'yuyv', 'nv12'])
def test_a_step_of_zero_means_packed_rows_where_the_length_bears_it_out(encoding):
    """C3: simulators leave it out."""
    channels = {'rgb8': 3, 'bgr8': 3, 'yuyv': 2, 'nv12': 1}[encoding]
    pixels = noise(6, 6, channels) if encoding == 'nv12' else noise(4, 6, channels)
    message = message_of(pixels, encoding)
    message.height = 4
    expected = read(message)
    message.step = 0
    np.testing.assert_array_equal(read(message), expected)
    message.data = message.data[:-1]
    with pytest.raises(BadFrame, match='step 0 <') as refused:
        read(message)
    assert refused.value.reason == 'image_step'


@pytest.mark.parametrize('encoding', ['nv12', 'nv21'])
def test_planes_counted_as_two_bytes_a_pixel_are_read(encoding):
    """K13: sizes made of the two channels that image_encodings gave these formats."""
    message = message_of(noise(6, 6, 1), encoding)
    message.height = 4
    expected = read(message)
    message.step = 12
    message.data.extend(bytes(2 * 4 * 6 - len(message.data)))
    np.testing.assert_array_equal(read(message), expected)


def test_the_byte_order_of_single_bytes_means_nothing():
    """C6: drivers that flag rgb8 as big-endian."""
    message = message_of(noise(4, 6, 3), 'rgb8')
    expected = read(message).copy()
    message.is_bigendian = 1
    np.testing.assert_array_equal(read(message), expected)


def test_an_rgb_image_is_a_view_of_the_message():
    """No copy of what is already as it is needed."""
    message = message_of(noise(4, 6), 'rgb8', padding=3)
    assert np.shares_memory(read(message), np.frombuffer(message.data, np.uint8))


@pytest.mark.parametrize(
    'encoding',
    ['', 'RGB8', 'rgb', '8UC3', '32FC3', 'jpeg', 'bayer_rggb32', 'rgb8 ', '\N{SNOWMAN}'],
)
def test_an_unknown_encoding_is_refused_with_those_that_are_known(encoding):
    """C1, C2: wrong case counts as unknown."""
    with pytest.raises(BadFrame, match='unsupported image encoding') as refused:
        read(message_of(noise(4, 6), encoding))
    assert refused.value.reason == 'image_encoding'
    assert f"'{encoding}'" in str(refused.value)
    for name in (*LOSSLESS, *GREY, 'nv12', 'yuv422', 'bayer_rggb8'):
        assert name in str(refused.value)


@pytest.mark.parametrize('read_any', [read, read_depth])
def test_an_encoding_of_a_megabyte_is_cut_in_the_text(read_any):
    """C2: no peer can flood the log."""
    message = message_of(noise(4, 6), 'rgb8')
    message.encoding = 'x' * 1_000_000
    with pytest.raises(BadFrame) as refused:
        read_any(message)
    assert len(str(refused.value)) < 1000
    assert 'x' * 64 + '...' in str(refused.value)
    assert 'x' * 65 not in str(refused.value)


# Contradictions, for images and depth alike

# Bytes of a row of eight pixels
ROW_BYTES = {
    'rgb8': 24,
    'bgr8': 24,
    'rgba8': 32,
    'bgra8': 32,
    'mono8': 8,
    '8UC1': 8,
    'rgb16': 48,
    'bgr16': 48,
    'mono16': 16,
    'yuv422': 16,
    'nv12': 8,
    'bayer_rggb8': 8,
    '16UC1': 16,
    '32FC1': 32,
}


def read_either(message: Image) -> np.ndarray:
    """Read an image as what it is."""
    return (read_depth if message.encoding in ('16UC1', '32FC1') else read)(message)


def eight_by_eight(encoding: str, step: int | None = None, nbytes: int | None = None) -> Image:
    """Return an 8x8 message with that step and that many bytes, else with the right ones."""
    rows = 12 if encoding == 'nv12' else 8
    message = Image(header=HEADER, height=8, width=8, encoding=encoding)
    message.step = ROW_BYTES[encoding] if step is None else step
    message.data = array.array('B', bytes(rows * message.step if nbytes is None else nbytes))
    return message


def role_of(encoding):
    """Return what a message of the encoding is read as by read_either."""
    return 'depth' if encoding in ('16UC1', '32FC1') else 'image'


@pytest.mark.parametrize('encoding', ROW_BYTES)
def test_the_right_step_and_length_are_taken(encoding):
    assert read_either(eight_by_eight(encoding)).shape[:2] == (8, 8)


@pytest.mark.parametrize('encoding', ROW_BYTES)
@pytest.mark.parametrize('missing', ['one byte', 'everything'])
def test_a_step_that_holds_no_row_is_refused_with_both_numbers(encoding, missing):
    """C3: step 0, step < width x bytes of a pixel."""
    step = ROW_BYTES[encoding] - 1 if missing == 'one byte' else 0
    with pytest.raises(BadFrame, match=f'step {step} < {ROW_BYTES[encoding]}') as refused:
        read_either(eight_by_eight(encoding, step=step, nbytes=10_000))
    assert refused.value.reason == f'{role_of(encoding)}_step'


@pytest.mark.parametrize('encoding', ROW_BYTES)
@pytest.mark.parametrize('missing', ['one byte', 'everything'])
def test_data_that_is_too_short_is_refused_with_both_numbers(encoding, missing):
    """C4: short by one, empty."""
    rows = 12 if encoding == 'nv12' else 8
    needed = rows * ROW_BYTES[encoding]
    nbytes = needed - 1 if missing == 'one byte' else 0
    with pytest.raises(BadFrame, match=f'{nbytes} bytes < {needed}') as refused:
        read_either(eight_by_eight(encoding, nbytes=nbytes))
    assert refused.value.reason == f'{role_of(encoding)}_data'


@pytest.mark.parametrize('encoding', ROW_BYTES)
@pytest.mark.parametrize('height, width', [(0, 8), (8, 0), (0, 0)])
def test_a_message_without_pixels_is_refused(encoding, height, width):
    """C5: 0x480."""
    message = eight_by_eight(encoding)
    message.height, message.width = height, width
    with pytest.raises(BadFrame, match=f'{width}x{height}: it has no pixels') as refused:
        read_either(message)
    assert refused.value.reason == f'{role_of(encoding)}_size'


@pytest.mark.parametrize('encoding', ROW_BYTES)
@pytest.mark.parametrize('side, megapixels', [(5000, '25.0'), (100_000, '10000.0')])
def test_more_pixels_than_the_limit_are_refused_before_anything_is_allocated(
    encoding, side, megapixels
):
    """C5: 5000x5000, and 100000x100000 of which only the header exists."""
    message = eight_by_eight(encoding)
    message.height = message.width = side
    message.step = min(side * 16, 2**32 - 1)
    tracemalloc.start()
    try:
        with pytest.raises(BadFrame, match=rf'{megapixels} Mpx > input\.max_pixels') as refused:
            read_either(message)
        allocated = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert refused.value.reason == f'{role_of(encoding)}_size'
    assert allocated < 100_000


@given(width=sides, height=sides)
def test_a_picture_may_have_as_many_pixels_as_the_limit_and_not_one_more(width, height):
    """C5: in any transport."""
    count = width * height
    encodings.require_size(width, height, count, role='depth')
    with pytest.raises(BadFrame, match='Mpx > input'):
        encodings.require_size(width, height, count - 1, role='depth')


@pytest.mark.parametrize('encoding', ROW_BYTES)
def test_a_step_of_gigabytes_allocates_nothing(encoding):
    """C5, C3: the data decides, not the header."""
    tracemalloc.start()
    try:
        with pytest.raises(BadFrame, match='bytes <'):
            read_either(eight_by_eight(encoding, step=2**32 - 1, nbytes=100))
        allocated = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert allocated < 100_000


@given(
    encoding=st.sampled_from([*sorted(ROW_BYTES), 'bayer_gbrg16', 'nv21', 'yuyv', '', 'xyz']),
    height=st.integers(0, 12),
    width=st.integers(0, 12),
    step=st.integers(0, 130),
    nbytes=st.integers(0, 1500),
    is_bigendian=st.integers(0, 255),
)
def test_any_message_is_read_at_its_size_or_refused_under_a_name(
    encoding, height, width, step, nbytes, is_bigendian
):
    """J1: nothing but BadFrame leaves the reader."""
    message = Image(header=HEADER, height=height, width=width, encoding=encoding)
    message.step, message.is_bigendian = step, is_bigendian
    message.data = array.array('B', bytes(nbytes))
    problems = ('size', 'step', 'data', 'encoding')
    image_problems, depth_problems = (
        [f'{role}_{problem}' for problem in problems] for role in ('image', 'depth')
    )
    assert outcome(read, message) in ((height, width, 3), *image_problems)
    assert outcome(read_depth, message) in ((height, width), *depth_problems)


# Depth


@given(st.sampled_from(sorted(DEPTH)), sides, sides, layouts, st.integers(0, 2**32 - 1))
def test_reading_undoes_packing_for_every_depth_encoding(encoding, height, width, layout, seed):
    """C3, C6, D1: bit by bit for floats, by the millimetre for counts."""
    random = np.random.default_rng(seed)
    if DEPTH[encoding] is np.float32:
        values = random.integers(0, 2**32, (height, width), dtype=np.uint32).view(np.float32)
        expected_m = values
    else:
        values = random.integers(0, 2**16, (height, width), dtype=np.uint16)
        expected_m = np.where(values == 0, np.nan, values / 1000).astype(np.float32)
        expected_m[values == 65535] = np.inf
    found_m = read_depth(message_of(values, encoding, **layout))
    assert found_m.dtype == np.float32
    np.testing.assert_allclose(found_m, expected_m, rtol=1e-6, atol=0)


def test_millimetres_and_metres_of_the_same_scene_are_the_same():
    """D1: 16UC1 and 32FC1, at most half a millimetre apart."""
    counts = np.arange(1, 65535, dtype=np.uint16)[None]
    metres = (counts / 1000).astype(np.float32)
    found = [read_depth(message_of(counts, '16UC1')), read_depth(message_of(metres, '32FC1'))]
    np.testing.assert_allclose(*found, atol=0.0005, rtol=0)


@pytest.mark.parametrize('scale', [0.0001, 0.00025, 0.001, 0.002])
def test_the_unit_of_counts_is_that_of_the_setting(scale):
    """D3, K1: a tenth and a quarter of a millimetre; the end of the counter is no distance."""
    counts = np.array([[0, 1, 4000, 65534, 65535]], np.uint16)
    found_m = read_depth(message_of(counts, '16UC1'), depth_scale=scale)
    np.testing.assert_allclose(
        found_m, [[np.nan, scale, 4000 * scale, 65534 * scale, np.inf]], rtol=1e-6
    )


def test_the_unit_of_floats_is_that_of_the_setting():
    """D2: 32FC1 in millimetres, once the user has said so."""
    millimetres = np.array([[np.nan, 500.0, np.inf]], np.float32)
    found_m = read_depth(message_of(millimetres, '32FC1'), depth_scale=0.001)
    np.testing.assert_allclose(found_m, [[np.nan, 0.5, np.inf]])
    plain_m = read_depth(message_of(millimetres, '32FC1'))
    np.testing.assert_array_equal(plain_m, millimetres)


@pytest.mark.parametrize('encoding', ['mono8', '8UC1', '16SC1', '64FC1', 'rgb8', '', '32fc1'])
def test_an_unknown_depth_encoding_is_refused_with_those_that_are_known(encoding):
    with pytest.raises(BadFrame, match='unsupported depth encoding') as refused:
        read_depth(message_of(noise(4, 4), encoding))
    assert refused.value.reason == 'depth_encoding'
    assert 'supported: 16UC1, mono16, 32FC1' in str(refused.value)


# Stamps


@given(st.integers(0, 2**31 - 1), st.integers(0, 999_999_999))
def test_a_stamp_stays_the_same_there_and_back(sec, nanosec):
    """C12: no nanosecond is lost on the way."""
    header = Header(stamp=Time(sec=sec, nanosec=nanosec))
    assert outgoing.stamp_of(stamps.stamp_ns_of(header), ROS) == header.stamp


# Intrinsics

K = [600.0, 0.0, 319.5, 0.0, 610.0, 239.5, 0.0, 0.0, 1.0]
P = [580.0, 0.0, 320.5, 0.0, 0.0, 590.0, 241.5, 0.0, 0.0, 0.0, 1.0, 0.0]


def info(**fields: object) -> CameraInfo:
    """Return the camera_info of a 640x480 camera."""
    return CameraInfo(**{'header': HEADER, 'width': 640, 'height': 480, 'k': K, 'p': P, **fields})


def read_info(
    message: CameraInfo, height: int = 480, width: int = 640, *, rectified: bool = False
) -> Intrinsics:
    """Read intrinsics for an image of 640x480 unless told otherwise."""
    return read_camera_info(message, height=height, width=width, rectified=rectified).intrinsics


def test_raw_images_have_k_and_rectified_ones_p():
    assert read_info(info()) == Intrinsics(640, 480, fx=600.0, fy=610.0, cx=319.5, cy=239.5)
    rectified = read_info(info(), rectified=True)
    assert rectified == Intrinsics(640, 480, fx=580.0, fy=590.0, cx=320.5, cy=241.5)
    assert read_info(info(p=[0.0] * 12), rectified=True) == read_info(info())


@pytest.mark.parametrize(
    'index, bad', [(0, 0.0), (0, -600.0), (4, 0.0), (0, np.nan), (2, np.inf), (5, -np.inf)]
)
def test_a_matrix_that_is_no_camera_is_refused(index, bad):
    """E2: K all zero, fx < 0, NaN, Inf."""
    k = list(K)
    k[index] = bad
    with pytest.raises(camera.BadIntrinsics, match=r'K\[0\]='):
        read_info(info(k=k))


def test_a_camera_info_that_was_never_filled_in_is_refused():
    """E2: uncalibrated drivers send zeros."""
    with pytest.raises(camera.BadIntrinsics, match=r'uncalibrated \(K\[0\]=0\)'):
        read_info(CameraInfo(header=HEADER, width=640, height=480))


@pytest.mark.parametrize('size', [{'width': 0, 'height': 0}, {'width': 0}, {'height': 0}])
def test_a_size_of_zero_is_that_of_the_image(size):
    """E3: OAK drivers leave it out."""
    assert read_info(info(**size)) == read_info(info())


@pytest.mark.parametrize('height, width', [(240, 320), (720, 1280), (480, 641), (960, 1280)])
def test_a_camera_info_of_another_size_is_refused_with_both(height, width):
    """E4: points would be shifted."""
    with pytest.raises(camera.BadIntrinsics) as refused:
        read_info(info(), height, width)
    assert f'camera_info is for 640x480 but the image is {width}x{height}' in str(refused.value)


ROI = {'x_offset': 40, 'y_offset': 60, 'width': 320, 'height': 240}


@pytest.mark.parametrize(
    'roi, across, down, size',
    [
        ({}, 2, 2, (240, 320)),
        ({}, 4, 2, (240, 160)),
        (ROI, 0, 0, (240, 320)),
        (ROI, 1, 1, (240, 320)),
        (ROI, 2, 2, (120, 160)),
        ({**ROI, 'do_rectify': True}, 2, 4, (60, 160)),
    ],
)
def test_binning_and_a_region_of_interest_leave_a_plane_where_it_is(roi, across, down, size):
    """E5: binning, region, both, with do_rectify; points at most 0.1 mm off."""
    message = info(roi=RegionOfInterest(**roi), binning_x=across, binning_y=down)
    intrinsics = read_info(message, *size)
    full = read_info(info())
    step_x, step_y = max(1, across), max(1, down)
    top, left = roi.get('y_offset', 0), roi.get('x_offset', 0)
    window = (
        slice(top, top + size[0] * step_y, step_y),
        slice(left, left + size[1] * step_x, step_x),
    )
    columns, rows = camera.rays(full)
    depth_m = (1.2 / (0.3 * columns - 0.2 * rows + 1.0)).astype(np.float32)
    image = np.zeros((480, 640, 3), np.uint8)
    expected_m = cloud_of(depth_m, image, full)[window][..., :3]
    found_m = cloud_of(depth_m[window], image[window], intrinsics)[..., :3]
    np.testing.assert_allclose(found_m, expected_m, atol=1e-5)
    on_plane_m = found_m @ np.float32([0.3, -0.2, 1.0]) - 1.2
    assert np.abs(on_plane_m).max() <= 1e-4


@pytest.mark.parametrize('d', [[], [0.0] * 5, [0.0] * 14])
def test_a_lens_without_coefficients_does_not_distort(d):
    assert not is_distorted(info(d=d))


@pytest.mark.parametrize('d', [[0.1], [0.0, 0.0, 0.0, 0.0, -0.2], [0.0] * 13 + [1e-9]])
@pytest.mark.parametrize('model', ['plumb_bob', 'equidistant', 'unheard_of', ''])
def test_coefficients_of_any_number_and_model_distort(d, model):
    """E8: an unknown model or a wrong length raises nothing."""
    message = info(d=d, distortion_model=model)
    assert is_distorted(message)
    assert read_info(message) == read_info(info())


# What is published


def image_mm(depth_m):
    """Return depth as the node publishes it in millimetres."""
    counts = counts_of_metres(depth_m)
    return outgoing_images.image_of(counts, HEADER, '16UC1', ROS)


def test_the_depth_image_follows_rep_118():
    depth_m = np.array([[0.5, np.nan, 1.25], [65.6, 0.0004, 9.99]], np.float32)
    message = outgoing_images.image_of(depth_m, HEADER, '32FC1', ROS)
    assert message.header == HEADER
    assert (message.encoding, message.height, message.width) == ('32FC1', 2, 3)
    assert (message.step, len(message.data), message.is_bigendian) == (12, 24, 0)
    np.testing.assert_array_equal(read_depth(message), depth_m)


def test_millimetres_are_rounded_half_up_and_never_wrap():
    """J4: 0.0004 m, 65.6 m, NaN."""
    cases = {
        0.0004: 0, 0.0005: 1, 0.001: 1, 0.0014: 1, 0.0016: 2, 1.2344: 1234, 1.2346: 1235,
        65.535: 65535, 65.536: 0, 65.6: 0, 131.072: 0, 1e30: 0, np.inf: 0, -np.inf: 0,
        np.nan: 0, 0.0: 0, -1.0: 0,
    }  # fmt: skip
    depth_m = np.array([list(cases)], np.float32)
    message = image_mm(depth_m)
    assert message.header == HEADER
    assert (message.encoding, message.height, message.width) == ('16UC1', 1, len(cases))
    assert (message.step, message.is_bigendian) == (2 * len(cases), 0)
    found = np.frombuffer(message.data, '<u2').tolist()
    assert dict(zip(cases, found, strict=True)) == cases


def test_every_count_of_millimetres_survives_the_way_there_and_back():
    counts = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    depth_m = read_depth(message_of(counts, '16UC1'))
    assert np.isnan(depth_m[0, 0])
    assert np.isposinf(depth_m[-1, -1])  # the largest count has no distance
    back = np.frombuffer(image_mm(depth_m).data, '<u2')
    np.testing.assert_array_equal(back[:-1], counts.ravel()[:-1])
    assert back[-1] == 0


@given(sides, sides, st.integers(0, 2**32 - 1))
def test_a_published_picture_is_read_as_what_it_was(height, width, seed):
    rgb = noise(height, width, seed=seed)
    message = outgoing_images.image_of(rgb, HEADER, 'rgb8', ROS)
    assert (message.encoding, message.header, message.step) == ('rgb8', HEADER, 3 * width)
    np.testing.assert_array_equal(read(message), rgb)


def test_the_camera_info_of_an_image_is_read_as_what_it_was():
    """C8: K and P agree; binning, region and distortion are undone already."""
    intrinsics = Intrinsics(width=641, height=479, fx=600.5, fy=610.25, cx=319.75, cy=239.125)
    message = outgoing.camera_info(intrinsics, HEADER, ROS)
    assert message.header == HEADER
    for rectified in (True, False):
        assert read_info(message, 479, 641, rectified=rectified) == intrinsics
    assert not is_distorted(message)
    assert message.distortion_model == 'plumb_bob'
    np.testing.assert_array_equal(
        np.reshape(message.p, (3, 4))[:, :3], np.reshape(message.k, (3, 3))
    )


@pytest.mark.parametrize('layout', [COMPACT_LAYOUT, PCL_LAYOUT], ids=['compact', 'pcl'])
def test_a_cloud_is_parsed_as_the_back_projection_of_the_image(layout):
    """J3: points to 0.01 mm, NaN in the same pixels, colours equal."""
    random = np.random.default_rng(4)
    height, width = 24, 32
    intrinsics = Intrinsics(width=width, height=height, fx=40.0, fy=42.0, cx=15.25, cy=11.75)
    depth_m = random.uniform(0.3, 3.0, (height, width)).astype(np.float32)
    depth_m[random.random(depth_m.shape) < 0.2] = np.nan
    image = noise(height, width)
    buffer = cloud_of(depth_m, image, intrinsics, layout)
    message = outgoing.point_cloud(buffer, layout, HEADER, ROS)

    assert message.header == HEADER
    assert (message.height, message.width) == (height, width)
    assert (message.point_step, message.row_step) == (layout.point_step, layout.point_step * width)
    assert (message.is_dense, message.is_bigendian) == (False, False)
    assert len(message.data) == height * message.row_step

    points = point_cloud2.read_points(message, skip_nans=False)
    found_m = np.stack([points[axis] for axis in 'xyz'], axis=1)
    rows, columns = np.mgrid[0:height, 0:width]
    pixels = np.stack((columns.ravel(), rows.ravel()), axis=1).astype(float)
    expected_m = back_project(intrinsics, pixels, depth_m.ravel().astype(float))
    expected_m[np.isnan(depth_m.ravel())] = np.nan
    np.testing.assert_allclose(found_m, expected_m, atol=1e-5)

    packed = np.ascontiguousarray(points['rgb']).view(np.uint32)
    colours = np.stack([packed >> shift & 0xFF for shift in (16, 8, 0)], axis=1)
    np.testing.assert_array_equal(colours, image.reshape(-1, 3))


@pytest.mark.parametrize('types', [ROS, rosbags_types()], ids=['ROS', 'rosbags'])
@pytest.mark.parametrize(
    'build',
    [
        lambda depth_m, types: outgoing_images.image_of(depth_m, HEADER, '32FC1', types),
        lambda depth_m, types: outgoing.point_cloud(depth_m[..., None], ONLY_Z, HEADER, types),
        lambda depth_m, types: outgoing_images.encode_depth(depth_m, HEADER, types),
    ],
)
def test_a_message_keeps_the_very_array_that_was_made_of_the_pixels(types, build):
    """The setter of Jazzy copies unless it is told not to."""
    made = []

    def noting(*pixels):
        made.append(types.bytes_of(*pixels))
        return made[-1]

    message = build(np.full((4, 6), 1.5, np.float32), replace(types, bytes_of=noting))

    assert message.data is made[0]
    assert message.header == HEADER
