# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.core.geometry.frame_ids."""

from __future__ import annotations

import pytest

from promptda_ros.core.geometry.frame_ids import plain, same_frame


@pytest.mark.parametrize('frame_id', ['camera_optical', '/camera_optical', '//camera_optical'])
def test_a_slash_in_front_is_no_part_of_the_name(frame_id):
    """K17: ROS 1 had it, TF refuses it."""
    assert plain(frame_id) == 'camera_optical'
    assert same_frame(frame_id, 'camera_optical')


def test_other_frames_stay_others():
    assert plain('robot/camera') == 'robot/camera'
    assert not same_frame('robot/camera', '/camera')
    assert same_frame('/', '')
