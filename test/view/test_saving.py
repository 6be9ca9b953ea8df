# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a page saves."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from promptda_ros.core.errors import FileError
from promptda_ros.view.cloud import our_cloud
from promptda_ros.view.colours import Scale
from promptda_ros.view.moment import UNCERTAINTY
from promptda_ros.view.saving import save
from promptda_ros.view.tiles import tiles_of
from test.view.scenes import HEIGHT, wall, WIDTH


def test_pictures_depth_and_cloud_are_written(tmp_path):
    moment = wall()
    cloud = our_cloud(moment, moment.frame.image, 10_000_000, uncertainty_limit_m=math.inf)
    tiles = tiles_of(moment, Scale(), trust=UNCERTAINTY)
    names = save(tmp_path / 'new', moment, tiles, cloud)
    assert names == sorted(path.name for path in (tmp_path / 'new').iterdir())
    depth = cv2.imread(str(tmp_path / 'new' / 'depth_mm.png'), cv2.IMREAD_UNCHANGED)
    assert depth.dtype == np.uint16
    assert (depth == 2000).all()
    image = cv2.imread(str(tmp_path / 'new' / 'image.png'))
    np.testing.assert_array_equal(image[..., ::-1], moment.frame.image)
    header = (tmp_path / 'new' / 'cloud.ply').read_bytes()[:200]
    assert f'element vertex {HEIGHT * WIDTH}'.encode() in header


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / 'taken').write_text('')
    with pytest.raises(FileError, match='taken'):
        save(tmp_path / 'taken', wall(), [], None)
