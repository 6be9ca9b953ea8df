# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The 3D view: two clouds with their frustum, box and marks, seen by one camera."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import viser

from promptda_ros.core.frame import FloatImage
from promptda_ros.view.cloud import Cloud, our_cloud, sensor_cloud
from promptda_ros.view.colours import cloud_colours, Scale
from promptda_ros.view.look import BOTH, Look, OURS, SENSOR_ALONE, SIDE_BY_SIDE
from promptda_ros.view.moment import Moment
from promptda_ros.view.probe import Point, Probe
from promptda_ros.view.scene import box_edges, distance_to_fit, field_of, side_by_side, width_at

Floats = npt.NDArray[np.float64]
LINE, BOX_LINE, MARK = (150, 150, 160), (240, 190, 60), (255, 47, 208)
FRUSTUM_SHARE, MARK_SHARE = 0.12, 0.008  # of the depth of the scene
ROOM = 1.05  # around the clouds, whose nearer parts look larger
WIDEST = 1.0
RISE = 0.35  # how far above the camera one looks from, as a share of the distance


@dataclass
class Group:
    """One cloud and what belongs to it, at its own place."""

    name: str
    points: viser.PointCloudHandle
    frustum: viser.CameraFrustumHandle
    label: viser.LabelHandle
    frame: viser.FrameHandle
    cloud: Cloud | None = None


class Space:
    """Draws moments into the scene of a server."""

    def __init__(self, server: viser.ViserServer) -> None:
        self._server = server
        self._scene = server.scene
        self._scene.set_up_direction('-y')
        self._scene.configure_environment_map(None)
        self._groups = [self._group(name) for name in ('sensor', 'ours')]
        self._depth_m = 0.0  # of the scene; 0: nothing was drawn yet
        self._width_m = 0.0

    def draw(self, moment: Moment, look: Look, scale: Scale, marks: Sequence[Probe]) -> None:
        """Show a moment; the whole arrives at once."""
        sensor, ours = self._groups
        sensor_m = moment.frame.sensor_depth_m
        sensor.cloud = sensor_cloud(
            moment, cloud_colours(moment, sensor_m, scale, look.colouring), look.points
        )
        ours.cloud = None
        if moment.depth_m is not None:
            ours.cloud = our_cloud(
                moment,
                cloud_colours(moment, moment.depth_m, scale, look.colouring),
                look.points,
                uncertainty_limit_m=look.uncertainty_limit_m,
            )
        with self._server.atomic():
            self._place(moment, look, scale)
            for group, depth_m in ((sensor, sensor_m), (ours, moment.depth_m)):
                self._draw_group(group, moment, depth_m, look, scale)
                self._mark(group, marks)

    def pixel_on(self, origin: Floats, direction: Floats) -> tuple[int, int] | None:
        """Return the pixel of the image that a click of the mouse is on."""
        for group in self._groups:
            if group.cloud is None or not group.frame.visible:
                continue
            found = group.cloud.pixel_on(origin - group.frame.position, direction)
            if found is not None:
                return found
        return None

    def count(self) -> int:
        """Return how many points are shown."""
        shown = [each.cloud for each in self._groups if each.cloud and each.frame.visible]
        return sum(len(cloud.points_m) for cloud in shown)

    def aim(self, client: viser.ClientHandle) -> None:
        """Look at the scene from behind the camera and above it."""
        camera = client.camera
        # The panels have not taken their part of the window yet where the aspect is wide.
        aspect = min(camera.aspect, WIDEST)
        distance_m = distance_to_fit(self._width_m, field=camera.fov, aspect=aspect)
        distance_m = max(ROOM * distance_m, self._depth_m)
        with client.atomic():
            camera.up_direction = (0.0, -1.0, 0.0)
            camera.position = (0.0, -RISE * distance_m, self._depth_m - distance_m)
            camera.look_at = (0.0, 0.0, self._depth_m)

    def _group(self, name: str) -> Group:
        frame = self._scene.add_frame(f'/{name}', show_axes=False)
        nothing = np.zeros((0, 3), np.float32)
        points = self._scene.add_point_cloud(
            f'/{name}/points',
            nothing,
            nothing.astype(np.uint8),
            precision='float32',
            point_shading='flat',
            point_shape='circle',
        )
        frustum = self._scene.add_camera_frustum(
            f'/{name}/frustum',
            1.0,
            1.3,
            scale=0.1,
            color=LINE,
            thickness=1.0,
            thickness_units='screen',
        )
        label = self._scene.add_label(f'/{name}/label', name, anchor='top-center')
        return Group(name, points, frustum, label, frame)

    def _place(self, moment: Moment, look: Look, scale: Scale) -> None:
        camera, is_apart = moment.frame.intrinsics, look.clouds == SIDE_BY_SIDE
        shift_m = side_by_side(camera, scale.middle_m) / 2 if camera and is_apart else 0.0
        self._width_m = width_at(camera, scale.middle_m) + 2 * shift_m if camera else 0.0
        for group, sign, shown in zip(
            self._groups,
            (-1.0, 1.0),
            ((SIDE_BY_SIDE, BOTH, SENSOR_ALONE), (SIDE_BY_SIDE, BOTH, OURS)),
            strict=True,
        ):
            group.frame.position = (sign * shift_m, 0.0, 0.0)
            group.frame.visible = look.clouds in shown

    def _draw_group(
        self,
        group: Group,
        moment: Moment,
        depth_m: FloatImage | None,
        look: Look,
        scale: Scale,
    ) -> None:
        cloud, camera = group.cloud, moment.frame.intrinsics
        if cloud is None or camera is None or depth_m is None:
            group.points.visible = False
            return
        first = self._depth_m == 0.0
        self._depth_m = scale.middle_m
        group.points.points, group.points.colors = cloud.points_m, cloud.colours
        pitch_m = self._depth_m / camera.fx * camera.width / depth_m.shape[1]
        thinned = max(1.0, (depth_m.size / look.points) ** 0.5)
        group.points.point_size = pitch_m * thinned
        group.points.visible = True
        group.frustum.fov, group.frustum.aspect = field_of(camera)
        group.frustum.scale = FRUSTUM_SHARE * self._depth_m
        group.frustum.visible = look.frustum
        below_m = camera.height / camera.fy * self._depth_m * 0.6
        group.label.position = (0.0, below_m, self._depth_m)
        edges = box_edges(moment, reach_m=1.2 * scale.far_m) if look.box else np.empty((0, 2, 3))
        self._lines(f'/{group.name}/box', edges, BOX_LINE)
        if first:
            for client in self._server.get_clients().values():
                self.aim(client)

    def _mark(self, group: Group, marks: Sequence[Probe]) -> None:
        found = [_end(group, mark) for mark in marks]
        ends = [each for each in found if each is not None]
        for number in range(2):
            name = f'/{group.name}/mark{number}'
            if number < len(ends):
                self._scene.add_icosphere(
                    name, MARK_SHARE * self._depth_m, color=MARK, position=ends[number]
                )
            else:
                self._scene.remove_by_name(name)
        edges = np.array([ends]) if len(ends) == 2 else np.empty((0, 2, 3))
        self._lines(f'/{group.name}/ruler', edges, MARK)

    def _lines(self, name: str, edges: Floats, colour: tuple[int, int, int]) -> None:
        if len(edges):
            self._scene.add_line_segments(
                name, edges.astype(np.float32), colour, thickness=2.0, thickness_units='screen'
            )
        else:
            self._scene.remove_by_name(name)


def _end(group: Group, mark: Probe) -> Point | None:
    return mark.sensor_point_m if group.name == 'sensor' else mark.point_m
