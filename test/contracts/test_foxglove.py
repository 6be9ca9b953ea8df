# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Foxglove: what its Image and 3D panels draw."""

from __future__ import annotations

import pytest
from sensor_msgs.msg import Image, PointCloud2

from promptda_ros.node.outputs import OUTPUTS

# Of those that the Image panel knows, the ones without a mosaic: their bytes a pixel.
DRAWN = {
    'mono8': 1, '8UC1': 1, 'mono16': 2, '16UC1': 2, '32FC1': 4, 'rgb8': 3, 'bgr8': 3, '8UC3': 3,
    'rgba8': 4, 'bgra8': 4,
}  # fmt: skip
IMAGES, CLOUDS = (
    [name for name, kind in OUTPUTS.items() if kind is wanted] for wanted in (Image, PointCloud2)
)


@pytest.mark.parametrize('output', IMAGES)
def test_every_image_is_of_an_encoding_that_is_drawn_and_whole(receive, output):
    """J5: rows without padding, in the byte order that the panel takes for granted."""
    image = receive(output)
    assert image.step == image.width * DRAWN[image.encoding]
    assert len(image.data) == image.height * image.step
    assert not image.is_bigendian


@pytest.mark.parametrize('output', CLOUDS)
@pytest.mark.parametrize('pcl_layout', [False, True])
def test_every_field_of_a_cloud_lies_within_its_point(receive, output, pcl_layout):
    """J5: or the panel calls the message invalid; x, y and z are there by name."""
    message = receive(output, output__pcl_layout=pcl_layout)
    sizes = dict(enumerate((1, 1, 2, 2, 4, 4, 4, 8), start=1))
    ends = {each.name: each.offset + sizes[each.datatype] * each.count for each in message.fields}
    assert {'x', 'y', 'z'} <= ends.keys()
    assert max(ends.values()) <= message.point_step
    assert len(message.data) == message.height * message.row_step
