# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A point stays if it is in the range, in the window and in the box, in whatever frame."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest
import torch

from promptda_ros.core.cloud.cloud import build_cloud, COMPACT_LAYOUT
from promptda_ros.core.cloud.workspace import inside_workspace, resize_roi
from promptda_ros.core.frame import FloatImage, Intrinsics
from promptda_ros.core.geometry.transform import IDENTITY, Transform
from promptda_ros.core.settings.workspace import WorkspaceSettings

CAMERA = Intrinsics(width=32, height=24, fx=40.0, fy=42.0, cx=15.25, cy=11.75)
QUARTER_TURN = (0.0, 0.0, 0.7071068, 0.7071068)  # about z: x of the box is y of the camera


def scene(seed: int = 0) -> FloatImage:
    """Return random depth with holes."""
    random = np.random.default_rng(seed)
    depth_m = random.uniform(0.2, 3.0, (CAMERA.height, CAMERA.width)).astype(np.float32)
    depth_m[random.random(depth_m.shape) < 0.1] = np.nan
    return depth_m


def points_of(depth_m: FloatImage) -> np.ndarray:
    """Return the points (H, W, 3) of depth."""
    image = np.zeros((*depth_m.shape, 3), np.uint8)
    tensors = torch.from_numpy(depth_m), torch.from_numpy(image)
    return build_cloud(*tensors, CAMERA, COMPACT_LAYOUT)[..., :3].double().numpy()


def inside(depth_m: FloatImage, way: Transform | None = None, **fields: object) -> np.ndarray:
    """Crop by these settings."""
    settings = WorkspaceSettings(**fields)
    return inside_workspace(torch.from_numpy(depth_m), CAMERA, settings, way).numpy()


def test_the_defaults_keep_whatever_is_known():
    np.testing.assert_array_equal(inside(scene()), np.isfinite(scene()))


def test_a_depth_of_zero_is_never_a_point():
    """(0, 0, 0) is an obstacle at the camera for MoveIt."""
    assert not inside(np.zeros((CAMERA.height, CAMERA.width), np.float32)).any()


@pytest.mark.setting('workspace.min_depth', 'workspace.max_depth')
def test_the_range_is_inclusive():
    depth_m = np.float32([[0.4, 0.5, 0.75, 1.0, 1.1]])
    camera = Intrinsics(width=5, height=1, fx=40.0, fy=40.0, cx=2.0, cy=0.0)
    settings = WorkspaceSettings(min_depth=0.5, max_depth=1.0)
    kept = inside_workspace(torch.from_numpy(depth_m), camera, settings)
    assert kept.tolist() == [[False, True, True, True, False]]


@pytest.mark.setting('workspace.roi')
@pytest.mark.parametrize(
    'roi, rows, columns',
    [
        ((4.0, 6.0, 10.0, 8.0), slice(6, 14), slice(4, 14)),
        ((4.0, 6.0, 0.0, 0.0), slice(6, None), slice(4, None)),
        ((0.0, 0.0, 1000.0, 3.0), slice(0, 3), slice(None)),
        ((500.0, 0.0, 10.0, 10.0), slice(0, 0), slice(0, 0)),
    ],
)
def test_the_window_is_left_top_width_height(roi, rows, columns):
    expected = np.zeros(scene().shape, np.bool_)
    expected[rows, columns] = np.isfinite(scene())[rows, columns]
    np.testing.assert_array_equal(inside(scene(), roi=roi), expected)


@given(st.integers(0, 31), st.integers(0, 40), st.integers(1, 32))
def test_at_another_size_the_window_keeps_the_pixels_with_their_centre_in_it(left, width, columns):
    across = resize_roi(WorkspaceSettings(roi=(left, 0, width, 0)), (32, 32), (32, columns))
    down = resize_roi(WorkspaceSettings(roi=(0, left, 0, width)), (32, 32), (columns, 32))
    kept = inside_workspace(torch.ones(32, columns), CAMERA, across)
    assert torch.equal(inside_workspace(torch.ones(columns, 32), CAMERA, down), kept.T)
    end = left + width if width else 32
    centres = (np.arange(columns) + 0.5) * (32 / columns)
    within = (centres > left) & (centres < end)
    if within.any():
        is_sure = (centres != left) & (centres != end)
        np.testing.assert_array_equal(kept[0][is_sure], within[is_sure])
    else:  # of a window between two centres all is not left, but a pixel at the most
        assert kept[0].sum() <= 1


@given(st.integers(0, 2**32 - 1), st.floats(-1.0, 0.9), st.floats(0.05, 2.0))
def test_the_box_keeps_exactly_the_points_in_it(seed, least, length):
    random = np.random.default_rng(seed)
    translation, rotation = random.uniform(-0.5, 0.5, 3), random.normal(size=4)
    box_from_camera = Transform.of(translation, rotation / np.linalg.norm(rotation))
    depth_m = scene(seed)
    low, high = (least,) * 3, (least + length,) * 3
    kept = inside(depth_m, box_from_camera, box_min=low, box_max=high)
    points_m = box_from_camera.apply(points_of(depth_m).reshape(-1, 3)).reshape(24, 32, 3)
    from_border_m = np.minimum(points_m - least, least + length - points_m).min(axis=2)
    sure = np.abs(from_border_m) > 1e-5  # float32
    np.testing.assert_array_equal(kept[sure], (from_border_m > 0)[sure])
    assert not kept[np.isnan(depth_m)].any()


@pytest.mark.setting(
    'workspace.translation', 'workspace.rotation', 'workspace.box_min', 'workspace.box_max'
)
def test_without_tf_the_parameters_say_where_the_box_is():
    """translation and rotation are those of the frame of the box in the camera's frame."""
    depth_m = np.full((CAMERA.height, CAMERA.width), 1.0, np.float32)
    kept = inside(
        depth_m,
        translation=(0.0, 0.0, 1.0),
        rotation=QUARTER_TURN,
        box_min=(0.0, -1.0, -0.1),
        box_max=(0.15, 1.0, 0.1),
    )
    y_m = points_of(depth_m)[..., 1]
    np.testing.assert_array_equal(kept, (y_m >= 0) & (y_m <= 0.15))


def test_a_transform_from_tf_wins_over_the_parameters():
    depth_m = scene()
    fields = {'translation': (9.0, 9.0, 9.0), 'box_max': (0.1, 0.1, 1.0)}
    np.testing.assert_array_equal(
        inside(depth_m, IDENTITY, **fields), inside(depth_m, box_max=(0.1, 0.1, 1.0))
    )


@pytest.mark.parametrize('least_m, most_m', [(0.0, math.inf), (0.3, 2.0), (0.3, 0.3)])
def test_the_limits_of_depth_themselves_are_inside_and_what_is_unknown_is_not(least_m, most_m):
    ends_m = [least_m, most_m, math.nan, math.inf, -math.inf, 0.0, -1.0, 0.3, 1.0, 2.0, 3.0]
    near = [np.nextafter(np.float32(end_m), np.float32(to)) for end_m in ends_m for to in (0, 9)]
    depth_m = torch.tensor([[*ends_m, *near]], dtype=torch.float32)
    settings = WorkspaceSettings(min_depth=least_m, max_depth=most_m)
    tiny_m = torch.finfo(torch.float32).tiny  # (0, 0, 0) is the camera itself
    expected = (depth_m >= max(least_m, tiny_m)) & (depth_m <= most_m)
    assert torch.equal(inside_workspace(depth_m, CAMERA, settings), expected)
