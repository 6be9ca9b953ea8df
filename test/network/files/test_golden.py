# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The depth that a network gave where it was made, beside its weights."""

from __future__ import annotations

import json

import numpy as np
import pytest

from promptda_ros.model_folders import DIGEST_FILE
from promptda_ros.network.files.folder import CheckpointError
from promptda_ros.network.files.golden import GOLDEN_FILE, read_golden, write_golden
from promptda_ros.share import share_folder


def test_it_survives_the_way_there_and_back(tmp_path):
    depth_m = np.linspace(0.4, 4.0, 12, dtype=np.float32).reshape(3, 4)
    write_golden(tmp_path, 'a', depth_m)
    np.testing.assert_allclose(read_golden(tmp_path, 'a'), depth_m, atol=1e-5)


def test_that_of_other_weights_says_nothing(tmp_path):
    """An adapted network keeps the files of the one that it began with."""
    assert read_golden(tmp_path, 'a') is None
    write_golden(tmp_path, 'b', np.ones((3, 4), np.float32))
    assert read_golden(tmp_path, 'a') is None


@pytest.mark.parametrize('depth_m', [None, [], [[1.0], [1.0, 2.0]], [['far']], [[1.0, None]], 1.0])
def test_a_damaged_one_is_refused(tmp_path, depth_m):
    (tmp_path / GOLDEN_FILE).write_text(json.dumps({'sha256': 'a', 'depth_m': depth_m}))
    with pytest.raises(CheckpointError, match='holds no rows of metres'):
        read_golden(tmp_path, 'a')


def test_the_embedded_network_has_one_of_its_weights():
    """B8: without it nothing would be compared, and nobody would see."""
    folder = share_folder() / 'models' / 'promptda-tiny'
    sha256 = (folder / DIGEST_FILE).read_text().split()[0]
    assert read_golden(folder, sha256) is not None
