# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.lab.evaluation.readers on tiny folders of the documented layouts."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from promptda_ros.core.errors import FileError
from promptda_ros.core.frame import Intrinsics
from promptda_ros.core.geometry import camera
from promptda_ros.lab.evaluation.readers import find_frames
from promptda_ros.lab.evaluation.readers.files import evenly, FileReader, NoFrames
from promptda_ros.lab.evaluation.sample import Sample

REDWOOD = Path(__file__).resolve().parents[5] / 'shared/data/redwood_rgbd'
IMAGE_SIZE, SENSOR_SIZE = (48, 64), (12, 16)


def write_image(path: Path, level: int, size: tuple[int, int] = IMAGE_SIZE) -> None:
    """Write a picture whose left upper corner is white, to see how it is turned."""
    path.parent.mkdir(parents=True, exist_ok=True)
    bgr = np.full((*size, 3), level, np.uint8)
    bgr[:8, :8] = 255
    assert cv2.imwrite(str(path), bgr)


def write_depth(path: Path, counts: int, size: tuple[int, int] = IMAGE_SIZE) -> None:
    """Write depth of which the left upper corner is unknown."""
    path.parent.mkdir(parents=True, exist_ok=True)
    depth = np.full(size, counts, np.uint16)
    depth[: size[0] // 6, : size[1] // 8] = 0
    assert cv2.imwrite(str(path), depth)


def read(folder: Path, *, reader: str = 'auto') -> list[Sample]:
    return list(FileReader(find_frames(folder, reader=reader), prompt_size=SENSOR_SIZE))


def described(samples: list[Sample]) -> list[tuple[str, str, float, float]]:
    return [
        (
            each.name,
            each.sensor,
            round(float(np.nanmedian(each.sensor_depth_m)), 4),
            round(float(np.nanmedian(each.truth_m)), 4),
        )
        for each in samples
    ]


def test_tum_pairs_are_the_nearest_within_20_ms_in_counts_of_a_fifth_of_a_millimetre(tmp_path):
    folder = tmp_path / 'desk'
    for stamp in ('1.000', '1.033', '1.500'):
        write_image(folder / f'rgb/{stamp}.png', 90)
    for stamp, counts in (('1.010', 5000), ('1.040', 6000), ('1.530', 7000)):
        write_depth(folder / f'depth/{stamp}.png', counts)
    listed = '\n'.join(f'{stamp} rgb/{stamp}.png' for stamp in ('1.000', '1.033', '1.500'))
    (folder / 'rgb.txt').write_text(f'# color images\n# timestamp filename\n{listed}\n')
    listed = '\n'.join(f'{stamp} depth/{stamp}.png' for stamp in ('1.010', '1.040', '1.530'))
    (folder / 'depth.txt').write_text(f'# depth maps\n{listed}\n')
    samples = read(folder)
    assert described(samples) == [('1.010', 'desk', 1.0, 1.0), ('1.040', 'desk', 1.2, 1.2)]
    assert samples[0].sensor_depth_m.shape == SENSOR_SIZE


def test_redwood_pairs_have_the_same_number(tmp_path):
    for number, counts in (('00000', 1100), ('00002', 1300)):
        write_image(tmp_path / f'color_{number}.jpg', 90)
        write_depth(tmp_path / f'depth_{number}.png', counts)
    write_image(tmp_path / 'color_00001.jpg', 90)  # its depth is not there
    name = tmp_path.name
    assert described(read(tmp_path)) == [('00000', name, 1.1, 1.1), ('00002', name, 1.3, 1.3)]


def test_suffixes_tell_colour_from_depth_in_files_and_in_folders(tmp_path):
    write_image(tmp_path / 'desk_color.png', 90)
    write_depth(tmp_path / 'desk_depth.png', 1100)
    write_image(tmp_path / 'shelf_color' / '7.jpg', 90)
    write_depth(tmp_path / 'shelf_depth' / '7.png', 1300)
    write_image(tmp_path / 'shelf_color' / '8.jpg', 90)  # its depth is not there
    name = tmp_path.name
    assert described(read(tmp_path)) == [('desk', name, 1.1, 1.1), ('shelf_7', name, 1.3, 1.3)]


@pytest.mark.parametrize('images', ['image', 'color', 'rgb'])
def test_plain_pairs_take_the_truth_reduced_as_sensor_depth(tmp_path, images):
    write_image(tmp_path / images / 'a.jpg', 90)
    write_depth(tmp_path / 'depth/a.png', 1500)
    (sample,) = read(tmp_path)
    assert described([sample]) == [('a', tmp_path.name, 1.5, 1.5)]
    assert sample.sensor_depth_m.shape == SENSOR_SIZE
    assert np.isnan(sample.sensor_depth_m[:2, :2]).all()  # no value of an unknown block is made up


def test_plain_pairs_with_a_sensor_take_its_own_depth(tmp_path):
    for name in 'ab':
        write_image(tmp_path / f'image/{name}.png', 90)
        write_depth(tmp_path / f'depth/{name}.png', 1500)
    write_depth(tmp_path / 'sensor/b.png', 1400, (6, 8))
    (sample,) = read(tmp_path)
    assert described([sample]) == [('b', tmp_path.name, 1.4, 1.5)]
    assert sample.sensor_depth_m.shape == (6, 8)


def arkit_video(root: Path, video: str, *, images: str = 'wide') -> None:
    name = f'{video}_305.244.png'
    write_image(root / 'Validation' / video / images / name, 90)
    write_depth(root / 'Validation' / video / 'highres_depth' / name, 1500)
    write_depth(root / 'Validation' / video / 'lowres_depth' / name, 1480, SENSOR_SIZE)


@pytest.mark.parametrize('images', ['wide', 'color'])
def test_arkitscenes_has_phone_lidar_beside_laser_depth(tmp_path, images):
    arkit_video(tmp_path, '41069021', images=images)
    write_image(tmp_path / 'Validation/41069021/wide/without_depth.png', 90)
    expected = [('41069021_305.244', 'arkit_lidar', 1.48, 1.5)]
    assert described(read(tmp_path)) == expected
    assert described(read(tmp_path / 'Validation', reader='arkitscenes')) == expected


@pytest.mark.parametrize(
    'sky, corner', [('Up', (0, 0)), ('Left', (0, -1)), ('Down', (-1, -1)), ('Right', (-1, 0))]
)
def test_arkitscenes_pictures_are_turned_upright_together(tmp_path, sky, corner):
    """Left: the sky is at the left of the picture, so that it is turned clockwise."""
    arkit_video(tmp_path, '41069021')
    metadata = f'video_id,visit_id,sky_direction,fold\n41069021,1,{sky},Validation\n'
    (tmp_path / 'metadata.csv').write_text(metadata)
    (sample,) = read(tmp_path)
    assert sample.image[corner].min() > 250
    assert np.isnan(sample.truth_m[corner])
    assert np.isnan(sample.sensor_depth_m[corner])
    assert sample.truth_m.shape == (IMAGE_SIZE if sky in ('Up', 'Down') else IMAGE_SIZE[::-1])


@pytest.mark.parametrize('below', ['data', '.'])
def test_scannetpp_takes_the_frames_that_were_rendered(tmp_path, below):
    phone = tmp_path / below / '0a7cc12c0e/iphone'
    for number in (0, 10, 20):
        write_image(phone / f'rgb/frame_{number:06}.jpg', 90)
        write_depth(phone / f'depth/frame_{number:06}.png', 1480, SENSOR_SIZE)
    write_depth(phone / 'render_depth/frame_000010.png', 1500)
    expected = [('0a7cc12c0e_frame_000010', 'iphone_lidar', 1.48, 1.5)]
    assert described(read(tmp_path)) == expected


def test_hammer_gives_every_frame_once_for_each_sensor(tmp_path):
    camera = tmp_path / 'scene12_traj1_1/polarization'
    write_image(camera / 'rgb/000000.png', 90)
    write_depth(camera / '_gt/000000.png', 1000)
    for sensor, counts in (('d435', 1010), ('l515', 990), ('tof', 1020)):
        write_depth(camera / f'depth_{sensor}/000000.png', counts)
    assert described(read(tmp_path)) == [
        ('scene12_traj1_1_000000', 'd435', 1.01, 1.0),
        ('scene12_traj1_1_000000', 'l515', 0.99, 1.0),
        ('scene12_traj1_1_000000', 'tof', 1.02, 1.0),
    ]


def test_an_image_larger_than_the_truth_is_reduced_to_it(tmp_path):
    write_image(tmp_path / 'image/a.png', 90, (96, 128))
    write_depth(tmp_path / 'depth/a.png', 1500)
    (sample,) = read(tmp_path)
    assert sample.image.shape == (*IMAGE_SIZE, 3)


@pytest.mark.parametrize('reader', ['auto', 'rgbd', 'arkitscenes', 'scannetpp', 'hammer'])
def test_a_folder_without_frames_is_said_in_one_sentence(tmp_path, reader):
    (tmp_path / 'photos').mkdir()
    with pytest.raises(NoFrames, match=str(tmp_path)):
        find_frames(tmp_path, reader=reader)
    with pytest.raises(NoFrames, match='does not exist'):
        find_frames(tmp_path / 'nothing', reader=reader)


def test_a_broken_picture_is_named(tmp_path):
    write_image(tmp_path / 'image/a.png', 90)
    write_image(tmp_path / 'depth/a.png', 90)  # 8 bits
    with pytest.raises(
        OSError, match=r'depth/a\.png cannot be read: it is a PNG of 3 channels of 8 bits'
    ):
        read(tmp_path)
    write_depth(tmp_path / 'depth/a.png', 1500)
    (tmp_path / 'image/a.png').write_bytes(b'')
    with pytest.raises(OSError, match=r'image/a\.png is no image'):
        read(tmp_path)


def test_the_folder_one_stands_in_has_its_name_too(tmp_path, monkeypatch):
    write_image(tmp_path / 'image/a.png', 90)
    write_depth(tmp_path / 'depth/a.png', 1500)
    monkeypatch.chdir(tmp_path)
    (frame,) = find_frames(Path(), reader='rgbd')
    assert frame.sensor == tmp_path.name


def test_some_frames_are_spread_evenly(tmp_path):
    for number in range(10):
        write_image(tmp_path / f'image/{number}.png', 90)
        write_depth(tmp_path / f'depth/{number}.png', 1500)
    frames = find_frames(tmp_path, reader='rgbd')
    assert [frame.name for frame in evenly(frames, 4)] == ['0', '2', '5', '7']
    assert evenly(frames, None) == evenly(frames, 99) == frames


@pytest.mark.skipif(not REDWOOD.is_dir(), reason=f'{REDWOOD} is not there')
def test_real_redwood_frames_are_read():
    samples = list(FileReader(find_frames(REDWOOD, reader='auto'), prompt_size=(48, 64)))
    assert [sample.name for sample in samples] == [f'{number:05}' for number in range(5)]
    assert all(sample.image.shape == (480, 640, 3) for sample in samples)
    assert all(0.85 < np.isfinite(sample.truth_m).mean() < 0.9 for sample in samples)
    assert all(0.5 < np.nanmin(sample.sensor_depth_m) < 1.5 for sample in samples)
    assert all(np.nanmax(sample.sensor_depth_m) < 3.0 for sample in samples)


def test_a_listing_without_stamps_is_said_in_one_sentence(tmp_path):
    for name in ('rgb', 'depth'):
        (tmp_path / f'{name}.txt').write_text('first picture.png\n')
    with pytest.raises(FileError, match='does not begin with a stamp'):
        find_frames(tmp_path, reader='rgbd')


def test_metadata_without_its_columns_is_said_in_one_sentence(tmp_path):
    (tmp_path / 'Validation').mkdir()
    (tmp_path / 'metadata.csv').write_text('video,sky\n1,Up\n')
    with pytest.raises(NoFrames, match='no columns video_id and sky_direction'):
        find_frames(tmp_path, reader='arkitscenes')


def test_distance_along_the_ray_is_read_as_depth(tmp_path):
    """Of the sensor and of the truth, by the camera of the image."""
    write_image(tmp_path / 'rgb/0.png', 90)
    write_depth(tmp_path / 'depth/0.png', 2000)
    write_depth(tmp_path / 'sensor/0.png', 1000, SENSOR_SIZE)
    rays_of = 40.0, 40.0, 31.5, 23.5
    (sample,) = FileReader(
        find_frames(tmp_path, reader='rgbd', rays_of=rays_of), prompt_size=SENSOR_SIZE
    )
    across, down = camera.rays(Intrinsics(64, 48, *rays_of))
    along = np.sqrt(across**2 + down**2 + 1)
    np.testing.assert_allclose((sample.truth_m * along)[20:], 2.0, rtol=1e-6)
    assert sample.sensor_depth_m[-1, -1] < 0.85
    with pytest.raises(camera.BadIntrinsics):
        list(
            FileReader(
                find_frames(tmp_path, reader='rgbd', rays_of=(0.0,) * 4), prompt_size=SENSOR_SIZE
            )
        )


def test_an_image_of_another_aspect_ratio_than_its_depth_is_refused_with_both(tmp_path):
    """D11: it was squeezed."""
    write_image(tmp_path / 'rgb/0.png', 90, (48, 85))
    write_depth(tmp_path / 'depth/0.png', 2000)
    with pytest.raises(OSError, match=r'0.png has 64x48 pixels, not in the aspect .* 85x48'):
        read(tmp_path, reader='rgbd')
