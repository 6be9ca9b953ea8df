# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is made of one frame: each thing once, and only when somebody asks for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
import math

import numpy as np
import torch
from torch import Tensor

from promptda_ros.core.cloud import by_torch, cloud
from promptda_ros.core.cloud.flying_pixels import find_flying
from promptda_ros.core.cloud.normals import find_normals
from promptda_ros.core.cloud.workspace import resize_roi
from promptda_ros.core.frame import ByteImage, Depth, FloatImage, Frame, Intrinsics, OnDevice
from promptda_ros.core.fused import cloud as fused
from promptda_ros.core.fused import restore as fused_restore
from promptda_ros.core.fused.proved import PROVED
from promptda_ros.core.geometry.camera import resize
from promptda_ros.core.geometry.transform import Transform
from promptda_ros.core.picture import colourise
from promptda_ros.core.prompt.sensor_range import fit_side
from promptda_ros.core.restore import by_torch as restore
from promptda_ros.core.restore.trust import estimate_uncertainty, find_validity
from promptda_ros.core.runtime.threads import one_thread
from promptda_ros.core.runtime.transfer import download, upload
from promptda_ros.core.settings.schema import Settings


@dataclass(frozen=True, eq=False)
class FrameOutputs:
    """A frame and its depth, and everything that is published of them.

    Clouds need the intrinsics of the frame. Where the box of the workspace is given in a TF
    frame, `box_from_camera` leads there.
    """

    frame: Frame
    depth: Depth
    settings: Settings
    box_from_camera: Transform | None = None

    @property
    def intrinsics(self) -> Intrinsics:
        """Return the intrinsics of the depth; without them ask for no cloud and no camera_info."""
        given = self.frame.intrinsics
        assert given is not None, 'clouds need intrinsics'
        height, width = self.depth.depth_m.shape
        is_same = (given.height, given.width) == (height, width)
        return given if is_same else resize(given, width=width, height=height)

    @property
    def image(self) -> ByteImage:
        """Return the image (H, W, 3) at the size of the depth."""
        return download(self._on_device.image)[0]

    @cached_property
    def image_depth(self) -> Depth:
        """Return the depth that the images show, NaN unknown."""
        if self.settings.output.edge_filter != 'depth_and_points':
            return self.depth
        return self.depth.with_depth(self._clean_m)

    @cached_property
    def preview(self) -> ByteImage:
        """Return the depth (H, W, 3) that the images show in colours for people."""
        prompt = self.depth.prompt
        return colourise(self.image_depth.depth_m, near_m=prompt.near_m, far_m=prompt.far_m)

    @cached_property
    def validity(self) -> ByteImage:
        """Return codes (H, W) of what the depth images rest on."""
        return find_validity(self.image_depth, self.settings.trust)

    @cached_property
    def uncertainty_m(self) -> FloatImage:
        """Return metres (H, W) of what the depth images show, NaN unknown."""
        return estimate_uncertainty(self.image_depth)

    @property
    def layout(self) -> cloud.PointLayout:
        """Return the layout of the organised cloud."""
        return cloud.PCL_LAYOUT if self.settings.output.pcl_layout else cloud.COMPACT_LAYOUT

    @cached_property
    def points(self) -> FloatImage:
        """Return the organised cloud as a buffer (H, W, point_step / 4), unknown points NaN."""
        return self._build(self.layout)

    @cached_property
    def dense(self) -> FloatImage:
        """Return the known points (N, 4) in the compact layout."""
        points = cloud.known_points(self._compact, np.isfinite(self._compact[..., 2]))
        return cloud.voxel_downsample(points, voxel_m=self.settings.output.voxel)

    @cached_property
    def with_normals(self) -> FloatImage:
        """Return x, y, z and the normal (N, 6) of the points that have one."""
        n = self.settings.output.stride
        normals = find_normals(self._clean_m, self.intrinsics)[::n, ::n]
        known = np.isfinite(self._compact[..., 2]) & np.isfinite(normals[..., 2])
        xyz_m = cloud.known_points(self._compact, known)[:, :3]
        points = np.concatenate((xyz_m, cloud.known_points(normals, known)), axis=1)
        return cloud.voxel_downsample(points, voxel_m=self.settings.output.voxel)

    @cached_property
    def _compact(self) -> FloatImage:
        is_built = self.layout is cloud.COMPACT_LAYOUT
        return self.points if is_built else self._build(cloud.COMPACT_LAYOUT)

    @one_thread()
    def _build(self, layout: cloud.PointLayout) -> FloatImage:
        pixels, output = self._on_device, self.settings.output
        device, mask, workspace = pixels.depth_m.device, self.frame.mask, self.settings.workspace
        size, image = pixels.depth_m.shape, self.frame.image.shape[:2]
        if size != image:
            workspace = resize_roi(workspace, image, size)
            mask = None if mask is None else fit_side(mask, size)
        hidden = None if mask is None else upload(mask, device)
        given = self.intrinsics, workspace, self.box_from_camera
        if device in PROVED and fused.can_write(layout):
            edge_step = None if output.edge_filter == 'off' else output.edge_step
            points = fused.write_points(
                pixels, hidden, *given, layout=layout, stride=output.stride, edge_step=edge_step
            )
        else:
            if self._flying is not None:
                hidden = self._flying if hidden is None else hidden | self._flying
            points = by_torch.write_points(
                pixels, hidden, *given, layout=layout, stride=output.stride
            )
        return download(points)[0]

    @cached_property
    def _clean_m(self) -> FloatImage:
        """Return the depth (H, W) without flying pixels, unless the filter is off."""
        output, depth_m = self.settings.output, self._on_device.depth_m
        if output.edge_filter != 'off' and depth_m.device in PROVED:
            return download(fused.without_flying(depth_m, output.edge_step))[0]
        if self._flying is None:
            return self.depth.depth_m
        return download(depth_m.masked_fill(self._flying, math.nan))[0]

    @cached_property
    def _flying(self) -> Tensor | None:
        output = self.settings.output
        if output.edge_filter == 'off':
            return None
        return find_flying(self._on_device.depth_m, edge_step=output.edge_step)

    @cached_property
    def _on_device(self) -> OnDevice:
        found = self.depth.on_device
        if found is None:
            # torch warns about arrays it can't write to, which views of messages are.
            image = np.require(self.frame.image, requirements=('C', 'W'))
            found = OnDevice(torch.from_numpy(self.depth.depth_m), torch.from_numpy(image))
        height, width = found.depth_m.shape
        if found.image.shape[:2] == (height, width):
            return found
        steps = fused_restore if found.image.device in PROVED else restore
        pixels = steps.resize(found.image, (height, width), 'bicubic')  # as the network sees them
        return replace(found, image=pixels[0].permute(1, 2, 0).round().byte().contiguous())
