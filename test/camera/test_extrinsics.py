# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where the sensor is: by parameters, by equal frames, else by the transforms that are known."""

from __future__ import annotations

import numpy as np
import pytest

from promptda_ros.camera.extrinsics import Extrinsics
from promptda_ros.core.frame import BadFrame
from promptda_ros.core.geometry.transform import BadTransform, Transform, UnknownTransform
from promptda_ros.core.settings import build
from promptda_ros.core.settings.input import ExtrinsicsSettings

CAMERA, SENSOR = 'camera_color_optical_frame', 'camera_depth_optical_frame'
STAMP_NS = 1_700_000_000_000_000_000
AUTO = ExtrinsicsSettings(timeout=0.05)
BESIDE = Transform.of((0.05, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0))


class Recorded:
    """Transforms that answer every question alike, by a transform or an error."""

    def __init__(self, answer: Transform | Exception = BESIDE) -> None:
        self.answer = answer
        self.asked: list[tuple[object, ...]] = []

    def lookup(self, *question: object) -> Transform:
        self.asked.append(question)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def advise(self, target: str, source: str) -> str:
        return f'record where {source} is seen from {target}'

    def clear(self) -> None:
        self.asked.clear()


def test_depth_in_the_frame_of_the_image_is_registered_and_tf_is_not_asked():
    """K17: a slash before a frame is no part of its name."""
    transforms = Recorded()
    for frame in (CAMERA, f'/{CAMERA}'):
        extrinsics = Extrinsics(transforms)
        assert extrinsics.camera_from_sensor(frame, CAMERA, STAMP_NS, AUTO) is None
    assert transforms.asked == []


@pytest.mark.setting('extrinsics.source', 'extrinsics.translation', 'extrinsics.rotation')
def test_parameters_hold_for_every_frame_of_the_sensor():
    values = {
        'extrinsics.source': 'parameters',
        'extrinsics.translation': [0.015, 0.0, 0.001],
        'extrinsics.rotation': [1.0, 0.0, 0.0, 0.0],  # half a turn about x
    }
    settings, transforms = build(values).extrinsics, Recorded()
    extrinsics = Extrinsics(transforms)
    for sensor_frame in (SENSOR, CAMERA, ''):
        transform = extrinsics.camera_from_sensor(sensor_frame, CAMERA, STAMP_NS, settings)
        np.testing.assert_array_equal(transform.translation_m, [0.015, 0.0, 0.001])
        np.testing.assert_array_equal(transform.rotation, np.diag([1, -1, -1]))
    assert transforms.asked == []


def test_other_frames_are_looked_up_at_the_stamp_of_the_image():
    transforms = Recorded()
    extrinsics = Extrinsics(transforms)
    found = extrinsics.camera_from_sensor(f'/{SENSOR}', CAMERA, STAMP_NS, AUTO)
    assert found is BESIDE
    assert transforms.asked == [(CAMERA, SENSOR, STAMP_NS, 0.05)]


@pytest.mark.parametrize(
    'error', [UnknownTransform('two trees, ' * 12), BadTransform('all zeros')]
)
def test_a_missing_transform_drops_the_frame_with_the_advice_of_who_knows_transforms(error):
    """D12: never identity."""
    extrinsics = Extrinsics(Recorded(error))
    with pytest.raises(BadFrame, match=f"no transform from '{SENSOR}' to '{CAMERA}'") as dropped:
        extrinsics.camera_from_sensor(SENSOR, CAMERA, STAMP_NS, AUTO)
    assert dropped.value.reason == 'no_transform'
    assert f'{error}; record where {SENSOR} is seen from {CAMERA}, or set' in str(dropped.value)
    assert 'extrinsics.source:=parameters' in str(dropped.value)


@pytest.mark.parametrize('frames', [('', CAMERA), (SENSOR, ''), ('/', CAMERA)])
def test_a_frame_without_a_name_is_no_matter_of_what_was_published(frames):
    extrinsics = Extrinsics(Recorded(UnknownTransform('no such frame')))
    with pytest.raises(BadFrame, match='set frame_id in the driver'):
        extrinsics.camera_from_sensor(*frames, STAMP_NS, AUTO)


def test_frames_named_at_length_do_not_flood_the_log():
    """C2: the text is cut, also that of who knows transforms."""
    extrinsics = Extrinsics(Recorded(UnknownTransform('x' * 100_000)))
    with pytest.raises(BadFrame) as dropped:
        extrinsics.camera_from_sensor(SENSOR, 'x' * 1000, STAMP_NS, AUTO)
    assert len(str(dropped.value)) < 2000
