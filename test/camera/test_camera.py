# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A camera by its own clock, wherever its messages come from."""

from __future__ import annotations

from collections import Counter
from contextlib import nullcontext
import logging
import random
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest
import torch

from promptda_ros.camera.camera import Camera, GRACE_SEC, InputTopics, MIXED_SEC
from promptda_ros.camera.extrinsics import Extrinsics
from promptda_ros.core.frame import BadFrame, Frame
from promptda_ros.core.geometry.transform import Transform, UnknownTransform
from promptda_ros.core.pairing.pairing import Pair
from promptda_ros.core.runtime.lasting import OneStream
from promptda_ros.core.settings.input import InputSettings
from promptda_ros.core.settings.schema import Settings
from test.sensors import as_recorded, FRAME_ID, header_at, HEIGHT, Sensors, WIDTH

SEC = 1_000_000_000
FRAME = Frame(SEC, 'optical', np.zeros((1, 1, 3), np.uint8), np.ones((1, 1), np.float32))


class LoggedTime:
    """The clock of a recording."""

    def __init__(self) -> None:
        self.now_sec = 1_700_000_000.0

    def __call__(self) -> int:
        return round(self.now_sec * SEC)


@pytest.fixture
def clock():
    return LoggedTime()


@pytest.fixture
def make_camera(clock):
    """Make cameras whose reader finds every pair good."""

    def make(**given):
        camera = Camera(
            '',
            Settings(),
            topics=InputTopics('/rgb/image', '/depth'),
            extrinsics=None,
            device=torch.device('cpu'),
            log=logging.getLogger('camera'),
            outputs=None,
            clock_ns=clock,
            **given,
        )
        camera.reader = SimpleNamespace(read=lambda pair, settings: FRAME, clear=lambda: None)
        return camera

    return make


def pair_of(image, depth):
    return Pair(image, depth, SEC, SEC, epoch=0, image_arrival_ns=0, paired_ns=0)


@pytest.fixture
def pair(sensors):
    return pair_of(as_recorded(sensors.image(SEC)), as_recorded(sensors.depth(SEC)))


def test_frames_are_refused_as_if_the_names_of_each_were_looked_at(make_camera, pair, clock):
    """Names are looked at only when they change, and until a frame passes."""
    chance, camera = random.Random(1), make_camera()
    streams, outcomes = [OneStream(MIXED_SEC) for _ in range(2)], Counter()
    for _ in range(3000):
        clock.now_sec += chance.choices([0.03, 1.0, MIXED_SEC, 7.0], [40, 4, 1, 1])[0]
        for message in (pair.image, pair.depth):
            if chance.random() < 0.2:
                message.header.frame_id = chance.choice(['left', '/left', 'right', ''])
        names = (each.header.frame_id.lstrip('/') for each in (pair.image, pair.depth))
        is_mixed = any(
            stream.is_mixed(name, clock.now_sec)
            for stream, name in zip(streams, names, strict=True)
        )
        outcomes[is_mixed] += 1
        with pytest.raises(BadFrame, match='alternate') if is_mixed else nullcontext():
            camera.read(pair, Settings())
    assert min(outcomes[True], outcomes[False]) > 300


def test_two_cameras_on_one_topic_are_refused_with_its_name(make_camera, pair):
    camera = make_camera()
    for frame_id in ('left', 'right', 'left'):
        pair.image.header.frame_id = frame_id
        camera.read(pair, Settings())
    pair.image.header.frame_id = 'right'
    with pytest.raises(BadFrame, match="'left' and 'right' alternate on /rgb/image"):
        camera.read(pair, Settings())


LONG = 'x' * 20_000
SHORT = len(LONG) // 2
# Of one frame, of the sensor's, of none, or of what nobody would call one
names = st.builds(
    lambda *parts: ''.join(parts),
    st.sampled_from(['', '/']),
    st.sampled_from([FRAME_ID, 'depth_optical_frame', '']) | st.text(max_size=9),
    st.sampled_from(['', LONG]),
)


class Transforms:
    """Know where every sensor is, or quote what they are asked for."""

    def __init__(self, *, known: bool) -> None:
        self._known = known

    def lookup(self, target: str, source: str, *_: object) -> Transform:
        if self._known:
            return Transform.of((0.05, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0))
        raise UnknownTransform(f'{source} is not seen from {target}')

    def advise(self, *_: str) -> str:
        return 'publish it'

    def clear(self) -> None:
        """Forget nothing: the sensor is fixed."""


@given(
    st.lists(st.tuples(names, names, names, st.none() | names), min_size=1, max_size=5),
    st.booleans(),
    st.booleans(),
    st.sampled_from([1, 4]),  # an image has four times the rows of its depth
    st.sampled_from(['/camera_info', '/depth_camera_info']),
)
def test_a_frame_has_the_name_of_its_image_and_any_name_is_told_in_a_short_line(
    sensors, named, allow_frame_mismatch, known, scale, depth_info_topic
):
    """J1: of depth that has the pixels of the image and of any other; or it is refused."""
    said = []
    camera = Camera(
        '',
        Settings(input=InputSettings(allow_frame_mismatch=allow_frame_mismatch)),
        topics=InputTopics('/image', '/depth', '/camera_info', depth_info_topic),
        extrinsics=Extrinsics(Transforms(known=known)),
        device=torch.device('cpu'),
        log=SimpleNamespace(info=said.append, warning=said.append, error=said.append),
        outputs=None,
    )
    depth_sensor = Sensors(height=HEIGHT * scale, width=WIDTH * scale)
    depth_camera = Sensors(height=HEIGHT * scale // 4, width=WIDTH * scale // 4)
    for image, depth, info, depth_info in named:
        camera.calibration.add(sensors.camera_info(SEC, header=header_at(SEC, info)))
        if depth_info is not None:
            header = header_at(SEC, depth_info)
            camera.depth_calibration.add(depth_camera.camera_info(SEC, header=header))
        pair = pair_of(sensors.image(SEC, image), depth_sensor.depth(SEC, depth))
        try:
            frame = camera.read(pair, camera.settings)
        except BadFrame as error:
            said.append(str(error))
        else:
            assert (frame.stamp_ns, frame.frame_id) == (SEC, image)
    assert all(text.isprintable() and len(text) < SHORT for text in said)


def test_what_may_come_later_is_dropped_in_silence_at_first(make_camera, clock, caplog):
    """By the clock of the camera: of a recording, when messages were logged."""
    camera, missing = make_camera(), BadFrame('no_camera_info', 'none came')
    clock.now_sec += GRACE_SEC - 0.1
    camera.drop(missing)
    assert caplog.messages == []
    clock.now_sec += 0.2
    camera.drop(missing)
    assert caplog.messages == ['frame dropped: none came']
    camera.clear()
    camera.drop(missing)
    assert (camera.drops.snapshot(), len(caplog.messages)) == ({'no_camera_info': 3}, 1)


@pytest.mark.parametrize('now_ns, early_sec', [(0, 0.0), (3 * SEC, -2.0), (SEC // 2, 0.5)])
def test_without_a_clock_of_the_stamps_no_image_is_early(make_camera, pair, now_ns, early_sec):
    camera = make_camera(stamp_clock_ns=lambda: now_ns)
    camera.read(pair, Settings())
    assert camera.early_sec == early_sec
    unknown = make_camera()
    unknown.read(pair, Settings())
    assert unknown.early_sec == 0.0


def test_failures_while_the_program_ends_are_nothing_to_speak_of(make_camera, caplog, tmp_path):
    def fail():
        raise RuntimeError('gone')

    camera = make_camera(is_ending=lambda: True)
    assert not camera.reading.run(fail)
    assert (camera.drops.snapshot(), caplog.messages) == ({}, [])


def test_nobody_captures_frames_of_a_recording(make_camera, pair):
    capture = make_camera().capture
    assert not capture.wants(pair)
    capture.add(pair, None)
    assert not capture.wants(pair)
