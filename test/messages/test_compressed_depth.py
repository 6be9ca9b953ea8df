# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""compressedDepth is read as image_transport writes it, and written as it reads it."""

from __future__ import annotations

import array
import struct
import tracemalloc

from builtin_interfaces.msg import Time
import cv2
from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import Header

from promptda_ros.core.frame import BadFrame
from promptda_ros.messages.compressed_depth import decode_depth
from promptda_ros.messages.message_types import ros_types
from promptda_ros.messages.outgoing_images import encode_depth

ROS = ros_types()
MAX_PIXELS = 16_000_000
HEADER = Header(stamp=Time(sec=5, nanosec=7), frame_id='depth_optical')
# Of depth_quantization 100 and depth_max 10 m
A, B = 10100.0, -1009.0
NO_CONFIG = struct.pack('<iff', 0, 0.0, 0.0)
CONFIG = struct.pack('<iff', 0, A, B)
# 0, 5, 4 in one row: worked out by hand in test_rvl.py
RVL = struct.pack('<III', 3, 1, 0x12A11000)


def counts(height: int = 60, width: int = 80) -> np.ndarray:
    """Return depth in millimetres with holes and with values of more than 8 bits."""
    random = np.random.default_rng(2)
    found = (500 + 4000 * random.random((height, width))).astype(np.uint16)
    found[random.random(found.shape) < 0.2] = 0
    found[0, :2] = 1, 65534
    return found


def png(values: np.ndarray) -> bytes:
    """Return the PNG of a picture."""
    return cv2.imencode('.png', values)[1].tobytes()


def message_of(text: str, data: bytes) -> CompressedImage:
    """Return a message of those bytes."""
    message = CompressedImage(header=HEADER, format=text)
    message.data = array.array('B', data)
    return message


def read(text: str, data: bytes, depth_scale: float = 0.0) -> np.ndarray:
    """Read under the default limit."""
    message = message_of(text, data)
    return decode_depth(message, depth_scale=depth_scale, max_pixels=MAX_PIXELS)


def refusal(text: str, data: bytes) -> BadFrame:
    """Return why it is refused."""
    with pytest.raises(BadFrame) as refused:
        read(text, data)
    return refused.value


def outcome(text: str, data: bytes, max_pixels: int) -> int | str:
    """Return the dimensions of what was read, or the reason why it was refused."""
    try:
        return decode_depth(message_of(text, data), depth_scale=0, max_pixels=max_pixels).ndim
    except BadFrame as refused:
        return refused.reason


def metres(values: np.ndarray) -> np.ndarray:
    """Return what millimetres mean."""
    return np.where(values == 0, np.nan, values / 1000).astype(np.float32)


# Reading


@pytest.mark.parametrize(
    'text',
    [
        '16UC1; compressedDepth png',
        '16UC1; compressedDepth',
        '16UC1;compressedDepth png',
        'mono16; compressedDepth png',
        '',
    ],
)
def test_counts_are_as_raw_ones(text):
    """D14: old formats that name no codec, and none at all; 16 bits stay 16 bits."""
    found_m = read(text, NO_CONFIG + png(counts()))
    assert found_m.dtype == np.float32
    np.testing.assert_allclose(found_m, metres(counts()), rtol=1e-6)


def test_the_header_of_counts_means_nothing():
    """D14: older encoders leave in it what was in memory."""
    data = struct.pack('<iff', 77, float('nan'), -1e30) + png(counts())
    np.testing.assert_allclose(
        read('16UC1; compressedDepth png', data), metres(counts()), rtol=1e-6
    )


@pytest.mark.parametrize('text', ['32FC1; compressedDepth png', '32FC1; compressedDepth', ''])
def test_metres_are_as_raw_ones_within_a_quantisation_step(text):
    """D14: as the C++ encoder computes them, which cuts off what follows the point."""
    depth_m = np.linspace(0.16, 9.9, 4800, dtype=np.float32).reshape(60, 80)
    values = (A / depth_m + B).astype(np.uint16)
    values[5, 6] = 0
    found_m = read(text, CONFIG + png(values))
    assert np.isnan(found_m[5, 6])
    found_m[5, 6] = depth_m[5, 6]
    assert (np.abs(found_m - depth_m) <= depth_m**2 / A * 1.01).all()


def test_rvl_is_read_as_png_is():
    """D14: counts, and the inverse depth of metres."""
    found_m = read('16UC1; compressedDepth rvl', NO_CONFIG + RVL)
    np.testing.assert_allclose(found_m, [[np.nan, 0.005, 0.004]], rtol=1e-6)
    found_m = read('32FC1; compressedDepth rvl', CONFIG + RVL)
    np.testing.assert_allclose(found_m, [[np.nan, A / (5 - B), A / (4 - B)]], rtol=1e-6)


@pytest.mark.parametrize(
    'text', ['16UC1; png compressed ', 'mono16; png compressed', '16UC1; png']
)
def test_a_png_of_the_transport_for_pictures_is_depth_too(text):
    """K13: all 16 bits are there, without a header."""
    np.testing.assert_allclose(read(text, png(counts())), metres(counts()), rtol=1e-6)
    assert refusal(text, png(counts().astype(np.uint8))).reason == 'depth_png_bits'
    assert refusal(text.replace('png', 'jpeg'), png(counts())).reason == 'depth_jpeg'


@pytest.mark.parametrize('scale, expected_m', [(0.0, 1.234), (0.001, 1.234), (0.0001, 0.1234)])
def test_the_unit_of_counts_is_that_of_the_setting(scale, expected_m):
    """D3: as for raw images."""
    values = np.full((4, 5), 1234, np.uint16)
    found_m = read('16UC1; compressedDepth png', NO_CONFIG + png(values), scale)
    np.testing.assert_allclose(found_m, expected_m, rtol=1e-6)


def test_the_unit_of_metres_is_that_of_the_setting():
    values = np.full((4, 5), 1011, np.uint16)
    found_m = read('32FC1; compressedDepth png', CONFIG + png(values), 2.0)
    np.testing.assert_allclose(found_m, 2.0 * A / (1011 - B), rtol=1e-6)


# What can't be read: each under its own name

RVL_BOMB = NO_CONFIG + struct.pack('<II', 60_000, 60_000) + bytes(40)
PNG_BOMB = bytearray(png(np.zeros((4, 4), np.uint16)))
PNG_BOMB[16:24] = struct.pack('>II', 60_000, 60_000)
BAD = {
    'depth_header': ('16UC1; compressedDepth png', bytes(11)),
    'depth_png': ('16UC1; compressedDepth png', NO_CONFIG + b'no picture at all' * 9),
    'depth_png_bits': ('16UC1; compressedDepth png', NO_CONFIG + png(np.zeros((4, 4), np.uint8))),
    'depth_rvl': ('16UC1; compressedDepth rvl', NO_CONFIG + RVL[:-4]),
    'depth_jpeg': ('16UC1; jpeg compressed ', cv2.imencode('.jpg', np.zeros((9, 9)))[1].tobytes()),
    'depth_format': ('16UC1; webp compressed ', png(counts())),
    'depth_encoding': ('bgr8; compressedDepth png', NO_CONFIG + png(counts())),
    'depth_data': ('16UC1; compressedDepth png', NO_CONFIG + png(counts())[:-40]),
    'depth_size': ('16UC1; compressedDepth rvl', RVL_BOMB),
}


@pytest.mark.parametrize('reason', BAD)
def test_every_fault_has_a_reason_of_its_own(reason):
    """D15: shorter than its header, bad PNG, 8 bits, RVL cut off, JPEG and so on."""
    refused = refusal(*BAD[reason])
    assert refused.reason == reason
    assert len(str(refused)) > 30


@pytest.mark.parametrize(
    'values',
    [
        (float('nan'), 0.0),
        (A, float('inf')),
        (A, 5.0),
        (-1.0, B),
        (1e30, B),
        (1e-30, B),
        (A, -1e30),
    ],
)
def test_a_quantisation_that_no_depth_has_is_refused(values):
    """D15: instead of depth behind the camera or none."""
    data = struct.pack('<iff', 0, *values) + png(counts())
    refused = refusal('32FC1; compressedDepth png', data)
    assert refused.reason == 'depth_header'
    assert f'A={values[0]:g}' in str(refused)


@pytest.mark.parametrize('text', ['jpeg', '16UC1; jpeg compressed ', 'rgb8; jpeg compressed bgr8'])
def test_depth_as_a_jpeg_is_refused_with_what_to_do(text):
    """D15: a plain /compressed topic."""
    refused = refusal(text, BAD['depth_jpeg'][1])
    assert refused.reason == 'depth_jpeg'
    assert 'keeps 8 of its 16 bits' in str(refused)
    assert 'input.depth_transport:=compressedDepth' in str(refused)


def test_a_colour_png_is_refused_as_what_it_is():
    """D15: three channels of 16 bits are no depth either."""
    data = NO_CONFIG + png(np.zeros((4, 4, 3), np.uint16))
    refused = refusal('16UC1; compressedDepth png', data)
    assert refused.reason == 'depth_png_bits'
    assert '3 channels of 16 bits' in str(refused)


@pytest.mark.parametrize(
    'data, codec', [(RVL_BOMB, 'rvl'), (NO_CONFIG + bytes(PNG_BOMB), 'png')], ids=['rvl', 'png']
)
def test_a_bomb_is_refused_before_anything_is_allocated(data, codec):
    """D15: 60000x60000 in a few bytes."""
    tracemalloc.start()
    try:
        refused = refusal(f'16UC1; compressedDepth {codec}', data)
        allocated = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert refused.reason == 'depth_size'
    assert allocated < 200_000


def test_a_format_of_a_megabyte_is_cut_in_the_text():
    """C2: no peer can flood the log."""
    assert len(str(refusal('x' * 1_000_000, NO_CONFIG))) < 1000


@given(
    st.sampled_from(['16UC1; compressedDepth png', '32FC1; compressedDepth rvl', '']),
    st.binary(max_size=120),
    st.sampled_from([b'', NO_CONFIG, CONFIG, CONFIG + b'\x89PNG\r\n\x1a\n']),
)
def test_any_bytes_are_read_or_refused_under_a_name(text, data, begin):
    """J1: nothing but BadFrame leaves the reader."""
    assert outcome(text, begin + data, 900) in (2, *BAD)


# Writing


def test_counts_survive_the_way_there_and_back():
    message = encode_depth(counts(), HEADER, ROS)
    assert (message.header, message.format) == (HEADER, '16UC1; compressedDepth png')
    stored = cv2.imdecode(np.frombuffer(message.data, np.uint8)[12:], cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(stored, counts())


def test_metres_survive_within_half_a_quantisation_step():
    """Facts of image_transport: a tenth of a millimetre at 1 m, 2.5 mm at 5 m."""
    depth_m = np.linspace(0.16, 9.99, 4800, dtype=np.float32).reshape(60, 80)
    message = encode_depth(depth_m, HEADER, ROS)
    assert (message.header, message.format) == (HEADER, '32FC1; compressedDepth png')
    assert struct.unpack_from('<iff', bytes(message.data)) == (0, A, B)
    found_m = decode_depth(message, depth_scale=0.0, max_pixels=MAX_PIXELS)
    assert (np.abs(found_m - depth_m) <= 0.505 * depth_m**2 / A + 1e-6).all()


def test_metres_that_do_not_fit_are_unknown_and_never_wrap():
    """J4: nearer than 0.152 m, beyond 10 m, NaN, infinite, zero, negative."""
    depth_m = np.float32([[0.1, 0.1517, 0.1519, 9.99, 10.02, 65.0, np.nan, np.inf, 0.0, -1.0]])
    found_m = decode_depth(
        encode_depth(depth_m, HEADER, ROS), depth_scale=0.0, max_pixels=MAX_PIXELS
    )
    known = np.isfinite(found_m[0])
    np.testing.assert_array_equal(np.flatnonzero(known), [2, 3])
    np.testing.assert_allclose(found_m[0, known], depth_m[0, known], atol=0.006)
