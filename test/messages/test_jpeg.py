# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A JPEG that lacks a part of its picture is refused, and a grey one that lacks nothing is not."""

from __future__ import annotations

from contextlib import suppress
import io

import cv2
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
from PIL import Image
import pytest

from promptda_ros.messages import jpeg

END = b'\xff\xd9'
SAMPLINGS = {'4:4:4': 0x111111, '4:2:2': 0x211111, '4:2:0': 0x221111}


def scene(height: int = 120, width: int = 160, channels: int = 3) -> np.ndarray:
    """Return soft noise."""
    noise = np.random.default_rng(0).integers(0, 255, (height, width, channels)).astype(np.uint8)
    return cv2.GaussianBlur(noise, (9, 9), 3)


def encoded(pixels: np.ndarray, *, restarts: int = 0, progressive: int = 0, **more) -> bytes:
    """Encode as OpenCV does."""
    how = [cv2.IMWRITE_JPEG_QUALITY, more.get('quality', 90)]
    if (sampling := more.get('sampling', '4:2:0')) != '4:2:0':
        if not hasattr(cv2, 'IMWRITE_JPEG_SAMPLING_FACTOR'):
            pytest.skip('OpenCV before 4.7, as on Ubuntu 24.04, writes 4:2:0 only')
        how += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, SAMPLINGS[sampling]]
    how += [cv2.IMWRITE_JPEG_RST_INTERVAL, restarts, cv2.IMWRITE_JPEG_PROGRESSIVE, progressive]
    return cv2.imencode('.jpg', pixels, how)[1].tobytes()


def problem(data: bytes) -> str:
    """Return why a picture is refused, '' if it is not."""
    view = memoryview(data)
    try:
        header = jpeg.read_jpeg_header(view)
        scans = jpeg.read_scans(view, header)
    except jpeg.BadJpeg as refused:
        return str(refused)
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    return 'cut' if jpeg.is_cut(view, header, scans, pixels) else ''


def cut(data: bytes, share: float) -> bytes:
    """Take away what follows a share of the coded data, and put the mark of the end there."""
    begin = data.index(b'\xff\xda') + 14
    kept = data[: begin + int((len(data) - begin) * share)]
    return kept.rstrip(b'\xff') + END


@pytest.mark.parametrize('sampling', SAMPLINGS)
@pytest.mark.parametrize('restarts', [0, 1, 7, 1000])
@pytest.mark.parametrize('share', [0.0, 0.02, 0.33, 0.5, 0.9])
def test_a_picture_that_was_cut_is_refused_though_its_end_is_marked(sampling, restarts, share):
    """K7: what is missing would be grey."""
    whole = encoded(scene(), sampling=sampling, restarts=restarts)
    assert problem(whole) == ''
    assert problem(cut(whole, share))


@pytest.mark.parametrize('share', [0.1, 0.5, 0.9])
def test_a_grey_picture_that_was_cut_is_refused(share):
    assert problem(cut(encoded(scene(channels=1)), share))


@pytest.mark.parametrize('lost', [300, 512])
def test_bytes_lost_in_the_middle_are_found(lost):
    """A camera on a bad cable: fewer units come out, so that the last ones are missing."""
    whole = encoded(scene())
    middle = len(whole) // 2
    assert problem(whole[:middle] + whole[middle + lost :])


@pytest.mark.parametrize('restarts', [0, 3])
@pytest.mark.parametrize('quality', [50, 90, 100])
@pytest.mark.parametrize('value', [(128, 128, 128), (127, 128, 128), (128, 90, 200), (0, 0, 0)])
def test_a_picture_that_is_grey_by_itself_is_not_refused(value, quality, restarts):
    """All of it, or its lower part: the very grey that a decoder fills in."""
    flat = np.full((120, 160, 3), value, np.uint8)
    half = scene()
    half[60:] = value
    for pixels in (flat, half):
        assert problem(encoded(pixels, quality=quality, restarts=restarts)) == ''


@settings(max_examples=40)
@given(st.integers(1, 70), st.integers(1, 70), st.sampled_from([*SAMPLINGS]), st.integers(0, 5))
def test_a_complete_picture_of_any_size_passes(height, width, sampling, restarts):
    """C8: with units that the picture fills in part."""
    for progressive in (0, 1):
        data = encoded(
            scene(height, width), sampling=sampling, restarts=restarts, progressive=progressive
        )
        assert problem(data) == ''


@pytest.mark.parametrize('share', [0.1, 0.4])
def test_a_progressive_picture_that_lacks_scans_is_refused(share):
    """K7: the detail of later scans is missing everywhere."""
    whole = encoded(scene(), progressive=1)
    assert problem(whole) == ''
    assert 'before all of its detail' in problem(cut(whole, share))


def test_scans_without_end_are_refused():
    """K7: each costs the time of a whole picture."""
    whole = encoded(scene(), progressive=1)
    begin = whole.rindex(b'\xff\xda')
    assert 'more than 24 scans' in problem(whole[:-2] + 800 * whole[begin:-2] + END)


def test_a_picture_larger_than_its_data_can_be_is_refused():
    """Every block takes two bits at the least."""
    data = bytearray(encoded(scene()))
    place = data.index(b'\xff\xc0')
    data[place + 5 : place + 9] = (4000).to_bytes(2, 'big') * 2
    assert 'blocks of 8x8 pixels' in problem(bytes(data))


def test_a_picture_without_huffman_tables_is_read():
    """K13: webcams send Motion JPEG, whose tables are always the same."""
    whole = encoded(scene(), sampling='4:2:2')
    kept, place = [whole[:2]], 2
    while whole[place + 1] != 0xDA:
        length = 2 + int.from_bytes(whole[place + 2 : place + 4], 'big')
        kept += [whole[place : place + length]] * (whole[place + 1] != 0xC4)
        place += length
    data = b''.join([*kept, whole[place:], bytes(5000)])
    assert problem(data) == ''
    expected, found = (cv2.imdecode(np.frombuffer(each, np.uint8), 1) for each in (whole, data))
    np.testing.assert_array_equal(found, expected)


def test_a_picture_of_pillow_is_read():
    """Another encoder: tables made for the picture, channels of their own scans do not matter."""
    file = io.BytesIO()
    Image.fromarray(scene()).save(file, 'JPEG', optimize=True, quality=80)
    assert problem(file.getvalue()) == ''


@given(st.binary(max_size=200))
def test_any_bytes_are_scans_or_refused(data):
    """J1: nothing but BadJpeg."""
    whole = encoded(scene(16, 16))
    begin = whole.index(b'\xff\xda')
    for start in (jpeg.SIGNATURE, whole[:begin]):
        view = memoryview(start + data)
        with suppress(jpeg.BadJpeg):
            assert jpeg.read_scans(view, jpeg.read_jpeg_header(view))
