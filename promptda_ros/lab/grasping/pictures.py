# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pictures of grasps that failed: what was planned, on which depth, and how it ended."""

from __future__ import annotations

from collections.abc import Sequence
import copy
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
import mujoco
import numpy as np
from numpy.typing import NDArray

from promptda_ros.core.frame import ByteImage, FloatImage
from promptda_ros.lab.grasping.bench import Moment
from promptda_ros.lab.grasping.grasp import Floats, Grasp, Gripper, inverse
from promptda_ros.lab.grasping.trial import Outcome, Verdict
from promptda_ros.lab.sim.camera import DrawnBox, PinholeCamera, Pose, TableCamera
from promptda_ros.lab.sim.scene import Scene
from promptda_ros.lab.sim.view import FIRST_OBJECT, RenderedView

SHOWN_PX = 400, 300  # (width, height)
AROUND = 1.3  # times the size of the gripper
LENS = PinholeCamera(*SHOWN_PX, fov_y_rad=float(np.deg2rad(38.0)))
AWAY_M, RISE_RAD = 0.34, {False: np.deg2rad(28.0), True: np.deg2rad(55.0)}  # in a bin from above
COLUMNS = 'what was planned', 'heights it was planned on, black: unknown', 'how it ended'
ROW_INCHES, TEXT_INCHES = 2.5, 0.25
HEIGHT_COLOURS = 'turbo'
LOWEST_M, LEAST_HIGH_M = -0.02, 0.03
HAND_RGBA = {'palm': (0.25, 0.27, 0.3, 1.0), 'finger': (1.0, 0.5, 0.05, 1.0)}
FINGER_RGB, PALM_RGB, TOUCH_RGB = (255, 140, 0), (255, 255, 255), (255, 0, 0)
MOST_BYTES = 200_000
EDGES = [(a, b) for a in range(8) for b in range(a) if bin(a ^ b).count('1') == 1]  # of a box


@dataclass(frozen=True, eq=False)
class Failure:
    """A grasp that failed, and what it was planned on."""

    title: str
    verdict: str
    scene: Scene
    view: RenderedView
    table_from_camera: Floats  # (4, 4)
    depth_m: FloatImage  # (H, W) as the planner had it, NaN unknown
    grasp: Grasp
    outcome: Outcome


def save_failures(path: Path, failures: Sequence[Failure], gripper: Gripper) -> None:
    """Write one JPEG sheet with a row of three pictures for every failure."""
    rows = len(failures)
    high = ROW_INCHES * rows + 2 * TEXT_INCHES
    figure = Figure(figsize=(9.0, high))
    canvas = FigureCanvasAgg(figure)
    axes = figure.subplots(rows, len(COLUMNS), squeeze=False)
    text = TEXT_INCHES / high
    figure.subplots_adjust(0.005, text, 0.995, 1 - text, wspace=0.02, hspace=0.14)
    for row, failure in zip(axes, failures, strict=True):
        _draw_row(row, failure, gripper)
    for axis, name in zip(axes[-1], COLUMNS, strict=True):
        axis.set_xlabel(name, fontsize=9)
    canvas.draw()
    sheet = cv2.cvtColor(np.asarray(canvas.buffer_rgba()), cv2.COLOR_RGBA2BGR)
    path.write_bytes(_jpeg(sheet))


def _draw_row(axes: NDArray[np.object_], failure: Failure, gripper: Gripper) -> None:
    window = _window(failure, gripper)
    planned = _crop(failure.view.image, window)
    believed_m, true_m = (
        _heights(depth_m, failure) for depth_m in (failure.depth_m, failure.view.depth_m)
    )
    heights = _crop(_coloured(believed_m, high_m=float(np.percentile(true_m[window], 95))), window)
    for image in (planned, heights):
        _draw_gripper(image, failure, gripper, window)
    for axis, image in zip(axes, (planned, heights, _photograph(failure, gripper)), strict=True):
        _show(axis, image)
    axes[0].set_title(f'{failure.title}: {failure.verdict}', fontsize=9.5, loc='left')


def _show(axis: Axes, image: ByteImage) -> None:
    axis.set_xticks([])
    axis.set_yticks([])
    axis.imshow(image, interpolation='nearest')


def _window(failure: Failure, gripper: Gripper) -> tuple[slice, slice]:
    """Choose the part of the picture about the gripper, as wide and high as what is shown."""
    pose = failure.grasp.camera_from_gripper
    boxes = (gripper.palm, *gripper.fingers(failure.grasp.opening_m))
    corners_m = np.concatenate([box.corners_m for box in boxes]) @ pose[:3, :3].T + pose[:3, 3]
    corners_px = _project(corners_m, failure.view.matrix)
    low, high = corners_px.min(axis=0), corners_px.max(axis=0)
    picture_px = np.array(failure.depth_m.shape[::-1])
    scale = min(AROUND * ((high - low) / SHOWN_PX).max(), (picture_px / SHOWN_PX).min())
    size = np.rint(scale * np.array(SHOWN_PX)).astype(int)
    left, top = np.clip(0.5 * (low + high - size), 0, picture_px - size).astype(int).tolist()
    return slice(top, top + int(size[1])), slice(left, left + int(size[0]))


def _crop(image: ByteImage, window: tuple[slice, slice]) -> ByteImage:
    return np.asarray(cv2.resize(image[window], SHOWN_PX, interpolation=cv2.INTER_NEAREST))


def _heights(depth_m: FloatImage, failure: Failure) -> FloatImage:
    """Return how high the surface of every pixel (H, W) is above the support."""
    row, column = np.indices(depth_m.shape)
    rays = (
        np.stack([column, row, np.ones_like(row)], axis=-1) @ np.linalg.inv(failure.view.matrix).T
    )
    upright, height_m = failure.table_from_camera[2, :3], failure.table_from_camera[2, 3]
    return np.asarray(depth_m * (rays @ upright) + height_m, np.float32)


def _coloured(heights_m: FloatImage, *, high_m: float) -> ByteImage:
    """Colour heights from a little below the support; black is unknown."""
    share = np.clip((heights_m - LOWEST_M) / (max(high_m, LEAST_HIGH_M) - LOWEST_M), 0, 1)
    colours = colormaps[HEIGHT_COLOURS](np.nan_to_num(share))[..., :3]
    return np.asarray(255 * np.where(np.isfinite(heights_m)[..., None], colours, 0), np.uint8)


def _draw_gripper(
    image: ByteImage, failure: Failure, gripper: Gripper, window: tuple[slice, slice]
) -> None:
    """Draw the edges of fingers and palm as they come, and where they hit something."""
    pose = failure.grasp.camera_from_gripper
    parts = [(gripper.palm, PALM_RGB)]
    parts += [(finger, FINGER_RGB) for finger in gripper.fingers(failure.grasp.opening_m)]
    for box, colour in parts:
        corners_m = box.corners_m @ pose[:3, :3].T + pose[:3, 3]
        at_px = _shown_px(corners_m, failure.view, window)
        for begin, end in EDGES:
            cv2.line(image, at_px[begin], at_px[end], (0, 0, 0), 4, cv2.LINE_AA)
            cv2.line(image, at_px[begin], at_px[end], colour, 2, cv2.LINE_AA)
    if failure.outcome.touch is not None:
        camera_from_table = inverse(failure.table_from_camera)
        place_m = camera_from_table @ np.append(failure.outcome.touch.place_m, 1.0)
        [hit_px] = _shown_px(place_m[None, :3], failure.view, window)
        cv2.drawMarker(image, hit_px, (255, 255, 255), cv2.MARKER_TILTED_CROSS, 26, 7)
        cv2.drawMarker(image, hit_px, TOUCH_RGB, cv2.MARKER_TILTED_CROSS, 24, 3)


def _shown_px(
    places_m: Floats, view: RenderedView, window: tuple[slice, slice]
) -> list[tuple[int, int]]:
    """Return where places (N, 3) in the optical frame are in the cut-out picture."""
    rows, columns = window
    corner_px, scale = (columns.start, rows.start), SHOWN_PX[0] / (columns.stop - columns.start)
    at_px = (_project(places_m, view.matrix) + 0.5 - corner_px) * scale
    return [(round(column), round(row)) for column, row in at_px.tolist()]


def _project(places_m: Floats, matrix: Floats) -> Floats:
    """Return the pixels (N, 2) of places (N, 3) in the optical frame."""
    pixels = places_m @ matrix.T
    return np.asarray(pixels[:, :2] / pixels[:, 2:])


def _photograph(failure: Failure, gripper: Gripper) -> ByteImage:
    """Render the scene and the hand at the end, from beside the fingers."""
    moment = failure.outcome.moment
    camera = TableCamera(_scene_at(failure.scene, moment), LENS)
    try:
        return camera.photograph(_beside(failure), _hand_boxes(moment, gripper))
    finally:
        camera.close()


def _scene_at(scene: Scene, moment: Moment) -> Scene:
    data = copy.copy(scene.data)
    for body, place in zip(moment.bodies, moment.places, strict=True):
        begin = scene.model.jnt_qposadr[scene.model.body_jntadr[body]]
        data.qpos[begin : begin + 7] = place
    mujoco.mj_forward(scene.model, data)
    return replace(scene, data=data)


def _hand_boxes(moment: Moment, gripper: Gripper) -> list[DrawnBox]:
    parts = [(gripper.palm, HAND_RGBA['palm'])]
    parts += [(finger, HAND_RGBA['finger']) for finger in gripper.fingers(moment.opening_m)]
    boxes = []
    for box, rgba in parts:
        shift = np.eye(4)
        shift[:3, 3] = box.centre_m
        boxes.append(DrawnBox(moment.world_from_gripper @ shift, np.array(box.half_m), rgba))
    return boxes


def _beside(failure: Failure) -> Pose:
    """Look along the fingers' broad side; in a bin from above its middle, over its walls."""
    pose = failure.outcome.moment.world_from_gripper
    target_m, away_m = pose[:3, 3] - 0.02 * pose[:3, 2], AWAY_M
    if failure.outcome.verdict is Verdict.SLIPPED:  # show the hand and what it lost
        lost_m = _lost_m(failure.outcome) - target_m
        target_m, away_m = target_m + 0.5 * lost_m, AWAY_M + float(np.linalg.norm(lost_m))
    aside = np.array([*pose[:2, 1], 0.0])
    aside /= np.linalg.norm(aside)
    if aside @ target_m > 0:
        aside = -aside
    rise_rad = RISE_RAD[failure.scene.support.rim_m > 0.05]
    ahead = np.cos(rise_rad) * aside + np.sin(rise_rad) * np.array([0.0, 0.0, 1.0])
    return Pose(target_m + away_m * ahead, target_m)


def _lost_m(outcome: Outcome) -> Floats:
    """Return where (3,) what slipped lies."""
    assert outcome.instance is not None
    body = outcome.instance - FIRST_OBJECT + 1
    return outcome.moment.places[outcome.moment.bodies.index(body), :3]


def _jpeg(sheet: ByteImage) -> bytes:
    """Encode as well as fits into what a page may weigh."""
    for quality in range(90, 20, -5):
        _, encoded = cv2.imencode('.jpg', sheet, [cv2.IMWRITE_JPEG_QUALITY, quality])
        if encoded.nbytes <= MOST_BYTES:
            break
    return bytes(encoded)
