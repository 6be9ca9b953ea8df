# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The kernels of clouds write what torch does, to the last bit."""

from __future__ import annotations

from hypothesis import given, HealthCheck, settings
from hypothesis import strategies as st
import numpy as np
import pytest
import torch
from torch import Tensor

from promptda_ros.core.cloud import by_torch
from promptda_ros.core.cloud.cloud import COMPACT_LAYOUT, NORMALS_LAYOUT, PCL_LAYOUT
from promptda_ros.core.cloud.flying_pixels import flying_on_device
from promptda_ros.core.frame import Depth, Frame, Intrinsics, OnDevice
from promptda_ros.core.frame_outputs import FrameOutputs
from promptda_ros.core.fused import cloud, proved
from promptda_ros.core.geometry.transform import Transform
from promptda_ros.core.prompt.prompt import condition
from promptda_ros.core.settings import build
from promptda_ros.core.settings.depth import PromptSettings
from promptda_ros.core.settings.workspace import WorkspaceSettings

EDGE_STEP = 0.02
TURNED = Transform.of((0.1, -0.2, 0.05), (0.1, 0.2, 0.3, 0.9))
WORKSPACES = [
    WorkspaceSettings(),
    WorkspaceSettings(min_depth=0.8, max_depth=1.4),
    WorkspaceSettings(roi=(3.0, 2.0, 20.0, 0.0)),
    WorkspaceSettings(box_min=(-0.3, -0.2, 0.2), box_max=(0.2, 0.3, 1.3)),
]
sizes = st.tuples(st.integers(1, 40), st.integers(1, 50))
few = settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])


def scene(size: tuple[int, int], rng: np.random.Generator, device: torch.device) -> Tensor:
    """Return two surfaces with a smeared edge between them, noise and unknown pixels."""
    down, across = (np.linspace(0, 1, side)[:, None] for side in size)
    edge = 1 / (1 + np.exp((across.T - rng.uniform(0, 1)) * rng.uniform(5, 300)))
    depth_m = 0.7 + rng.uniform(0, 1) * edge + 0.2 * down
    depth_m = depth_m * (1 + 0.003 * rng.standard_normal(size))
    depth_m[rng.random(size) < 0.03] = np.nan
    return torch.from_numpy(depth_m.astype(np.float32)).to(device)


@few
@given(sizes, st.integers(0, 2**32 - 1))
def test_flying_pixels_are_those_of_torch(device, size, seed):
    depth_m = scene(size, np.random.default_rng(seed), device)
    expected_m = depth_m.masked_fill(flying_on_device(depth_m, EDGE_STEP), np.nan)
    found_m = cloud.without_flying(depth_m, EDGE_STEP)
    torch.testing.assert_close(found_m, expected_m, rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize('layout', [COMPACT_LAYOUT, PCL_LAYOUT], ids=['compact', 'pcl'])
@few
@given(
    sizes, st.sampled_from(WORKSPACES), st.sampled_from([None, TURNED]), st.integers(1, 4),
    st.booleans(), st.booleans(), st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_points_are_those_of_torch(
    device, layout, size, workspace, box, stride, has_mask, filters, seed
):
    rng = np.random.default_rng(seed)
    depth_m = scene(size, rng, device)
    image = torch.from_numpy(rng.integers(0, 256, (*size, 3), np.uint8)).to(device)
    mask = torch.from_numpy(rng.random(size) < 0.2).to(device) if has_mask else None
    camera = Intrinsics(size[1], size[0], 41.0, 43.0, size[1] / 2, size[0] / 3)
    given = camera, workspace, box
    pixels = OnDevice(depth_m, image)
    found = cloud.write_points(
        pixels, mask, *given, layout=layout, stride=stride,
        edge_step=EDGE_STEP if filters else None,
    )  # fmt: skip
    hidden = torch.zeros_like(depth_m, dtype=torch.bool) if mask is None else mask
    if filters:
        hidden = hidden | flying_on_device(depth_m, EDGE_STEP)
    points = by_torch.write_points(pixels, hidden, *given, layout=layout, stride=stride)
    assert torch.equal(found.view(torch.int32)[..., 3:], points.view(torch.int32)[..., 3:])
    torch.testing.assert_close(found[..., :3], points[..., :3], rtol=1e-6, atol=0, equal_nan=True)


def test_points_at_another_size_than_the_image_are_those_of_torch(device):
    """From the image, the mask and the window of the workspace at the size of the image."""
    rng = np.random.default_rng(0)
    ramp = np.arange(40)[:, None, None] * 3 + np.arange(56)[:, None] * 2 + np.arange(3) * 10
    frame = Frame(
        stamp_ns=1,
        frame_id='',
        image=ramp.astype(np.uint8),
        sensor_depth_m=np.ones((6, 8), np.float32),
        mask=rng.random((40, 56)) < 0.02,
        intrinsics=Intrinsics(56, 40, 50.0, 50.0, 27.5, 19.5),
    )
    pixels = OnDevice(scene((28, 42), rng, device), torch.from_numpy(frame.image).to(device))
    prompt = condition(frame.sensor_depth_m, PromptSettings())
    saturated = np.zeros((28, 42), np.bool_)
    depth = Depth(pixels.depth_m.cpu().numpy(), prompt, saturated, on_device=pixels)
    given = build({'workspace.roi': [4.0, 6.0, 40.0, 30.0]})
    expected = FrameOutputs(frame, depth, given).points
    proved.note(device, '')
    found = FrameOutputs(frame, depth, given).points
    np.testing.assert_allclose(found[..., :3], expected[..., :3], rtol=1e-6)
    assert 0.3 < np.isfinite(found[..., 2]).mean() < 0.7
    colours = (np.ascontiguousarray(each[..., 3:]).view(np.uint8) for each in (found, expected))
    assert np.abs(np.subtract(*(each.astype(int) for each in colours))).max() <= 1


def test_other_layouts_are_left_to_torch():
    assert not cloud.can_write(NORMALS_LAYOUT)
