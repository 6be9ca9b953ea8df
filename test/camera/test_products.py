# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is made of a frame is the same message whichever classes it is made of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from rclpy.serialization import serialize_message
from rosbags.typesys import get_typestore, Stores

from promptda_ros.camera.products import available, CLOUDS, make, PRODUCTS
from promptda_ros.core import settings as core_settings
from promptda_ros.core.frame import Depth, Frame, Intrinsics
from promptda_ros.core.frame_outputs import FrameOutputs
from promptda_ros.core.prompt.prompt import condition
from promptda_ros.core.settings.depth import PromptSettings
from promptda_ros.messages.message_types import ros_types, rosbags_types
from promptda_ros.messages.stamps import stamp_ns_of

HEIGHT, WIDTH = 24, 32
CAMERA = Intrinsics(width=WIDTH, height=HEIGHT, fx=40.0, fy=41.5, cx=15.5, cy=11.25)
STAMP_NS = 1_700_000_000_987_654_321
ALL = [*PRODUCTS]
RECORDED = get_typestore(Stores.ROS2_JAZZY)


@pytest.fixture
def result():
    """A step between two walls, with a hole."""
    image = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    sensor_m = np.linspace(0.5, 1.0, 48, dtype=np.float32).reshape(6, 8)
    frame = Frame(STAMP_NS, 'optical', image, sensor_m, intrinsics=CAMERA)
    depth_m = np.full((HEIGHT, WIDTH), 1.0, np.float32)
    depth_m[:, 20:] = 0.5
    depth_m[2:5, 3:6] = np.nan
    prompt = condition(sensor_m, PromptSettings())
    depth = Depth(depth_m, prompt, saturated=np.zeros((6, 8), np.bool_))
    return FrameOutputs(frame, depth, core_settings.build({}))


@pytest.mark.parametrize(
    'values',
    [{}, {'workspace.min_depth': 5.0}, {'output.pcl_layout': True}],
    ids=['as it is', 'without a point', 'for PCL'],
)
@pytest.mark.parametrize('name', ALL)
def test_a_product_is_the_same_bytes_of_either_classes(result, name, values):
    """A processed bag holds what the node would have published."""
    result = replace(result, settings=core_settings.build(values))
    type_name = PRODUCTS[name].type_name
    ours = serialize_message(make(name, result, ros_types()))
    theirs = RECORDED.serialize_cdr(make(name, result, rosbags_types()), type_name)
    assert len(theirs) == len(ours)
    # Fast CDR leaves between fields whatever was in memory.
    assert RECORDED.serialize_cdr(RECORDED.deserialize_cdr(ours, type_name), type_name) == theirs


@pytest.mark.parametrize('frame_id', ['optical', ''])
@pytest.mark.parametrize('name', ALL)
def test_a_product_has_the_header_of_the_image(result, name, frame_id):
    """C12: an empty frame id passes through."""
    header = make(
        name, replace(result, frame=replace(result.frame, frame_id=frame_id)), ros_types()
    ).header
    assert (stamp_ns_of(header), header.frame_id) == (STAMP_NS, frame_id)


def test_what_a_frame_has_no_intrinsics_or_mask_for_is_left_out(result):
    """E1, E2: neither points nor camera_info, rather than wrong ones."""
    frame = result.frame
    assert available(ALL, frame) == ALL
    left = available(ALL, replace(frame, intrinsics=None))
    assert left == [name for name in ALL if name not in {*CLOUDS, 'depth/camera_info'}]
    left = available(reversed(ALL), replace(frame, points_withheld=True))
    assert left == [name for name in reversed(ALL) if name not in CLOUDS]
    assert len(CLOUDS) == 3
