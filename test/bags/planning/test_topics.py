# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.bags.planning.topics."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from promptda_ros.bags.files import BagError
from promptda_ros.bags.planning.topics import find_topics
from promptda_ros.bags.processing.recipe import CameraTopics
from promptda_ros.core.settings import build

IMAGE, INFO = 'sensor_msgs/msg/Image', 'sensor_msgs/msg/CameraInfo'
COMPRESSED, POINTS = 'sensor_msgs/msg/CompressedImage', 'sensor_msgs/msg/PointCloud2'
FIRST = {
    'rgb': SimpleNamespace(encoding='rgb8'),
    'mm': SimpleNamespace(encoding='16UC1'),
    'jpeg': SimpleNamespace(format='rgb8; jpeg compressed bgr8', data=b''),
    'png': SimpleNamespace(format='16UC1; compressedDepth png', data=b''),
    'info': None,
}
KINDS = {'rgb': IMAGE, 'mm': IMAGE, 'jpeg': COMPRESSED, 'png': COMPRESSED, 'info': INFO}


def find(there, asked=None, *, camera='', **settings):
    """Find topics among some that have these first messages."""
    bag = SimpleNamespace(
        path=Path('run'),
        types={topic: KINDS.get(kind, POINTS) for topic, kind in there.items()},
        messages=lambda topics: [SimpleNamespace(message=FIRST[there[topics[0]]])],
    )
    given = build({name.replace('__', '.'): value for name, value in settings.items()})
    asked = asked or CameraTopics()
    return find_topics(bag, asked, given, camera=camera, without='/promptda')


REALSENSE = {
    '/camera/color/image_raw': 'rgb',
    '/camera/color/image_raw/compressed': 'jpeg',
    '/camera/color/camera_info': 'info',
    '/camera/aligned_depth_to_color/image_raw': 'mm',
    '/camera/aligned_depth_to_color/image_raw/compressedDepth': 'png',
    '/camera/aligned_depth_to_color/camera_info': 'info',
    '/promptda/depth/image_mm': 'mm',
    '/promptda/depth/camera_info': 'info',
}


def test_the_only_camera_is_found_with_what_lies_beside_its_topics():
    assert find(REALSENSE) == CameraTopics(
        image='/camera/color/image_raw',
        depth='/camera/aligned_depth_to_color/image_raw',
        camera_info='/camera/color/camera_info',
        depth_camera_info='/camera/aligned_depth_to_color/camera_info',
    )


def test_the_transport_of_the_settings_is_taken():
    found = find(REALSENSE, input__image_transport='compressed')
    assert found.image == '/camera/color/image_raw/compressed'


def test_a_named_topic_is_found_in_the_form_that_was_recorded():
    there = {'/rgb/compressed': 'jpeg', '/depth/compressedDepth': 'png'}
    found = find(there, CameraTopics(image='/rgb', depth='/depth'))
    assert (found.image, found.depth) == ('/rgb/compressed', '/depth/compressedDepth')


def test_each_camera_has_the_topics_with_its_name():
    there = {
        f'/{side}/{topic}': kind
        for side in ('left', 'right')
        for topic, kind in (('image', 'rgb'), ('depth', 'mm'), ('camera_info', 'info'))
    }
    found = find(there, camera='right')
    assert (found.image, found.camera_info) == ('/right/image', '/right/camera_info')
    with pytest.raises(BagError, match='several image topics, /left/image, /right/image'):
        find(there)


def test_points_are_the_depth_where_there_is_no_depth_image():
    assert find({'/image': 'rgb', '/scan': 'points'}).depth == '/scan'


def test_the_camera_info_of_another_picture_is_not_taken():
    there = {'/rgb/image': 'rgb', '/ir/depth': 'mm', '/ir/camera_info': 'info'}
    found = find(there)
    assert (found.camera_info, found.depth_camera_info) == ('', '/ir/camera_info')


def test_confidence_and_mask_are_looked_for_when_the_settings_need_them():
    there = {'/image': 'rgb', '/depth': 'mm', '/confidence': 'rgb', '/mask': 'rgb'}
    assert find(there).confidence == ''
    found = find(there, input__min_confidence=1.0, input__mask='remove')
    assert (found.confidence, found.mask) == ('/confidence', '/mask')
    with pytest.raises(BagError, match='no confidence topic'):
        find({'/image': 'rgb', '/depth': 'mm'}, input__min_confidence=1.0)


@pytest.mark.parametrize(
    ('there', 'asked', 'said'),
    [
        ({'/image': 'rgb'}, CameraTopics(), r'no depth topic, name one with --depth'),
        ({'/image': 'rgb'}, CameraTopics(depth='/dept'), r'no topic /dept for --depth'),
        ({'/image': 'rgb'}, CameraTopics(camera_info='/image'), r'which --camera-info does not'),
    ],
)
def test_what_is_missing_is_named_with_its_option(there, asked, said):
    with pytest.raises(BagError, match=said):
        find({**there, '/depth': 'mm'} if asked.camera_info else there, asked)
