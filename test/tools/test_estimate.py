# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.tools.estimate."""

from __future__ import annotations

from pathlib import Path
import re

import cv2
import numpy as np
import pytest

from promptda_ros.core.errors import ExitCode
from promptda_ros.messages.ply import VERTEX
from promptda_ros.tools.main import main as promptda

IPHONE_FRAME = Path(__file__).resolve().parents[3] / 'shared/data/promptda_example'


def main(argv: list[str]) -> int:
    return promptda(['estimate', *argv])


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Write an image of 128x96 and a sensor depth of 32x24, from 0.5 m to 1.5 m."""
    columns = np.linspace(0, 255, 128, dtype=np.uint8)
    cv2.imwrite(str(tmp_path / 'image.png'), np.tile(columns[None, :, None], (96, 1, 3)))
    millimetres = np.linspace(500, 1500, 24 * 32).astype(np.uint16).reshape(24, 32)
    cv2.imwrite(str(tmp_path / 'depth.png'), millimetres)
    np.save(tmp_path / 'depth.npy', millimetres.astype(np.float32) / 1000)
    return tmp_path


def run(files: Path, network: Path, *more: str, depth: str = 'depth.png') -> int:
    paths = ['--image', str(files / 'image.png'), '--depth', str(files / depth)]
    # Random weights do not follow their sensor, and compiling them takes longer than they do.
    allowed = '-p', 'trust.gate:=false', '-p', 'engine:=torch'
    return main([*paths, '--model', str(network), '--out', str(files / 'out'), *allowed, *more])


def test_estimate_writes_depth_in_metres_millimetres_and_colours(files, network_folder):
    assert run(files, network_folder, '-p', 'engine:=auto') == ExitCode.CLEAN
    depth_m = np.load(files / 'out/depth.npy')
    millimetres = cv2.imread(str(files / 'out/depth.png'), cv2.IMREAD_UNCHANGED)
    assert depth_m.shape == millimetres.shape == (96, 128)
    assert millimetres.dtype == np.uint16
    np.testing.assert_allclose(millimetres / 1000, np.nan_to_num(depth_m), atol=0.00051)
    assert cv2.imread(str(files / 'out/preview.png')) is not None
    assert not (files / 'out/cloud.ply').exists()


def test_depth_of_random_weights_is_not_written(files, network_folder, capsys):
    """B1: the files of depth would look like any other."""
    code = run(files, network_folder, '-p', 'trust.gate:=true')
    assert code == ExitCode.CONFIGURATION
    assert 'before correction, does not agree with the sensor' in capsys.readouterr().err
    assert not (files / 'out').exists()


def test_estimate_with_intrinsics_writes_a_cloud(files, network_folder):
    assert run(files, network_folder, '--intrinsics', '100', '100', '63.5', '47.5') == 0
    header = (files / 'out/cloud.ply').read_bytes()[:100].decode('ascii', 'ignore')
    assert header.startswith('ply\nformat binary_little_endian 1.0\nelement vertex ')


def test_results_have_the_size_of_the_network_on_request(files, network_folder):
    camera = '--intrinsics', '100', '100', '63.5', '47.5'
    wanted = '-p', 'output.resolution:=network', '-p', 'output.edge_filter:=off'
    assert run(files, network_folder, *camera, *wanted) == ExitCode.CLEAN
    depth_m = np.load(files / 'out/depth.npy')
    assert depth_m.shape == (84, 126)
    for name in ('depth.png', 'validity.png'):
        assert cv2.imread(str(files / 'out' / name), cv2.IMREAD_UNCHANGED).shape == (84, 126)
    head, _, body = (files / 'out/cloud.ply').read_bytes().partition(b'end_header\n')
    assert f'element vertex {np.isfinite(depth_m).sum()}\n'.encode() in head
    vertices = np.frombuffer(body, VERTEX)
    at_column = vertices['position'][:, 0] / vertices['position'][:, 2] * 100 + 63.5
    # The image is a ramp from black to white.
    assert np.abs(vertices['colour'][:, 0] - at_column / 127 * 255).max() < 3


def test_distance_along_the_ray_is_turned_into_depth(files, network_folder):
    """In the corner of this image it is a third more."""
    camera = ('--intrinsics', '80', '80', '63.5', '47.5')
    across, down = (np.arange(32) - 15.5) / 20, (np.arange(24) - 11.5) / 20
    depth_m = np.load(files / 'depth.npy')
    distance_m = depth_m * np.sqrt(1 + across[None] ** 2 + down[:, None] ** 2)
    np.save(files / 'distance.npy', distance_m.astype(np.float32))
    assert run(files, network_folder, depth='depth.npy') == ExitCode.CLEAN
    expected_m = np.load(files / 'out/depth.npy')
    assert run(files, network_folder, *camera, '--depth-kind', 'ray', depth='distance.npy') == 0
    np.testing.assert_allclose(np.load(files / 'out/depth.npy'), expected_m, atol=1e-4)


@pytest.mark.parametrize(
    'intrinsics, text',
    [
        (('0', '0', '0', '0'), 'focal lengths fx 0, fy 0 are not positive'),
        (('-490', '490', '63', '47'), 'fx -490, fy 490 are not positive'),
        (('nan', '100', '63', '47'), "'nan' is not a number"),
        (('100', '100', 'inf', '47'), "'inf' is not a number"),
        (('100', '100', '320', '240'), '(320, 240) lies outside the image of 128x96'),
        (('1e-300', '1e-300', '63', '47'), 'field of view of 180 degrees'),
    ],
)
def test_intrinsics_of_no_camera_are_refused_before_anything_is_written(
    files, network_folder, capsys, intrinsics, text
):
    """K4, K19: they were a cloud, and exit code 0."""
    code = run(files, network_folder, '--intrinsics', *intrinsics)
    assert code == ExitCode.CONFIGURATION
    (line,) = capsys.readouterr().err.splitlines()
    assert '--intrinsics' in line
    assert text in line
    assert not (files / 'out').exists()


def test_distance_along_the_ray_needs_a_camera(files, network_folder, capsys):
    assert run(files, network_folder, '--depth-kind', 'ray') == ExitCode.CONFIGURATION
    assert '--intrinsics FX FY CX CY' in capsys.readouterr().err


@pytest.mark.parametrize(
    'assignment, text',
    [
        ('input.depth_scale:=0.00025', 'input.depth_scale is set by --depth-scale here'),
        ('input.depth_kind:=ray', 'input.depth_kind is set by --depth-kind here'),
        ('input.rectify:=true', 'input.rectify has no effect on one picture'),
        ('cameras:=[left]', 'cameras has no effect on one picture'),
    ],
)
def test_a_parameter_that_would_have_no_effect_is_refused(
    files, network_folder, capsys, assignment, text
):
    assert run(files, network_folder, '-p', assignment) == ExitCode.CONFIGURATION
    assert text in capsys.readouterr().err


def test_what_is_said_of_the_pixels_adds_up(files, network_folder, capsys):
    assert run(files, network_folder, '-p', 'prompt.max_depth:=1.0') == ExitCode.CLEAN
    found = re.findall(r'\b(known|unknown) ([\d.]+)%: (.*)', capsys.readouterr().out)
    assert [kind for kind, _, _ in found] == ['known', 'unknown']
    for _, total, parts in found:
        shares = [float(share) for share in re.findall(r'([\d.]+)%', parts)]
        assert sum(shares) == pytest.approx(float(total), abs=0.3)
    assert 'beyond range' in found[1][2]


def test_every_setting_of_the_clouds_leaves_each_point_its_colour(files, network_folder):
    camera = ('--intrinsics', '100', '100', '63.5', '47.5')
    for setting in ('output.stride:=2', 'output.pcl_layout:=true'):
        assert run(files, network_folder, *camera, '-p', setting) == ExitCode.CLEAN
        assert (files / 'out/cloud.ply').stat().st_size > 1000


def test_depth_without_flying_pixels_is_written_where_it_is_asked_for(files):
    depth = cv2.imread(str(files / 'depth.png'), cv2.IMREAD_UNCHANGED)
    depth[:, 16:] += 1500
    cv2.imwrite(str(files / 'depth.png'), depth)
    embedded = Path('promptda-tiny')  # a random network gives one depth for all pixels
    assert run(files, embedded, '-p', 'output.edge_filter:=depth_and_points') == 0
    known = np.isfinite(np.load(files / 'out/depth.npy'))
    codes = cv2.imread(str(files / 'out/validity.png'), cv2.IMREAD_UNCHANGED)
    assert not known.all()
    assert ((codes >= 1) & (codes <= 4) == known).all()


def test_depth_in_metres_gives_the_same_as_depth_in_millimetres(files, network_folder):
    """D1: one scene, two encodings."""
    run(files, network_folder)
    from_png_m = np.load(files / 'out/depth.npy')
    run(files, network_folder, depth='depth.npy')
    np.testing.assert_allclose(np.load(files / 'out/depth.npy'), from_png_m, atol=0.0005)


@pytest.mark.parametrize(
    'arguments, exit_code, sentence',
    [
        (['--model', '/does/not/exist'], ExitCode.MODEL_OR_DEVICE, 'does not exist'),
        (['--device', 'tpu'], ExitCode.MODEL_OR_DEVICE, "device 'tpu'"),
        (['--resolution', 'huge'], ExitCode.CONFIGURATION, "'huge' is not one of"),
        (
            ['--depth', 'image.png'],
            ExitCode.CONFIGURATION,
            'not one of 16: its distances are lost',
        ),
        (['--image', 'nothing.png'], ExitCode.CONFIGURATION, 'nothing.png cannot be read'),
        (['--depth-scale', '1.0'], ExitCode.CONFIGURATION, 'looks like millimetres'),
    ],
)
def test_what_cannot_be_used_is_said_in_one_sentence(
    files, network_folder, capsys, monkeypatch, arguments, exit_code, sentence
):
    monkeypatch.chdir(files)
    assert run(files, network_folder, *arguments) == exit_code
    assert sentence in capsys.readouterr().err


@pytest.mark.skipif(not IPHONE_FRAME.is_dir(), reason=f'{IPHONE_FRAME} is not there')
def test_depth_of_a_real_iphone_frame_follows_the_lidar_where_it_is_smooth(tmp_path):
    """The embedded network has never seen a real picture; the LiDAR still leads it."""
    lidar_file = IPHONE_FRAME / 'arkit_depth.png'
    files = ['--image', str(IPHONE_FRAME / 'image.jpg'), '--depth', str(lidar_file)]
    assert main([*files, '--out', str(tmp_path)]) == ExitCode.CLEAN
    depth_m = np.load(tmp_path / 'depth.npy')
    assert depth_m.shape == (1440, 1920)
    lidar_m = cv2.imread(str(lidar_file), cv2.IMREAD_UNCHANGED).astype(np.float32) / 1000
    smooth = _smooth(lidar_m)
    at_lidar_m = cv2.resize(depth_m, (256, 192), interpolation=cv2.INTER_NEAREST)
    error = np.abs(at_lidar_m - lidar_m)[smooth] / lidar_m[smooth]
    assert smooth.mean() > 0.3
    assert np.isfinite(error).mean() > 0.99
    assert np.nanmedian(error) < 0.01
    assert np.nanpercentile(error, 95) < 0.04


def _smooth(depth_m: np.ndarray) -> np.ndarray:
    """Mark pixels whose neighbourhood of 5x5 spans less than 2 %."""
    kernel = np.ones((5, 5), np.uint8)
    return cv2.dilate(depth_m, kernel) - cv2.erode(depth_m, kernel) < 0.02 * depth_m
