# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Settings of one camera among several, and the names that cameras may have."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
import pytest

from promptda_ros.core.settings.cameras import CameraSettings, known_settings
from promptda_ros.core.settings.schema import Settings
from promptda_ros.core.settings.setting import SettingError


def test_one_camera_without_a_name_has_the_common_settings():
    assert CameraSettings.of({}).of_cameras == {'': Settings()}


def test_what_belongs_to_the_node_is_not_asked_of_a_camera():
    own = {setting.name for camera, setting in known_settings(['left']).values() if camera}
    assert {'sync.tolerance', 'qos.image', 'prompt.max_depth', 'workspace.frame'} <= own
    assert not own & {'device', 'cameras', 'model.name', 'capture.frames'}


@pytest.mark.setting('cameras')
def test_values_of_a_camera_lie_over_the_common_ones():
    values = {'cameras': ['left', 'right'], 'sync.wait': 0.2, 'left.sync.wait': 0.3}
    built = CameraSettings.of(values).of_cameras
    assert [*built] == ['left', 'right']
    assert built['left'].sync.wait == 0.3
    assert built['right'].sync.wait == 0.2
    assert built['left'].prompt == built['right'].prompt


def test_of_every_camera_what_belongs_to_it_is_known():
    names = known_settings(['left', 'right'])
    assert {'sync.wait', 'left.sync.wait', 'right.trust.gate', 'device'} <= names.keys()
    assert 'left.device' not in names
    assert names['left.sync.wait'] == ('left', names['sync.wait'][1])


VALUES = st.fixed_dictionaries(
    {},
    optional={
        name: st.sampled_from([0.1, 0.2, 'null'])
        for name in ('sync.wait', 'left.sync.wait', 'right.sync.wait', 'left.sync.tolerance')
    },
)


@given(changes=st.lists(VALUES, max_size=5))
def test_changing_value_by_value_ends_where_a_start_with_all_of_them_does(changes):
    now = start = CameraSettings.of({'cameras': ['left', 'right']})
    given_ = {'cameras': ['left', 'right']}
    for each in changes:
        now = now.changed(each)
        given_ |= each
    assert now == CameraSettings.of(given_)
    assert start == CameraSettings.of({'cameras': ['left', 'right']})


@pytest.mark.parametrize(
    'cameras, text',
    [
        ([], 'no camera is named'),
        (['', 'left'], "'' can't be part of a ROS name"),
        (['2nd'], "'2nd' can't be part of a ROS name"),
        (['arm/left'], "'arm/left' can't be part"),
        (['left eye'], "'left eye' can't be part"),
        (['left\\n'], "can't be part"),
        (['left', 'right', 'left'], 'left, right, left name one camera twice'),
        (['sync'], "'sync' is the name of parameters already"),
        ('left', "'left' is not a list of str"),
    ],
)
def test_cameras_that_can_not_be_told_apart_or_named_are_refused(cameras, text):
    with pytest.raises(SettingError) as wrong:
        CameraSettings.of({'cameras': cameras})
    assert text in str(wrong.value)
