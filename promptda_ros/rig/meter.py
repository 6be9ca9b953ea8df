# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Measures a rig that looks at a board: takes frames, returns a report."""

from __future__ import annotations

import numpy as np

from promptda_ros.core.frame import FloatImage, Frame, Intrinsics
from promptda_ros.rig.clock_offset import ClockOffsetMeter
from promptda_ros.rig.coverage import CoverageMeter
from promptda_ros.rig.edge_shift import EdgeShift, EdgeShiftMeter
from promptda_ros.rig.motion import place_of
from promptda_ros.rig.plane import (
    fit_plane,
    is_on,
    LEAST_PIXELS,
    outlier_share,
    Plane,
    Rays,
    residual_m,
)
from promptda_ros.rig.region import Box
from promptda_ros.rig.report import RigReport, Shown
from promptda_ros.rig.sight import NotMeasurable, Sight, Unmeasured
from promptda_ros.rig.surface import rms, SurfaceMeter

MOST_OUTLIERS = 0.1  # share of the pixels of a board
PATIENCE = 10  # frames without a board before all others
MOVED_SHARE = 0.01  # of the distance
SHIFT_EVERY = 5  # edges hardly change from one frame to the next


class RigMeter:
    """Takes the frames of one camera in their order."""

    def __init__(self, box: Box | None = None, expect_m: float | None = None) -> None:
        """Take the part of the image that shows the board, and its distance if it is known."""
        self._box = box
        self._expect_m = expect_m
        self._sensor, self._ours = SurfaceMeter(), SurfaceMeter()
        self._shift, self._offset = EdgeShiftMeter(), ClockOffsetMeter()
        self._coverage = CoverageMeter()
        self._first: Sight | None = None
        self._seen = 0
        self._off: list[tuple[float, float, float]] = []  # of frames that are not flat

    @property
    def frames(self) -> int:
        """Return how many frames were taken."""
        return self._seen

    def of_the_same(self) -> RigMeter:
        """Return a meter of the same board that has taken no frame."""
        return RigMeter(self._box, self._expect_m)

    def add(self, sight: Sight) -> None:
        """Take a frame.

        Raises:
            NotMeasurable: the frames show no board, or their camera is not known.
        """
        frame = sight.frame
        intrinsics = _require_intrinsics(frame)
        image = frame.image.shape[:2]
        if self._box is None:
            self._box = Box.central(image)
        self._box.require_within(image)
        if self._seen % SHIFT_EVERY == 0:
            self._shift.add(frame.image, frame.sensor_depth_m)
        self._seen += 1
        plane = self._take_sensor(frame, intrinsics)
        if plane is None:
            self._require_board(at_end=False)
            return
        if self._first is None or self._first.depth_m is None:
            self._first = sight
        self._take_ours(sight, intrinsics, plane)

    def result(self) -> RigReport:
        """Return what all frames tell.

        Raises:
            NotMeasurable: they tell nothing.
        """
        self._require_board(at_end=True)
        assert self._first is not None
        assert self._box is not None
        moved = self._moved()
        sensor, ours = self._sensor.result(moved=moved), self._ours.result(moved=moved)
        assert sensor is not None
        frame = self._first.frame
        assert frame.intrinsics is not None
        height, width = frame.image.shape[:2]
        return RigReport(
            frames=self._seen,
            not_flat=len(self._off),
            size=(width, height),
            box=self._box,
            moved=moved,
            sensor=sensor,
            ours=ours,
            focal_px=frame.intrinsics.fx,
            shift=self._told_shift(),
            offset=self._offset.result(),
            coverage=self._told_coverage(moved=moved),
            expect_m=self._expect_m,
            shown=Shown(
                image=frame.image,
                sensor_m=frame.sensor_depth_m,
                depth_m=self._first.depth_m,
                sensor_shape_m=self._sensor.shape_m,
                depth_shape_m=None if ours is None else self._ours.shape_m,
                sensor_distances_m=self._sensor.distances_m,
                distances_m=self._ours.distances_m,
            ),
        )

    def _take_sensor(self, frame: Frame, intrinsics: Intrinsics) -> Plane | None:
        """Measure the sensor's depth of the board; None where it shows no board."""
        depth_m, where = self._window(frame.sensor_depth_m, frame, intrinsics)
        plane = fit_plane(depth_m, where)
        if plane is None:
            self._off.append((1.0, np.nan, np.nan))
            return None
        off_m = residual_m(depth_m, plane, where)
        outliers = outlier_share(off_m, plane)
        if outliers > MOST_OUTLIERS:
            self._off.append((outliers, rms(off_m), plane.distance_m))
            return None
        self._sensor.add(depth_m, plane, where)
        assert self._box is not None
        rows, columns = self._box.window(frame.image.shape[:2], frame.image.shape[:2])
        self._offset.add(frame, frame.image[rows, columns], place_of(plane, where))
        return plane

    def _take_ours(self, sight: Sight, intrinsics: Intrinsics, sensor: Plane) -> None:
        """Measure our depth of the board, and whether its uncertainty covers its error."""
        if sight.depth_m is None:
            return
        depth_m, where = self._window(sight.depth_m, sight.frame, intrinsics)
        plane = fit_plane(depth_m, where)
        if plane is None:
            return
        self._ours.add(depth_m, plane, where)
        if sight.uncertainty_m is not None:
            truth = sensor if self._expect_m is None else sensor.at_distance(self._expect_m)
            uncertainty_m, _ = self._window(sight.uncertainty_m, sight.frame, intrinsics)
            on_board = is_on(residual_m(depth_m, plane, where), plane)
            self._coverage.add(
                np.where(on_board, depth_m, np.nan), truth.depth_m(where), uncertainty_m
            )

    def _window(
        self, depth_m: FloatImage, frame: Frame, intrinsics: Intrinsics
    ) -> tuple[FloatImage, Rays]:
        assert self._box is not None
        window = self._box.window(frame.image.shape[:2], depth_m.shape)
        return depth_m[window], Rays.of(intrinsics, depth_m.shape, window)

    def _require_board(self, *, at_end: bool) -> None:
        flat = self._seen - len(self._off)
        if flat >= len(self._off) and flat:
            return
        if at_end or (not flat and len(self._off) >= PATIENCE):
            raise NotMeasurable(self._not_flat())

    def _not_flat(self) -> str:
        if not self._seen:
            return 'no frame came; nothing was measured'
        outliers, spread_m, distance_m = (float(each) for each in np.median(self._off, axis=0))
        box = ','.join(map(str, self._box or ()))
        if not np.isfinite(spread_m):
            return (
                f'there is too little depth in the box {box} of the image to fit a plane: fewer '
                f'than {LEAST_PIXELS} pixels, or all in one line; name a part with depth by --roi '
                'LEFT,TOP,WIDTH,HEIGHT, or look at the camera with promptda doctor'
            )
        return (
            f'the box {box} of the image is not flat: {outliers:.0%} of its depth is farther than '
            f'3 % from a plane at {distance_m:.2f} m (residual {spread_m * 1e3:.0f} mm); let the '
            'camera look at a board or a wall, or name a flat part with --roi '
            'LEFT,TOP,WIDTH,HEIGHT'
        )

    def _moved(self) -> bool:
        distances_m = self._sensor.distances_m
        spread_m = float(np.ptp(np.percentile(distances_m, (5, 95))))
        return self._offset.moved or spread_m > MOVED_SHARE * float(np.median(distances_m))

    def _told_coverage(self, *, moved: bool) -> float | Unmeasured:
        if moved and self._expect_m is not None:
            return Unmeasured('the camera moved, so that its distance was not the expected one')
        return self._coverage.result()

    def _told_shift(self) -> EdgeShift | Unmeasured:
        shift = self._shift.result()
        if shift is not None:
            return shift
        return Unmeasured(
            'the edges of depth in view are too few, or fit those of the picture nowhere; let '
            'the picture show the edges of the board with something farther behind them'
        )


def _require_intrinsics(frame: Frame) -> Intrinsics:
    if frame.intrinsics is None:
        raise NotMeasurable(
            'no camera_info belongs to the image, so that no plane can be measured; name its '
            'topic with --camera-info'
        )
    return frame.intrinsics
