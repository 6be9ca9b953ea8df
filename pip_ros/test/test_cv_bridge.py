# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The calls we make of cv_bridge, against the stand-in or the real package."""

from __future__ import annotations

import array
from importlib import metadata

import numpy as np
import pytest

cv_bridge = pytest.importorskip('cv_bridge', reason='needs cv_bridge')
sensor_msgs = pytest.importorskip('sensor_msgs.msg', reason='needs sensor_msgs')


def stand_in_is_installed() -> bool:
    """Tell the stand-ins from the real packages."""
    return any(found.metadata['Name'] == 'promptda-pip-ros' for found in metadata.distributions())


beyond_the_real_one = pytest.mark.skipif(
    not stand_in_is_installed(), reason='the released cv_bridge does not do this'
)


def image_message(pixels, encoding, *, width=None, padding=0, is_bigendian=0):
    """Make a message of an array (rows, ...), each row followed by `padding` bytes of rubbish."""
    rows = np.ascontiguousarray(pixels).view(np.uint8).reshape(len(pixels), -1)
    padded = np.pad(rows, ((0, 0), (0, padding)), constant_values=0xAB)
    message = sensor_msgs.Image(height=len(pixels), width=width or pixels.shape[1])
    message.encoding = encoding
    message.step = padded.shape[1]
    message.is_bigendian = is_bigendian
    message.data = array.array('B', padded.tobytes())
    return message


@pytest.fixture
def bridge():
    return cv_bridge.CvBridge()


@pytest.fixture
def rgb():
    """A smooth colour image (48, 64, 3), so that formats with little colour detail keep it too."""
    y, x = np.mgrid[0:48, 0:64]
    return np.stack([x * 3 + 20, y * 4 + 30, 200 - x * 2], axis=-1).astype(np.uint8)


def bayer_mosaic(rgb, pattern):
    """Keep one colour a pixel, in the order of the pattern's name: first row, second row."""
    mosaic = np.empty(rgb.shape[:2], rgb.dtype)
    for place, letter in enumerate(pattern):
        row, column = divmod(place, 2)
        mosaic[row::2, column::2] = rgb[row::2, column::2, 'rgb'.index(letter)]
    return mosaic


def uyvy(rgb):
    """Make packed YUV 4:2:2 (H, W, 2) in the order U Y V Y, video range."""
    red, green, blue = (rgb[..., channel].astype(float) for channel in range(3))
    luma = 16 + 0.257 * red + 0.504 * green + 0.098 * blue
    blueness = 128 - 0.148 * red - 0.291 * green + 0.439 * blue
    redness = 128 + 0.439 * red - 0.368 * green - 0.071 * blue
    packed = np.empty((*rgb.shape[:2], 2))
    packed[:, 0::2, 0] = blueness[:, 0::2]
    packed[:, 1::2, 0] = redness[:, 0::2]
    packed[..., 1] = luma
    return np.rint(packed).astype(np.uint8)


@pytest.mark.parametrize(
    'encoding, dtype, channels',
    [
        ('rgb8', np.uint8, 3),
        ('bgr8', np.uint8, 3),
        ('rgba8', np.uint8, 4),
        ('bgra8', np.uint8, 4),
        ('mono8', np.uint8, 1),
        ('8UC1', np.uint8, 1),
        ('8UC3', np.uint8, 3),
        ('mono16', np.uint16, 1),
        ('16UC1', np.uint16, 1),
        ('rgb16', np.uint16, 3),
        ('bgr16', np.uint16, 3),
        ('32FC1', np.float32, 1),
    ],
)
def test_passthrough_keeps_pixels_and_type(bridge, encoding, dtype, channels):
    pixels = np.arange(4 * 6 * channels, dtype=dtype).reshape(4, 6, channels)
    pixels = pixels[..., 0] if channels == 1 else pixels

    returned = bridge.imgmsg_to_cv2(image_message(pixels, encoding))

    assert returned.dtype == dtype
    np.testing.assert_array_equal(returned, pixels)


def test_whole_pixels_of_row_padding_are_left_out(bridge, rgb):
    message = image_message(rgb, 'rgb8', padding=12)

    np.testing.assert_array_equal(bridge.imgmsg_to_cv2(message, 'rgb8'), rgb)


@beyond_the_real_one
def test_any_row_padding_is_left_out(bridge, rgb):
    message = image_message(rgb, 'rgb8', padding=64)

    np.testing.assert_array_equal(bridge.imgmsg_to_cv2(message, 'rgb8'), rgb)


@pytest.mark.skipif(
    not stand_in_is_installed() and np.lib.NumpyVersion(np.__version__) >= '2.0.0',
    reason='the released cv_bridge calls ndarray.newbyteorder, which NumPy 2 removed',
)
def test_big_endian_numbers_are_swapped(bridge):
    depth_mm = np.array([[1, 256], [1000, 65535]], np.uint16)
    message = image_message(depth_mm.astype('>u2'), '16UC1', is_bigendian=1)

    returned = bridge.imgmsg_to_cv2(message)

    np.testing.assert_array_equal(returned, depth_mm)
    assert returned.dtype.isnative


@pytest.mark.parametrize('encoding', ['bgr8', 'rgba8', 'bgra8'])
def test_colour_orders_arrive_as_rgb(bridge, rgb, encoding):
    orders = {'bgr8': rgb[..., ::-1], 'rgba8': np.dstack([rgb, rgb[..., 0]])}
    orders['bgra8'] = orders['rgba8'][..., [2, 1, 0, 3]]

    returned = bridge.imgmsg_to_cv2(image_message(orders[encoding], encoding), 'rgb8')

    np.testing.assert_array_equal(returned, rgb)


def test_grey_becomes_equal_colours(bridge, rgb):
    returned = bridge.imgmsg_to_cv2(image_message(rgb[..., 0], 'mono8'), 'rgb8')

    np.testing.assert_array_equal(returned, np.repeat(rgb[..., :1], 3, axis=-1))


@pytest.mark.parametrize('encoding', ['rgb16', 'bgr16', 'mono16'])
def test_sixteen_bits_become_eight(bridge, rgb, encoding):
    wide = rgb.astype(np.uint16) * 257
    pixels = {'rgb16': wide, 'bgr16': wide[..., ::-1], 'mono16': wide[..., 0]}[encoding]
    expected = np.repeat(rgb[..., :1], 3, axis=-1) if encoding == 'mono16' else rgb

    returned = bridge.imgmsg_to_cv2(image_message(pixels, encoding), 'rgb8')

    assert returned.dtype == np.uint8
    np.testing.assert_array_equal(returned, expected)


@pytest.mark.parametrize('bits', [8, 16])
@pytest.mark.parametrize('pattern', ['rggb', 'bggr', 'gbrg', 'grbg'])
def test_bayer_patterns_arrive_as_rgb(bridge, rgb, pattern, bits):
    mosaic = bayer_mosaic(rgb, pattern)
    mosaic = mosaic if bits == 8 else mosaic.astype(np.uint16) * 257

    returned = bridge.imgmsg_to_cv2(image_message(mosaic, f'bayer_{pattern}{bits}'), 'rgb8')

    inner = (slice(4, -4), slice(4, -4))
    assert np.abs(returned[inner].astype(int) - rgb[inner]).max() <= 4


def test_packed_yuv_arrives_as_rgb(bridge, rgb):
    packed = uyvy(rgb)

    from_uyvy = bridge.imgmsg_to_cv2(image_message(packed, 'yuv422', padding=64), 'rgb8')
    from_yuyv = bridge.imgmsg_to_cv2(image_message(packed[..., ::-1], 'yuv422_yuy2'), 'rgb8')

    assert np.abs(from_uyvy.astype(int) - rgb).max() <= 8
    np.testing.assert_array_equal(from_yuyv, from_uyvy)


@beyond_the_real_one
def test_the_newer_names_of_packed_yuv_mean_the_same(bridge, rgb):
    for pixels, new, old in [
        (uyvy(rgb), 'uyvy', 'yuv422'),
        (uyvy(rgb)[..., ::-1], 'yuyv', 'yuv422_yuy2'),
    ]:
        np.testing.assert_array_equal(
            bridge.imgmsg_to_cv2(image_message(pixels, new), 'rgb8'),
            bridge.imgmsg_to_cv2(image_message(pixels, old), 'rgb8'),
        )


@beyond_the_real_one
@pytest.mark.parametrize('encoding, order', [('nv12', [0, 1]), ('nv21', [1, 0])])
def test_planar_yuv_arrives_as_rgb(bridge, rgb, encoding, order):
    packed = uyvy(rgb)
    colour = packed[::2, :, 0].reshape(24, 32, 2)[..., order].reshape(24, 64)
    message = image_message(np.vstack([packed[..., 1], colour]), encoding, padding=32)
    message.height = 48

    returned = bridge.imgmsg_to_cv2(message, 'rgb8')

    assert returned.shape == rgb.shape
    assert np.abs(returned.astype(int) - rgb).max() <= 12


@pytest.mark.parametrize('encoding', ['', 'RGB8', 'xyz', '8UC', 'rgb8 '])
def test_unknown_encodings_are_refused(bridge, rgb, encoding):
    with pytest.raises(cv_bridge.CvBridgeError, match='Unrecognized image encoding'):
        bridge.imgmsg_to_cv2(image_message(rgb, encoding), 'rgb8')


@pytest.mark.parametrize(
    'source, target', [('16UC1', 'mono8'), ('8UC3', 'rgb8'), ('rgb8', '8UC1')]
)
def test_conversions_that_would_invent_a_meaning_are_refused(bridge, source, target):
    pixels = np.zeros((4, 4, 3), np.uint8) if source != '16UC1' else np.zeros((4, 4), np.uint16)

    with pytest.raises(cv_bridge.CvBridgeError):
        bridge.imgmsg_to_cv2(image_message(pixels, source), target)


def test_colour_cannot_become_bayer(bridge, rgb):
    with pytest.raises(cv_bridge.CvBridgeError, match='Unsupported conversion'):
        bridge.imgmsg_to_cv2(image_message(rgb, 'rgb8'), 'bayer_rggb8')


def test_missing_bytes_are_refused(bridge, rgb):
    message = image_message(rgb, 'rgb8')
    message.data = message.data[:-1]

    with pytest.raises(TypeError):
        bridge.imgmsg_to_cv2(message)


@pytest.mark.parametrize('channels', [5, 12, 512])
def test_pixels_of_many_channels_keep_them(bridge, channels):
    pixels = np.arange(2 * 3 * channels, dtype=np.uint16).reshape(2, 3, channels)

    message = image_message(pixels, f'16UC{channels}')

    np.testing.assert_array_equal(bridge.imgmsg_to_cv2(message), pixels)


@pytest.mark.parametrize('encoding', ['8UC0', '8UC513'])
def test_pixels_that_opencv_does_not_know_are_refused(bridge, encoding):
    message = sensor_msgs.Image(height=1, width=1, encoding=encoding, step=1024)
    message.data = array.array('B', bytes(1024))

    with pytest.raises(cv_bridge.CvBridgeError):
        bridge.imgmsg_to_cv2(message)


def test_types_are_named_as_opencv_names_them(bridge):
    assert bridge.encoding_to_dtype_with_channels('16UC3') == ('uint16', 3)
    assert bridge.encoding_to_dtype_with_channels('bgr8') == ('uint8', 3)
