# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Files of pictures and depth are read one way by all commands, or refused in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import struct

import cv2
import numpy as np
import pytest

from promptda_ros.core.errors import FileError
from promptda_ros.messages.picture_files import read_depth_file, read_image_file

COUNTS = np.array([[0, 500, 1000], [1234, 60000, 1]], np.uint16)
DEPTH_M = np.where(COUNTS == 0, np.nan, COUNTS / 1000).astype(np.float32)
RGB = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)


def write(path: Path, values: np.ndarray) -> Path:
    """Write an array in the format of the suffix."""
    if path.suffix == '.npy':
        np.save(path, values)
    else:
        assert cv2.imwrite(str(path), values)
    return path


def refusal(read: Callable[[Path], np.ndarray], path: Path) -> str:
    """Return why a file is refused; the sentence names it."""
    with pytest.raises(FileError) as refused:
        read(path)
    assert str(path) in str(refused.value)
    assert str(refused.value).isprintable()
    return str(refused.value)


@pytest.mark.parametrize('orientation', range(1, 9))
def test_exif_turns_no_picture(tmp_path, orientation):
    """K14: depth and calibration are of the pixels as they lie, here as in the node."""
    plain = cv2.imencode('.jpg', RGB)[1].tobytes()
    tag = struct.pack('>HHHIHH', 1, 0x0112, 3, 1, orientation, 0)
    exif = b'Exif\0\0MM\0*\0\0\0\x08' + tag + bytes(4)
    segment = b'\xff\xe1' + struct.pack('>H', len(exif) + 2) + exif
    paths = tmp_path / 'plain.jpg', tmp_path / 'turned.jpg'
    paths[0].write_bytes(plain)
    paths[1].write_bytes(plain[:2] + segment + plain[2:])
    np.testing.assert_array_equal(read_image_file(paths[1]), read_image_file(paths[0]))


@pytest.mark.parametrize('suffix', ['.png', '.bmp', '.tiff', '.webp'])
def test_colours_are_read_in_their_order(tmp_path, suffix):
    smooth = np.zeros((48, 64, 3), np.uint8)
    smooth[..., 0], smooth[..., 2] = 200, np.linspace(0, 90, 64)
    found = read_image_file(write(tmp_path / f'image{suffix}', smooth[..., ::-1]))
    assert np.abs(found.astype(int) - smooth).max() <= 12


@pytest.mark.parametrize(
    'name, values, scale_m',
    [
        ('d.png', COUNTS, 0.0),
        ('d.png', COUNTS, 0.001),
        ('d.tiff', COUNTS, 0.0),
        ('d.tiff', DEPTH_M, 0.0),
        ('d.tiff', DEPTH_M * 1000, 0.001),
        ('d.npy', COUNTS, 0.0),
        ('d.npy', COUNTS.astype(np.int32), 0.001),
        ('d.npy', DEPTH_M, 0.0),
        ('d.npy', DEPTH_M.astype('>f8'), 0.0),
        ('d.npy', DEPTH_M * 1000, 0.001),
        ('d.npy', DEPTH_M[..., None], 0.0),
        ('d.npy', COUNTS[None], 0.001),
        ('d.npy', np.asfortranarray(DEPTH_M), 0.0),
    ],
)
def test_depth_is_metres_whatever_the_file(tmp_path, name, values, scale_m):
    """K19: whole numbers are millimetres, others metres, unless the scale says what they are."""
    found_m = read_depth_file(write(tmp_path / name, values), scale_m)
    assert found_m.dtype == np.float32
    np.testing.assert_allclose(found_m, DEPTH_M, rtol=1e-5)


def test_counts_that_are_negative_are_no_measurement(tmp_path):
    found_m = read_depth_file(write(tmp_path / 'd.npy', np.array([[-1, 2000]], np.int16)))
    np.testing.assert_allclose(found_m, [[np.nan, 2.0]])


@pytest.mark.parametrize(
    'values, text',
    [
        (np.zeros((4, 5), np.uint8), '8 bits'),
        (np.zeros((4, 5), np.complex64), 'complex64'),
        (np.zeros((4, 5, 3), np.float32), '4x5x3 numbers'),
        (np.zeros(7, np.float32), '7 numbers'),
        (np.float32(3), 'not rows and columns'),
        (np.zeros((0, 5), np.float32), '0x5 numbers'),
        (np.array([[None, 1.0]], object), 'no array of numbers'),
        (np.array([['a', 'b']]), 'type <U1'),
        (np.zeros((4, 5), bool), 'type bool'),
    ],
)
def test_an_array_of_something_else_is_refused_with_what_it_is(tmp_path, values, text):
    """K19: objects are code, which is never run."""
    np.save(tmp_path / 'd.npy', values, allow_pickle=True)
    assert text in refusal(read_depth_file, tmp_path / 'd.npy')


@pytest.mark.parametrize('read', [read_image_file, read_depth_file])
@pytest.mark.parametrize('name', ['missing.png', 'folder', 'missing.npy', 'folder.npy'])
def test_what_is_no_file_is_refused(tmp_path, read, name):
    """K19."""
    if name.startswith('folder'):
        (tmp_path / name).mkdir()
    assert 'cannot be read' in refusal(read, tmp_path / name)


@pytest.mark.parametrize('read', [read_image_file, read_depth_file])
@pytest.mark.parametrize('suffix', ['.png', '.jpg', '.tiff', '.npy'])
def test_damage_is_refused(tmp_path, read, suffix):
    """K19: nothing, something else, and the first half."""
    path = write(tmp_path / f'a{suffix}', COUNTS if read is read_depth_file else RGB)
    whole = path.read_bytes()
    for content in (b'', b'junk' * 50, whole[: len(whole) // 2]):
        path.write_bytes(content)
        refusal(read, path)


def test_headers_that_claim_more_than_there_is_are_refused(tmp_path):
    """K19: before anything is allocated."""
    png, array = write(tmp_path / 'd.png', COUNTS), write(tmp_path / 'd.npy', COUNTS)
    content = png.read_bytes()
    png.write_bytes(content[:16] + struct.pack('>II', 60_000, 60_000) + content[24:])
    array.write_bytes(array.read_bytes().replace(b'(2, 3), }      ', b'(999999, 9999)}'))
    assert '3600.0 Mpx' in refusal(read_depth_file, png)
    assert 'no array of numbers' in refusal(read_depth_file, array)


def test_depth_of_eight_bits_is_refused(tmp_path):
    png = write(tmp_path / 'd.png', RGB[..., 0])
    assert 'not one of 16: its distances are lost' in refusal(read_depth_file, png)
    jpeg = write(tmp_path / 'd.jpg', RGB[..., 0])
    assert 'lost distances to 8 bits' in refusal(read_depth_file, jpeg)
    assert '8 bits' in refusal(read_depth_file, write(tmp_path / 'd.tiff', RGB[..., 0]))
