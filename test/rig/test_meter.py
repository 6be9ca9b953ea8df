# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A rig with sown faults before a drawn board: each is found, and what can't be said is not."""

from __future__ import annotations

from dataclasses import replace
import json

import cv2
import numpy as np
import pytest

from promptda_ros.rig.meter import RigMeter
from promptda_ros.rig.region import Box
from promptda_ros.rig.report import RigReport
from promptda_ros.rig.sight import NotMeasurable, Sight, Unmeasured
from test.rig.board import CAMERA, Rig, to_and_fro


def measure(
    rig: Rig, frames: int = 6, *, box: Box | None = None, expect_m: float | None = None
) -> RigReport:
    """Return what frames of a rig tell, whose published depth is better than its sensor's."""
    meter = RigMeter(box, expect_m)
    for number in range(frames):
        frame = rig.frame(number)
        better_m = cv2.blur(frame.sensor_depth_m, (5, 5))
        meter.add(Sight(frame, better_m, np.full_like(better_m, 0.004)))
    return meter.result()


def test_sown_bias_and_shift_are_found_within_a_fifth():
    """D13: what is registered wrongly."""
    report = measure(Rig(bias_m=0.015, shift_px=(3.0, 0.0)), expect_m=1.5)
    assert report.sensor_bias_m == pytest.approx(0.015, rel=0.2)
    assert report.bias_m == pytest.approx(0.015, rel=0.2)
    assert report.shift.across_px == pytest.approx(3.0, rel=0.2)
    assert report.shift.down_px == pytest.approx(0.0, abs=0.3)


def test_a_sown_offset_is_found_within_a_fifth():
    report = measure(Rig(path=to_and_fro, lag_sec=0.08), 40)
    assert report.moved
    assert report.offset.sec == pytest.approx(0.08, rel=0.2)


def test_a_sound_rig_is_found_sound():
    report = measure(Rig(), expect_m=1.5)
    assert report.sensor_bias_m == pytest.approx(0.0, abs=0.001)
    assert report.shift.px < 0.5
    assert report.coverage == 1.0
    assert not report.moved


def test_noise_and_what_lasts_are_told_apart():
    sensor = measure(Rig(noise_m=0.004), 12).sensor
    assert sensor.plane_fit_m == pytest.approx(0.004, rel=0.1)
    assert sensor.noise_m == pytest.approx(0.004, rel=0.1)
    assert sensor.flicker_m == pytest.approx(0.004, rel=0.1)
    assert sensor.shape_m < 0.001
    assert sensor.share == 1.0


def test_the_uncertainty_does_not_cover_a_bias_that_is_known():
    assert measure(Rig(bias_m=0.02), expect_m=1.5).coverage == 0.0
    assert measure(Rig(bias_m=0.02)).coverage == 1.0  # only the sensor could tell


def test_a_camera_that_moves_has_no_bias_and_no_flicker():
    report = measure(Rig(path=to_and_fro), 20, expect_m=1.5)
    assert (report.bias_m, report.sensor.flicker_m) == (None, None)
    assert isinstance(report.coverage, Unmeasured)
    assert report.sensor.noise_m == pytest.approx(0.002, rel=0.2)


def test_the_distance_is_square_to_a_tilted_board():
    surface = measure(Rig(tilt_deg=12.0, half_m=3.0)).sensor
    assert surface.distance_m == pytest.approx(1.5, abs=0.002)
    assert surface.tilt_deg == pytest.approx(12.0, abs=0.2)


def test_a_board_that_fills_the_picture_tells_no_shift():
    assert 'edges' in measure(Rig(half_m=3.0)).shift.why


def test_a_box_that_is_not_flat_is_refused_with_its_residual():
    with pytest.raises(NotMeasurable, match=r'not flat: \d+% .* \(residual \d+ mm\).*--roi'):
        measure(Rig(half_m=0.2), 3)
    assert measure(Rig(half_m=0.2), 3, box=Box(140, 100, 40, 40)).sensor.share == 1.0


def test_frames_without_a_board_end_the_work_at_once():
    meter, sight = RigMeter(), Sight(Rig(half_m=0.2).frame(0))
    for _ in range(9):
        meter.add(sight)
    with pytest.raises(NotMeasurable):
        meter.add(sight)


def test_something_that_passes_before_the_board_is_left_out():
    meter, rig = RigMeter(), Rig()
    for number in range(6):
        frame = rig.frame(number)
        if number == 2:
            frame.sensor_depth_m[60:120, 80:240] = 0.7
        meter.add(Sight(frame))
    report = meter.result()
    assert (report.frames, report.not_flat) == (6, 1)
    assert report.sensor.distance_m == pytest.approx(1.5, abs=0.001)


def test_without_depth_of_the_node_the_sensor_is_measured_alone():
    meter = RigMeter()
    meter.add(Sight(Rig().frame(0)))
    report = meter.result()
    assert report.ours is None
    assert isinstance(report.coverage, Unmeasured)
    told = json.loads(json.dumps(report.to_json()))
    assert (told['ours'], told['coverage'], told['clock_offset']) == (None, None, None)


def test_without_a_camera_info_nothing_is_measured():
    frame = replace(Rig().frame(0), intrinsics=None)
    with pytest.raises(NotMeasurable, match='--camera-info'):
        RigMeter().add(Sight(frame))


def test_a_box_beside_the_image_is_refused():
    with pytest.raises(NotMeasurable, match='350,120, outside the image of 320x240'):
        RigMeter(Box(250, 20, 100, 100)).add(Sight(Rig().frame(0)))


def test_no_depth_in_the_box_is_said():
    frame = Rig().frame(0)
    frame.sensor_depth_m[:] = np.nan
    meter = RigMeter()
    meter.add(Sight(frame))
    with pytest.raises(NotMeasurable, match='too little depth'):
        meter.result()


@pytest.mark.parametrize('size', [(240, 320), (24, 32), (480, 640)])
def test_a_box_is_the_same_part_of_a_map_of_any_size(size):
    rows, columns = Box(80, 60, 160, 120).window((CAMERA.height, CAMERA.width), size)
    assert (rows.start, rows.stop) == (size[0] // 4, 3 * size[0] // 4)
    assert (columns.start, columns.stop) == (size[1] // 4, 3 * size[1] // 4)
